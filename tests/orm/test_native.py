"""The module that is built from Rust: it is the one of this version, and its stubs tell the truth."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from queryengine_orm import _native

ORM = Path(__file__).parents[2] / "orm"


def test_the_native_module_was_built_for_this_version() -> None:
    project = tomllib.loads((ORM / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert _native.version == project["version"]


@pytest.mark.processes
def test_the_stubs_of_the_native_module_name_what_it_holds() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "queryengine_orm._native"]
    answer = subprocess.run(command, cwd=ORM.parent, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
