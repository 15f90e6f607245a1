"""What a caller may do, per dotted path, and how strictly values are read. Knows limits; no schema."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import BaseModel

from queryengine.errors import ConfigurationError
from queryengine.limits import Limits
from queryengine.operators import find_operator

__all__ = ["Access", "SecurityPolicy", "looks_secret"]

_SECRET_PARTS = re.compile(
    r"password|passwd|passphrase|passcode|secret|credential|apikey|accesskey|authkey|privatekey"
)
_SECRET_WORDS = re.compile(r"(?:^|_)(?:token|hash|salt|pwd|otp|pin|ssn|cvv)s?\d*(?:$|_)")
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def looks_secret(name: str) -> bool:
    """Tell whether a field's name alone keeps it out of every default policy.

    >>> looks_secret("password_hash"), looks_secret("apiToken"), looks_secret("hashtag")
    (True, True, False)
    """
    words = _WORD_STARTS.sub("_", name).lower()
    return bool(_SECRET_PARTS.search(words.replace("_", "")) or _SECRET_WORDS.search(words))


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
        if isinstance(self.filter, bool):
            return
        unknown = sorted(word for word in self.filter if find_operator(word) is None)
        if isinstance(self.filter, str) or unknown:
            raise ConfigurationError(
                f"Access.filter names no operators of the language: {unknown or self.filter!r}"
            )
        names = {operator.name for operator in map(find_operator, self.filter) if operator is not None}
        object.__setattr__(self, "filter", frozenset(names))

    def may_filter(self, operator: str) -> bool:
        """Tell whether a condition with this operator (its table name) is allowed."""
        return self.filter if isinstance(self.filter, bool) else operator in self.filter

    @property
    def visible(self) -> bool:
        """Whether the path exists for the caller at all."""
        return bool(self.filter) or self.sort or self.select or self.include


NOTHING = Access(filter=False, sort=False, select=False, include=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPolicy:
    """What the filters of one dependency may see and do.

    Without `expose`, a caller sees the model's own fields, less those that are marked hidden or whose names
    look secret, and no relations. With `expose`, what the response model shows is what may be asked, under
    the names that it shows; its nested models are the relations.

    `paths` then says more of single paths, by the caller's names: `{"cost": Access(select=False)}`.
    A path into a relation (`"carrier.name"`) makes just that much of the relation visible, the relation's
    own path all of its plain fields. `None` hides a path. A path of nothing is a `ConfigurationError`.

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
    timezone: dt.tzinfo | None = None
    """the zone of date-times that come without one for aware fields (and the reverse); None: an error"""
    regex: bool = False
    """whether the operator regex is allowed"""

    def __post_init__(self) -> None:
        frozen = {path: NOTHING if access is None else access for path, access in self.paths.items()}
        object.__setattr__(self, "paths", MappingProxyType(frozen))

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
