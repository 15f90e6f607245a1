"""Reads the text of a `schema.prisma`: the provider, the models, their fields. Knows no client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from queryengine.errors import ConfigurationError

INDEXES = frozenset({"id", "index", "unique"})

__all__ = ["Datamodel", "ModelBlock", "ModelField", "parse_datamodel"]


@dataclass(frozen=True, slots=True)
class ModelField:
    """A line of a model: `attributes` are the texts in their parentheses by name, `""` for those without."""

    name: str
    type: str
    many: bool
    optional: bool
    attributes: Mapping[str, str]

    @property
    def native_type(self) -> tuple[str, str] | None:
        """The column's own type as it was declared, with its arguments: `("Decimal", "10, 2")`."""
        for name, arguments in self.attributes.items():
            source, _, native = name.partition(".")
            if native and source.isidentifier():
                return native, arguments
        return None


@dataclass(frozen=True, slots=True)
class ModelBlock:
    """A model or view: its fields by name, its primary key in order, the fields that indexes begin with.

    Where it has no id, its first unique fields that are required are its primary key.
    """

    name: str
    fields: Mapping[str, ModelField]
    primary_key: tuple[str, ...]
    indexed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Datamodel:
    """What a schema declares: `provider` names the database."""

    provider: str
    models: Mapping[str, ModelBlock]
    enums: frozenset[str]


def parse_datamodel(text: str) -> Datamodel:
    """Return what a schema declares. Raises ConfigurationError where it names no database.

    >>> text = '''
    ... datasource db {
    ...   provider = "sqlite"
    ...   url      = "file:dev.db"
    ... }
    ... model Flight {
    ...   id   Int     @id @default(autoincrement())
    ...   note String? // the pilot's
    ... }
    ... '''
    >>> flight = parse_datamodel(text).models["Flight"]
    >>> flight.primary_key, flight.fields["note"].optional
    (('id',), True)
    """
    provider: str | None = None
    models: dict[str, ModelBlock] = {}
    enums: set[str] = set()
    for word, name, body in _blocks(text):
        match word:
            case "datasource":
                found = re.search(r'^\s*provider\s*=\s*"(\w+)"', body, re.MULTILINE)
                provider = None if found is None else found[1]
            case "model" | "view":
                models[name] = _model(name, body)
            case "enum":
                enums.add(name)
            case _:
                pass  # generators, and composite types, which no database of SQL has
    if provider is None:
        raise ConfigurationError("the Prisma schema has no datasource with a provider")
    return Datamodel(provider, MappingProxyType(models), frozenset(enums))


def _blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the word, the name and the lines of each block, without comments."""
    bare = re.sub(r'("(?:\\.|[^"\\\n])*")|//[^\n]*', _without_comment, text)
    pattern = r"^[^\S\n]*(\w+)\s+(\w+)\s*\{(.*?)^[^\S\n]*\}"
    for match in re.finditer(pattern, bare, re.MULTILINE | re.DOTALL):
        yield match[1], match[2], match[3]


def _without_comment(match: re.Match[str]) -> str:
    """Keep strings, and of comments that go into the generated client what they tell us."""
    if match[1]:
        return match[1]
    told = re.search(r"@queryengine\(\w*\)", match[0]) if match[0].startswith("///") else None
    return "" if told is None else f" {told[0]}"


def _model(name: str, body: str) -> ModelBlock:
    fields: dict[str, ModelField] = {}
    key: tuple[str, ...] = ()
    unique: list[tuple[str, ...]] = []
    indexed: set[str] = set()
    above: dict[str, str] = {}  # what a comment says of the field that follows
    for line in map(str.strip, body.splitlines()):
        if line.startswith("@@"):
            ((word, arguments),) = _attributes(line[1:]).items()
            names = _names(arguments)
            key = names if word == "id" else key
            unique += [names] if word == "unique" else []
            indexed |= set(names[:1] if word in INDEXES else ())
            continue
        match = re.match(r'(\w+)\s+(\w+)(?:\("[^"]*"\))?(\[\])?(\?)?', line)
        if match is None:
            above |= _attributes(line)
            continue
        attributes, above = above | _attributes(line[match.end() :]), {}
        many, optional = bool(match[3]), bool(match[4])
        fields[match[1]] = ModelField(match[1], match[2], many, optional, MappingProxyType(attributes))
        key = (match[1],) if "id" in attributes else key
        unique += [(match[1],)] if "unique" in attributes else []
        indexed |= {match[1]} if attributes.keys() & INDEXES else set()
    # Prisma asks of a model for an id, or for such fields in its place.
    required = (names for names in unique if not any(fields[one].optional for one in names))
    return ModelBlock(name, MappingProxyType(fields), key or next(required, ()), frozenset(indexed))


def _attributes(text: str) -> dict[str, str]:
    """Return the attributes of a line, each with the text in its parentheses."""
    found: dict[str, str] = {}
    place = 0
    while (match := re.compile(r"@([\w.]+)").search(text, place)) is not None:
        place = match.end()
        arguments = ""
        if text[place : place + 1] == "(":
            end = _closing(text, place)
            arguments, place = text[place + 1 : end], end
        found[match[1]] = arguments
    return found


def _closing(text: str, start: int) -> int:
    """Return the place of the parenthesis that closes the one at `start`; those in strings do not count."""
    depth = 0
    for match in re.compile(r'"(?:\\.|[^"\\])*"|[()]').finditer(text, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return len(text)


def _names(arguments: str) -> tuple[str, ...]:
    """Return the field names in `[a, b(sort: Desc)]`."""
    inside = re.search(r"\[(.*)\]", arguments)
    return () if inside is None else tuple(re.findall(r"\w+", re.sub(r"\(.*?\)", "", inside[1])))
