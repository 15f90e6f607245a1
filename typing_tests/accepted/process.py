"""A filter is bound without HTTP, from text or from a document, and the bound filter is a typed tree."""

from collections.abc import Mapping
from typing import Any, assert_type

from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Select

from queryengine import (
    FilterAST,
    Processor,
    QueryConfig,
    SecurityPolicy,
    process_filter_to_ast,
)
from queryengine.ast import And, Comparison, Not, Or, OrderKey, Quantified, Where
from queryengine.parsed import Source
from typing_tests.models import Flight

engine = SQLAlchemyQueryEngine(Flight)

from_text = process_filter_to_ast('{"where": {"origin": "JFK"}}', engine)
assert_type(from_text, FilterAST)

from_document = process_filter_to_ast({"where": {"origin": {"in": ["JFK", "LGA"]}}, "limit": 5}, engine)
assert_type(from_document, FilterAST)

assert_type(
    process_filter_to_ast("{}", engine, policy=SecurityPolicy(lenient=True), config=QueryConfig()), FilterAST
)

result = engine.build_query(from_text)
assert_type(result, SQLAlchemyQueryResult[Flight])
assert_type(result.query, Select[Flight])


def of_any_document(document: Mapping[str, Any]) -> FilterAST:
    return process_filter_to_ast(document, engine)


def kept() -> FilterAST:
    """A processor keeps what it learned of the shapes of filters."""
    processor = Processor(engine, policy=SecurityPolicy())
    assert_type(processor.process(Source("{}")), FilterAST)
    return processor.empty()


def written(where: Where) -> str:
    """The tree is a closed union: a match over it is complete."""
    match where:
        case And() | Or():
            return type(where).__name__.join(map(written, where.operands))
        case Not():
            return f"not {written(where.operand)}"
        case Comparison():
            return f"{where.path} {where.op}"
        case Quantified():
            return f"{where.quantifier} {where.path}"


assert_type(from_text.where, Where | None)
assert_type(from_text.order, tuple[OrderKey, ...])
