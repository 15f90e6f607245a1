"""What OpenAPI says of one dependency: its parameter, components and examples. Knows pydantic and views."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias, TypeGuard

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from queryengine.config import QueryConfig
from queryengine.engine import Capabilities
from queryengine.errors import ConfigurationError, FilterError
from queryengine.examples import Example, examples
from queryengine.json_schema import FilterSchema, filter_schema
from queryengine.parsed import Source
from queryengine.process import Processor
from queryengine.request import encode
from queryengine.schema_parts import PREFIX, reference
from queryengine.value_schema import JSONSchema

__all__ = ["FilterDocument", "ParameterDocument", "Written", "add_components", "written_components"]

Written: TypeAlias = Mapping[str, str]
"""The names that components have in a document, by the digests of what they say."""


class ParameterDocument(ABC):
    """The documentation of what one dependency reads. Nothing is read from the model before it is asked for.

    As a part of `Annotated[str | None, document]` it makes FastAPI describe the parameter as text that holds
    JSON, and put the schema of that JSON beside the other components.
    """

    required: ClassVar[bool] = False
    """whether a request without it is refused"""

    def __init__(self, config: QueryConfig) -> None:
        self._config = config

    @property
    def description(self) -> str:
        """What the parameter or body is for."""
        config = self._config
        if config.description is not None:
            return config.description
        purpose, single = self._purpose
        if config.source == "body":
            return purpose
        # No form of a parameter is required by itself, as the other one may stand for it.
        either = " A request has one or the other." if self.required else ""
        return f"{purpose} The same as single parameters: `{config.name}{single}`.{either}"

    @property
    @abstractmethod
    def _purpose(self) -> tuple[str, str]:
        """Return what the JSON is for, and a part of it as a bracket parameter."""

    @cached_property
    def schema(self) -> FilterSchema:
        """The JSON Schema of what is read. Raises ConfigurationError for a policy that fits no model."""
        return self._schema()

    @abstractmethod
    def _schema(self) -> FilterSchema: ...

    @cached_property
    def examples(self) -> Mapping[str, Example]:
        """Documents that work, the service's own or the most telling one first.

        Raises ConfigurationError where the service's own example is none that it takes.
        """
        made, own = self._examples(), self._own_example()
        return made if own is None else {"own": own, **made}

    @abstractmethod
    def _examples(self) -> Mapping[str, Example]: ...

    def check_example(self) -> None:
        """Raise ConfigurationError where the service's own example is none that it takes."""
        self._own_example()

    def _own_example(self) -> Example | None:
        if self._config.example is None:
            return None
        try:
            source = encode(self._config.example)
            self._try(source)
        except FilterError as error:
            raise ConfigurationError(f"QueryConfig.example: {error}") from None
        return Example("An example", json.loads(source.text))

    @abstractmethod
    def _try(self, source: Source) -> object:
        """Bind a document. Raises FilterError for one that is not taken."""

    def parameter_content(self, schema: JSONSchema) -> JSONSchema:
        """Return the `content` of the parameter, whose JSON has this schema.

        It has one example: of a parameter, Swagger UI takes no other form to fill in.
        """
        first = next(iter(self.examples.values()))
        return {"application/json": {"schema": schema, "example": first.filter}}

    def body_content(self, schema: JSONSchema) -> JSONSchema:
        """Return the `content` of the body, whose JSON has this schema, with all examples to choose from."""
        shown = {
            name: {"summary": example.summary, "value": example.filter}
            for name, example in self.examples.items()
        }
        return {"application/json": {"schema": schema, "examples": shown}}

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the parameter, and let pydantic name the components: no two of an application clash."""
        references = self._define(handler)
        return {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": dict(references[self.schema.root]),
            "examples": [json.dumps(example.filter) for example in self.examples.values()],
        }

    def _define(self, handler: GetJsonSchemaHandler) -> dict[str, JsonSchemaValue]:
        """Make a definition of each component.

        Pydantic makes definitions of core schemas that have a `ref`. So it gets placeholders, whose refs are
        equal where components are, within the items of a tuple, and their definitions are then filled in.
        """
        components, namespace = self.schema.components, self.schema.namespace or self.schema.root
        digests = _digests(components)
        placeholders: list[CoreSchema] = [
            core_schema.any_schema(ref=f"{namespace}.{name}:{digests[name]}") for name in components
        ]
        items: list[JsonSchemaValue] = handler(core_schema.tuple_schema(placeholders))["prefixItems"]
        references = dict(zip(components, items, strict=True))
        names = {name: _target(reference["$ref"]) for name, reference in references.items()}
        for name, schema in components.items():
            definition = handler.resolve_ref_schema(references[name])
            definition.clear()
            definition.update(_renamed(schema, names))
        return references


class FilterDocument(ParameterDocument):
    """The documentation of one dependency's filters."""

    def __init__(self, processor: Processor, capabilities: Callable[[], Capabilities]) -> None:
        super().__init__(processor.config)
        self._processor = processor
        self._capabilities = capabilities

    @property
    def _purpose(self) -> tuple[str, str]:
        return "Which rows to return, and in which order, as a JSON object.", "[where][name]=value"

    def _schema(self) -> FilterSchema:
        return filter_schema(
            self._processor.view,
            self._capabilities(),
            self._processor.policy,
            windowed=self._config.paging == "internal",
            name=self._config.schema_name,
        )

    def _examples(self) -> Mapping[str, Example]:
        return examples(
            self._processor.view,
            self._capabilities(),
            self._processor.policy.limits,
            windowed=self._config.paging == "internal",
        )

    def _try(self, source: Source) -> object:
        return self._processor.process(source)


def written_components(schema: FilterSchema, root: str, document: Mapping[str, JSONSchema]) -> Written:
    """Return the names under which the components of a document have a filter's; `root` is its root's.

    Pydantic gives longer names where two dependencies have components of one name that differ. Both trees
    have the same references in the same places, so that walking them side by side tells who is who.
    """
    names = {schema.root: root}
    pending = [schema.root]
    while pending:
        name = pending.pop()
        for target, found in zip(
            _targets(schema.components[name]), _targets(document[names[name]]), strict=True
        ):
            if target not in names:
                names[target] = found
                pending.append(target)
    return {digest: names[name] for name, digest in _digests(schema.components).items()}


def add_components(
    schema: FilterSchema, taken: dict[str, JSONSchema], written: Written = MappingProxyType({})
) -> JSONSchema:
    """Add a filter's components to those of a document, and return the reference to its root.

    A component that the document has already is used: one that is `written`, or has the same name and
    content. One whose name another schema has gets a number.
    """
    digests = _digests(schema.components)
    own = {name: name for name in schema.components}
    known = {name: written[digest] for name, digest in digests.items() if digest in written}
    names, numbers = own | known, dict.fromkeys(own.keys() - known.keys(), 1)
    while True:
        placed = {names[name]: _renamed(component, names) for name, component in schema.components.items()}
        clashes = [
            name for name in numbers if taken.get(names[name], placed[names[name]]) != placed[names[name]]
        ]
        if not clashes:
            taken.update((names[name], placed[names[name]]) for name in numbers)
            return reference(names[schema.root])
        for name in clashes:
            numbers[name] += 1
            names[name] = f"{name}{numbers[name]}"


def _renamed(schema: JSONSchema, names: Mapping[str, str]) -> JSONSchema:
    """Return a schema whose references lead to components of other names."""
    return {
        key: PREFIX + names[_target(value)] if key == "$ref" else _renamed_value(value, names)
        for key, value in schema.items()
    }


def _renamed_value(value: Any, names: Mapping[str, str]) -> Any:  # Any: a JSON value
    if _is_object(value):
        return _renamed(value, names)
    return [_renamed_value(item, names) for item in value] if _is_list(value) else value


def _targets(value: Any) -> Iterator[str]:  # Any: a JSON value
    """Yield the names of the components that a schema refers to, by the order of its keys' names."""
    if _is_object(value):
        if "$ref" in value:
            yield _target(value["$ref"])
        for key in sorted(value):
            yield from _targets(value[key])
    for item in value if _is_list(value) else ():
        yield from _targets(item)


def _is_object(value: object) -> TypeGuard[JSONSchema]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:  # Any: JSON values
    return isinstance(value, list)


def _target(reference: str) -> str:
    return reference.removeprefix(PREFIX)


def _digests(components: Mapping[str, JSONSchema]) -> dict[str, str]:
    """For each component a text that another has only if both, and all that they lead to, are the same."""
    digests: dict[str, str] = {}
    targets = {name: set(_targets(component)) for name, component in components.items()}
    for name in components:
        reachable = {name}
        pending = [name]
        while pending:
            new = targets[pending.pop()] - reachable
            reachable |= new
            pending += new
        text = json.dumps([name, {other: components[other] for other in reachable}], sort_keys=True)
        digests[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return digests
