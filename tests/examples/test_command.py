"""How the command of the example ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from examples.flights import __main__ as command


@pytest.mark.parametrize(("name", "work", "status"), [("serve", "serve", 0), ("demo", "walk", 130)])
def test_control_c_ends_it_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, flights_file: Path, name: str, work: str, status: int
) -> None:
    async def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def found(*_: object, **__: object) -> Path:
        return flights_file

    monkeypatch.setattr(sys, "argv", ["flights", name, "--days", "2"])
    monkeypatch.setattr(command, "ensure_database", found)
    monkeypatch.setattr(command, work, interrupted)
    assert command.main() == status
