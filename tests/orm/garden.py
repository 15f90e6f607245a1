"""Related mapped classes, and in plain Python what must be stored of them: a unit of work is held to it.

After each flush a session of its own reads the tables, and they have to be as the records say; so have the
objects and lists of the session. What can be done in a garden, `gardening` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    ForeignKeyConstraint,
    Many,
    Mapped,
    Maybe,
    One,
    Secondary,
    Session,
    mapped_column,
    relationship,
)
from queryengine_orm._native import loaded_values
from queryengine_orm.driver import Pool
from queryengine_orm.nesting import Database

__all__ = [
    "MODELS",
    "TO_ONE",
    "Base",
    "Bed",
    "Garden",
    "Gardener",
    "Label",
    "Mark",
    "Plant",
    "Record",
    "Tool",
]


class Base(DeclarativeBase):
    """The base of a garden."""


class Gardener(Base):
    """Has beds, and perhaps a chief."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    chief_id: Mapped[int | None] = mapped_column(ForeignKey("gardener.id", on_delete="set null"), init=False)
    chief: Maybe[Gardener] = relationship(init=True, default=None)
    beds: Many[Bed] = relationship()


class Bed(Base):
    """May have a gardener; its rows of plants are nothing without it; tools lie in several."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    gardener_id: Mapped[int | None] = mapped_column(
        ForeignKey("gardener.id", on_delete="set null"), init=False
    )
    version: Mapped[int] = mapped_column(version=True, init=False)
    gardener: Maybe[Gardener] = relationship(init=True, default=None)
    plants: Many[Plant] = relationship(orphans="delete")
    tools: Many[Tool] = relationship(secondary=Secondary("bed_tools", "bed_id", ("tool_kind", "tool_size")))


class Plant(Base):
    """Has a key of two columns, and a bed always."""

    row: Mapped[str] = mapped_column(primary_key=True, init=True)
    number: Mapped[int] = mapped_column(primary_key=True, init=True)
    name: Mapped[str]
    bed_id: Mapped[int] = mapped_column(ForeignKey("bed.id", on_delete="cascade"), init=False)
    version: Mapped[int] = mapped_column(version=True, init=False)
    bed: One[Bed] = relationship(init=True)
    labels: Many[Label] = relationship()


class Label(Base):
    """Names a plant by its two columns, or none."""

    __constraints__ = (
        ForeignKeyConstraint(
            ("plant_row", "plant_number"), ("plant.row", "plant.number"), on_delete="set null"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    plant_row: Mapped[str | None] = mapped_column(init=False)
    plant_number: Mapped[int | None] = mapped_column(init=False)
    plant: Maybe[Plant] = relationship(init=True, default=None)


class Tool(Base):
    """Has a key of two columns."""

    kind: Mapped[str] = mapped_column(primary_key=True, init=True)
    size: Mapped[int] = mapped_column(primary_key=True, init=True)
    name: Mapped[str]
    beds: Many[Bed] = relationship(secondary=Secondary("bed_tools", ("tool_kind", "tool_size"), "bed_id"))


MODELS: Final[tuple[type[Any], ...]] = (Gardener, Bed, Plant, Label, Tool)
TO_ONE: Final[dict[type[Any], tuple[str, type[Any], str | None]]] = {
    Gardener: ("chief", Gardener, None),
    Bed: ("gardener", Gardener, "beds"),
    Plant: ("bed", Bed, "plants"),
    Label: ("plant", Plant, "labels"),
}
"""the relation to one row, to which class, and the list on the other side"""


@dataclass(eq=False)
class Record:
    """What must be stored of one object."""

    model: type[Any]
    number: int
    name: str
    to: Record | None = None
    tools: set[Record] = field(default_factory=set["Record"])
    instance: Any = None
    is_deleted: bool = False
    is_stored: bool = False
    lists: set[str] = field(default_factory=set[str])
    """the lists that the object has"""
    moved: bool = False
    """whether it was related anew since the last flush: what comes of saying two things is another's test"""

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from others of its class, whatever the database makes of its key."""
        return self.model.__name__, self.number


@dataclass
class Mark:
    """Where a transaction or a savepoint began: what was there then, and what ends it."""

    transaction: AbstractAsyncContextManager[Session]
    records: list[tuple[Record, Record]]


class Garden:
    """A session, and the records of what it was told."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.session = Session(pool)
        self.records: list[Record] = []
        self.marks: list[Mark] = []
        self.count = 0

    # -- choosing

    def of(self, model: type[Any], *, stored: bool = False) -> list[Record]:
        """Return the records of a class that are not deleted, and do not go with others."""
        return [
            each
            for each in self.records
            if each.model is model
            and not each.is_deleted
            and (each.is_stored or not stored)
            and not (model is Plant and each.to is not None and each.to.is_deleted)
        ]

    def one(self, model: type[Any], choice: int, *, stored: bool = False) -> Record | None:
        """Return one of them, if there is one."""
        found = self.of(model, stored=stored)
        return found[choice % len(found)] if found else None

    async def instance(self, record: Record) -> Any:
        """Return the session's object of a record, which is read if the session has none."""
        if record.instance is None:
            assert record.is_stored, "an object that is new is there"
            await self.flush()
            record.instance = await self.session.find(record.model.name == record.name).one()
        return record.instance

    async def listed(self, record: Record, name: str) -> list[Any]:
        """Return a list of related objects, which is loaded if it is not there."""
        instance = await self.instance(record)
        if name not in record.lists:
            await self.flush()
            await self.session.load(instance, getattr(record.model, name))
            record.lists.add(name)
            self.meet(getattr(instance, name))
        found: list[Any] = getattr(instance, name)
        return found

    def meet(self, instances: Sequence[Any]) -> None:
        """Know the objects that came along."""
        by_name = {each.name: each for each in self.records if each.is_stored}
        for instance in instances:
            by_name[instance.name].instance = instance

    # -- what must be stored

    async def flush(self) -> None:
        """Flush, and hold the session and the tables to the records."""
        await self.session.flush()
        gone = [each for each in self.records if each.is_deleted]
        while gone:
            lost = gone.pop()
            self.records.remove(lost)
            for each in self.records:
                each.tools.discard(lost)
                if each.to is lost and each.model is Plant and not each.is_deleted:
                    each.is_deleted = True
                    gone.append(each)
                elif each.to is lost:
                    each.to = None
        for each in self.records:
            each.is_stored, each.moved = True, False
            if each.instance is not None:
                assert each.instance in self.session
                self.check_instance(each, each.instance)
        await self.check_tables()

    def check_instance(self, record: Record, instance: Any) -> None:
        """Hold an object to its record."""
        assert instance.name == record.name
        if record.model in TO_ONE:
            name, _, _ = TO_ONE[record.model]
            held = loaded_values(instance).get(name)
            if held is not None and held in self.session:
                assert record.to is not None, name
                assert held is record.to.instance, name
        for name in record.lists:
            now = sorted(each.name for each in getattr(instance, name))
            assert now == sorted(each.name for each in self.related(record, name)), f"{record.key}.{name}"

    def related(self, record: Record, name: str) -> list[Record]:
        """Return what a list must hold."""
        if name == "tools":
            return list(record.tools)
        if name == "beds" and record.model is Tool:
            return [each for each in self.records if record in each.tools]
        return [
            each
            for each in self.records
            if each.to is record and TO_ONE[each.model][2] == name and not each.is_deleted
        ]

    async def check_tables(self) -> None:
        """Hold the rows to the records."""
        async with Session(cast("Database", self.session.executor)) as reader:
            for model in MODELS:
                relations = [TO_ONE[model][0]] if model in TO_ONE else []
                relations += ["tools"] if model is Bed else []
                found = await reader.find(model).include(*(getattr(model, name) for name in relations)).all()
                rows = {each.name: each for each in found}
                expected = {each.name: each for each in self.records if each.model is model}
                assert rows.keys() == expected.keys(), model.__name__
                for name, row in rows.items():
                    self.check_row(expected[name], row)

    def check_row(self, record: Record, row: Any) -> None:
        """Hold a row to its record, and to the columns that its object has."""
        if record.model in TO_ONE:
            related = getattr(row, TO_ONE[record.model][0])
            assert (related and related.name) == (record.to and record.to.name), record.key
        if record.model is Bed:
            assert {each.name for each in row.tools} == {each.name for each in record.tools}, record.key
        if record.instance is not None:
            values = loaded_values(record.instance)
            for name, declared in record.model.__declared__.items():
                if isinstance(declared.attribute, Mapped):
                    assert values[name] == vars(row)[name], f"{record.key}.{name}"
