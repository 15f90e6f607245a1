"""A shop on SQLite in memory, its rows, and what asks it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from tortoise import Tortoise
from tortoise.context import TortoiseContext

from tests.tortoise.models import Brand, Category, Member, Passport, Product, Tag


@pytest.fixture
def connected() -> None:
    """Let Tortoise know the models, as far as it can without a database."""
    if not Product._meta._inited:  # pyright: ignore[reportPrivateUsage]
        with TortoiseContext():
            Tortoise.init_models(["tests.tortoise.models"], "shop")


@pytest.fixture
async def shop() -> AsyncGenerator[TortoiseContext]:
    """Give a connected Tortoise with the models' tables, and rows in them."""
    async with TortoiseContext() as context:
        await context.init(db_url="sqlite://:memory:", modules={"shop": ["tests.tortoise.models"]})
        await context.generate_schemas()
        await _fill()
        yield context


async def _fill() -> None:
    acme = await Brand.create(code="A", name="Acme", country="US", api_key="k", remark="r", margin=5)
    bolt = await Brand.create(code="B", name="Bolt")
    small, sharp = await Tag.create(id=1, word="small"), await Tag.create(id=2, word="sharp")
    lamp = await Product.create(id=1, name="Lamp", stock=3, brand=acme, maker=bolt, size={"width": 5})
    knife = await Product.create(id=2, name="knife", brand=bolt, size={"width": 1, "unit": "cm"})
    _ = await Product.create(id=3, name="%\\_'", stock=0)
    await lamp.tags.add(small)
    await knife.tags.add(small, sharp)
    _ = await Passport.create(product=knife, number="K-1")
    root = await Category.create(id=1, slug="root")
    leaf = await Category.create(id=2, slug="leaf", parent=root)
    await root.like.add(leaf)
    gone = await Member.create(id=1, name="gone", deleted=True)
    _ = await Member.create(id=2, name="here", friend=gone)
