"""JSON strings, UUIDs and base64: text in, values out. Knows what a string may hold, but no field."""

from __future__ import annotations

import binascii
import json
import re
import uuid
from collections.abc import Callable
from functools import cache

from queryengine.errors import ErrorCode
from queryengine.values.problem import ValueProblem, mismatch, out_of_range

__all__ = ["bytes_of", "check_text", "string_reader", "uuid_of", "within_text"]

# One character outside the basic plane can be written as two escapes of six characters.
ESCAPED = 12


def check_text(text: str) -> str:
    """Return the text, unless it holds what not every back-end can hold: NUL or a lone surrogate."""
    if _forbidden().search(text):
        raise ValueProblem(ErrorCode.INVALID_ENCODING, "a string holds NUL or a lone surrogate")
    return text


def within_text(without: frozenset[str], text: str) -> str:
    """Return the text, if it has none of the characters that the field's back-end cannot take.

    >>> within_text(frozenset(";"), "one line")
    'one line'
    """
    if without.isdisjoint(text):
        return text
    raise out_of_range("a string without " + ", ".join(f"U+{ord(c):04X}" for c in sorted(without)))


def string_reader(most: int, expected: str) -> Callable[[str], str]:
    r"""Return the function from a JSON string (quotes included) to its text of at most `most` characters.

    >>> string_reader(5, "a string")('"a\\u0062c"')
    'abc'
    """
    longest = most + 2

    def read(lexeme: str) -> str:
        # Printable text has no control characters and no surrogates; most text is of this kind.
        if lexeme[0] == '"' and "\\" not in lexeme and len(lexeme) <= longest and lexeme.isprintable():
            return lexeme[1:-1]
        if lexeme[0] != '"':
            raise mismatch(expected)
        if len(lexeme) > most * ESCAPED + 2:
            raise _too_long(most)
        try:
            text: str = json.loads(lexeme)
        except ValueError:
            raise ValueProblem(ErrorCode.SYNTAX_ERROR, "expected a valid JSON string", (expected,)) from None
        if len(text) > most:
            raise _too_long(most)
        return check_text(text)

    return read


def _too_long(most: int) -> ValueProblem:
    message = f"more than {most} characters in a string"
    return ValueProblem(ErrorCode.LIMIT_EXCEEDED, message, (f"max_string_length {most}",))


def uuid_of(text: str, expected: str) -> uuid.UUID:
    """Read a UUID in its canonical form; letters may be of either case."""
    if not _uuid().fullmatch(text):
        raise mismatch(expected)
    return uuid.UUID(text)


def bytes_of(text: str, expected: str) -> bytes:
    """Read base64 with padding. Each value has one form: bits that say nothing must be zero."""
    try:
        value = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:  # binascii.Error and UnicodeEncodeError are both of this kind
        raise mismatch(expected) from None
    if binascii.b2a_base64(value, newline=False).decode("ascii") != text:
        raise mismatch(expected)
    return value


@cache
def _forbidden() -> re.Pattern[str]:
    return re.compile("[\x00\ud800-\udfff]")


@cache
def _uuid() -> re.Pattern[str]:
    return re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
