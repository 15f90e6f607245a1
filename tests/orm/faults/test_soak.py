"""`make soak` in small: the same functions, from the same command line."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.servers
def test_every_part_of_the_long_runs_holds_in_small() -> None:
    command = [sys.executable, "-W", "error", "-m", "scripts.soak", "--scale", "0.01", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    parts = ["10 connections", "10000 queries", "answered", "killed during 10 transactions"]
    assert [part for part in parts if part not in done.stdout] == []
