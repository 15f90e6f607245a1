"""What a mapped class cannot mean is refused by name, and never left out in silence."""

from __future__ import annotations

import datetime as dt
import enum
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, MutableMapping, MutableSequence, Sequence
from decimal import Decimal
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any, Generic, Literal, NewType, SupportsIndex, TypedDict, TypeVar

import pytest
import typing_extensions
from pydantic import AwareDatetime, BaseModel, JsonValue
from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    ForeignKeyConstraint,
    Many,
    Mapped,
    Range,
    Secondary,
    Session,
    Unique,
    create_all,
    mapped_column,
    relationship,
    schema_sql,
)
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapping import mapper_of
from queryengine_orm.sqlite import create_pool
from queryengine_orm.storage import OpaqueType

from queryengine.schema import (
    ArrayType,
    DateTimeType,
    DateType,
    DecimalType,
    EnumType,
    FloatType,
    IntegerType,
    JSONType,
    TextType,
)

T = TypeVar("T")

# What is wrong here is wrong to type checkers too, or has no types: classes are made by hand.
KEY = mapped_column(primary_key=True)


def base() -> type[DeclarativeBase]:
    class Own(DeclarativeBase):
        pass

    return Own


def declared(
    annotation: object = None, column: object = None, own: type[DeclarativeBase] | None = None, **body: object
) -> Any:  # Any: a class of the test's own
    """Make a class with one column, `it`."""
    annotations = {"id": Mapped[int]} | ({} if annotation is None else {"it": annotation})
    body = {"id": mapped_column(primary_key=True), "__annotations__": annotations} | body
    return type("Ware", (own or base(),), body if column is None else body | {"it": column})


def mapped(annotation: object, column: object = None) -> Any:  # Any: as above
    made = declared(annotation, column)
    return mapper_of(made).columns["it"]


# -- what a body says


class Plain:
    """A class of no base, with columns, of which type checkers do not know that constructors take them."""

    made: Mapped[int]


def test_columns_of_a_class_that_is_no_part_of_the_base_are_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"Ware: Plain, above it, has columns \(made\).*__abstract__"
    ):
        type("Ware", (Plain, base()), {"__annotations__": {"id": Mapped[int]}, "id": KEY})


def test_abstract_classes_mix_in_columns_and_relations_before_the_class_s_own() -> None:
    class Own(DeclarativeBase):
        pass

    class Stamped(Own):
        __abstract__ = True
        stamped: Mapped[int]

    class Named(Own):
        __abstract__ = True
        name: Mapped[str] = mapped_column(index=True)

    class First(Stamped, Named):
        id: Mapped[int] = mapped_column(primary_key=True)

    class Second(Named, Stamped):
        id: Mapped[int] = mapped_column(primary_key=True)

    assert list(mapper_of(First).columns) == ["name", "stamped", "id"]
    assert list(mapper_of(Second).columns) == ["stamped", "name", "id"]
    made = First(stamped=1, name="x"), Second(stamped=2, name="y")
    assert [(each.stamped, each.name) for each in made] == [(1, "x"), (2, "y")]
    assert mapper_of(First).columns["name"] is not mapper_of(Second).columns["name"]


def test_a_class_of_two_bases_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Ware stems from two bases, Own and Own"):
        type("Ware", (base(), base()), {})


WORDS = ["__table_args__", "__mapper_args__", "__table__", "__table_name__", "__constraint__", "__indexes__"]


@pytest.mark.parametrize("word", WORDS)
def test_words_of_other_mappers_are_refused_and_say_what_is_meant_here(word: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"Ware\.{word} means nothing here: "):
        type("Ware", (base(),), {word: ()})


@pytest.mark.parametrize("word", ["__contains__", "__tablespace__", "__table_note__"])
def test_words_of_python_and_of_one_s_own_are_left_alone(word: str) -> None:
    assert mapper_of(declared(None, None, None, **{word: "x"})).table == "ware"


def test_words_of_other_mappers_are_refused_in_abstract_classes() -> None:
    with pytest.raises(ConfigurationError, match=r"Own\.__table_args__ means nothing here: "):
        type("Own", (DeclarativeBase,), {"__table_args__": ()})
    with pytest.raises(ConfigurationError, match=r"Ware\.__table_args__ means nothing here: "):
        declared(__abstract__=True, __table_args__=())


def test_a_column_without_annotation_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Ware\.it has no annotation: Mapped\[\.\.\.\]"):
        declared(None, mapped_column(DateType()))


HALF: list[object] = [
    "Mapped[int] | None",
    "Optional[Mapped[int]]",
    Mapped[int] | None,
    "Mapped",
    Mapped,
    "orm.Many",
]


@pytest.mark.parametrize("annotation", HALF, ids=range(len(HALF)))
def test_an_annotation_that_has_a_column_inside_or_nothing_in_it_is_refused(annotation: object) -> None:
    with pytest.raises(
        ConfigurationError, match=r"Ware\.it: its annotation is Mapped, One, Maybe or Many, of"
    ):
        declared(annotation)


@pytest.mark.parametrize("annotation", ["ClassVar[Mapped[int]]", "int", "ManyFish"])
def test_an_annotation_that_is_no_column_is_left_alone(annotation: str) -> None:
    assert list(mapper_of(declared(annotation)).columns) == ["id"]


@pytest.mark.parametrize("given", [Unique("id"), "id", [Unique("id"), "id"], 5], ids=range(4))
def test_constraints_that_are_none_are_refused(given: object) -> None:
    with pytest.raises(ConfigurationError, match=r"Ware\.__constraints__: a tuple of Unique, Index, Check"):
        mapper_of(declared(__constraints__=given))


@pytest.mark.parametrize("name", ["s.t", "", "a\0b", 5], ids=["dot", "empty", "nul", "number"])
def test_a_table_s_name_is_a_name_and_no_schema(name: object) -> None:
    with pytest.raises(ConfigurationError, match=r"Ware\.__tablename__: "):
        declared(__tablename__=name)


def test_a_schema_of_a_table_is_asked_of_the_search_path() -> None:
    with pytest.raises(ConfigurationError, match="search_path"):
        declared(__tablename__="s.t")


# -- types


class Flag(enum.Flag):
    A = 1
    B = 2


class IntFlag(enum.IntFlag):
    A = 1
    B = 2


class Mood(enum.Enum):
    GOOD = "good"


class Other(enum.Enum):
    GOOD = "good"


class Name(str):
    """A text of a class of its own, which no row gives back."""

    __slots__ = ()


@pytest.mark.parametrize("of", [Flag, IntFlag, Flag | None, list[Flag]], ids=range(4))
def test_flags_are_refused_as_what_is_joined_of_members_is_none(of: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"Ware\.it: members of (Int)?Flag can be joined.*Mapped\[int\]"
    ):
        mapped(Mapped[of])


class Level(enum.IntEnum):
    LOW = 1


class Code(enum.StrEnum):
    A = "a"


class Note(BaseModel):
    """What JSON gives back as a dict."""


class Page(TypedDict, Generic[T]):
    items: list[T]


class Noted(typing_extensions.TypedDict):
    note: typing_extensions.NotRequired[str]


class Alias:
    """An alias of itself, as newer Pythons have them: `type Tree = list[Tree]`."""

    __value__: object


TREE: Any = Alias()  # Any: type checkers of older Pythons know of no such alias
TREE.__value__ = dict[str, TREE]


Number = NewType("Number", int)
A: Any = Literal["a"]  # Any: linters would join the two
B: Any = Literal["b"]
Filed = typing_extensions.TypeAliasType("Filed", dict[str, T], type_params=(T,))
NAME: Any = "JSON"  # Any: type checkers would look for what it names
JSON: Any = str | int | None | list[NAME] | dict[str, NAME]


MISFITS: list[tuple[object, object, str]] = [
    (str, DateTimeType(aware=True), r"a column of str is no DateTimeType\(aware=True\): TextType fits"),
    (str | None, IntegerType(), r"a column of str is no IntegerType: TextType fits"),
    (Decimal, IntegerType(), "a column of Decimal is no IntegerType: DecimalType fits"),
    (int, DecimalType(5, 2), "a column of int is no DecimalType: IntegerType fits"),
    (float, DecimalType(5, 2), "a column of float is no DecimalType: FloatType fits"),
    (bool, IntegerType(), "a column of bool is no IntegerType: BooleanType fits"),
    (dt.date, DateTimeType(aware=False), "a column of date is no DateTimeType: DateType fits"),
    (dt.datetime, DateType(), "a column of datetime is no DateType: DateTimeType fits"),
    (AwareDatetime, DateTimeType(aware=False), "fits"),
    (Mood, TextType(), "a column of .*Mood is no TextType: EnumType of Mood fits"),
    (Mood, EnumType(Other), "a column of .*Mood is no EnumType of Other: EnumType of Mood fits"),
    (list[int], ArrayType(TextType()), r"a column of list\[int\] is no ArrayType of TextType"),
    (list[dt.datetime], DateType(), r"list\[datetime\] is no ArrayType of DateType"),
    (dict[str, object], TextType(), r"dict\[str, object\] is no TextType: JSONType fits"),
    (Decimal, JSONType(), "a column of Decimal is no JSONType: DecimalType fits"),
    (list[Decimal], JSONType(), r"list\[Decimal\] is no JSONType: ArrayType of DecimalType fits"),
    (
        Range[int],
        DateTimeType(aware=True),
        r"Range\[int\] is no DateTimeType\(aware=True\): IntegerType fits",
    ),
    (IPv4Interface | IPv6Interface, TextType(), "is no TextType: no type is given to it"),
    (tuple[int, ...], None, r"tuple\[int, \.\.\.\].*comes back as a list: Mapped\[list\[int\]\]"),
    (Name, None, "a value of Name comes back as str: "),
    (dict[int, str], None, r"no column holds values of dict\[int, str\]"),
    (complex, None, "no column holds values of complex"),
    (complex, TextType(), "no column holds values of complex"),
    (Level, IntegerType(), "a column of Level is no IntegerType: EnumType of Level fits"),
    (int, EnumType(Mood), "a column of int is no EnumType of Mood: IntegerType fits"),
    (int | str, DateType(), r"no column holds values of int \| str"),
    (list[str | int], ArrayType(DateType()), "no column holds values of"),
    (Note, JSONType(), "no column holds values of Note"),
    (dict[Code, int], JSONType(), r"no column holds values of dict\[Code, int\]"),
    (dict[Literal["a", 1], int], None, "no column holds values of"),
    (dict[str, Decimal], JSONType(), r"no column holds values of dict\[str, Decimal\]"),
    (dict[str, JSON | Decimal], JSONType(), "no column holds values of"),
    (OrderedDict[str, int], None, r"no column holds values of OrderedDict"),
    (tuple[int, int], JSONType(), "no column holds values of"),
]


@pytest.mark.parametrize(("of", "type_", "said"), MISFITS, ids=range(len(MISFITS)))
def test_a_type_that_does_not_fit_its_annotation_is_refused(of: Any, type_: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^Ware\.it: .*{said}"):
        mapped(Mapped[of], None if type_ is None else mapped_column(type_))


FITS: list[tuple[object, Any, object]] = [
    (dt.datetime, DateTimeType(aware=True), DateTimeType(aware=True)),
    (int, IntegerType(0, 9), IntegerType(0, 9)),
    (list[dt.datetime], DateTimeType(aware=True), ArrayType(DateTimeType(aware=True))),
    (list[int] | None, IntegerType(0, 9), ArrayType(IntegerType(0, 9))),
    (list[int], ArrayType(IntegerType(0, 9)), ArrayType(IntegerType(0, 9))),
    (list[int], JSONType(), JSONType()),
    (int | str, JSONType(), JSONType()),
    (Sequence[int], None, ArrayType(IntegerType())),
    (JsonValue, JSONType(), JSONType()),
    (dict[str, list[int | None]] | None, None, JSONType()),
    (object, FloatType(), FloatType()),
    (Any, FloatType(), FloatType()),
    (dict[Literal["a", "b"], int], None, JSONType()),
    (dict[A | B, int], JSONType(), JSONType()),
    (MutableMapping[str, int], None, JSONType()),
    (MutableSequence[dict[str, int]], JSONType(), JSONType()),
    (Mapping, JSONType(), JSONType()),
    (Page[int], None, JSONType()),
    (Page[int] | None, JSONType(), JSONType()),
    (Noted, None, JSONType()),
    (JSON, JSONType(), JSONType()),
    (dict[str, JSON], None, JSONType()),
    (list[NAME], JSONType(), JSONType()),
    (dict[str, TREE], None, JSONType()),
    (Filed[int], JSONType(), JSONType()),
    (list[Any], ArrayType(TextType()), ArrayType(TextType())),
    (list[object], TextType(), ArrayType(TextType())),
    (list[Any], None, JSONType()),
    (MutableSequence[str], ArrayType(TextType()), ArrayType(TextType())),
    (Number, IntegerType(0, 9), IntegerType(0, 9)),
    (list[Number], None, ArrayType(IntegerType())),
    (int, EnumType(Level), EnumType(Level)),
    (str, EnumType(Code), EnumType(Code)),
    (int | float, FloatType(), FloatType()),
    (float, IntegerType(), IntegerType()),
    (A | B, TextType(), TextType()),
    (Hashable, TextType(), TextType()),
    (SupportsIndex, IntegerType(), IntegerType()),
    (Range[Number], None, OpaqueType("int8range")),
]


@pytest.mark.parametrize(("of", "type_", "meant"), FITS, ids=range(len(FITS)))
def test_a_type_that_fits_its_annotation_is_that_of_the_column(of: Any, type_: Any, meant: object) -> None:
    assert mapped(Mapped[of], None if type_ is None else mapped_column(type_)).type == meant


def test_a_name_that_is_quoted_inside_of_optional_is_found() -> None:
    found = mapped("Mapped[typing_extensions.Optional['Level']]")
    assert (found.type, found.nullable) == (EnumType(Level), True)


@pytest.mark.parametrize("of", [str, float, int | None, bool], ids=range(4))
def test_a_version_is_a_whole_number(of: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Ware\.it: a version counts: Mapped\[int\]"):
        mapped(Mapped[of], mapped_column(version=True))


def test_a_class_has_one_version() -> None:
    made = declared(
        Mapped[int],
        mapped_column(version=True),
        __annotations__={"id": Mapped[int], "it": Mapped[int], "too": Mapped[int]},
        too=mapped_column(version=True),
    )
    with pytest.raises(ConfigurationError, match="Ware has two versions, it and too"):
        mapper_of(made)


def test_what_a_database_has_no_column_for_is_refused_by_name() -> None:
    own = base()
    declared(Mapped[list[int]], None, own)
    with pytest.raises(ConfigurationError, match=r"^Ware\.it: SQLite has no arrays"):
        schema_sql(own, "sqlite")


# -- foreign keys


def to_nothing(own: type[DeclarativeBase]) -> Any:
    return declared(Mapped[int], mapped_column(ForeignKey("nope.id")), own)


def to_no_column(own: type[DeclarativeBase]) -> Any:
    return declared(Mapped[int], mapped_column(ForeignKey("ware.nope")), own)


def to_another_kind(own: type[DeclarativeBase]) -> Any:
    return declared(Mapped[str], mapped_column(ForeignKey("ware.id")), own)


def by_constraint(own: type[DeclarativeBase]) -> Any:
    key = ForeignKeyConstraint(("id", "it"), ("ware.id", "ware.nope"))
    return declared(Mapped[int], None, own, __constraints__=(key,))


LOST: list[tuple[Callable[[type[DeclarativeBase]], Any], str]] = [
    (to_nothing, r"Ware\.it: no class has the table 'nope', to which the foreign key refers"),
    (to_no_column, r"Ware\.it: Ware has no column 'nope', to which the foreign key refers"),
    (to_another_kind, r"Ware\.it: a column of text values refers to Ware\.id, of integer values"),
    (by_constraint, r"Ware\.id, it: Ware has no column 'nope'"),
]


@pytest.mark.parametrize(("declare", "said"), LOST, ids=range(len(LOST)))
@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_a_foreign_key_to_what_is_not_there_is_refused_when_tables_are_made(
    declare: Callable[[type[DeclarativeBase]], Any], said: str, dialect: Any
) -> None:
    own = base()
    declare(own)
    with pytest.raises(ConfigurationError, match=said):
        schema_sql(own, dialect)


@pytest.mark.anyio
@pytest.mark.parametrize(("declare", "said"), LOST, ids=range(len(LOST)))
async def test_a_foreign_key_to_what_is_not_there_is_refused_when_a_session_first_asks(
    declare: Callable[[type[DeclarativeBase]], Any], said: str
) -> None:
    own = base()
    model = declare(own)
    async with create_pool("sqlite://") as pool:
        with pytest.raises(ConfigurationError, match=said):
            await Session(pool).find(model).all()


KEPT: list[tuple[object, object, Any]] = [
    (str, Code, None),
    (Code, str, None),
    (Mood, str, None),
    (Mood, Other, None),
    (int, Level, None),
    (int, Decimal, DecimalType(8, 2)),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("of", "other", "type_"), KEPT, ids=range(len(KEPT)))
async def test_a_foreign_key_may_be_to_what_is_kept_alike(of: Any, other: Any, type_: Any) -> None:
    own = base()
    annotations = {"it": Mapped[other]}
    key = mapped_column(primary_key=True) if type_ is None else mapped_column(type_, primary_key=True)
    kind = type("Kind", (own,), {"__annotations__": annotations, "it": key})
    made = declared(Mapped[of], mapped_column(ForeignKey("kind.it")), own)
    values: dict[Any, Any] = {str: "a", int: 1, Decimal: Decimal(1), Code: Code.A, Level: Level.LOW}
    values |= {Mood: Mood.GOOD, Other: Other.GOOD} | ({str: "good"} if of is Mood else {})
    async with create_pool("sqlite://") as pool:
        await create_all(pool, own)
        await Session(pool).insert_all([kind(it=values[other])])
        await Session(pool).insert_all([made(it=values[of])])
        assert (await Session(pool).find(made).one()).it == values[of]


def test_a_foreign_key_to_an_enum_that_is_kept_otherwise_is_refused() -> None:
    own = base()
    declared(Mapped[Level], mapped_column(unique=True), own)
    body = {
        "__annotations__": {"it": Mapped[Code]},
        "it": mapped_column(ForeignKey("ware.it"), primary_key=True),
    }
    type("Part", (own,), body)
    with pytest.raises(ConfigurationError, match=r"Part\.it: a column of text values.*Ware\.it, of integer"):
        schema_sql(own, "postgresql")


def test_a_key_to_a_table_of_no_class_is_told_how_it_is_declared() -> None:
    own = base()
    to_nothing(own)
    with pytest.raises(ConfigurationError, match="enforced=False"):
        schema_sql(own, "sqlite")


def test_a_key_that_is_not_enforced_may_be_to_a_table_of_no_class() -> None:
    own = base()
    declared(Mapped[int], mapped_column(ForeignKey("nope.id", enforced=False)), own)
    assert "nope" not in "".join(schema_sql(own, "postgresql"))


def test_a_table_between_is_a_name_and_no_schema() -> None:
    class Own(DeclarativeBase):
        pass

    class Part(Own):
        id: Mapped[int] = mapped_column(primary_key=True)
        parts: Many[Any] = relationship(secondary=Secondary("s.t", "a", "b"))

    Part.__declared__["parts"].annotation = Part
    with pytest.raises(ConfigurationError, match=r"Part\.parts: .*search_path"):
        mapper_of(Part).relationship("parts")
