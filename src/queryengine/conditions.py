"""Binds `where`: resolved paths, operators that fit their fields, a slot for each value of the text."""

from __future__ import annotations

from typing import assert_never

from queryengine.ast import And, Comparison, Not, Op, Or, Quantified, Where
from queryengine.engine import Capabilities
from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.operands import OperandReader
from queryengine.operators import OPERATORS, QUANTIFIERS, Arity, Operator, by_name
from queryengine.parsed import (
    Condition,
    Group,
    Item,
    Literal,
    LiteralKind,
    Logical,
    Negation,
    Node,
    OperatorTest,
    QuantifierTest,
)
from queryengine.resolver import (
    FieldTarget,
    Place,
    RelationTarget,
    Right,
    Scopes,
    Target,
    Trail,
    quantifier_required,
    resolve,
)
from queryengine.schema import TypeKind
from queryengine.vocabulary import logical_for, operator_for

__all__ = ["ConditionBinder"]

EQUALS = by_name["eq"]


class ConditionBinder:
    """Binds the conditions of one text."""

    def __init__(self, capabilities: Capabilities, scopes: Scopes, operands: OperandReader) -> None:
        self._capabilities = capabilities
        self._scopes = scopes
        self._operands = operands

    def group(self, group: Group, at: Place | Target, trail: Trail) -> Where:
        """Bind an object of conditions, all of which must hold: at a place, or on one field or relation."""
        if not group.items:
            raise _empty(trail, group.span)
        bound = tuple([self._item(item, at, trail) for item in group.items])
        return bound[0] if len(bound) == 1 else And(bound, group.span)

    def _item(self, item: Item, at: Place | Target, trail: Trail) -> Where:
        match item:
            case Logical():
                return self._logical(item, at, (*trail, item.word))
            case Negation():
                return Not(self.group(item.operand, at, (*trail, "not")), item.span)
            case Condition():
                return self._condition(item, _inside(item, at, trail), (*trail, item.name))
            case OperatorTest():
                assert not isinstance(at, Place), "the grammar has operators under a field only"
                return self._compare(at, item.operator, item.operand, (*trail, item.word), item.span)
            case QuantifierTest():
                assert not isinstance(at, Place), "the grammar has quantifiers under a field only"
                return self._quantified(at, item, (*trail, item.word))
            case _:
                assert_never(item)

    def _logical(self, item: Logical, at: Place | Target, trail: Trail) -> Where:
        parts = enumerate(item.operands)
        operands = tuple([self.group(part, at, (*trail, index)) for index, part in parts])
        match item.word:
            case "and":
                return And(operands, item.span)
            case "or":
                return Or(operands, item.span)
            case _:
                return Not(Or(operands, item.span), item.span)

    def _condition(self, item: Condition, place: Place, trail: Trail) -> Where:
        target = resolve(place, item.name, self._scopes, trail, item.name_span, right=Right.FILTER)
        if isinstance(item.test, Group):
            return self.group(item.test, target, trail)
        return self._compare(target, EQUALS, item.test, trail, item.span)

    def _quantified(self, target: Target, item: QuantifierTest, trail: Trail) -> Where:
        quantifier = QUANTIFIERS[item.word.removeprefix("$")]
        if isinstance(target, FieldTarget) or not target.relation.relation.many:
            message = f"{item.word} is for relations with many rows"
            raise FilterError(ErrorCode.OPERATOR_NOT_APPLICABLE, message, path=trail, span=item.span)
        if quantifier not in self._capabilities.quantifiers:
            raise self._unsupported(quantifier.value, None, trail, item.span)
        where = self.group(item.where, target.end.inside(), trail)
        return Quantified(target.path, quantifier, where, item.span)

    # -- comparisons

    def _compare(self, target: Target, operator: Operator, operand: Node, trail: Trail, span: Span) -> Where:
        if operator.op is Op.EQ and isinstance(operand, Literal) and operand.kind is LiteralKind.NULL:
            return self._null_test(target, by_name["exists" if operator.negated else "isNull"], trail, span)
        if isinstance(target, RelationTarget):
            if operator.op is not Op.IS_NULL:
                raise _not_for_relations(target, operator, trail, span)
            wanted = self._operands.flag(operand, trail) is not operator.negated
            return self._null_test(target, by_name["isNull" if wanted else "exists"], trail, span)
        self._check(target, operator, trail, span)
        bound = self._apply(target, operator, operand, trail, span)
        return Not(bound, span) if operator.negated else bound

    def _null_test(self, target: Target, operator: Operator, trail: Trail, span: Span) -> Where:
        if isinstance(target, FieldTarget):
            self._check(target, operator, trail, span)
        elif target.relation.relation.many:
            hint = _no_rows(target, "some" if operator.negated else "none")
            raise quantifier_required(target.relation.name, trail, span, hint)
        elif not self._capabilities.can(operator.name, TypeKind.RELATION):
            raise self._unsupported(f"{operator.name} on a relation", None, trail, span)
        bound = Comparison(target.path, Op.IS_NULL, None, span)
        return Not(bound, span) if operator.negated else bound

    def _apply(
        self, target: FieldTarget, operator: Operator, operand: Node, trail: Trail, span: Span
    ) -> Where:
        path, type_, op = target.path, target.type, operator.op
        match operator.arity:
            case Arity.FLAG:
                bound = Comparison(path, op, None, span)
                return bound if self._operands.flag(operand, trail) else Not(bound, span)
            case Arity.PAIR:
                low, high = self._operands.pair(type_, operand, trail)
                return And((Comparison(path, Op.GTE, low, span), Comparison(path, Op.LTE, high, span)), span)
            case Arity.MANY:
                values, null = self._operands.many(op, type_, operand, trail)
                bound = Comparison(path, op, values, span)
                return Or((bound, Comparison(path, Op.IS_NULL, None, span)), span) if null else bound
            case Arity.ONE:
                return Comparison(path, op, self._operands.one(op, type_, operand, trail), span)
            case _:
                assert_never(operator.arity)

    def _check(self, target: FieldTarget, operator: Operator, trail: Trail, span: Span) -> None:
        """Refuse what the type, the policy or the back-end does not have, in this order.

        What the policy does not allow tells nothing of the back-end.
        """
        kind, gap = target.path.kind, target.field.field.gap
        if kind not in operator.kinds:
            raise FilterError(
                ErrorCode.OPERATOR_NOT_APPLICABLE,
                f"{operator.name} does not apply to {_with_article(kind)} field",
                path=trail,
                span=span,
                expected=_operators_of(target),
            )
        if operator.name in target.field.operators:
            return
        if operator.name not in target.field.allowed:
            raise FilterError(
                ErrorCode.NOT_ALLOWED,
                f"{operator.name} is not allowed here",
                path=trail,
                span=span,
                expected=_operators_of(target),
            )
        if gap is not None and operator.op is not Op.IS_NULL:
            raise self._unsupported(f"{operator.name} on this field", gap, trail, span)
        note = self._capabilities.note(operator.name, kind)
        raise self._unsupported(f"{operator.name} on {_with_article(kind)} field", note, trail, span)

    def _unsupported(self, what: str, note: str | None, trail: Trail, span: Span) -> FilterError:
        return FilterError(
            ErrorCode.UNSUPPORTED_BY_BACKEND,
            f"{self._capabilities.backend} has no {what}",
            path=trail,
            span=span,
            hint=note,
        )


def _operators_of(target: FieldTarget) -> tuple[str, ...]:
    return tuple(o.name for o in OPERATORS if o.name in target.field.operators)


def _with_article(kind: TypeKind) -> str:
    return f"{'an' if kind.value[0] in 'aei' else 'a'} {kind.value}"


def _empty(trail: Trail, span: Span) -> FilterError:
    return FilterError(ErrorCode.EMPTY_CONDITION, "an empty object says nothing", path=trail, span=span)


def _not_for_relations(target: RelationTarget, operator: Operator, trail: Trail, span: Span) -> FilterError:
    word = str(trail[-1])
    hint: str | None = "give an object of conditions on its fields"
    many, named = target.relation.relation.many, operator is not EQUALS and word in target.end.view.fields
    if many:
        hint = (
            f'for the field of that name write {{"some": {{"{word}": ...}}}}' if named else _no_rows(target)
        )
    elif named:
        hint = f'for the field of that name write "{target.path}.{word}"'
    return FilterError(
        ErrorCode.OPERATOR_NOT_APPLICABLE,
        f"{operator.name} does not apply to a relation{' with many rows' if many else ''}",
        path=trail,
        span=span,
        expected=("some", "every", "none") if many else ("isNull", "exists"),
        hint=hint,
    )


def _no_rows(target: RelationTarget, quantifier: str = "none") -> str | None:
    """Say how to ask for no related rows at all (or some): by a field that all of them have."""
    fields = target.end.view.fields.items()
    every_row_has = (n for n, f in fields if "exists" in f.operators and not f.field.nullable)
    name = next(every_row_has, None)
    if name is None:
        return None
    which = "no related row at all" if quantifier == "none" else "a related row, whichever,"
    written = f'{{"{target.relation.name}": {{"{quantifier}": {{"{name}": {{"exists": true}}}}}}}}'
    return f"for {which} write {written}"


def _inside(item: Condition, at: Place | Target, trail: Trail) -> Place:
    """Where the name of a condition is looked up: under a to-one relation in the related model."""
    match at:
        case Place():
            return at
        case RelationTarget():
            if at.relation.relation.many:
                raise quantifier_required(at.relation.name, trail, item.span)
            return at.end
        case FieldTarget():
            raise FilterError(
                ErrorCode.UNKNOWN_OPERATOR,
                f"no operator {quoted(item.name)}",
                path=(*trail, item.name),
                span=item.name_span,
                expected=_operators_of(at),
                nearest=logical_for(item.name) or operator_for(item.name),
            )
        case _:
            assert_never(at)
