"""What a back-end declares: gaps of operators and features, of fields, of values, and what is absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from queryengine.ast import Comparison, FilterAST, Op, Quantifier, comparisons
from queryengine.engine import Capabilities
from queryengine.errors import ErrorCode
from queryengine.operators import by_name
from queryengine.schema import ArrayType, EnumType, Field, JSONType, ModelSchema, Relation, TextType
from queryengine.testing.adapter import Adapter
from queryengine.testing.needs import FEATURES, NAME, ORDER, WAY, Need
from queryengine.testing.reference import reference_schema
from queryengine.testing.samples import holds
from queryengine.testing.world import LINK, WORLD, Details, Inner, Item, Record
from queryengine.values import ValueProblem, check

__all__ = ["NESTED", "Declared", "Gap", "Unheld"]

NO_VALUES: Final = (Op.IS_NULL, Op.IS_EMPTY, Op.SIZE)
"""operators whose operands are no values of the field's type"""
NO_REASON: Final = "no reason is given"


class Gap(NamedTuple):
    """A need that is not met: the code of the error that the back-end answers with, and the reason.

    `need` is None where the reason is about the entity only, and not about what is asked of it.
    """

    code: ErrorCode
    reason: str
    need: Need | None


class Unheld(NamedTuple):
    """A value that a back-end's field does not hold exactly."""

    entity: str
    field: Field
    value: object


class Declared:
    """The declarations of an adapter and its engines, asked for what a filter needs."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    # -- what a filter asks for

    def gaps(self, root: str, needs: Iterable[Need]) -> list[Gap]:
        """Return which of the needs of a filter over an entity are not met, with the errors to be raised."""
        able = self.capabilities(root)
        return [gap for need in needs if (gap := self._gap(need, able)) is not None]

    def capabilities(self, entity: str) -> Capabilities:
        """Return what the engine of an entity can do."""
        return self._adapter.engines[entity].capabilities

    def field(self, entity: str, name: str) -> Field | None:
        """Return a field as the back-end has it; None where it has none of this name."""
        schema = self.schemas.get(entity)
        return None if schema is None else schema.fields.get(name)

    @cached_property
    def schemas(self) -> Mapping[str, ModelSchema[object]]:
        """The back-end's own schemas, those of documents in rows too."""
        found = {name: engine.schema for name, engine in self._adapter.engines.items()}
        for (parent, name), entity in NESTED.items():
            relation = found[parent].relations.get(name) if parent in found else None
            if relation is not None:
                found[entity] = relation.target
        return MappingProxyType(found)

    def _gap(self, need: Need, able: Capabilities) -> Gap | None:
        absent = self._adapter.absent
        absence = absent.get(need.entity) or absent.get(f"{need.entity}.{need.member}")
        if absence is not None:
            return Gap(ErrorCode.UNKNOWN_FIELD, absence, self.told_by(need))
        if need.what == "include" and self._is_embedded(need):
            return Gap(ErrorCode.NOT_ALLOWED, able.note(need.what) or "it is part of the row", need)
        reason = self._reason(need, able)
        return None if reason is None else Gap(ErrorCode.UNSUPPORTED_BY_BACKEND, reason or NO_REASON, need)

    def told_by(self, need: Need) -> Need | None:
        """Return a need of what is absent; None where it is an entity, and others have fields of its kind."""
        elsewhere = (field.type.kind for schema in self.schemas.values() for field in schema.fields.values())
        return None if need.entity in self._adapter.absent and need.kind in elsewhere else need

    def _reason(self, need: Need, able: Capabilities) -> str | None:
        """Return why a need is not met; None where it is met, and an empty text where no reason is given."""
        note = able.note(need.what, need.kind) or ""
        own = self._own_gap(need)
        if need.what in FEATURES:
            return None if getattr(able, need.what) else note
        if need.what == ORDER and need.kind in able.sortable:
            field = self.field(need.entity, need.member)
            unplaced = field is not None and field.nullable and not able.nulls_order
            return able.note("nulls_order") or "" if unplaced else own
        if need.what == ORDER:
            return note
        if need.what in set(Quantifier):
            return None if Quantifier(need.what) in able.quantifiers else note
        if need.what in (NAME, WAY):
            return own if need.what == WAY else None
        if not able.can(need.what, need.kind):
            return note
        return None if by_name[need.what].op is Op.IS_NULL else own

    def _is_embedded(self, need: Need) -> bool:
        schema = self.schemas.get(need.entity)
        relation = None if schema is None else schema.relations.get(need.member)
        return relation is not None and relation.embedded

    def _own_gap(self, need: Need) -> str | None:
        """The reason why only null can be told of a field or relation."""
        schema = self.schemas.get(need.entity)
        if schema is None:
            return None
        member: Field | Relation | None = schema.fields.get(need.member) or schema.relations.get(need.member)
        return None if member is None else member.gap

    # -- values

    def outside(self, root: str, ast: FilterAST) -> list[Gap]:
        """Return which operands of a filter, as the reference binds it, lie outside of their domains."""
        able = self.capabilities(root)
        found = [gap for include in ast.include for gap in self.outside(root, include.filter)]
        for leaf in comparisons(ast.where):
            if isinstance(leaf, Comparison) and leaf.path.field is not None:
                need = Need(leaf.op.value, leaf.path.kind, _places()[leaf.path.field], leaf.path.field.name)
                field = self.field(need.entity, need.member)
                found += [] if field is None or field.gap is not None else _problems(need, field, leaf, able)
        return found

    def unheld(self, items: Sequence[Item]) -> list[Unheld]:
        """Return which values of rows the back-end does not hold exactly."""
        rows = [item for item in items if item.entity != LINK]
        return [found for item in rows for found in self._unheld(item.entity, item.values)]

    def _unheld(self, entity: str, values: Mapping[str, object]) -> Iterator[Unheld]:
        for name, value in values.items():
            field, nested = self.field(entity, name), NESTED.get((entity, name))
            if nested is not None and value is not None:
                yield from self._unheld(nested, cast("Record", value))
            elif field is not None and value is not None and not holds(field.type, value):
                yield Unheld(entity, field, value)


NESTED: Final = MappingProxyType({("Thing", "details"): "Details", ("Details", "inner"): "Inner"})
"""the entities of documents, by where they are"""


@cache
def _places() -> Mapping[Field, str]:
    """The entity of each field of the world, as the reference has it."""
    schemas = [*map(reference_schema, WORLD.models.values()), *map(reference_schema, (Details, Inner))]
    return {field: schema.name for schema in schemas for field in schema.fields.values()}


def _problems(need: Need, field: Field, leaf: Comparison, able: Capabilities) -> Iterator[Gap]:
    """Yield what is wrong with the operands of a comparison."""
    type_ = field.type.element if isinstance(field.type, ArrayType) else field.type
    for value in leaf.value if isinstance(leaf.value, tuple) else (leaf.value,):
        if leaf.op in able.unescaped and isinstance(value, str) and ("%" in value or "_" in value):
            yield Gap(ErrorCode.OUT_OF_RANGE, able.note(leaf.op.value, need.kind) or NO_REASON, need)
        if leaf.op in NO_VALUES or isinstance(type_, TextType | EnumType | JSONType):
            continue
        try:
            check(type_, value)
        except ValueProblem as problem:
            yield Gap(problem.code, f"{need.entity}.{need.member} does not hold {value!r}", need)
