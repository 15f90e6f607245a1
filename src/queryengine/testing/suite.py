"""The conformance suite: a class of tests that the author of a back-end subclasses."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import ClassVar

import pytest

from queryengine.testing.adapter import Adapter, Engines, Load, Run, Stage

__all__ = ["ConformanceSuite"]


class ConformanceSuite:
    """All that a back-end has to show. A subclass names it, and gives its engines and two functions.

    ```python
    class TestMine(ConformanceSuite):
        name = "mine, on SQLite"
        absent = {"Thing.clock": "there is no type for times of day"}

        @pytest.fixture(scope="class")
        def engines(self) -> Engines: ...

        @pytest.fixture(scope="class")
        def load(self) -> Load: ...

        @pytest.fixture(scope="class")
        def run(self) -> Run: ...
    ```

    A subclass that has an `Adapter` already gives the fixture `adapter` instead of the three.
    """

    name: ClassVar[str]
    """what the back-end is called in the counts at the end of a run, with its database"""
    absent: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """the entities, fields and relations that its models do not have, with the reasons"""

    # -- what an author gives

    @pytest.fixture(scope="class")
    def engines(self) -> Engines:
        """Give the engine of each entity by the entity's name; always the same engine object."""
        raise NotImplementedError(f"{type(self).__name__} has to give its engines")

    @pytest.fixture(scope="class")
    def load(self) -> Load:
        """Give the function that replaces all rows, those of all entities, by the items that it is given."""
        raise NotImplementedError(f"{type(self).__name__} has to load rows")

    @pytest.fixture(scope="class")
    def run(self) -> Run:
        """Give the function that runs a bound filter over an entity and returns its rows in order."""
        raise NotImplementedError(f"{type(self).__name__} has to run queries")

    @pytest.fixture(scope="class")
    def adapter(self, engines: Engines, load: Load, run: Run) -> Adapter:
        """Join what the author gives."""
        return Adapter(name=self.name, engines=engines, load=load, run=run, absent=self.absent)

    # -- what the kit makes of it

    @pytest.fixture(scope="class")
    def runner(self) -> Generator[asyncio.Runner]:
        """Give the event loop on which all coroutines of the back-end run; fixtures may use it too."""
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture(scope="class")
    def stage(self, adapter: Adapter, runner: asyncio.Runner) -> Stage:
        """Give the adapter, ready to be asked."""
        return Stage(adapter, runner)
