"""Hypothesis strategies for filter documents: every clause, operator, type and way that a view allows.

Documents are the reference syntax as JSON objects. They are valid, and their values lie inside the domains of
their types. A form is a document whose values are still strategies, so that one form can give many documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, assert_never, cast

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from queryengine.ast import Op
from queryengine.engine import Capabilities
from queryengine.operators import QUANTIFIERS, Arity, Operator, by_name, find_operator
from queryengine.schema import ArrayType, Field, FieldType, JSONType, TypeKind
from queryengine.testing.literals import characters_of, element_samples, literals, patterns, regexes
from queryengine.testing.samples import Sample
from queryengine.view import ModelView, ViewField, ViewRelation

__all__ = ["Document", "Ground", "conditions", "filters", "orders", "siblings"]

Document: TypeAlias = dict[str, object]
"""A filter as a JSON object."""

Form: TypeAlias = dict[str, object]
"""A document with a strategy in the place of each value."""

DEPTH = 3
"""how deep groups, negations and quantifiers stand inside of one another"""
LONGEST_WAY = 3
"""to-one relations in one dotted path"""


class Operands(dict[tuple[str, Field], SearchStrategy[object]]):
    """What each operator can be asked with on each field: making strategies costs time."""


@dataclass(frozen=True, slots=True, repr=False)
class Ground:
    """What filters are drawn for: a view, its back-end's capabilities, and the values that rows have."""

    view: ModelView
    capabilities: Capabilities
    seen: Mapping[Field, Sequence[Sample]] = field(default_factory=lambda: MappingProxyType({}))
    """the values of each field in the rows at hand; filters ask for them more often than for others"""
    depth: int = DEPTH
    operands: Operands = field(default_factory=Operands, init=False)
    """kept from one filter to the next"""


def filters(ground: Ground, *, paged: bool = True) -> SearchStrategy[Document]:
    """Draw filters: a where, often an order, and if `paged` a limit and an offset."""
    return siblings(ground, 1, paged=paged).map(lambda documents: documents[0])


@st.composite
def siblings(draw: st.DrawFn, ground: Ground, count: int, *, paged: bool = True) -> list[Document]:
    """Draw `count` filters of one form: what is cached of one serves the others, and must not show."""
    where = _groups(ground, ground.view, ground.depth)
    others: dict[str, SearchStrategy[object]] = {"order": orders(ground)}
    if paged:
        others |= {"limit": st.just(st.integers(1, 60)), "offset": st.just(st.integers(0, 20))}
    form: Form = draw(st.fixed_dictionaries({"where": where}, optional=others))
    return [_filled(draw, form) for _ in range(count)]


@st.composite
def conditions(draw: st.DrawFn, ground: Ground) -> Document:
    """Draw the object of a `where`."""
    return _filled(draw, draw(_groups(ground, ground.view, ground.depth)))


def _filled(draw: st.DrawFn, form: Form) -> Document:
    """Draw the values of a form, whose parts are forms, lists of forms, strategies and words."""
    return {name: _fill(draw, part) for name, part in form.items()}


def _fill(draw: st.DrawFn, part: object) -> object:
    if isinstance(part, SearchStrategy):
        return draw(cast("SearchStrategy[object]", part))
    if isinstance(part, dict):
        return _filled(draw, cast("Form", part))
    if isinstance(part, list):
        return [_fill(draw, inner) for inner in cast("list[object]", part)]
    return part


@st.composite
def _groups(draw: st.DrawFn, ground: Ground, view: ModelView, depth: int) -> Form:
    """Draw the form of an object of conditions, with at most `depth` levels of groups in it."""
    words = ["test"] * 4
    if depth > 0:
        words += ["both", "and", "or", "not", "nor"]
    word = draw(st.sampled_from(words))
    if word == "test":
        return draw(_tests(ground, view, depth))
    below = _groups(ground, view, depth - 1)
    if word == "not":
        return {_spelling(draw, "not"): draw(below)}
    if word == "both":
        return draw(below) | draw(below)
    return {_spelling(draw, word): draw(st.lists(below, min_size=1, max_size=3))}


@st.composite
def orders(draw: st.DrawFn, ground: Ground) -> object:
    """Draw an order, which has no values: up to three keys, over to-one paths too, as a text or a list."""
    capabilities = ground.capabilities
    anywhere = capabilities.order_by_relation and capabilities.order_by_missing and capabilities.nulls_order
    keys: dict[str, str] = {}
    for _ in range(draw(st.integers(1, 3))):
        names, place = _way(draw, ground.view, LONGEST_WAY if anywhere else 0)
        sortable = [field for field in place.fields.values() if _may_order(field, capabilities)]
        if sortable:
            name = ".".join([*names, draw(st.sampled_from(sortable)).name])
            keys[name] = draw(st.sampled_from(_order_keys(name, capabilities)))
    if not keys:
        reject()
    return list(keys.values()) if draw(st.booleans()) else ",".join(keys.values())


def _may_order(field: ViewField, capabilities: Capabilities) -> bool:
    return field.sort and (capabilities.nulls_order or not field.field.nullable)


def _order_keys(name: str, capabilities: Capabilities) -> list[str]:
    forms = [name, f"-{name}", f"{name} DESC", f"{name} asc"]
    if capabilities.nulls_order:
        forms += [f"{name} NULLS LAST", f"{name} DESC NULLS FIRST", f"-{name} nulls last"]
    return forms


# -- one test: a way to a field or relation, and what is asked of it


@st.composite
def _tests(draw: st.DrawFn, ground: Ground, view: ModelView, depth: int) -> Form:
    names, place = _way(draw, view, LONGEST_WAY)
    fields = [field for field in place.fields.values() if field.operators]
    single = [relation for relation in place.relations.values() if _is_single(relation)]
    many = [relation for relation in place.relations.values() if _is_many(relation)]
    choices: list[Callable[[], Form]] = []
    if fields:
        choices += [lambda: _field_test(draw, ground, draw(st.sampled_from(fields)))] * 4
    if single and ground.capabilities.can("isNull", TypeKind.RELATION):
        choices.append(lambda: _missing_test(draw, draw(st.sampled_from(single))))
    if many and depth > 0 and ground.capabilities.quantifiers:
        choices += [lambda: _many_test(draw, ground, draw(st.sampled_from(many)), depth)] * 2
    if not choices:
        reject()
    return _placed(draw, names, draw(st.sampled_from(choices))())


def _way(draw: st.DrawFn, view: ModelView, longest: int) -> tuple[list[str], ModelView]:
    """Walk over up to `longest` to-one relations; mostly over none."""
    names: list[str] = []
    while len(names) < longest and draw(st.sampled_from([False, False, True])):
        relations = [relation for relation in view.relations.values() if _is_single(relation)]
        if not relations:
            break
        relation = draw(st.sampled_from(relations))
        names.append(relation.name)
        view = relation.target
    return names, view


def _is_single(relation: ViewRelation) -> bool:
    end = relation.relation
    return relation.access.filter is not False and not end.many and end.gap is None


def _is_many(relation: ViewRelation) -> bool:
    return relation.access.filter is not False and relation.relation.many


def _placed(draw: st.DrawFn, names: Sequence[str], test: Form) -> Form:
    """Write a test under a way of relations: as a dotted name or as nested objects.

    Below a relation a name that is an operator's too would be read as that operator: such a one is dotted.
    """
    for name in reversed(names):
        ((key, value),) = test.items()
        dotted = find_operator(key) is not None or draw(st.booleans())
        test = {f"{name}.{key}": value} if dotted else {name: test}
    return test


def _missing_test(draw: st.DrawFn, relation: ViewRelation) -> Form:
    word = draw(st.sampled_from(["isNull", "exists"]))
    return {relation.name: {_spelling(draw, word): draw(st.booleans())}}


def _many_test(draw: st.DrawFn, ground: Ground, relation: ViewRelation, depth: int) -> Form:
    words = [
        word for word, quantifier in QUANTIFIERS.items() if quantifier in ground.capabilities.quantifiers
    ]
    chosen = draw(st.lists(st.sampled_from(words), min_size=1, max_size=2, unique=True))
    below = _groups(ground, relation.target, depth - 1)
    return {relation.name: {_spelling(draw, word): draw(below) for word in chosen}}


def _field_test(draw: st.DrawFn, ground: Ground, field: ViewField) -> Form:
    """Ask one or two things of a field."""
    words = draw(st.lists(st.sampled_from(sorted(field.operators)), min_size=1, max_size=2, unique=True))
    if words == ["eq"] and not isinstance(field.field.type, JSONType) and draw(st.booleans()):
        return {field.name: _operand(by_name["eq"], ground, field.field)}
    tests: Form = {}
    for word in words:
        operator = by_name[word]
        spelling = draw(st.sampled_from([word, *operator.aliases]))
        tests[_spelling(draw, spelling)] = _operand(operator, ground, field.field)
    return {field.name: tests}


def _operand(operator: Operator, ground: Ground, field: Field) -> SearchStrategy[object]:
    """Return what an operator can be asked with on a field."""
    key = operator.name, field
    if key not in ground.operands:
        null = ground.capabilities.can("isNull", field.type.kind)
        made = _make_operand(operator, field.type, ground.seen.get(field, ()), null=null)
        ground.operands[key] = (
            made.filter(_is_plain) if operator.op in ground.capabilities.unescaped else made
        )
    return ground.operands[key]


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and "%" not in text and "_" not in text


def _make_operand(
    operator: Operator, type_: FieldType, seen: Sequence[Sample], *, null: bool
) -> SearchStrategy[object]:
    match operator.op:
        case Op.LIKE | Op.ILIKE:
            return patterns(seen)
        case Op.REGEX:
            return regexes(seen)
        case Op.CONTAINS | Op.ICONTAINS | Op.STARTS_WITH | Op.ISTARTS_WITH | Op.ENDS_WITH | Op.IENDS_WITH:
            return literals(type_, characters_of(seen))
        case Op.SIZE:
            return st.integers(0, 4)
        case Op.HAS | Op.HAS_ANY | Op.HAS_ALL if isinstance(type_, ArrayType):
            type_, seen = type_.element, element_samples(seen)
        case _:
            pass
    value = literals(type_, seen)
    match operator.arity:
        case Arity.FLAG:
            return st.booleans()
        case Arity.PAIR:
            return st.tuples(value, value).map(list)
        case Arity.MANY:
            return st.lists(_or_null(value) if operator.op is Op.IN else value, max_size=4)
        case Arity.ONE:
            return _or_null(value) if operator.op is Op.EQ and null else value
        case _:
            assert_never(operator.arity)


def _or_null(values: SearchStrategy[object]) -> SearchStrategy[object]:
    return st.one_of(*[values] * 5, st.none())


def _spelling(draw: st.DrawFn, word: str) -> str:
    return draw(st.sampled_from([word, word, word, f"${word}"]))
