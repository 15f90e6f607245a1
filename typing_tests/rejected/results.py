"""A result is read-only and knows its parts; SQLModel's `exec` asks for another kind of query."""

from queryengine import FilterAST
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)


result = SQLAlchemyQueryEngine(Hero).build_query(FilterAST())

result.query = select(Hero)
# mypy says: Property "query" defined in "QueryResult" is read-only [misc]
# pyright says: Cannot assign to attribute "query" for class "SQLAlchemyQueryResult[Hero]"

rows = result.rows
# mypy says: "SQLAlchemyQueryResult[Hero]" has no attribute "rows" [attr-defined]
# pyright says: Cannot access attribute "rows" for class "SQLAlchemyQueryResult[Hero]"

names = result.projection_model.model_fields
# mypy says: Item "None" of "type[BaseModel] | None" has no attribute "model_fields" [union-attr]
# pyright says: "model_fields" is not a known attribute of "None" [reportOptionalMemberAccess]

result.sort.append(None)
# mypy says: "tuple[OrderKey, ...]" has no attribute "append" [attr-defined]
# pyright says: Cannot access attribute "append" for class "Sort"

result.filter.where = None
# mypy says: Property "where" defined in "FilterAST" is read-only [misc]
# pyright says: Cannot assign to attribute "where" for class "FilterAST"

SQLAlchemyQueryResult(select(Hero), None, ())
# mypy says: Missing named argument "filter" for "SQLAlchemyQueryResult" [call-arg]
# pyright says: Argument missing for parameter "filter" [reportCallIssue]

SQLAlchemyQueryResult(select(Hero), Hero(), (), filter=FilterAST())
# mypy says: Argument 2 to "SQLAlchemyQueryResult" has incompatible type "Hero"; expected "type[BaseModel] |
#     None" [arg-type]
# pyright says: Argument of type "Hero" cannot be assigned to parameter "projection_model" of type
#     "type[BaseModel] | None" in function "__new__"


def run(session: Session) -> None:
    session.exec(result.query)
    # mypy says: No overload variant of "exec" of "Session" matches argument type "Select[Hero]"
    # pyright says: No overloads for "exec" match the provided arguments [reportCallIssue]
    # pyright says: Argument of type "Select[Hero]" cannot be assigned to parameter "statement" of type
    #     "UpdateBase" in function "exec"
