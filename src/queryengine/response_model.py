"""What a response model shows: its names, the models within it. Knows pydantic; no schema."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, ForwardRef, TypeVar, Union, cast, get_args, get_origin

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    PlainValidator,
    RootModel,
    SecretBytes,
    SecretStr,
    SerializeAsAny,
    WrapValidator,
)
from pydantic.fields import FieldInfo

from queryengine.errors import ConfigurationError

__all__ = [
    "check_shown",
    "nested_model",
    "nests",
    "outputs",
    "read_from",
    "shown",
    "writes_whole",
    "written_as",
]

UNKNOWN = (str, ForwardRef, TypeVar)
"""what stands in an annotation for a class that is not known yet"""
MAKERS = (BeforeValidator, PlainValidator, WrapValidator)
"""what may make a model of something else"""


def shown(model: type[BaseModel]) -> dict[str, tuple[str, FieldInfo]]:
    """Return what a response model shows: by the names in its output, the fields and their own names.

    >>> class PriceOut(BaseModel):
    ...     amount: int
    ...     key: SecretStr
    >>> list(shown(PriceOut))
    ['amount']
    """
    return {
        written_as(name, info): (name, info)
        for name, info in model.model_fields.items()
        if not info.exclude and not _is_secret(info.annotation)
    }


def written_as(name: str, info: FieldInfo) -> str:
    """Return the name that a field has in the output.

    >>> written_as("in_stock", FieldInfo(serialization_alias="inStock"))
    'inStock'
    """
    return info.serialization_alias or info.alias or name


def outputs(model: type[BaseModel]) -> list[str]:
    """Return the names of all fields of a response model, in its output, and those of what it computes."""
    return [*(written_as(*field) for field in model.model_fields.items()), *model.model_computed_fields]


def read_from(model: type[BaseModel], name: str) -> list[str | AliasPath]:
    """Return what pydantic reads a field from, first come first; its own name where the model allows it.

    >>> class StockOut(BaseModel, alias_generator=str.title, populate_by_name=True):
    ...     stock: int
    >>> read_from(StockOut, "stock")
    ['Stock', 'stock']
    """
    alias, config = model.model_fields[name].validation_alias, model.model_config
    choices = alias.choices if isinstance(alias, AliasChoices) else [] if alias is None else [alias]
    if not choices or config.get("validate_by_alias") is False:
        return [name]
    by_name = config.get("validate_by_name") or config.get("populate_by_name")
    return [*choices, name] if by_name else choices


def check_shown(model: type[BaseModel], path: str, setting: str) -> None:
    """Raise ConfigurationError where a response model does not show a path of a setting.

    It looks as far as classes are known: a name in quotes may stand for one that is not there yet.
    """
    here: type[BaseModel] | None = model
    above = ""
    for part in path.split("."):
        if here is None:
            raise ConfigurationError(f"{setting}: nothing lies below {above!r}")
        names = shown(here)
        if part not in names:
            raise ConfigurationError(
                f"{setting}: {here.__name__} shows no {part!r}, but: {', '.join(sorted(names))}"
            )
        annotation = names[part][1].annotation
        if any(isinstance(one, UNKNOWN) for one in _parts(annotation)):
            return
        here, above = nested_model(annotation), part


def nested_model(annotation: object) -> type[BaseModel] | None:
    """Return the one model in an annotation, such as `Author` in `list[Author] | None`."""
    models = [part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
    return models[0] if len(models) == 1 else None


def nests(model: type[BaseModel], name: str) -> bool:
    """Tell whether a field holds models that are read from objects: from no single value.

    A validator may make a model of a value, and a `RootModel` has one.

    >>> from pydantic import create_model
    >>> class TaxOut(BaseModel):
    ...     rate: int
    >>> BillOut = create_model("BillOut", tax=(TaxOut | None, None), total=(int, ...))
    >>> nests(BillOut, "tax"), nests(BillOut, "total")
    (True, False)
    """
    info = model.model_fields[name]
    nested = nested_model(info.annotation)
    if nested is None or issubclass(nested, RootModel):
        return False
    own = model.__pydantic_decorators__.field_validators.values()
    makes = any({name, "*"} & set(one.info.fields) and one.info.mode != "after" for one in own)
    makes = makes or any(isinstance(mark, MAKERS) for mark in info.metadata)
    return not makes and all(
        one.info.mode == "after" for one in nested.__pydantic_decorators__.model_validators.values()
    )


def writes_whole(response: object, model: type[BaseModel]) -> bool:
    """Tell whether a type of responses writes a model with all of its fields, whatever subclass it is given.

    >>> class NoteOut(BaseModel):
    ...     text: str
    >>> writes_whole(list[NoteOut], NoteOut), writes_whole(list[SerializeAsAny[NoteOut]], NoteOut)
    (True, False)
    """
    seen: set[object] = set()
    waiting: list[object] = [response]
    while waiting:
        here = waiting.pop()
        here = getattr(here, "__value__", here)  # what `type X = ...` makes has a value
        if here is model:
            return True
        arguments = get_args(here)
        if get_origin(here) is Annotated:
            waiting += [] if _as_any(arguments[1:]) else arguments[:1]
        else:
            waiting += arguments
        if isinstance(here, type) and issubclass(here, BaseModel) and here not in seen:
            seen.add(here)
            fields = here.model_fields.values()
            waiting += [info.annotation for info in fields if not _as_any(info.metadata)]
    return False


def _as_any(metadata: Iterable[object]) -> bool:
    # For type checkers the class is the function of its argument.
    marker: type[object] = cast("type[object]", SerializeAsAny)
    return any(isinstance(mark, marker) for mark in metadata)


def _is_secret(annotation: object) -> bool:
    return any(part is SecretStr or part is SecretBytes for part in _parts(annotation))


def _parts(annotation: object) -> list[object]:
    """The classes in an annotation: `list[A] | None` has `A` and `None`. A mapping's cannot be asked."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _parts(get_args(annotation)[0])
    if origin in (Union, types.UnionType, list, tuple, set, frozenset) or (
        isinstance(origin, type) and issubclass(origin, typing.Iterable) and not issubclass(origin, Mapping)
    ):
        return [part for argument in get_args(annotation) for part in _parts(argument)]
    return [annotation]
