"""What is hidden stays hidden under every other name that a class gives it."""

from __future__ import annotations

from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import String
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, synonym

from queryengine import Access, Processor, SecurityPolicy

HIDDEN = {"queryengine": "hidden"}


class Base(DeclarativeBase):
    """The classes of this module."""


class User(Base):
    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    number: Mapped[str] = mapped_column(info=HIDDEN)
    password_hash: Mapped[str]
    plain: Mapped[str] = mapped_column("api_token", String)
    pw = synonym("password_hash")
    other_name = synonym("name")
    twice: Mapped[str] = column_property(number + "x")
    length: Mapped[int] = column_property(id + 1)

    @hybrid_property
    def shown(self) -> str:
        return self.number

    @hybrid_property
    def double(self) -> int:
        return self.id * 2


def visible(policy: SecurityPolicy | None = None) -> set[str]:
    return set(Processor(SQLAlchemyQueryEngine(User), policy=policy).view.fields)


def test_no_synonym_column_name_or_expression_shows_what_is_hidden() -> None:
    assert visible() == {"id", "name", "other_name", "length", "double"}


def test_what_is_listed_is_shown() -> None:
    assert "pw" in visible(SecurityPolicy(paths={"pw": Access()}))
