"""The SQLAlchemy engine takes its options by their words and is an `Engine`."""

from typing import Literal, assert_type

from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult

from queryengine import Capabilities, Engine
from queryengine.schema import ModelSchema
from typing_tests.models import Base, Flight

engine = SQLAlchemyQueryEngine(
    Flight,
    dialect="postgresql",
    text_order="database_is_codepoint",
    null_order="largest",
    case_fold="unicode",
)
assert_type(engine, SQLAlchemyQueryEngine[Flight])
assert_type(engine.model, type[Flight])
assert_type(engine.schema, ModelSchema[Flight])
assert_type(engine.capabilities, Capabilities)


def on(dialect: Literal["sqlite", "postgresql"]) -> SQLAlchemyQueryEngine[Flight]:
    return SQLAlchemyQueryEngine(Flight, dialect=dialect)


as_engine: Engine[Flight, SQLAlchemyQueryResult[Flight]] = engine
of_base: Engine[Base, SQLAlchemyQueryResult[Flight]] = engine
of_anything: Engine[object, object] = engine
