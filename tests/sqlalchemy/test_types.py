"""UTCDateTime holds instants on every database."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from tests.sqlalchemy.models import Level, Types

ZONE = dt.timezone(dt.timedelta(hours=-8))
MOMENT = dt.datetime(2013, 1, 1, 20, 30, 15, 1, tzinfo=ZONE)


def store(session: Session, instant: dt.datetime | None) -> None:
    session.execute(
        insert(Types).values(id=9, small=0, big=0, price=0, weight=0, level=Level.LOW, instant=instant)
    )


def test_an_instant_comes_back_in_utc(session: Session) -> None:
    store(session, MOMENT)
    found = session.scalar(select(Types.instant).where(Types.id == 9))
    assert found == MOMENT
    assert found is not None
    assert found.utcoffset() == dt.timedelta(0)


def test_sqlite_stores_the_time_in_utc(sqlite_session: Session) -> None:
    store(sqlite_session, MOMENT)
    assert (
        sqlite_session.scalar(text("SELECT instant FROM types WHERE id = 9")) == "2013-01-02 04:30:15.000001"
    )


def test_instants_compare_as_instants(session: Session) -> None:
    store(session, MOMENT)
    same = MOMENT.astimezone(dt.timezone(dt.timedelta(hours=5)))
    assert session.scalars(select(Types.id).where(Types.instant == same)).all() == [9]
    later = same + dt.timedelta(microseconds=1)
    assert session.scalars(select(Types.id).where(Types.instant >= later)).all() == []


def test_null_stays_null(session: Session) -> None:
    store(session, None)
    assert session.scalar(select(Types.instant).where(Types.id == 9)) is None


def test_a_naive_time_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="a naive date-time is no instant"):
        store(session, MOMENT.replace(tzinfo=None))
