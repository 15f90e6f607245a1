"""Dates, times, date-times and durations: their text forms (RFC 3339, ISO 8601) and their domains."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from typing import Final

from queryengine.schema import DateTimeType, DurationType, TimeType
from queryengine.values.problem import expectation, mismatch, out_of_range

__all__ = [
    "date_of",
    "datetime_parser",
    "duration_parser",
    "format_duration",
    "time_parser",
    "within_datetime",
    "within_duration",
    "within_time",
]

EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the reference of wall-clock times has no zone
MICROSECOND: Final = dt.timedelta(microseconds=1)
DAY: Final = dt.timedelta(days=1)

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"


def date_of(text: str, expected: str) -> dt.date:
    """Read a calendar date of the years 1 to 9999."""
    try:
        if _date().fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise mismatch(expected, "a date-time" if _datetime().fullmatch(text) else None)


def datetime_parser(type_: DateTimeType, timezone: dt.tzinfo | None) -> Callable[[str], dt.datetime]:
    """Return the function from RFC 3339 (a blank may stand for T) to a date-time; aware ones come as UTC."""
    expected = expectation(type_)

    def parse(text: str) -> dt.datetime:
        if not _datetime().fullmatch(text):
            raise mismatch(expected, _given(text))
        try:
            # Lower-case letters are RFC 3339's; Python 3.11 reads only the upper-case zone.
            value = dt.datetime.fromisoformat(text.upper())
        except ValueError:
            raise mismatch(expected) from None
        return within_datetime(type_, value, timezone)

    return parse


def _given(text: str) -> str | None:
    """Say what a text is that is no date-time."""
    if _blank_offset().fullmatch(text):
        return "one with a blank before its offset: in a URL, + is written %2B"
    return "a date alone" if _date().fullmatch(text) else None


def within_datetime(type_: DateTimeType, value: dt.datetime, timezone: dt.tzinfo | None) -> dt.datetime:
    """Return the date-time as the field holds it: UTC, or without a zone.

    Where zone and field differ, `timezone` decides if it is given: a wall-clock time is taken in it (the
    first of two where clocks go back), an instant is converted to it.
    """
    try:
        value = _zoned(type_, value, timezone)
    except OverflowError:
        raise out_of_range("a date-time of the years 1 to 9999 in UTC") from None
    if type_.resolution != 1 and (value.replace(tzinfo=None) - EPOCH) % (MICROSECOND * type_.resolution):
        raise out_of_range(f"a date-time in steps of {type_.resolution} microseconds")
    return value


def _zoned(type_: DateTimeType, value: dt.datetime, timezone: dt.tzinfo | None) -> dt.datetime:
    if value.tzinfo is dt.UTC and type_.aware:
        return value
    aware = value.utcoffset() is not None
    if aware != type_.aware:
        if timezone is None:
            raise mismatch(expectation(type_), f"one {'with' if aware else 'without'} a zone")
        if not aware:
            value = value.replace(tzinfo=timezone, fold=0)
    if type_.aware:
        return value.astimezone(dt.UTC)
    if aware:
        value = value.astimezone(timezone)
    return value.replace(tzinfo=None, fold=0)


def time_parser(type_: TimeType) -> Callable[[str], dt.time]:
    """Return the function from HH:MM, HH:MM:SS or HH:MM:SS.ffffff to a time of day."""
    expected = expectation(type_)

    def parse(text: str) -> dt.time:
        if not _time().fullmatch(text):
            raise mismatch(expected)
        return within_time(type_, dt.time.fromisoformat(text))

    return parse


def within_time(type_: TimeType, value: dt.time) -> dt.time:
    """Return the time of day, if it has no zone and the field can hold it."""
    if value.tzinfo is not None:
        raise mismatch(expectation(type_))
    if type_.resolution != 1:
        since_midnight = dt.datetime.combine(EPOCH, value) - EPOCH
        if since_midnight % (MICROSECOND * type_.resolution):
            raise out_of_range(f"a time of day in steps of {type_.resolution} microseconds")
    return value.replace(fold=0)


def duration_parser(type_: DurationType) -> Callable[[str], dt.timedelta]:
    """Return the function from `[-]P[nD][T[nH][nM][n[.f]S]]` or `[-]PnW` to a length of time."""
    expected = expectation(type_)

    def parse(text: str) -> dt.timedelta:
        match = _duration().fullmatch(text)
        if match is None:
            raise mismatch(expected)
        sign, *numbers, fraction = match.groups()
        weeks, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
        try:
            value = dt.timedelta(
                weeks=weeks,
                days=days,
                hours=hours,
                minutes=minutes,
                seconds=seconds,
                microseconds=int((fraction or "").ljust(6, "0")),
            )
            return within_duration(type_, -value if sign else value)
        except OverflowError:
            raise out_of_range("a duration of at most 999999999 days") from None

    return parse


def within_duration(type_: DurationType, value: dt.timedelta) -> dt.timedelta:
    """Return the duration, if the field can hold it."""
    if not type_.minimum <= value <= type_.maximum:
        raise out_of_range(
            f"a duration from {format_duration(type_.minimum)} to {format_duration(type_.maximum)}"
        )
    if type_.resolution != 1 and value % (MICROSECOND * type_.resolution):
        raise out_of_range(f"a duration in steps of {type_.resolution} microseconds")
    return value


def format_duration(value: dt.timedelta) -> str:
    """Return the ISO 8601 form of a duration, as short as it can be.

    >>> format_duration(dt.timedelta(days=-1, seconds=5400))
    '-PT22H30M'
    >>> format_duration(dt.timedelta())
    'PT0S'
    """
    # The smallest duration is a whole number of days, so that its opposite exists as well.
    sign, value = ("-", -value) if value < dt.timedelta() else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    days = f"{value.days}D" if value.days else ""
    parts = [(hours, "H"), (minutes, "M"), (seconds, "S")]
    clock = "".join(
        f"{number}{fraction if unit == 'S' else ''}{unit}"
        for number, unit in parts
        if number or (unit == "S" and fraction)
    )
    if not days and not clock:
        return "PT0S"
    return f"{sign}P{days}{'T' if clock else ''}{clock}"


@cache
def _date() -> re.Pattern[str]:
    return re.compile(_DATE)


@cache
def _time() -> re.Pattern[str]:
    return re.compile(rf"{_TIME}|(?:[01][0-9]|2[0-3]):[0-5][0-9]")


@cache
def _datetime() -> re.Pattern[str]:
    return re.compile(rf"{_DATE}[Tt ]{_TIME}(Z|z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?")


@cache
def _blank_offset() -> re.Pattern[str]:
    return re.compile(rf"{_DATE}[Tt ]{_TIME} [0-9]{{2}}:[0-9]{{2}}")


@cache
def _duration() -> re.Pattern[str]:
    return re.compile(
        r"(-)?P(?=.)(?:([0-9]{1,10})W|(?:([0-9]{1,10})D)?"
        r"(?:T(?=.)(?:([0-9]{1,12})H)?(?:([0-9]{1,12})M)?(?:([0-9]{1,15})(?:\.([0-9]{1,6}))?S)?)?)"
    )
