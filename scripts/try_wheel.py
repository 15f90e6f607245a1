"""What a wheel of the companion has to do where no checkout is: import, say its version, keep rows.

python -I try_wheel.py NAME_OF_WHEEL
"""

from __future__ import annotations

import asyncio
import sys
import sysconfig
import tempfile
from importlib.metadata import entry_points, version
from pathlib import Path

import queryengine_orm
from queryengine_orm import DeclarativeBase, Mapped, Session, _native, create_all, mapped_column
from queryengine_orm.sqlite import create_pool


class Base(DeclarativeBase):
    """The base of one class."""


class User(Base):
    """A class to keep."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


async def keep(path: Path) -> list[str]:
    """Write rows in one session and read them in another."""
    async with create_pool(f"sqlite:///{path}") as pool:
        await create_all(pool, Base)
        async with Session(pool) as session, session.begin():
            session.add_all([User(name="Ada"), User(name="Élise")])
        async with Session(pool) as session:
            users = await session.find(User).order_by(User.name).all()
            return [user.name for user in users]


def main() -> None:
    """Try it."""
    place = Path(queryengine_orm.__file__)
    assert place.is_relative_to(sysconfig.get_path("platlib")), place
    modules = sorted(path.name for path in place.parent.glob("_native*"))
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert modules == sorted([f"_native{suffix}", "_native.pyi"]), modules
    assert (place.parent / "py.typed").exists()
    assert version("queryengine-orm") == _native.version
    assert "orm" in entry_points(group="queryengine.backends").names
    with tempfile.TemporaryDirectory() as folder:
        assert asyncio.run(keep(Path(folder) / "shop.db")) == ["Ada", "Élise"]
    print(f"{sys.argv[1]}: imports, and keeps rows in SQLite")


if __name__ == "__main__":
    main()
