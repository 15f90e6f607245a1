"""What of a schema a response model reads and shows. Knows schema and response models; no policy."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import AliasPath, BaseModel
from pydantic.fields import FieldInfo

from queryengine.response_model import nested_model, read_from
from queryengine.schema import Field, ModelSchema, Relation

__all__ = ["members_of", "relations_of"]


def members_of(
    model: type[BaseModel], schema: ModelSchema[object]
) -> Iterator[tuple[Field | Relation, FieldInfo]]:
    """Yield the fields and relations of a schema that a response model reads and shows."""
    for name, info in model.model_fields.items():
        names = _names(read_from(model, name))
        found = next((one for one in names if one in schema.fields or one in schema.relations), None)
        if found is not None and not info.exclude:
            yield schema.fields.get(found) or schema.relations[found], info


def relations_of(
    model: type[BaseModel], schema: ModelSchema[object]
) -> Iterator[tuple[Relation, type[BaseModel]]]:
    """Yield the relations to rows of their own that a response model nests, each with the model it nests."""
    for member, info in members_of(model, schema):
        nested = nested_model(info.annotation)
        if isinstance(member, Relation) and not member.embedded and nested is not None:
            yield member, nested


def _names(choices: list[str | AliasPath]) -> Iterator[str]:
    """Yield the names of the attributes that pydantic looks at; of a path it is the first part."""
    for choice in choices:
        first = choice.path[0] if isinstance(choice, AliasPath) else choice
        if isinstance(first, str):
            yield first
