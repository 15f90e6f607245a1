"""Another process that uses the same file of SQLite, by Python's own driver: it holds a lock until told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Holder", "holding"]

SCRIPT = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    database.execute(statement)
print("holds", flush=True)
sys.stdin.readline()
database.execute("COMMIT")
print("done", flush=True)
"""


class Holder:
    """The process; it holds what its statements have taken."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._hear("holds")

    def _hear(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word

    def commit(self) -> None:
        """Have it commit, and wait until it has."""
        assert self._process.stdin is not None
        self._process.stdin.write("commit\n")
        self._process.stdin.flush()
        self._hear("done")

    def kill(self) -> None:
        """Kill it, whatever it holds."""
        self._process.kill()
        self._process.wait()


@contextmanager
def holding(path: Path, *statements: str) -> Generator[Holder]:
    """Start a process that runs statements on a file and keeps what it has taken."""
    command = [sys.executable, "-c", SCRIPT, str(path), *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Holder(process)
        finally:
            process.kill()
