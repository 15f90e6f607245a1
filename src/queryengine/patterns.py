"""Patterns as SQL databases read them: LIKE's on PostgreSQL, GLOB's on SQLite, whose LIKE ignores case."""

from __future__ import annotations

from typing import Final

from queryengine.ast import Op
from queryengine.text import LikePart, Wild, fold, parse_like

__all__ = ["glob", "like"]

IGNORES_CASE: Final = frozenset({Op.ILIKE, Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH})

LIKE_ESCAPES: Final = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
GLOB_ESCAPES: Final = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})
GLOB_ANY_CASE: Final = GLOB_ESCAPES | {ord(c): f"[{c.upper()}{c}]" for c in "abcdefghijklmnopqrstuvwxyz"}


def like(op: Op, text: str, *, folds: bool) -> str:
    r"""Return the pattern for LIKE. Where the operator ignores case and `folds`, it is for folded text.

    >>> like(Op.ISTARTS_WITH, "A%", folds=True)
    'a\\%%'
    """
    return "".join(map(_like_part, _parts(op, fold(text) if folds and op in IGNORES_CASE else text)))


def glob(op: Op, text: str, *, folds: bool) -> str:
    """Return the pattern for GLOB. Where the operator ignores case and `folds`, it has both cases of letters.

    >>> glob(Op.ISTARTS_WITH, "A*é", folds=True)
    '[Aa][*]é*'
    """
    if folds and op in IGNORES_CASE:
        return "".join(_glob_part(part, GLOB_ANY_CASE) for part in _parts(op, fold(text)))
    return "".join(_glob_part(part, GLOB_ESCAPES) for part in _parts(op, text))


def _parts(op: Op, text: str) -> tuple[LikePart, ...]:
    match op:
        case Op.LIKE | Op.ILIKE:
            return parse_like(text)
        case Op.CONTAINS | Op.ICONTAINS:
            return (Wild.ANY, text, Wild.ANY)
        case Op.STARTS_WITH | Op.ISTARTS_WITH:
            return (text, Wild.ANY)
        case Op.ENDS_WITH | Op.IENDS_WITH:
            return (Wild.ANY, text)
        case _:
            raise ValueError(f"{op} has no pattern")


def _like_part(part: LikePart) -> str:
    return part.value if isinstance(part, Wild) else part.translate(LIKE_ESCAPES)


def _glob_part(part: LikePart, escapes: dict[int, str]) -> str:
    if isinstance(part, Wild):
        return "*" if part is Wild.ANY else "?"
    return part.translate(escapes)
