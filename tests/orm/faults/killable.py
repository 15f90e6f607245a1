"""A PostgreSQL that can be killed without warning and started again on what it left behind."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers import supervisor
from tests.servers.postgres import (
    HOST,
    SETTINGS,
    USER,
    find_programs,
    free_port,
    initialise,
    server_user,
    wait_until_ready,
)

__all__ = ["Killable", "killable_postgres"]

PATIENCE = 60.0


class Killable:
    """A cluster in a folder of its own, on a port that it keeps."""

    def __init__(self, folder: Path, *, connections: int) -> None:
        self.folder = folder
        self.port = free_port()
        self.password = secrets.token_urlsafe(16)
        # What a transaction was promised has to be in the hands of the system, though not on the disk.
        self._settings = {**SETTINGS, "synchronous_commit": "on", "max_connections": str(connections)}
        self._leash: subprocess.Popen[bytes] | None = None
        self.pid = 0
        initialise(find_programs(), folder, server_user(), self.password)

    def dsn(self, port: int | None = None) -> str:
        """Return its address, or that of a proxy before it."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{port or self.port}/postgres?sslmode=disable"

    def start(self) -> None:
        """Start it; it repairs what a kill has left."""
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        settings = {
            **self._settings,
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        command = [str(find_programs() / "postgres"), "-D", str(self.folder / "data")]
        command += [f"--{name}={value}" for name, value in settings.items()]
        self._leash = subprocess.Popen(
            [sys.executable, supervisor.__file__, str(self.folder), server_user(), *command],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = wait_until_ready(self.folder, self._leash)

    def kill(self) -> None:
        """Kill the server and all of its processes at once, and wait until they are gone."""
        processes = [self.pid, *_children(self.pid)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        give_up = time.monotonic() + PATIENCE
        while any(_is_alive(process) for process in processes):
            assert time.monotonic() < give_up, "a killed process lives on"
            time.sleep(0.01)
        # Its supervisor ends by itself, and leaves the folder; if let go of, it would remove it.
        if self._leash is not None:
            self._leash.wait(PATIENCE)
        self.stop()

    def stop(self) -> None:
        """Let go of it."""
        if self._leash is not None:
            self._leash.communicate(timeout=PATIENCE)
            self._leash = None


def _children(parent: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            _, _, rest = (folder / "stat").read_text().rpartition(") ")
            if int(rest.split()[1]) == parent:
                yield int(folder.name)


def _is_alive(process: int) -> bool:
    try:
        _, _, rest = Path(f"/proc/{process}/stat").read_text().rpartition(") ")
    except OSError:
        return False
    return not rest.startswith("Z")


@contextmanager
def killable_postgres(*, connections: int = 60) -> Generator[Killable]:
    """Start one, and remove all of it at the end."""
    # Not the TMPDIR: another user has to reach it, and the path of a socket has to be short.
    folder = Path(tempfile.mkdtemp(prefix="qe-pg-", dir="/tmp")).resolve()
    server = Killable(folder, connections=connections)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
