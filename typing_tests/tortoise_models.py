"""The Tortoise models of the typing programs. Knows Tortoise only."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

__all__ = ["Flight", "Plane"]


class Plane(Model):
    """An aircraft."""

    tailnum = fields.CharField(10, primary_key=True)
    seats = fields.IntField(null=True)


class Flight(Model):
    """A flight by a plane, which may be unknown."""

    id = fields.IntField(primary_key=True)
    origin = fields.CharField(3)
    plane: fields.ForeignKeyNullableRelation[Plane] = fields.ForeignKeyField("models.Plane", null=True)
