"""Models of a shop: every kind of relation, names of columns that are not the attributes', hidden fields."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel
from tortoise import fields
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet

__all__ = ["Brand", "Category", "Member", "Moment", "Passport", "Product", "Size", "Tag"]


class Size(BaseModel):
    """What the JSON field of a product holds."""

    width: int | None = None
    unit: str | None = None


class LiveQuerySet(QuerySet[Any]):
    """A class of a manager's own."""

    def named(self, name: str) -> QuerySet[Any]:
        return self.filter(name=name)


class LiveManager(Manager):
    """Shows the members that are not deleted."""

    def get_queryset(self) -> QuerySet[Any]:
        return LiveQuerySet(Member).filter(deleted=False)


class Brand(Model):
    """A model with a key that is no integer, and with secrets."""

    code = fields.CharField(10, primary_key=True)
    name = fields.CharField(50)
    country = fields.CharField(2, null=True)
    api_key = fields.CharField(50, default="")
    remark = fields.TextField(default="", source_field="secret_remark")
    margin = fields.IntField(default=0)

    products: fields.ReverseRelation[Product]

    class PydanticMeta:
        exclude = ("margin",)


class Tag(Model):
    """The other end of a many-to-many relation whose table has no name of its own."""

    id = fields.IntField(primary_key=True)
    word = fields.CharField(20)

    products: fields.ManyToManyRelation[Product]


class Product(Model):
    """The root. Its default order is not that of filters."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(50, source_field="product_name")
    stock = fields.IntField(null=True)
    size = fields.JSONField[Size](null=True, field_type=Size)
    brand: fields.ForeignKeyNullableRelation[Brand] = fields.ForeignKeyField(
        "shop.Brand", related_name="products", null=True
    )
    maker: fields.ForeignKeyNullableRelation[Brand] = fields.ForeignKeyField(
        "shop.Brand", related_name=False, null=True, source_field="made_by"
    )
    tags: fields.ManyToManyRelation[Tag] = fields.ManyToManyField("shop.Tag", related_name="products")

    class Meta(Model.Meta):
        table = "goods"
        ordering: ClassVar = ["-name"]


class Passport(Model):
    """A row whose key is that of another."""

    product: fields.OneToOneRelation[Product] = fields.OneToOneField(
        "shop.Product", related_name="passport", primary_key=True
    )
    number = fields.CharField(10)


class Category(Model):
    """A tree whose rows refer to one another by something other than the key."""

    id = fields.IntField(primary_key=True)
    slug = fields.CharField(20, unique=True)
    parent: fields.ForeignKeyNullableRelation[Category] = fields.ForeignKeyField(
        "shop.Category", to_field="slug", related_name="children", null=True
    )
    like: fields.ManyToManyRelation[Category] = fields.ManyToManyField(
        "shop.Category", related_name="liked_by"
    )


class Moment(Model):
    """Date-times, which SQLite has as texts."""

    id = fields.IntField(primary_key=True)
    at = fields.DatetimeField(null=True)


class Member(Model):
    """A model whose default manager hides rows."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(20)
    deleted = fields.BooleanField(default=False)
    friend: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "shop.Member", related_name="friends", null=True
    )

    class Meta(Model.Meta):
        manager = LiveManager()
