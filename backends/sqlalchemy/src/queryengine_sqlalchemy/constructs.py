"""SQL that differs from database to database: each construct is compiled per dialect, and for no other.

A dialect without a handler raises `UnsupportedDialectError`: a filter never means something else there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import BinaryExpression, BindParameter, Boolean, ColumnElement, Numeric, String
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from queryengine.errors import QueryEngineError
from queryengine_sqlalchemy.operands import SQLType

__all__ = [
    "CodePointOrder",
    "Folded",
    "JSONBoolean",
    "JSONKind",
    "JSONNumber",
    "JSONText",
    "Operand",
    "RegexMatch",
    "TextMatch",
    "UnsupportedDialectError",
]

Expression: TypeAlias = ColumnElement[Any]  # Any: expressions of all types stand in constructs
Render: TypeAlias = Callable[[Any, SQLCompiler, dict[str, Any]], str]  # Any: SQLAlchemy's keywords are open


class UnsupportedDialectError(QueryEngineError, CompileError):
    """A query was compiled for another database than SQLite and PostgreSQL."""

    def __init__(self, construct: str, dialect: str) -> None:
        super().__init__(f"queryengine has no {construct} for the dialect {dialect!r}")


class Operand(BindParameter[Any]):  # Any: see SQLType
    """A value of a filter: a bound parameter, for databases whose comparisons are known to be exact.

    `among` marks the list that stands after IN. Each has a name of its own, so that queries can be joined.
    """

    inherit_cache: bool = True

    def __init__(self, name: str, value: object, type_: SQLType, *, among: bool = False) -> None:
        super().__init__(name, value, type_=type_, unique=True, expanding=among)
        self.name = name
        if among:
            # What in_() sets: the operator says how an empty list is written. (Its declared type is None.)
            vars(self)["expand_op"] = operators.in_op


class CodePointOrder(FunctionElement[str]):
    """Text whose order is by code point, whatever the database's collation."""

    inherit_cache: bool | None = True
    type: TypeEngine[str] = String()

    def __init__(self, text: Expression) -> None:
        super().__init__(text.self_group(against=operators.collate))


class Folded(FunctionElement[str]):
    """Text with A-Z folded, where the pattern is folded too; where the pattern has both cases, as it is."""

    inherit_cache: bool | None = True
    type: TypeEngine[str] = String()

    def __init__(self, text: Expression) -> None:
        super().__init__(text.self_group(against=operators.collate))


class TextMatch(BinaryExpression[bool]):
    """Text that matches a `PatternOperand`."""

    inherit_cache: bool | None = True

    def __init__(self, text: Expression, pattern: Expression) -> None:
        super().__init__(text, pattern, operators.like_op, type_=Boolean())


class RegexMatch(BinaryExpression[bool]):
    """Text in which a `RegexOperand` has a match."""

    inherit_cache: bool | None = True

    def __init__(self, text: Expression, pattern: Expression) -> None:
        super().__init__(text, pattern, operators.regexp_match_op, type_=Boolean())


class _JSONFunction(FunctionElement[Any]):  # Any: see SQLType
    """A function of a JSON column and a `PathOperand` into its documents."""

    def __init__(self, document: Expression, path: Expression) -> None:
        super().__init__(document, path)


class JSONKind(_JSONFunction):
    """The JSON type of what stands at a path: "object", "null" ...; NULL where nothing does."""

    inherit_cache: bool | None = True
    type: SQLType = String()


class JSONText(_JSONFunction):
    """The text at a path; NULL where something else stands."""

    inherit_cache: bool | None = True
    type: SQLType = String()


class JSONNumber(_JSONFunction):
    """The number at a path; NULL where something else stands."""

    inherit_cache: bool | None = True
    type: SQLType = Numeric()


class JSONBoolean(_JSONFunction):
    """The truth value at a path; NULL where something else stands."""

    inherit_cache: bool | None = True
    type: SQLType = Boolean()


def _render(construct: type[ColumnElement[Any]], *, sqlite: Render | None, postgresql: Render) -> None:
    """Say how a construct is written for each database; the default is for `str(query)` and for errors."""

    def refuse(element: Expression, compiler: SQLCompiler, **keywords: Any) -> str:
        if compiler.dialect.name == "default":  # nothing runs there: it is for people to read
            return postgresql(element, compiler, keywords)
        raise UnsupportedDialectError(construct.__name__, compiler.dialect.name)

    compiles(construct)(refuse)
    compiles(construct, "postgresql")(_handler(postgresql))
    if sqlite is not None:
        compiles(construct, "sqlite")(_handler(sqlite))


def _handler(render: Render) -> Callable[..., str]:
    def handle(element: Expression, compiler: SQLCompiler, **keywords: Any) -> str:
        return render(element, compiler, keywords)

    return handle


def _operand(element: Operand, compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    # SQLAlchemy has no types for the method.
    visit: Callable[..., str] = compiler.visit_bindparam  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return visit(element, **keywords)


def _sides(
    element: BinaryExpression[Any], compiler: SQLCompiler, keywords: dict[str, Any]
) -> tuple[str, str]:
    return compiler.process(element.left, **keywords), compiler.process(element.right, **keywords)


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> list[str]:
    return [compiler.process(argument, **keywords) for argument in element.clauses]


def _plain(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    (text,) = _arguments(element, compiler, keywords)
    return text


def _collate_c(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    (text,) = _arguments(element, compiler, keywords)
    return f'{text} COLLATE "C"'


def _lower_c(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    return f"lower({_collate_c(element, compiler, keywords)})"


def _glob(element: TextMatch, compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    text, pattern = _sides(element, compiler, keywords)
    return f"{text} GLOB {pattern}"


def _like(element: TextMatch, compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    text, pattern = _sides(element, compiler, keywords)
    return f"{text} LIKE {pattern}"


def _regex(element: RegexMatch, compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    text, pattern = _sides(element, compiler, keywords)
    return f'({text}) COLLATE "C" ~ {pattern}'


def _sqlite_kind(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    document, path = _arguments(element, compiler, keywords)
    return f"json_type({document}, {path})"


def _postgresql_kind(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
    document, path = _arguments(element, compiler, keywords)
    return f"jsonb_typeof(CAST({document} AS JSONB) #> {path})"


def _sqlite_member(*kinds: str) -> Render:
    among = ", ".join(f"'{kind}'" for kind in kinds)

    def render(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
        document, path = _arguments(element, compiler, keywords)
        kind = _sqlite_kind(element, compiler, keywords)
        return f"CASE WHEN {kind} IN ({among}) THEN json_extract({document}, {path}) END"

    return render


def _postgresql_member(kind: str, type_: str) -> Render:
    def render(element: FunctionElement[Any], compiler: SQLCompiler, keywords: dict[str, Any]) -> str:
        document, path = _arguments(element, compiler, keywords)
        found = _postgresql_kind(element, compiler, keywords)
        value = f"CAST(CAST({document} AS JSONB) #>> {path} AS {type_})"
        return f"CASE {found} WHEN '{kind}' THEN {value} END"

    return render


_render(Operand, sqlite=_operand, postgresql=_operand)
_render(CodePointOrder, sqlite=_plain, postgresql=_collate_c)
_render(Folded, sqlite=_plain, postgresql=_lower_c)
_render(TextMatch, sqlite=_glob, postgresql=_like)
_render(RegexMatch, sqlite=None, postgresql=_regex)
_render(JSONKind, sqlite=_sqlite_kind, postgresql=_postgresql_kind)
_render(JSONText, sqlite=_sqlite_member("text"), postgresql=_postgresql_member("string", "TEXT"))
_render(
    JSONNumber, sqlite=_sqlite_member("integer", "real"), postgresql=_postgresql_member("number", "NUMERIC")
)
_render(
    JSONBoolean, sqlite=_sqlite_member("true", "false"), postgresql=_postgresql_member("boolean", "BOOLEAN")
)
