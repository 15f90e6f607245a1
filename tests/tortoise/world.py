"""The kit's world as Tortoise models, for each database anew: Tortoise keeps a class on one connection."""

from __future__ import annotations

from types import ModuleType

from pydantic import BaseModel
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from queryengine.testing.world import Color

__all__ = ["Details", "Inner", "world"]


class Inner(BaseModel):
    """A document in a document."""

    code: str | None = None
    level: int | None = None


class Details(BaseModel):
    """What the JSON field `details` holds."""

    width: int | None = None
    label: str | None = None
    ratio: float | None = None
    on: bool | None = None
    inner: Inner | None = None


def world(app: str, *, arrays: bool) -> ModuleType:
    """Return a module with models of the app: Region, Maker, Label, Thing, Part, Phrase, and perhaps Bag."""

    class Region(Model):
        id = fields.IntField(primary_key=True)
        code = fields.CharField(10, unique=True)
        name = fields.TextField(null=True)
        rank = fields.IntField(null=True)
        parent: fields.ForeignKeyNullableRelation[Region] = fields.ForeignKeyField(
            f"{app}.Region", related_name=False, null=True, db_constraint=False
        )

    class Maker(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(100)
        alias = fields.CharField(100, null=True)
        since = fields.DateField(null=True)
        region: fields.ForeignKeyNullableRelation[Region] = fields.ForeignKeyField(
            f"{app}.Region", related_name=False, null=True
        )

    class Label(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(100, null=True)
        weight = fields.FloatField(null=True)

    class Thing(Model):
        id = fields.IntField(primary_key=True)
        # The column's name is not the attribute's: a filter knows the attribute.
        count = fields.SmallIntField(source_field="n_items")
        big = fields.BigIntField(null=True)
        ratio = fields.FloatField()
        share = fields.FloatField(null=True)
        price = fields.DecimalField(10, 2)
        fee = fields.DecimalField(15, 5, null=True)
        active = fields.BooleanField()
        tested = fields.BooleanField(null=True)
        name = fields.TextField()
        note = fields.TextField(null=True)
        day = fields.DateField()
        until = fields.DateField(null=True)
        seen = fields.DatetimeField()
        gone = fields.DatetimeField(null=True)
        length = fields.TimeDeltaField()
        delay = fields.TimeDeltaField(null=True)
        uid = fields.UUIDField()
        other_uid = fields.UUIDField(null=True)
        blob = fields.BinaryField()
        seal = fields.BinaryField(null=True)
        color = fields.CharEnumField(Color)
        shade = fields.CharEnumField(Color, null=True)
        data = fields.JSONField[object](null=True)
        extra = fields.JSONField[object](null=True)
        details = fields.JSONField[Details](null=True, field_type=Details)
        owner: fields.ForeignKeyRelation[Maker] = fields.ForeignKeyField(f"{app}.Maker", related_name=False)
        maker: fields.ForeignKeyNullableRelation[Maker] = fields.ForeignKeyField(
            f"{app}.Maker", related_name="things", null=True
        )
        parent: fields.ForeignKeyNullableRelation[Thing] = fields.ForeignKeyField(
            f"{app}.Thing", related_name="children", null=True, db_constraint=False
        )
        labels: fields.ManyToManyRelation[Label] = fields.ManyToManyField(
            f"{app}.Label",
            related_name="things",
            through="thing_labels",
            forward_key="label_id",
            backward_key="thing_id",
        )

    class Part(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(100)
        size = fields.IntField(null=True)
        cost = fields.DecimalField(8, 2, null=True)
        thing: fields.ForeignKeyRelation[Thing] = fields.ForeignKeyField(f"{app}.Thing", related_name="parts")
        maker: fields.ForeignKeyNullableRelation[Maker] = fields.ForeignKeyField(
            f"{app}.Maker", related_name=False, null=True
        )

    class Phrase(Model):
        id = fields.IntField(primary_key=True)
        text = fields.TextField()
        note = fields.CharField(100, null=True)

    class Bag(Model):
        id = fields.IntField(primary_key=True)
        numbers = ArrayField("BIGINT")
        scores = ArrayField("DOUBLE PRECISION", null=True)
        words = ArrayField("TEXT")
        tags = ArrayField("VARCHAR(50)", null=True)
        days = ArrayField("DATE", null=True)
        uids = ArrayField("UUID", null=True)
        flags = ArrayField("BOOL", null=True)

    module = ModuleType(app)
    models: list[type[Model]] = [Region, Maker, Label, Thing, Part, Phrase, *([Bag] if arrays else [])]
    for model in models:
        model._meta.app = app  # pyright: ignore[reportPrivateUsage]
        setattr(module, model.__name__, model)
    return module
