"""Mappings of every kind: inheritance, many ways to one table, composite keys, data classes, odd types."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any, TypedDict

from queryengine_sqlalchemy import UTCDateTime, json_fields
from queryengine_sqlalchemy.operands import SQLType
from sqlalchemy import (
    CHAR,
    JSON,
    REAL,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    PickleType,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    collate,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT, INET, INTERVAL, JSONB, TIME, TIMESTAMP
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    WriteOnlyMapped,
    column_property,
    deferred,
    mapped_column,
    relationship,
    synonym,
)
from sqlmodel import Field, SQLModel


class Base(DeclarativeBase):
    """The models that every database holds."""


# -- people: a tree, a graph, single-table inheritance

knows = Table(
    "knows",
    Base.metadata,
    Column("one_id", Integer, ForeignKey("person.id"), primary_key=True),
    Column("other_id", Integer, ForeignKey("person.id"), primary_key=True),
)


class Person(Base):
    """The root of single-table inheritance, with ways to itself of all kinds."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column("type", String(20))
    name: Mapped[str | None] = mapped_column("full_name", Text)
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    home_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    work_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    password: Mapped[str | None] = mapped_column(info={"queryengine": "hidden"})

    title: Mapped[str | None] = synonym("name")

    boss: Mapped[Person | None] = relationship(remote_side=id, back_populates="staff")
    staff: Mapped[list[Person]] = relationship(back_populates="boss")
    friends: Mapped[list[Person]] = relationship(
        secondary=knows, primaryjoin=id == knows.c.one_id, secondaryjoin=id == knows.c.other_id, viewonly=True
    )
    home: Mapped[Place | None] = relationship(foreign_keys=home_id)
    work: Mapped[Place] = relationship(foreign_keys=work_id)
    secret: Mapped[Place | None] = relationship(
        foreign_keys=home_id, viewonly=True, info={"queryengine": "hidden"}
    )
    doctor: Mapped[Doctor | None] = relationship(
        primaryjoin="foreign(Person.boss_id) == remote(Doctor.id)", viewonly=True
    )

    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "person"}  # noqa: RUF012  # SQLAlchemy's way

    @hybrid_property
    def initial(self) -> str | None:
        """Made of the name, in Python and in SQL."""
        return None if self.name is None else self.name[:1]

    @initial.inplace.expression
    @classmethod
    def _initial(cls) -> ColumnElement[str | None]:
        return func.substr(cls.name, 1, 1, type_=String())

    @hybrid_property
    def shout(self) -> str:
        """Works on instances only."""
        return str(self.name).upper() if self.name else ""


class Doctor(Person):
    """A person in the same table."""

    ward: Mapped[str | None]

    __mapper_args__ = {"polymorphic_identity": "doctor"}  # noqa: RUF012


# -- places: joined inheritance, a composite key, one-to-one through a table

located = Table(
    "located",
    Base.metadata,
    Column("place_id", Integer, ForeignKey("place.id"), primary_key=True),
    Column("land", String),
    Column("region", Integer),
    ForeignKeyConstraint(["land", "region"], ["region.land", "region.number"]),
)


class Region(Base):
    """A primary key of two columns."""

    __tablename__ = "region"

    land: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]


class Place(Base):
    """The root of joined inheritance."""

    __tablename__ = "place"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column()
    name: Mapped[str] = mapped_column()
    land: Mapped[str | None] = mapped_column()
    number: Mapped[int | None] = mapped_column()

    region: Mapped[Region | None] = relationship()
    located: Mapped[Region | None] = relationship(secondary=located, uselist=False, viewonly=True)
    people: Mapped[list[Person]] = relationship(foreign_keys=Person.home_id, viewonly=True)

    length: Mapped[int] = column_property(func.length(name, type_=Integer()), info={"queryengine": "hidden"})

    __table_args__ = (ForeignKeyConstraint([land, number], [Region.land, Region.number]),)
    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "place"}  # noqa: RUF012


class Hospital(Place):
    """A place with a table of its own."""

    __tablename__ = "hospital"

    id: Mapped[int] = mapped_column(ForeignKey("place.id"), primary_key=True)
    beds: Mapped[int | None]

    wards: Mapped[list[Ward]] = relationship(back_populates="hospital")

    __mapper_args__ = {"polymorphic_identity": "hospital"}  # noqa: RUF012


class Ward(Base):
    """A row whose parent is the joined subclass."""

    __tablename__ = "ward"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))

    hospital: Mapped[Hospital | None] = relationship(back_populates="wards")


# -- other ways to map


class DataBase(MappedAsDataclass, DeclarativeBase):
    """Models that are data classes."""


class Point(DataBase):
    """A data class."""

    __tablename__ = "point"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    x: Mapped[float]
    y: Mapped[float | None] = mapped_column(default=None)
    notes: Mapped[str | None] = deferred(mapped_column(Text, default=None), default=None)


class Champion(SQLModel, table=True):
    """SQLModel's way; its columns of text are of a type of its own."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    age: int | None = None
    born: dt.datetime | None = None
    code: str = Field(default="", exclude=True)


# -- types


class Level(enum.Enum):
    """An enum whose names are not its values."""

    LOW = 1
    HIGH = 2


class Cents(TypeDecorator[Decimal]):
    """Stores Decimals as integers: what the database compares is not what Python sees."""

    impl: SQLType | type[SQLType] = Integer
    cache_ok: bool | None = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else int(value * 100)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        del dialect
        return None if value is None else Decimal(value) / 100


class Trimmed(TypeDecorator[str]):
    """Stores texts as texts."""

    impl: SQLType | type[SQLType] = String
    cache_ok: bool | None = True


class ZonedText(TypeDecorator[dt.datetime]):
    """A date-time type that keeps the wall-clock time only."""

    impl: SQLType | type[SQLType] = DateTime
    cache_ok: bool | None = True


class Zulu(TypeDecorator[dt.datetime]):
    """A service's own type that stores UTC: recognised by what it does."""

    impl: SQLType | type[SQLType] = DateTime(timezone=True)
    cache_ok: bool | None = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        del dialect
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        del dialect
        return None if value is None else value.replace(tzinfo=dt.UTC)


class Size(TypedDict):
    """A part of a document."""

    width: int
    height: float


class Facts(TypedDict, total=False):
    """A document; `tags` and `made` are of types that filters do not look into."""

    color: str
    sold: bool
    size: Size
    tags: list[str]
    made: dt.date


class Types(Base):
    """A column of each type that needs a thought."""

    __tablename__ = "types"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    small: Mapped[int] = mapped_column(SmallInteger)
    big: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    weight: Mapped[float] = mapped_column(Numeric(10, 3, asdecimal=False))
    wide: Mapped[float | None] = mapped_column(Numeric(30, 3, asdecimal=False))
    single: Mapped[float | None] = mapped_column(REAL)
    exact: Mapped[Decimal | None] = mapped_column(Float(asdecimal=True))
    level: Mapped[Level] = mapped_column(Enum(Level))
    choice: Mapped[str | None] = mapped_column(Enum("a", "b", name="choice"))
    zoned: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    instant: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    zulu: Mapped[dt.datetime | None] = mapped_column(Zulu)
    wall: Mapped[dt.datetime | None] = mapped_column(ZonedText)
    at: Mapped[dt.time | None] = mapped_column(Time(timezone=True))
    lasts: Mapped[dt.timedelta | None] = mapped_column(Interval)
    emulated: Mapped[dt.timedelta | None] = mapped_column(Interval(native=False))
    key: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    text_key: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    pickled: Mapped[Any] = mapped_column(PickleType, nullable=True)  # Any: it is anything
    cents: Mapped[Decimal | None] = mapped_column(Cents)
    trimmed: Mapped[str | None] = mapped_column(Trimmed)
    padded: Mapped[str | None] = mapped_column(CHAR(5))
    folded: Mapped[str | None] = mapped_column(Text(collation="NOCASE"))
    plain: Mapped[str | None] = mapped_column(
        Text(collation="C").with_variant(Text(collation="BINARY"), "sqlite")
    )
    document: Mapped[dict[str, object] | None] = mapped_column(JSON().with_variant(JSONB, "postgresql"))
    facts: Mapped[Facts | None] = mapped_column(JSON, info=json_fields(Facts))

    @hybrid_property
    def folded_too(self) -> str | None:
        """Made of a column that ignores case."""
        return self.folded

    @folded_too.inplace.expression
    @classmethod
    def _folded_too(cls) -> ColumnElement[str | None]:
        return cls.folded.concat("!")

    @hybrid_property
    def collated(self) -> str:
        """Collated by itself."""
        return (self.trimmed or "").upper()

    @collated.inplace.expression
    @classmethod
    def _collated(cls) -> ColumnElement[str]:
        return collate(func.upper(cls.trimmed, type_=String()), "NOCASE")


class PostgresBase(DeclarativeBase):
    """The models that only PostgreSQL holds."""


class Postgres(PostgresBase):
    """PostgreSQL's own types."""

    __tablename__ = "postgres"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(CITEXT)
    address: Mapped[str | None] = mapped_column(INET)
    document: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    levels: Mapped[list[Level] | None] = mapped_column(ARRAY(Enum(Level)))
    prices: Mapped[list[Decimal] | None] = mapped_column(ARRAY(Numeric(8, 2)))
    keys: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))
    singles: Mapped[list[float] | None] = mapped_column(ARRAY(REAL))
    grid: Mapped[list[list[int]] | None] = mapped_column(ARRAY(Integer, dimensions=2))
    names: Mapped[list[str] | None] = mapped_column(ARRAY(CITEXT))


class Rounded(PostgresBase):
    """Columns that round what is stored in them; operands must not be."""

    __tablename__ = "rounded"

    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[Decimal | None] = mapped_column(Numeric(6, 1))
    stamp: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(precision=0))
    clock: Mapped[dt.time | None] = mapped_column(TIME(precision=0))
    lasts: Mapped[dt.timedelta | None] = mapped_column(Interval(second_precision=0))
    takes: Mapped[dt.timedelta | None] = mapped_column(INTERVAL(precision=0))
    short: Mapped[str | None] = mapped_column(String(3))


class Stream(Base):
    """A relation that is never loaded as a whole."""

    __tablename__ = "stream"

    id: Mapped[int] = mapped_column(primary_key=True)
    drops: WriteOnlyMapped[Drop] = relationship()
    sizes: AssociationProxy[list[int]] = association_proxy("drops", "size")


class Drop(Base):
    """A row of it."""

    __tablename__ = "drop"

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    stream_id: Mapped[int] = mapped_column(ForeignKey("stream.id"))
