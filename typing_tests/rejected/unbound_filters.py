"""An engine takes a bound filter and nothing else: no text, no document, no source, no condition alone."""

from queryengine import FilterAST, MemoryQueryEngine, field, process_filter_to_ast
from queryengine.parsed import Source
from queryengine_sqlalchemy import SQLAlchemyQueryEngine

from typing_tests.models import Flight

engine = SQLAlchemyQueryEngine(Flight)

engine.build_query({"where": {"origin": "JFK"}})
# mypy says: Argument 1 to "build_query" of "SQLAlchemyQueryEngine" has incompatible type "dict[str, dict[str,
#     str]]"; expected "FilterAST" [arg-type]
# pyright says: Argument of type "dict[str, dict[str, str]]" cannot be assigned to parameter "ast" of type
#     "FilterAST" in function "build_query"

engine.build_query('{"where": {"origin": "JFK"}}')
# mypy says: Argument 1 to "build_query" of "SQLAlchemyQueryEngine" has incompatible type "str"; expected
#     "FilterAST" [arg-type]
# pyright says: Argument of type "Literal['{"where": {"origin": "JFK"}}']" cannot be assigned to parameter
#     "ast" of type "FilterAST" in function "build_query"

engine.build_query(None)
# mypy says: Argument 1 to "build_query" of "SQLAlchemyQueryEngine" has incompatible type "None"; expected
#     "FilterAST" [arg-type]
# pyright says: Argument of type "None" cannot be assigned to parameter "ast" of type "FilterAST" in function
#     "build_query"

engine.execute_query(Source("{}"))
# mypy says: Argument 1 to "execute_query" of "SQLAlchemyQueryEngine" has incompatible type "Source"; expected
#     "FilterAST" [arg-type]
# pyright says: Argument of type "Source" cannot be assigned to parameter "ast" of type "FilterAST" in
#     function "execute_query"

engine.build_query(field("origin") == "JFK")
# mypy says: Argument 1 to "build_query" of "SQLAlchemyQueryEngine" has incompatible type "Predicate";
#     expected "FilterAST" [arg-type]
# pyright says: Argument of type "Predicate" cannot be assigned to parameter "ast" of type "FilterAST" in
#     function "build_query"

MemoryQueryEngine(Flight).build_query({"limit": 5})
# mypy says: Argument 1 to "build_query" of "MemoryQueryEngine" has incompatible type "dict[str, int]";
#     expected "FilterAST" [arg-type]
# pyright says: Argument of type "dict[str, int]" cannot be assigned to parameter "ast" of type "FilterAST" in
#     function "build_query"

FilterAST(where={"origin": "JFK"})
# mypy says: Unexpected keyword argument "where" for "FilterAST" [call-arg]
# pyright says: No parameter named "where" [reportCallIssue]

process_filter_to_ast(["origin"], engine)
# mypy says: Argument 1 to "process_filter_to_ast" has incompatible type "list[str]"; expected "str |
#     Mapping[str, Any]" [arg-type]
# pyright says: Argument of type "list[str]" cannot be assigned to parameter "filter" of type "str |
#     Mapping[str, Any]" in function "process_filter_to_ast"

process_filter_to_ast("{}", Flight)
# mypy says: Argument 2 to "process_filter_to_ast" has incompatible type "type[Flight]"; expected
#     "Engine[object, object]" [arg-type]
# pyright says: Argument of type "type[Flight]" cannot be assigned to parameter "engine" of type
#     "Engine[object, object]" in function "process_filter_to_ast"

process_filter_to_ast("{}")
# mypy says: Missing positional argument "engine" in call to "process_filter_to_ast" [call-arg]
# pyright says: Argument missing for parameter "engine" [reportCallIssue]
