"""The type of answers that show a response model as far as a caller asks. Knows response models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from pydantic import BaseModel, GetJsonSchemaHandler, SerializeAsAny, create_model
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from queryengine.narrowing import replaced
from queryengine.response_model import nested_model

__all__ = ["Narrowed"]

T = TypeVar("T", bound=BaseModel)

if TYPE_CHECKING:
    Narrowed = Annotated[T, ...]  # for type checkers, what it narrows
else:

    class Narrowed:
        """`Narrowed[FlightOut]` in a `response_model`: `FlightOut`, or what `fields` leave of it.

        FastAPI writes the narrower model that it is given, as with pydantic's `SerializeAsAny`. OpenAPI has a
        component of its own for it, `FlightOutFields`, which requires nothing, nor do those that it nests.

        >>> from pydantic import TypeAdapter
        >>> class FlightOut(BaseModel):
        ...     dest: str
        >>> schema = TypeAdapter(list[Narrowed[FlightOut]]).json_schema()
        >>> list(schema["$defs"]), "required" in schema["$defs"]["FlightOutFields"]
        (['FlightOutFields'], False)
        """

        def __class_getitem__(cls, model: type[BaseModel]) -> object:
            """Return the annotation for a response model."""
            return Annotated[model, SerializeAsAny(), _SomeFields(model)]


class _SomeFields:
    """Describes a model as one of which some fields may be missing."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __repr__(self) -> str:
        return f"some fields of {self._model.__name__}"

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the reference to the description."""
        described = _descriptions().of(self._model)
        schema = described.__pydantic_core_schema__
        if schema["type"] != "model":  # it leads back to itself, and has a reference for that
            return handler(schema)
        reference = f"{described.__module__}.{described.__qualname__}:{id(described)}"
        model = cast(CoreSchema, {**schema, "ref": reference})
        # What stands inside of another schema becomes a component.
        items: JsonSchemaValue = handler(core_schema.list_schema(model))["items"]
        return items


class _Descriptions:
    """Makes the models that are never filled: subclasses whose schemas require nothing."""

    def __init__(self) -> None:
        self._known: dict[type[BaseModel], type[BaseModel]] = {}

    def of(self, model: type[BaseModel]) -> type[BaseModel]:
        """Return the description of a model, and of all that it nests, itself perhaps."""
        before = len(self._known)
        described = self._describe(model)
        for made in list(self._known.values())[before:]:
            made.model_rebuild(force=True)
        return described

    def _describe(self, model: type[BaseModel]) -> type[BaseModel]:
        if model not in self._known:
            config: Mapping[str, Any] = {"json_schema_extra": _without_required(model), "defer_build": True}
            self._known[model] = made = create_model(
                f"{model.__name__}Fields", __base__=model, __cls_kwargs__=dict(config)
            )
            for info in made.model_fields.values():
                nested = nested_model(info.annotation)
                if nested is not None:
                    info.annotation = replaced(info.annotation, nested, self._describe(nested))
        return self._known[model]


@cache
def _descriptions() -> _Descriptions:
    """One for all: a model that is described twice would be two components of OpenAPI."""
    return _Descriptions()


def _without_required(model: type[BaseModel]) -> object:
    own = model.model_config.get("json_schema_extra")

    def change(schema: JsonSchemaValue, described: type[BaseModel]) -> None:
        if callable(own):
            arguments = (schema, described)[: len(signature(own).parameters)]  # it may take one or both
            cast("Callable[..., None]", own)(*arguments)
        elif own is not None:
            schema.update(own)
        schema.pop("required", None)

    return change
