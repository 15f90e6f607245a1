"""The JSON Schema of a dependency's filters: components that refer to one another. Knows views; no HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from queryengine.ast import Op
from queryengine.engine import FULL, Capabilities
from queryengine.limits import Limits
from queryengine.operators import LOGICAL, OPERATORS, QUANTIFIERS, Arity, Operator, by_name
from queryengine.policy import SecurityPolicy
from queryengine.schema import ArrayType, FieldType, IntegerType, JSONType, TypeKind
from queryengine.schema_parts import (
    NULL,
    choices_of,
    identifier,
    joined,
    nullable_schema,
    object_schema,
    one_of,
    order_schema,
    reference,
    titled,
)
from queryengine.value_schema import JSONSchema, list_schema, type_name, value_schema
from queryengine.view import ModelView, ViewField, ViewRelation

__all__ = ["FilterSchema", "SchemaWriter", "filter_schema"]

BOOLEAN: JSONSchema = {"type": "boolean"}
PLAIN_JSON: list[JSONSchema] = [
    *({"type": name} for name in ("string", "number", "boolean")),
    {"type": "array", "items": {}},
]
SIZE = IntegerType(0, 2**31 - 1)
LIKE = r"^([^\\]|\\[\s\S])*$"
PLAIN_NAME = re.compile(r"[^\W\d]\w*").fullmatch
WORDS = frozenset(by_name) | frozenset(QUANTIFIERS)
"""What is a word of the language inside of a field's or relation's object."""


@dataclass(frozen=True, slots=True)
class FilterSchema:
    """The component of a whole filter, and all components that it leads to, by name.

    `namespace` comes before the names of those that clash with others; it is the root unless it is given.
    """

    root: str
    components: Mapping[str, JSONSchema]
    namespace: str | None = None


def filter_schema(
    view: ModelView,
    capabilities: Capabilities,
    policy: SecurityPolicy,
    *,
    windowed: bool = True,
    name: str | None = None,
) -> FilterSchema:
    """Return the schema (draft 2020-12) of the filters that one view takes.

    `windowed` tells whether the filter itself may have limit and offset; `name` replaces the model's name in
    the names of the root components.

    The schema is true: **what it accepts binds**, up to what no schema says well: the policy's bounds on
    nesting, conditions and includes inside of one another; values outside of a type's domain (the 30th of
    February, the 16th digit, a 64-bit bound, NUL in a text); patterns outside of the regex subset; one name
    twice in an order or an include. **What binds it accepts**, but for other spellings of the same: `$`
    before words, operators' aliases (`neq`, `inq`, `regexp`), `skip` for `offset`, dotted paths through more
    than one relation (conditions it takes nested), as many fields left out as the model has of its own, and
    texts for numbers where the policy is lenient.
    """
    writer = SchemaWriter(capabilities, policy)
    root = writer.root(view, name or view.name, windowed=windowed)
    return FilterSchema(root, writer.finish())


class SchemaWriter:
    """Collects the components of one filter. A component is written once, however many refer to it."""

    def __init__(self, capabilities: Capabilities, policy: SecurityPolicy) -> None:
        self._capabilities = capabilities
        self._policy = policy
        self._limits: Limits = policy.limits
        self._components: dict[str, JSONSchema] = {}
        self._pending: list[tuple[str, Callable[[], JSONSchema]]] = []
        self._names: dict[ModelView, str] = {}
        self._tests: dict[str, JSONSchema] = {}

    def root(self, view: ModelView, name: str, *, windowed: bool) -> str:
        """Write the filter of the root model, and return its component's name."""
        self.call(view, name)
        component = f"{self._names[view]}Filter"
        self.component(component, lambda: self._filter(view, windowed=windowed))
        return component

    def call(self, view: ModelView, name: str) -> None:
        """Let the names of a view's components begin with this one."""
        self._names[view] = identifier(name)

    def finish(self) -> dict[str, JSONSchema]:
        """Write what is referred to and not yet written: from a list, as models may form long chains."""
        while self._pending:
            name, write = self._pending.pop(0)
            self._components[name] = write()
        return self._components

    def component(self, name: str, write: Callable[[], JSONSchema]) -> JSONSchema:
        """Return the reference to a component, which is written once."""
        if name not in self._components:
            self._components[name] = {}
            self._pending.append((name, write))
        return reference(name)

    def _shared(self, names: Iterator[str], tests: JSONSchema, description: str) -> JSONSchema:
        """Refer to the component of these very tests, under the first name that no others have."""
        name = next(name for name in names if self._tests.get(name, tests) == tests)
        self._tests[name] = tests
        return self.component(name, lambda: joined(tests, reference(name), description))

    def _name(self, view: ModelView, parent: ModelView, relation: str) -> str:
        """The name of a view: the model's own, or that of the way there where another view has it already."""
        if view not in self._names:
            taken = set(self._names.values())
            way = f"{self._names[parent]}{titled(relation)}"
            choices = choices_of(identifier(view.name), way)
            self._names[view] = next(name for name in choices if name not in taken)
        return self._names[view]

    # -- clauses

    def _filter(self, view: ModelView, *, windowed: bool, ordered: bool = True) -> JSONSchema:
        properties: JSONSchema = {"where": self.where(view)}
        if ordered:
            properties |= self.order(view)
        properties |= self._fields(view)
        properties |= self._include(view)
        if windowed:
            properties |= self.window()
        return object_schema(properties, f"Which rows of {view.name}, in which order, with which fields.", 0)

    def window(self) -> JSONSchema:
        """Return limit and offset."""
        return {
            "limit": {"type": "integer", "minimum": 1, "maximum": self._limits.max_limit},
            "offset": {"type": "integer", "minimum": 0, "maximum": self._limits.max_offset},
        }

    def order(self, view: ModelView) -> JSONSchema:
        """Return the clause `order`, if there is anything to order by."""
        names = self._order_names(view)
        return {"order": order_schema(names, self._limits.max_order_keys)} if names else {}

    def _order_names(self, view: ModelView) -> list[str]:
        names = self._sortable(view)
        if self._capabilities.order_by_relation:
            for head, relation in self._to_one(view):
                if relation.access.sort and self._orders(nullable=relation.relation.nullable):
                    names += [f"{head}.{name}" for name in self._sortable_at(relation)]
        return [name for name in names if all(map(PLAIN_NAME, name.split(".")))]

    def _sortable(self, view: ModelView) -> list[str]:
        fields = view.fields.items()
        return [name for name, field in fields if field.sort and self._orders(nullable=field.field.nullable)]

    def _sortable_at(self, relation: ViewRelation) -> list[str]:
        target = relation.target
        everywhere = self._capabilities.order_by_missing or not relation.relation.nullable
        return [name for name in self._sortable(target) if everywhere or target.fields[name].field.nullable]

    def _orders(self, *, nullable: bool) -> bool:
        return self._capabilities.nulls_order or not nullable

    def _fields(self, view: ModelView) -> JSONSchema:
        own = [name for name, field in view.fields.items() if field.select and "." not in name]
        names = list(own)
        depth = min(self._limits.max_include_depth, self._limits.max_relation_steps)
        for head, relation in view.relations.items():
            if relation.access.select and "." not in head and _within(depth, relation):
                below = relation.target.fields
                names += [
                    head,
                    *(f"{head}.{name}" for name in below if below[name].select and "." not in name),
                ]
        if not names or not self._capabilities.projection:
            return {}
        forms: list[JSONSchema] = [
            {"type": "array", "items": one_of(names), "minItems": 1, "uniqueItems": True},
            object_schema({name: one_of([True]) for name in names}, "Show these fields."),
        ]
        if len(own) > 1:
            hidden = object_schema({name: one_of([False]) for name in names}, "Show all fields but these.")
            forms.append(hidden | {"maxProperties": len(own) - 1})
        return {"fields": {"description": "The fields to show.", "anyOf": forms}}

    def _include(self, view: ModelView) -> JSONSchema:
        relations = {
            name: relation
            for name, relation in view.relations.items()
            if relation.access.include and not relation.relation.embedded
        }
        if not relations or not self._capabilities.include or not self._limits.max_include_depth:
            return {}
        most = self._limits.max_related
        plain = [name for name, found in relations.items() if most is None or not found.relation.many]
        alone: list[JSONSchema] = [one_of(plain)] if plain else []
        forms = list(alone)
        for name, relation in relations.items():
            if relation.relation.gap is not None or self._is_always_loaded(relation):
                continue
            target = relation.target
            title = self._name(target, view, name)
            scope = self.component(f"{title}Related", partial(self._related, target))
            properties: JSONSchema = {"relation": one_of([name]), "scope": scope}
            required = ["relation"]
            if most is not None and relation.relation.many:
                bounded = {"required": ["limit"], "properties": {"limit": {"maximum": most}}}
                properties["scope"] = {"allOf": [scope, bounded]}
                required.append("scope")
            forms.append(object_schema(properties, f"Load {name}, narrowed.") | {"required": required})
        if not forms:
            return {}
        many: JSONSchema = {"type": "array", "items": {"anyOf": forms}, "minItems": 1, "uniqueItems": True}
        return {"include": {"description": "The relations to load with each row.", "anyOf": [*alone, many]}}

    def _is_always_loaded(self, found: ViewRelation) -> bool:
        relation = found.relation
        return not (self._capabilities.include_missing or relation.many or relation.nullable)

    def _related(self, view: ModelView) -> JSONSchema:
        """The filter of an include's scope."""
        windows = self._capabilities.include_window
        return self._filter(view, windowed=windows, ordered=windows)

    # -- conditions

    def where(self, view: ModelView) -> JSONSchema:
        """Return the reference to the conditions on a model that has a name here."""
        name = f"{self._names[view]}Where"
        return self.component(name, lambda: self._conditions(view, reference(name), nested=False))

    def _nested(self, view: ModelView) -> JSONSchema:
        """The object of a to-one relation: null tests, and conditions less names that are operators there."""
        name = f"{self._names[view]}Nested"
        return self.component(name, lambda: self._conditions(view, reference(name), nested=True))

    def _conditions(self, view: ModelView, own: JSONSchema, *, nested: bool) -> JSONSchema:
        reserved = LOGICAL.keys() | (WORDS if nested else ())
        properties: JSONSchema = {
            name: schema for name, schema in self._members(view, "") if name not in reserved
        }
        for head, relation in self._to_one(view):
            if relation.access.filter:
                self._name(relation.target, view, head)
                properties |= self._members(relation.target, f"{head}.")
        if nested:
            properties |= self._null_tests()
        return joined(properties, own, f"Conditions on {view.name}, all of which must hold.")

    def _to_one(self, view: ModelView) -> Iterator[tuple[str, ViewRelation]]:
        """The relations that a dotted path may go through."""
        for name, relation in view.relations.items():
            going_on = not relation.relation.many and relation.relation.gap is None
            if going_on and "." not in name and self._leads(relation):
                yield name, relation

    def _leads(self, relation: ViewRelation) -> bool:
        return _within(min(self._limits.max_relation_depth, self._limits.max_relation_steps), relation)

    def _null_tests(self) -> JSONSchema:
        """Whether there is a related row. Each word with false is the other one with true."""
        is_null, exists = (self._capabilities.can(word, TypeKind.RELATION) for word in ("isNull", "exists"))
        values = {
            "isNull": [True] * is_null + [False] * exists,
            "exists": [True] * exists + [False] * is_null,
        }
        return {
            word: {**(BOOLEAN if len(allowed) > 1 else one_of(allowed)), "description": by_name[word].text}
            for word, allowed in values.items()
            if allowed
        }

    def _members(self, view: ModelView, prefix: str) -> Iterator[tuple[str, JSONSchema]]:
        for name, field in view.fields.items():
            if field.operators and _can_be_key(name):
                yield prefix + name, self._field(view, field)
        for name, relation in view.relations.items():
            if relation.access.filter and _can_be_key(name) and self._leads(relation):
                yield prefix + name, self._relation(view, relation)

    def _field(self, view: ModelView, field: ViewField) -> JSONSchema:
        type_ = field.field.type
        forms: list[JSONSchema] = []
        if "eq" in field.operators:
            forms.append(self._shorthand(type_))
        if "isNull" in field.operators:
            forms.append(NULL)
        forms.append(self._operators(view, field))
        return {"anyOf": forms} if len(forms) > 1 else forms[0]

    def _shorthand(self, type_: FieldType) -> JSONSchema:
        """The value that stands for eq."""
        if isinstance(type_, JSONType):
            return {"anyOf": PLAIN_JSON}  # an object would be one of operators
        return self._equal(type_)

    def _operators(self, view: ModelView, field: ViewField) -> JSONSchema:
        type_ = field.field.type
        properties = {
            operator.name: self._operand(operator, type_, field.operators) | {"description": operator.text}
            for operator in OPERATORS
            if operator.name in field.operators
        }
        usual = f"{type_name(type_)}Operators"
        own = f"{self._names[view]}{titled(field.name)}Operators"
        names = choices_of(usual, own) if field.operators == self._all(type_.kind) else choices_of(own)
        return self._shared(names, properties, f"Conditions on a value: {type_name(type_)}.")

    def _all(self, kind: TypeKind) -> frozenset[str]:
        """The operators of a kind that the back-end has and the policy does not keep from any field."""
        regex = self._policy.regex
        words = (word for word in FULL[kind] if self._capabilities.can(word, kind))
        return frozenset(word for word in words if regex or by_name[word].op is not Op.REGEX)

    def _operand(self, operator: Operator, type_: FieldType, allowed: frozenset[str]) -> JSONSchema:
        match operator.arity, operator.op:
            case Arity.FLAG, _:
                return BOOLEAN
            case Arity.PAIR, _:
                return {**list_schema(self._value(type_), 2), "minItems": 2}
            case Arity.MANY, op:
                element = self._value(type_.element if isinstance(type_, ArrayType) else type_)
                item = nullable_schema(element) if op is Op.IN else element
                return list_schema(item, self._limits.max_list_length)
            case _, Op.EQ:
                null = "exists" if operator.negated else "isNull"
                return nullable_schema(self._equal(type_)) if null in allowed else self._equal(type_)
            case _, Op.SIZE:
                return self._value(SIZE)
            case _, Op.HAS if isinstance(type_, ArrayType):
                return self._value(type_.element)
            case _, Op.LIKE | Op.ILIKE:
                return self._value(type_) | {"pattern": LIKE}
            case _:
                return self._value(type_)

    def _value(self, type_: FieldType) -> JSONSchema:
        return value_schema(type_, self._limits.max_string_length, self._policy.zone)

    def _equal(self, type_: FieldType) -> JSONSchema:
        if isinstance(type_, ArrayType):
            return list_schema(self._value(type_.element), self._limits.max_list_length)
        return self._value(type_)

    def _relation(self, view: ModelView, relation: ViewRelation) -> JSONSchema:
        target = relation.target
        name = self._name(target, view, relation.name)
        if relation.relation.many:
            own = f"{name}Quantifiers"
            return self.component(own, lambda: self._quantifiers(target, reference(own)))
        forms: list[JSONSchema] = [self._nested(target)]
        if relation.relation.gap is not None:
            forms = [object_schema(self._null_tests(), f"Whether there is a related row of {target.name}.")]
        if self._capabilities.can("isNull", TypeKind.RELATION):
            forms.append(NULL)
        return {"anyOf": forms} if len(forms) > 1 else forms[0]

    def _quantifiers(self, view: ModelView, own: JSONSchema) -> JSONSchema:
        where = self.where(view)
        can = self._capabilities.quantifiers
        properties = {word: where for word, quantifier in QUANTIFIERS.items() if quantifier in can}
        return joined(properties, own, f"How many related rows of {view.name} must meet conditions.")


def _within(depth: int, relation: ViewRelation) -> bool:
    """Whether a limit allows the way through one relation: embedded rows are no further away than fields."""
    return depth > 0 or relation.relation.embedded


def _can_be_key(name: str) -> bool:
    return "." not in name and not name.startswith("$")
