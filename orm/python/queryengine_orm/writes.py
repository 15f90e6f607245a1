"""What is written: values as each database takes them, and the statements that insert, update and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from queryengine.ast import Slot
from queryengine.schema import DecimalType, FieldType, FloatType, IntegerType, JSONType
from queryengine_orm.checking import are_plain, checker_of, document_writer
from queryengine_orm.compiler import ConditionCompiler, Place
from queryengine_orm.conditions import Condition, Constant, ScalarNode
from queryengine_orm.dialects import words_of
from queryengine_orm.driver import Dialect, Executor
from queryengine_orm.expressions import Assignment
from queryengine_orm.mapping import Column, Mapper, Relationship
from queryengine_orm.objects import keeps_null, or_null
from queryengine_orm.sql import SQL, Bind, Encode, Statement, joined, name, sql, words
from queryengine_orm.storage import OpaqueType, bits_of
from queryengine_orm.storage import domain_of as type_domain_of

__all__ = [
    "delete_of",
    "delete_row_of",
    "insert_of",
    "insert_rows",
    "link_of",
    "lock_row_of",
    "unlink_of",
    "update_of",
    "update_row_of",
    "upsert_all_of",
    "upsert_of",
    "written",
]

VALUES: Final[LiteralString] = "{} = {}"
IN_RANGE: Final[LiteralString] = "CASE WHEN abs({}) {} THEN integer_add(9223372036854775807, 1) ELSE {} END"
"""a number that SQLite would keep and PostgreSQL would not: the same error, by a sum that overflows"""


async def insert_rows(
    executor: Executor, mapper: Mapper[Any], rows: Sequence[Mapping[str, object]], attributes: Sequence[str]
) -> int:
    """Insert rows, given by attribute, by the fastest way that writes all exactly; what one lacks is null."""
    columns, dialect = [mapper.columns[name] for name in attributes], executor.dialect
    values = {column: [row.get(column.attribute) for row in rows] for column in columns}
    # A COPY has no casts, so that the driver itself writes JSON there; and it cannot say JSON's own null.
    if dialect == "postgresql" and any(keeps_null(column) and None in values[column] for column in columns):
        text, _ = insert_of(mapper, columns, dialect).bound([None] * len(columns))
        each = zip(*(written(column, values[column], dialect) for column in columns), strict=True)
        return await executor.execute_many(text, list(each), clean=True)
    many = [
        checked_documents(column, values[column])
        if _is_json(column) and dialect == "postgresql"
        else written(column, values[column], dialect)
        for column in columns
    ]
    return await executor.copy_rows(
        mapper.table, [column.name for column in columns], zip(*many, strict=True)
    )


def written(column: Column, values: list[object], dialect: Dialect) -> list[object]:
    """Return values of a column, checked, as the driver takes them."""
    if column.storage(dialect).encode is None and are_plain(
        domain_of(column, dialect), values, column.length
    ):
        return values
    write = writer_of(column, dialect)
    return values if write is None else [write(value) for value in values]


def checked_documents(column: Column, values: list[object]) -> list[object]:
    """Return the values of a JSON column for a driver that writes them itself."""
    check = checker_of(column.type, column.place)
    return [None if value is None else check(value) for value in values]


def domain_of(column: Column, dialect: Dialect) -> FieldType | OpaqueType:
    """Return the type of the values that a column takes on one database."""
    return column.type if isinstance(column.type, OpaqueType) else type_domain_of(column.type, dialect)[0]


def writer_of(column: Column, dialect: Dialect) -> Encode | None:
    """Return what checks a value and makes of it what the driver takes."""
    encode = column.storage(dialect).encode
    check = checker_of(domain_of(column, dialect), column.place, column.length)
    write: Encode | None = check
    if _is_json(column):
        write = document_writer(column.place)
    elif encode is not None:
        write = _one_after_the_other(check, encode)
    return write if keeps_null(column) else or_null(write)


def _one_after_the_other(check: Encode, encode: Encode) -> Encode:
    return lambda value: encode(check(value))


def _is_json(column: Column) -> bool:
    return isinstance(column.type, JSONType)


def _place(column: Column, dialect: Dialect, slot: int, *, shift: int = 0) -> SQL:
    return sql(column.storage(dialect).place, Bind(Slot(slot + shift), writer_of(column, dialect)))


def insert_of(
    mapper: Mapper[Any], columns: Sequence[Column], dialect: Dialect, returning: Sequence[Column] = ()
) -> Statement:
    """Return the statement that inserts a row; its slots are the values of the columns in order."""
    return Statement.of(_insert(mapper, columns, dialect, returning, sql("")), dialect)


def _insert(
    mapper: Mapper[Any],
    columns: Sequence[Column],
    dialect: Dialect,
    returning: Sequence[Column],
    conflict: SQL,
) -> SQL:
    if columns:
        places = [_place(column, dialect, slot) for slot, column in enumerate(columns)]
        into = _into(mapper, columns, sql("({})", joined(", ", places)))
    else:
        into = sql("INSERT INTO {} DEFAULT VALUES", name(mapper.table))
    back = sql(" RETURNING {}", _names(returning)) if returning else sql("")
    return sql("{}{}{}", into, conflict, back)


def _into(mapper: Mapper[Any], columns: Sequence[Column], rows: SQL) -> SQL:
    return sql("INSERT INTO {} ({}) VALUES {}", name(mapper.table), _names(columns), rows)


def upsert_of(
    mapper: Mapper[Any],
    columns: Sequence[Column],
    on: Sequence[Column],
    set_: Sequence[Column],
    dialect: Dialect,
) -> Statement:
    """Return the statement that inserts a row, or updates `set_` of the one with the same values of `on`.

    It gives the row back, unless there is one of which nothing is to be updated.
    """
    insert = _insert(mapper, columns, dialect, tuple(mapper.columns.values()), _conflict(mapper, on, set_))
    return Statement.of(insert, dialect)


def upsert_all_of(
    mapper: Mapper[Any],
    columns: Sequence[Column],
    on: Sequence[Column],
    set_: Sequence[Column],
    dialect: Dialect,
    *,
    count: int,
) -> Statement:
    """Return the statement that does the same for many rows, and gives none back.

    Its slots are the values of row after row, checked and encoded already.
    """
    width = len(columns)
    rows = [
        joined(
            ", ",
            [
                sql(column.storage(dialect).place, Bind(Slot(number * width + place)))
                for place, column in enumerate(columns)
            ],
        )
        for number in range(count)
    ]
    into = _into(mapper, columns, joined(", ", [sql("({})", row) for row in rows]))
    return Statement.of(sql("{}{}", into, _conflict(mapper, on, set_)), dialect)


def _conflict(mapper: Mapper[Any], on: Sequence[Column], set_: Sequence[Column]) -> SQL:
    """Return what is done where a row with the same values of `on` is there."""
    if not set_:
        return sql(" ON CONFLICT ({}) DO NOTHING", _names(on))
    updates = joined(", ", [_replaced(mapper, column) for column in set_])
    return sql(" ON CONFLICT ({}) DO UPDATE SET {}", _names(on), updates)


def _replaced(mapper: Mapper[Any], column: Column) -> SQL:
    """Return how a column is updated by a row that is there already: a version counts on."""
    if column is mapper.version:
        return sql("{} = {} + 1", name(column.name), name(mapper.table, column.name))
    return sql("{} = excluded.{}", name(column.name), name(column.name))


def update_row_of(mapper: Mapper[Any], columns: Sequence[Column], dialect: Dialect) -> Statement:
    """Return the statement that updates one row.

    Its slots are the values of the columns, those of the primary key, and of the version that the row has.
    """
    sets = [sql(VALUES, name(each.name), _place(each, dialect, slot)) for slot, each in enumerate(columns)]
    whose = _whose(mapper, dialect, shift=len(columns))
    update = sql("UPDATE {} SET {} WHERE {}", name(mapper.table), joined(", ", sets), whose)
    return Statement.of(update, dialect)


def delete_row_of(mapper: Mapper[Any], dialect: Dialect) -> Statement:
    """Return the statement that deletes one row; its slots are its primary key, and its version."""
    whose = _whose(mapper, dialect)
    return Statement.of(sql("DELETE FROM {} WHERE {}", name(mapper.table), whose), dialect)


def lock_row_of(mapper: Mapper[Any], dialect: Dialect) -> Statement:
    """Return the statement that finds one row and keeps others from it; its slots are those of a delete."""
    lock = sql(" FOR UPDATE" if dialect == "postgresql" else "")  # SQLite has one writer
    select = sql("SELECT 1 FROM {} WHERE {}{}", name(mapper.table), _whose(mapper, dialect), lock)
    return Statement.of(select, dialect)


def _whose(mapper: Mapper[Any], dialect: Dialect, *, shift: int = 0) -> SQL:
    """Return the condition of one row: its primary key, and the version that it has."""
    keys = [*mapper.primary_key, *([] if mapper.version is None else [mapper.version])]
    places = [_place(each, dialect, slot, shift=shift) for slot, each in enumerate(keys)]
    whose = [sql(VALUES, name(each.name), place) for each, place in zip(keys, places, strict=True)]
    return joined(" AND ", whose)


def update_of(
    mapper: Mapper[Any],
    assignments: Sequence[Assignment[Any]],
    where: Condition | None,
    dialect: Dialect,
) -> Statement:
    """Return the statement that updates the rows of a condition."""
    compiler = ConditionCompiler(words_of(dialect))
    place = Place("qe", mapper)
    sets: list[SQL] = []
    for assignment in assignments:
        column = assignment.field.source
        assert isinstance(column, Column), "the fields of mapped classes are columns"
        value = _held(column, assignment.scalar, compiler.scalar(assignment.scalar, place), dialect)
        sets.append(sql(VALUES, name(column.name), value))
    version = mapper.version
    if version is not None and all(each.field.source is not version for each in assignments):
        sets.append(sql("{} = {} + 1", name(version.name), place.column(version)))
    update = sql("UPDATE {} AS {} SET {}", name(mapper.table), name("qe"), joined(", ", sets))
    return Statement.of(_where(update, compiler, place, where), dialect)


def _held(column: Column, scalar: ScalarNode, value: SQL, dialect: Dialect) -> SQL:
    """Return a value as a column holds it: SQLite by itself keeps computed numbers of any size."""
    if dialect != "sqlite" or isinstance(scalar, Constant):
        return value
    match column.type:
        case IntegerType():
            return sql("integer_of_bits({}, {})", value, words(str(bits_of(column.type))))
        case FloatType():
            return sql(IN_RANGE, value, words("> 1.7976931348623157e308"), value)
        case DecimalType(digits=digits, scale=scale):
            return sql(IN_RANGE, value, words(f">= 1e{digits - (scale or 0)}"), value)
        case _:
            return value


def delete_of(mapper: Mapper[Any], where: Condition | None, dialect: Dialect) -> Statement:
    """Return the statement that deletes the rows of a condition."""
    compiler = ConditionCompiler(words_of(dialect))
    place = Place("qe", mapper)
    delete = sql("DELETE FROM {} AS {}", name(mapper.table), name("qe"))
    return Statement.of(_where(delete, compiler, place, where), dialect)


def _where(piece: SQL, compiler: ConditionCompiler, place: Place, where: Condition | None) -> SQL:
    return piece if where is None else sql("{} WHERE {}", piece, compiler.condition(where, place))


def link_of(relation: Relationship, dialect: Dialect) -> Statement:
    """Return the statement that relates two rows by a table between; its slots are both keys, ours first.

    That they are related already, by another's doing, is as good.
    """
    assert relation.secondary is not None, "only relations by a table between have links"
    columns = [*relation.own, *relation.other]
    places = [_place(column, dialect, slot) for slot, column in enumerate(columns)]
    names = joined(", ", [name(each) for each in (*relation.links[0], *relation.links[1])])
    insert = sql(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
        name(relation.secondary.table),
        names,
        joined(", ", places),
    )
    return Statement.of(insert, dialect)


def unlink_of(relation: Relationship, dialect: Dialect) -> Statement:
    """Return the statement that ends what `link_of` began."""
    assert relation.secondary is not None, "only relations by a table between have links"
    pairs = zip((*relation.links[0], *relation.links[1]), (*relation.own, *relation.other), strict=True)
    whose = [
        sql(VALUES, name(each), _place(column, dialect, slot)) for slot, (each, column) in enumerate(pairs)
    ]
    delete = sql("DELETE FROM {} WHERE {}", name(relation.secondary.table), joined(" AND ", whose))
    return Statement.of(delete, dialect)


def _names(columns: Sequence[Column]) -> SQL:
    return joined(", ", [name(column.name) for column in columns])
