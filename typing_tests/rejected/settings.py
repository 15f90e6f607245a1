"""Settings are keywords of a closed list, each with its type, and do not change."""

from queryengine import Access, Limits, QueryConfig, SecurityPolicy, create_qe_dependency
from queryengine_sqlalchemy import SQLAlchemyQueryEngine

from typing_tests.models import Flight

engine = SQLAlchemyQueryEngine(Flight)
policy = SecurityPolicy()

SecurityPolicy(exposes=None)
# mypy says: Unexpected keyword argument "exposes" for "SecurityPolicy"; did you mean "expose"? [call-arg]
# pyright says: No parameter named "exposes" [reportCallIssue]

SecurityPolicy(expose=Flight)
# mypy says: Argument "expose" to "SecurityPolicy" has incompatible type "type[Flight]"; expected
#     "type[BaseModel] | None" [arg-type]
# pyright says: Argument of type "type[Flight]" cannot be assigned to parameter "expose" of type
#     "type[BaseModel] | None" in function "__init__"

SecurityPolicy(paths={"origin": True})
# mypy says: Dict entry 0 has incompatible type "str": "bool"; expected "str": "Access | None" [dict-item]
# pyright says: Argument of type "dict[str, bool]" cannot be assigned to parameter "paths" of type
#     "Mapping[str, Access | None]" in function "__init__"

SecurityPolicy(paths=["origin"])
# mypy says: Argument "paths" to "SecurityPolicy" has incompatible type "list[str]"; expected "Mapping[str,
#     Access | None]" [arg-type]
# pyright says: Argument of type "list[str]" cannot be assigned to parameter "paths" of type "Mapping[str,
#     Access | None]" in function "__init__"

SecurityPolicy(timezone=2)
# mypy says: Argument "timezone" to "SecurityPolicy" has incompatible type "int"; expected "tzinfo | str | None"
# pyright says: Argument of type "Literal[2]" cannot be assigned to parameter "timezone" of type "tzinfo |
#     str | None" in function "__init__"

policy.regex = True
# mypy says: Property "regex" defined in "SecurityPolicy" is read-only [misc]
# pyright says: Cannot assign to attribute "regex" for class "SecurityPolicy"

Access(filters=True)
# mypy says: Unexpected keyword argument "filters" for "Access"; did you mean "filter"? [call-arg]
# pyright says: No parameter named "filters" [reportCallIssue]

Access(False)
# mypy says: Too many positional arguments for "Access" [call-arg]
# pyright says: Expected 0 positional arguments [reportCallIssue]

Access(filter=1)
# mypy says: Argument "filter" to "Access" has incompatible type "int"; expected "bool | Collection[str]"
# pyright says: Argument of type "Literal[1]" cannot be assigned to parameter "filter" of type "bool |
#     Collection[str]" in function "__init__"

Access(sort="asc")
# mypy says: Argument "sort" to "Access" has incompatible type "str"; expected "bool" [arg-type]
# pyright says: Argument of type "Literal['asc']" cannot be assigned to parameter "sort" of type "bool" in
#     function "__init__"

Limits(max_condition=5)
# mypy says: Unexpected keyword argument "max_condition" for "Limits"; did you mean "max_conditions"?
# pyright says: No parameter named "max_condition" [reportCallIssue]

Limits(max_depth="16")
# mypy says: Argument "max_depth" to "Limits" has incompatible type "str"; expected "int" [arg-type]
# pyright says: Argument of type "Literal['16']" cannot be assigned to parameter "max_depth" of type "int" in
#     function "__init__"

QueryConfig(source="form")
# mypy says: Argument "source" to "QueryConfig" has incompatible type "Literal['form']"; expected
#     "Literal['query', 'body']" [arg-type]
# pyright says: Argument of type "Literal['form']" cannot be assigned to parameter "source" of type
#     "Literal['query', 'body']" in function "__init__"

QueryConfig(paging="outside")
# mypy says: Argument "paging" to "QueryConfig" has incompatible type "Literal['outside']"; expected
#     "Literal['internal', 'external']" [arg-type]
# pyright says: Argument of type "Literal['outside']" cannot be assigned to parameter "paging" of type
#     "Literal['internal', 'external']" in function "__init__"

create_qe_dependency(engine, require=True)
# mypy says: Unexpected keyword argument "require" for overloaded function "create_qe_dependency"; did you
#     mean "required"? [call-overload]
# mypy says: No overload variant of "create_qe_dependency" matches argument types
#     "SQLAlchemyQueryEngine[Flight]", "bool" [call-overload]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments Argument types:
#     (SQLAlchemyQueryEngine[Flight], Literal[True]) [reportCallIssue]

create_qe_dependency(engine, required="yes")
# mypy says: No overload variant of "create_qe_dependency" matches argument types
#     "SQLAlchemyQueryEngine[Flight]", "str" [call-overload]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "Literal['yes']" cannot be assigned to parameter "required" of type "bool" in
#     function "create_qe_dependency"

create_qe_dependency(engine, policy={"origin": Access()})
# mypy says: No overload variant of "create_qe_dependency" matches argument types
#     "SQLAlchemyQueryEngine[Flight]", "dict[str, Access]" [call-overload]
# pyright says: Argument of type "dict[str, Access]" cannot be assigned to parameter "policy" of type
#     "SecurityPolicy | None" in function "create_qe_dependency"

SQLAlchemyQueryEngine(Flight, dialect="mysql")
# mypy says: Argument "dialect" to "SQLAlchemyQueryEngine" has incompatible type "Literal['mysql']"; expected
#     "Literal['sqlite', 'postgresql'] | None" [arg-type]
# pyright says: Argument of type "Literal['mysql']" cannot be assigned to parameter "dialect" of type
#     "Literal['sqlite', 'postgresql'] | None" in function "__init__"

SQLAlchemyQueryEngine(Flight, dialect="postgres")
# mypy says: Argument "dialect" to "SQLAlchemyQueryEngine" has incompatible type "Literal['postgres']";
#     expected "Literal['sqlite', 'postgresql'] | None" [arg-type]
# pyright says: Argument of type "Literal['postgres']" cannot be assigned to parameter "dialect" of type
#     "Literal['sqlite', 'postgresql'] | None" in function "__init__"

SQLAlchemyQueryEngine(Flight, text_order="collation")
# mypy says: Argument "text_order" to "SQLAlchemyQueryEngine" has incompatible type "Literal['collation']";
#     expected "Literal['codepoint', 'database', 'database_is_codepoint']" [arg-type]
# pyright says: Argument of type "Literal['collation']" cannot be assigned to parameter "text_order" of type
#     "Literal['codepoint', 'database', 'database_is_codepoint']" in function "__init__"

SQLAlchemyQueryEngine(Flight, null_order="first")
# mypy says: Argument "null_order" to "SQLAlchemyQueryEngine" has incompatible type "Literal['first']";
#     expected "Literal['smallest', 'largest']" [arg-type]
# pyright says: Argument of type "Literal['first']" cannot be assigned to parameter "null_order" of type
#     "Literal['smallest', 'largest']" in function "__init__"

SQLAlchemyQueryEngine(Flight, case_fold=True)
# mypy says: Argument "case_fold" to "SQLAlchemyQueryEngine" has incompatible type "Literal[True]"; expected
#     "Literal['ascii', 'unicode']" [arg-type]
# pyright says: Argument of type "Literal[True]" cannot be assigned to parameter "case_fold" of type
#     "Literal['ascii', 'unicode']" in function "__init__"

SQLAlchemyQueryEngine(Flight, "sqlite")
# mypy says: Too many positional arguments for "SQLAlchemyQueryEngine" [call-arg]
# pyright says: Expected 1 positional argument [reportCallIssue]
