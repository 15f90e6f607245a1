"""What a caller may do, per dotted path, and how strictly values are read. Knows limits and pydantic."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from queryengine.cost import CostWeights
from queryengine.errors import ConfigurationError
from queryengine.limits import Limits
from queryengine.operators import find_operator
from queryengine.response_model import check_shown
from queryengine.settings import check_flag, check_kind

__all__ = ["Access", "SecurityPolicy", "looks_secret"]


def looks_secret(name: str) -> bool:
    """Tell whether a field's name alone keeps it out of every default policy.

    >>> looks_secret("password_hash"), looks_secret("apiToken"), looks_secret("hashtag")
    (True, True, False)
    """
    words = _word_starts().sub("_", name).lower()
    return bool(_secret_parts().search(words.replace("_", "")) or _secret_words().search(words))


@cache
def _secret_parts() -> re.Pattern[str]:
    return re.compile(
        r"password|passwd|passphrase|passcode|secret|credential|apikey|accesskey|authkey|privatekey"
    )


@cache
def _secret_words() -> re.Pattern[str]:
    return re.compile(r"(?:^|_)(?:token|hash|salt|pwd|otp|pin|ssn|cvv)s?\d*(?:$|_)")


@cache
def _word_starts() -> re.Pattern[str]:
    return re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rights on one path. With all of them false the path does not exist for the caller.

    >>> Access(filter={"eq", "in"}, sort=False).may_filter("gt")
    False
    """

    filter: bool | Collection[str] = True
    """whether conditions may name it, or the operators that may"""
    sort: bool = True
    """whether an order may name it"""
    select: bool = True
    """whether `fields` may name it, and whether it is in the projection"""
    include: bool = True
    """whether `include` may name it (relations only)"""

    def __post_init__(self) -> None:
        for name in ("sort", "select", "include"):
            check_flag(f"Access.{name}", getattr(self, name))
        if not isinstance(self.filter, bool):
            object.__setattr__(self, "filter", _operators(self.filter))

    def may_filter(self, operator: str) -> bool:
        """Tell whether a condition with this operator (its table name) is allowed."""
        return self.filter if isinstance(self.filter, bool) else operator in self.filter

    @property
    def visible(self) -> bool:
        """Whether the path exists for the caller at all."""
        return bool(self.filter) or self.sort or self.select or self.include


def _operators(words: object) -> frozenset[str]:
    """Return the table names of operators that an author named, by whatever alias."""
    given = cast("Collection[object]", words) if isinstance(words, Collection) else ()
    found = [find_operator(word) if isinstance(word, str) else None for word in given]
    names = frozenset(operator.name for operator in found if operator is not None)
    if not isinstance(words, Collection) or isinstance(words, str) or None in found:
        unknown = [word for word, operator in zip(given, found, strict=True) if operator is None]
        raise ConfigurationError(f"Access.filter names no operators of the language: {unknown or words!r}")
    return names


NOTHING = Access(filter=False, sort=False, select=False, include=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPolicy:
    """What the filters of one dependency may see and do.

    Without `expose`, a caller sees the model's own fields, less those that are marked hidden or whose names
    look secret, and no relations. With `expose`, what the response model shows is what may be asked, under
    the names that it shows; its nested models are the relations.

    `paths` then says more of single paths, by the caller's names: `{"cost": Access(select=False)}`.
    A path into a relation (`"carrier.name"`) makes just that much of the relation visible, the relation's
    own path all of its plain fields. `None` hides a path. A path of nothing is a `ConfigurationError`: at
    once where `expose` tells, otherwise when the model is first read.

    >>> policy = SecurityPolicy(paths={"carrier.name": Access(sort=False), "notes": None}, regex=True)
    >>> policy.access("notes").visible
    False
    """

    expose: type[BaseModel] | None = None
    """the response model"""
    paths: Mapping[str, Access | None] = field(default_factory=lambda: MappingProxyType({}))
    """rights by dotted path"""
    others: Access | None = Access()
    """the rights of paths that `paths` does not list; None: they do not exist"""
    relations: bool = False
    """whether all relations that are not hidden are visible, at every depth, without `expose`"""
    limits: Limits = field(default_factory=Limits)
    """the bounds on a filter"""
    lenient: bool = False
    """whether a JSON text such as `"5"` is read as the number that the field holds"""
    timezone: dt.tzinfo | str | None = None
    """the zone, or its name, of date-times without one for aware fields (and the reverse); None: an error"""
    regex: bool = False
    """whether the operator regex is allowed"""
    max_cost: float | None = None
    """the most that a filter may cost by the estimate of `weights`; None: any"""
    weights: CostWeights = field(default_factory=CostWeights)
    """what the parts of a filter cost"""

    zone: dt.tzinfo | None = field(init=False, repr=False, compare=False)
    """what `timezone` names"""

    def __post_init__(self) -> None:
        for flag in ("relations", "lenient", "regex"):
            check_flag(f"SecurityPolicy.{flag}", getattr(self, flag))
        check_kind("SecurityPolicy.limits", self.limits, Limits, "a Limits")
        check_kind("SecurityPolicy.weights", self.weights, CostWeights, "a CostWeights")
        check_kind("SecurityPolicy.max_cost", self.max_cost, int | float | None, "a number or None")
        check_kind("SecurityPolicy.others", self.others, Access | None, "an Access or None")
        object.__setattr__(self, "zone", _zone(self.timezone))
        object.__setattr__(self, "paths", _frozen(self.paths))
        if self.expose is not None:
            _check_model(self.expose)
            for path in self.paths:
                check_shown(self.expose, path, f"SecurityPolicy.paths[{path!r}]")

    def access(self, path: str) -> Access:
        """Return the rights on a dotted path of visible names."""
        listed = self.paths.get(path)
        if listed is not None:
            return listed
        return NOTHING if self.others is None else self.others

    def lists(self, path: str) -> bool:
        """Tell whether `paths` speaks of this path or of one below it.

        >>> SecurityPolicy(paths={"carrier.name": Access()}).lists("carrier")
        True
        """
        below = path + "."
        return any(
            (listed == path or listed.startswith(below)) and access is not None and access.visible
            for listed, access in self.paths.items()
        )


def _check_model(expose: object) -> None:
    if not isinstance(expose, type) or not issubclass(expose, BaseModel):
        raise ConfigurationError(f"SecurityPolicy.expose={expose!r}: it has to be a pydantic model")


def _frozen(paths: object) -> Mapping[str, Access]:
    """Return a copy of the rights by path, if it is of that form."""
    check_kind("SecurityPolicy.paths", paths, Mapping, "a mapping of paths to Access or None")
    frozen: dict[str, Access] = {}
    for path, access in cast("Mapping[object, object]", paths).items():
        if not isinstance(path, str) or not all(path.split(".")):
            raise ConfigurationError(f"SecurityPolicy.paths[{path!r}]: it has to be a dotted path")
        check_kind(f"SecurityPolicy.paths[{path!r}]", access, Access | None, "an Access or None")
        frozen[path] = access if isinstance(access, Access) else NOTHING
    return MappingProxyType(frozen)


def _zone(zone: object) -> dt.tzinfo | None:
    """Return the zone of that name. UTC is known without a data base of zones."""
    if not isinstance(zone, str):
        check_kind("SecurityPolicy.timezone", zone, dt.tzinfo | None, "a time zone or the name of one")
        return cast("dt.tzinfo | None", zone)
    if zone == "UTC":
        return dt.UTC
    try:
        return ZoneInfo(zone or "-")  # the empty name is a folder
    except (KeyError, ValueError, OSError):
        message = f"SecurityPolicy.timezone={zone!r}: there is no zone of this name"
        raise ConfigurationError(message) from None
