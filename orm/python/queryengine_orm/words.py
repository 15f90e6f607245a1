"""The words in the bodies of mapped classes that say something of their tables. Knows neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, cast, get_args

from queryengine_orm.constraints import Constraint
from queryengine_orm.errors import ConfigurationError

__all__ = ["check_name", "check_words"]

WORDS: Final = ("__abstract__", "__constraints__", "__tablename__")
CONSTRAINTS: Final = "__constraints__ lists Unique, Index, Check and ForeignKeyConstraint"
FOREIGN: Final[Mapping[str, str]] = {
    "__allow_unmapped__": "an annotation that is not Mapped, One, Maybe or Many is no column",
    "__indexes__": CONSTRAINTS,
    "__mapper_args__": "mapped_column(version=True) counts updates, and find().order_by() sorts",
    "__table__": "columns are declared one by one, with Mapped",
    "__table_args__": CONSTRAINTS,
}
"""words of other mappers, and what says the same here"""


def check_words(cls: type[object]) -> None:
    """Refuse words in a class's own body that would be left out in silence. Raises ConfigurationError."""
    body = vars(cls)
    for word in body:
        if word in FOREIGN:
            raise ConfigurationError(f"{cls.__name__}.{word} means nothing here: {FOREIGN[word]}")
        # A letter amiss is a slip; __contains__ and __tablespace__ are words of their own.
        near = get_close_matches(word, WORDS, 1, 0.9) if word.startswith("__") and word not in WORDS else []
        if near:
            raise ConfigurationError(f"{cls.__name__}.{word} means nothing here: is it {near[0]}?")
    constraints: object = body.get("__constraints__", ())
    listed = cast("Iterable[object]", constraints) if isinstance(constraints, tuple | list) else (None,)
    if not all(isinstance(each, get_args(Constraint)) for each in listed):
        raise ConfigurationError(
            f"{cls.__name__}.__constraints__: a tuple of Unique, Index, Check and ForeignKeyConstraint is"
            " expected"
        )


def check_name(place: str, name: object) -> None:
    """Refuse what is no name of a table. Raises ConfigurationError."""
    if not isinstance(name, str) or not name or "\0" in name:
        raise ConfigurationError(f"{place}: the name of a table is a text, and not empty")
    if "." in name:
        raise ConfigurationError(
            f"{place}: {name!r} would be one name with a dot in it; the schema of tables is the first of the"
            " search_path, which the options of the URL set: options=-csearch_path%3D..."
        )
