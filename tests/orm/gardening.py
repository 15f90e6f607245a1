"""What can be done in a garden: each step to its session and, by the rules of the docs, to its records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from typing import Any, Final, TypeAlias, cast

from queryengine_orm import Session
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UniqueViolation
from queryengine_orm.nesting import Database

from tests.orm.garden import MODELS, TO_ONE, Bed, Garden, Gardener, Label, Mark, Plant, Record, Tool

__all__ = ["Step", "walk"]

Step: TypeAlias = tuple[int, int, int]
"""which of the things that can be done is done, and to which objects: any numbers will do"""


class Undone(Exception):  # noqa: N818  # it says what is to happen
    """Ends a transaction that is not to last."""


async def add(garden: Garden, one: int, other: int) -> None:
    """Make an object, alone, with what it refers to, or in a list."""
    model = MODELS[one % len(MODELS)]
    garden.count += 1
    record = Record(model, garden.count, f"{model.__name__} {garden.count}")
    keys = {Plant: ("row", "number"), Tool: ("kind", "size")}.get(model)
    given: dict[str, Any] = {} if keys is None else {keys[0]: "abc"[other % 3], keys[1]: garden.count}
    if model in TO_ONE:
        name, target, back = TO_ONE[model]
        record.to = garden.one(target, other // 3) if other % 4 or model is Plant else None
        if record.to is None and model is Plant:
            return
        if record.to is not None and back is not None and other % 2:
            record.instance = model(name=record.name, **given)
            (await garden.listed(record.to, back)).append(record.instance)
        else:
            given[name] = None if record.to is None else await garden.instance(record.to)
            record.instance = model(name=record.name, **given)
    else:
        record.instance = model(name=record.name, **given)
    record.lists = {name for name, declared in model.__declared__.items() if declared.many}
    record.moved = True
    garden.session.add(record.instance)
    garden.records.append(record)


async def rename(garden: Garden, one: int, other: int) -> None:
    """Change a column."""
    record = garden.one(MODELS[one % len(MODELS)], other)
    if record is not None:
        instance = await garden.instance(record)
        garden.count += 1
        record.name = instance.name = f"{record.model.__name__} {garden.count}"


async def relate(garden: Garden, one: int, other: int) -> None:
    """Relate an object to another: by the relation, by the key, or by lists."""
    model = (Gardener, Bed, Plant, Label)[one % 4]
    name, target, back = TO_ONE[model]
    record, to = garden.one(model, one // 4), garden.one(target, other // 5)
    if record is None or (to is None and model is Plant) or record.moved:
        return
    to = None if other % 7 == 0 and model is not Plant else to
    way = other % 5
    instance = await garden.instance(record)
    if way == 0 or back is None or to is record.to:
        setattr(instance, name, None if to is None else await garden.instance(to))
    elif way == 1 and (to is None or to.is_stored) and model in (Bed, Plant):
        key = None if to is None else (await garden.instance(to)).id
        setattr(instance, f"{name}_id", key)
    else:
        has_list = way < 4 and record.to is not None and not record.to.is_deleted
        if to is None and not has_list:
            return
        lists = [
            await garden.listed(each, back)
            for each in (record.to if has_list else None, to)
            if each is not None
        ]
        if has_list:
            lists[0][:] = [each for each in lists[0] if each is not instance]
        if to is not None:
            lists[-1].append(instance)
    record.to, record.moved = to, True


async def orphan(garden: Garden, one: int, _other: int) -> None:
    """Take a plant out of its bed: it is deleted."""
    record = garden.one(Plant, one, stored=True)
    if record is None or record.moved or record.to is None or record.to.is_deleted:
        return
    instance = await garden.instance(record)
    (await garden.listed(record.to, "plants")).remove(instance)
    record.is_deleted = record.moved = True


async def link(garden: Garden, one: int, other: int) -> None:
    """Put a tool into a bed or take it out of it, from either side."""
    bed, tool = garden.one(Bed, one), garden.one(Tool, other // 2)
    if bed is None or tool is None or bed.moved or tool.moved:
        return
    ends = (bed, tool) if other % 2 else (tool, bed)
    held = await garden.listed(ends[0], "tools" if other % 2 else "beds")
    instance = await garden.instance(ends[1])
    if tool in bed.tools:
        bed.tools.remove(tool)
        held.remove(instance)
    else:
        bed.tools.add(tool)
        held.append(instance)
    bed.moved = tool.moved = True


async def rekey(garden: Garden, one: int, other: int) -> None:
    """Give a plant without labels another key."""
    await garden.flush()
    record = garden.one(Plant, one)
    if record is not None and not any(each.to is record for each in garden.records):
        instance = await garden.instance(record)
        garden.count += 1
        instance.row, instance.number = "abc"[other % 3], garden.count
        await garden.flush()


async def merge(garden: Garden, one: int, other: int) -> None:
    """Take over the values of an object from elsewhere, or what an upsert says."""
    await garden.flush()
    record = garden.one(MODELS[one % len(MODELS)], other)
    if record is None:
        return
    if other % 2:
        await garden.instance(record)
    async with Session(cast("Database", garden.session.executor)) as reader:
        elsewhere = await reader.find(record.model.name == record.name).one()
    garden.count += 1
    record.name = elsewhere.name = f"{record.model.__name__} {garden.count}"
    if one % 2:
        found = await garden.session.merge(elsewhere)
    else:
        found = await garden.session.upsert(elsewhere, update=[record.model.name])
    assert record.instance is None or found is record.instance
    record.instance = found


async def let_go(garden: Garden, one: int, other: int) -> None:
    """Add an object and let it go again."""
    gardener = Gardener(name="nobody")
    garden.session.add(gardener)
    (garden.session.delete if one % 2 else garden.session.expunge)(gardener)
    record = garden.one(MODELS[one % len(MODELS)], other)
    if record is not None and record.is_stored and record.instance is not None and not record.moved:
        await garden.flush()
        garden.session.expunge(record.instance)
        garden.count += 1
        record.name = record.instance.name = f"{record.model.__name__} {garden.count}"
        garden.session.add(record.instance)


async def plan(garden: Garden, one: int, other: int) -> None:
    """Make a bed with plants that have labels, and a tool: the session meets them by their lists only."""
    gardener = garden.one(Gardener, one)
    owned = None if gardener is None else await garden.listed(gardener, "beds")
    made: dict[type[Any], Record] = {}
    parts: tuple[tuple[type[Any], type[Any] | None, dict[str, Any]], ...] = (
        (Bed, None, {}),
        (Plant, Bed, {"row": "abc"[other % 3], "number": garden.count + 2}),
        (Label, Plant, {}),
        (Tool, None, {"kind": "x", "size": garden.count + 4}),
    )
    for model, to, keys in parts:
        garden.count += 1
        record = made[model] = Record(model, garden.count, f"{model.__name__} {garden.count}")
        record.instance, record.moved = model(name=record.name, **keys), True
        record.lists = {name for name, declared in model.__declared__.items() if declared.many}
        record.to = None if to is None else made[to]
    bed, plant, label, tool = made.values()
    bed.instance.plants = [plant.instance]
    plant.instance.labels.append(label.instance)
    (tool.instance.beds if other % 2 else bed.instance.tools).append(
        bed.instance if other % 2 else tool.instance
    )
    bed.to, bed.tools = gardener, {tool}
    if owned is not None:
        owned.append(bed.instance)
    if owned is None or other % 2:
        garden.session.add(tool.instance if other % 2 else bed.instance)
    garden.records.extend(made.values())


async def fail(garden: Garden, one: int, other: int) -> None:
    """Flush what the database refuses: nothing of it is written, and what was said before still stands."""
    known = garden.one(Tool, one, stored=True)
    if known is None:
        return
    instance = await garden.instance(known)
    bad = Tool(kind=instance.kind, size=instance.size, name="refused")
    garden.session.add(bad)
    try:
        await garden.session.flush()
    except UniqueViolation:
        if garden.marks:
            await undo(garden, one, other)
        else:
            garden.session.expunge(bad)
        return
    raise AssertionError("two rows have one key")


async def delete(garden: Garden, one: int, other: int) -> None:
    """Delete an object, or let a new one go."""
    record = garden.one(MODELS[one % len(MODELS)], other, stored=True)
    if record is not None:
        garden.session.delete(await garden.instance(record))
        record.is_deleted = True


async def keep(garden: Garden, one: int, _other: int) -> None:
    """Take back that an object is to be deleted."""
    found = [each for each in garden.records if each.is_deleted and each.instance in garden.session]
    if found and not any(each.moved for each in garden.records):
        record = found[one % len(found)]
        garden.session.add(record.instance)
        record.is_deleted = False


async def flush(garden: Garden, _one: int, _other: int) -> None:
    """Write all."""
    await garden.flush()


async def forget(garden: Garden, one: int, other: int) -> None:
    """Forget all objects, or one, which stays in the lists that it is in until they are loaded again."""
    await garden.flush()
    record = garden.one(MODELS[one % len(MODELS)], other)
    if other % 2:
        garden.session.clear()
        for each in garden.records:
            each.instance = None
    elif record is not None and record.instance is not None:
        garden.session.expunge(record.instance)
        record.instance = None
    for each in garden.records:
        each.lists = set()


async def refresh(garden: Garden, one: int, other: int) -> None:
    """Read an object's row again."""
    await garden.flush()
    record = garden.one(MODELS[one % len(MODELS)], other)
    if record is not None:
        instance = await garden.instance(record)
        instance.name = "what is not written"
        if garden.marks:
            instance.name = record.name
        await garden.session.refresh(instance)
        garden.check_instance(record, instance)


async def write_many(garden: Garden, one: int, other: int) -> None:
    """Update or delete rows by a condition."""
    await garden.flush()
    model = MODELS[one % len(MODELS)]
    record = garden.one(model, other // 3)
    if record is None:
        return
    where = garden.session.find(model.name == record.name)
    if other % 3 == 0:
        assert await where.delete() == 1
        record.is_deleted = True
    elif other % 3 == 1 and model is Bed:
        await garden.instance(record)  # of what the session does not have, lists are not told
        to = garden.one(Gardener, one)
        key = None if to is None else (await garden.instance(to)).id
        assert await where.update(Bed.gardener_id.set(key)) == 1
        record.to = to
    else:
        garden.count += 1
        record.name = f"{model.__name__} {garden.count}"
        assert await where.update(model.name.set(record.name)) == 1
    await garden.flush()


async def begin(garden: Garden, _one: int, _other: int) -> None:
    """Begin a transaction, or a savepoint."""
    if len(garden.marks) < 3:
        await garden.flush()
        transaction = garden.session.begin()
        before = [(each, copy(each)) for each in garden.records]
        for _, kept in before:
            kept.tools, kept.lists = set(kept.tools), set(kept.lists)
        garden.marks.append(Mark(transaction, before))
        await transaction.__aenter__()


async def commit(garden: Garden, one: int, _other: int) -> None:
    """End a transaction or a savepoint that lasts."""
    if garden.marks:
        if one % 2:
            await garden.flush()
        await garden.marks.pop().transaction.__aexit__(None, None, None)
        await garden.flush()


async def undo(garden: Garden, _one: int, _other: int) -> None:
    """Roll back a transaction or a savepoint: all is as it was, and what came since is forgotten."""
    if not garden.marks:
        return
    mark = garden.marks.pop()
    with suppress(Undone):
        await mark.transaction.__aexit__(Undone, Undone(), None)
    garden.records = []
    for record, before in mark.records:
        is_known = before.instance is not None and before.instance in garden.session
        vars(record).update(vars(before))
        if not is_known:
            record.instance, record.lists = None, set()
        garden.records.append(record)
    await garden.flush()


STEPS: Final[tuple[Callable[[Garden, int, int], Any], ...]] = (
    add, add, add, rename, relate, relate, plan, fail, rekey, merge, let_go, orphan, link,
    delete, delete, keep, flush, flush, forget, refresh, write_many, begin, commit, undo,
)  # fmt: skip


async def walk(pool: Pool, steps: Sequence[Step]) -> None:
    """Do some steps in a garden without rows, and hold what comes of it to the records."""
    garden = Garden(pool)
    try:
        for which, one, other in steps:
            await STEPS[which % len(STEPS)](garden, one, other)
        while garden.marks:
            await commit(garden, 1, 1)
        await garden.flush()
    finally:
        for mark in reversed(garden.marks):
            with suppress(Undone):
                await mark.transaction.__aexit__(Undone, Undone(), None)
