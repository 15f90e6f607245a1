"""A real pgbouncer before the PostgreSQL of the tests, in transaction mode. Knows that server alone.

Its sessions of the server take turns, so that no two transactions of a client in a row are of the same one:
what a client leaves in one, it does not find in the next.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from tests.servers import supervisor
from tests.servers.postgres import (
    ATTEMPTS,
    HOST,
    START_SECONDS,
    PortTakenError,
    PostgresServer,
    check_identity,
    free_port,
    server_user,
)

__all__ = ["SESSIONS", "running_pgbouncer"]

SESSIONS = 3
"""how many sessions of the server take turns"""


@dataclass(frozen=True, slots=True)
class Folder:
    """What pgbouncer reads and writes."""

    path: Path

    def configure(self, server: PostgresServer, port: int) -> Path:
        """Write its settings and return their file."""
        users, settings = self.path / "users", self.path / "settings"
        users.write_text(f'"{server.user}" "{server.password}"\n')
        values = {
            "auth_file": users,
            "auth_type": "scram-sha-256",
            "default_pool_size": SESSIONS,
            "listen_addr": HOST,
            "listen_port": port,
            "max_client_conn": 200,
            "pool_mode": "transaction",
            "server_round_robin": 1,
            "unix_socket_dir": "",
        }
        lines = [f"{name} = {value}" for name, value in values.items()]
        database = f"{server.database} = host={server.host} port={server.port}"
        settings.write_text("\n".join(["[databases]", database, "[pgbouncer]", *lines, ""]))
        if os.geteuid() == 0:
            for path in (self.path, users, settings):
                shutil.chown(path, server_user())
        return settings

    def log(self) -> str:
        """Return what it said."""
        return (self.path / "log").read_text()


def find_program() -> str:
    """Return where pgbouncer is."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("pgbouncer is not installed; `make postgres` installs it")
    return found


def wait_until_ready(folder: Folder, server: PostgresServer, leash: subprocess.Popen[bytes]) -> None:
    """Wait until all of its sessions are open."""
    give_up = time.monotonic() + START_SECONDS
    while leash.poll() is None:
        if "Address already in use" in folder.log():
            raise PortTakenError
        if "process up" in folder.log():
            _open_sessions(server)
            return
        if time.monotonic() > give_up:
            break
        time.sleep(0.02)
    raise RuntimeError(f"pgbouncer did not start:\n{folder.log()}")


def _open_sessions(server: PostgresServer) -> None:
    """Make it open all of its sessions, by as many transactions at once; and see that it is ours."""
    check_identity(server)
    with ExitStack() as stack:
        for _ in range(SESSIONS):
            connection = stack.enter_context(psycopg.connect(server.url()))
            connection.execute("SELECT 1")


@contextmanager
def _one_attempt(behind: PostgresServer, port: int) -> Generator[PostgresServer]:
    folder = Folder(Path(tempfile.mkdtemp(prefix="qe-pgb-", dir="/tmp")).resolve())
    leash: subprocess.Popen[bytes] | None = None
    try:
        settings = folder.configure(behind, port)
        command = [find_program(), str(settings)]
        leash = subprocess.Popen(
            [sys.executable, supervisor.__file__, str(folder.path), server_user(), *command],
            stdin=subprocess.PIPE,
            start_new_session=True,  # an interrupt from the keyboard is for the tests; they stop the server
        )
        (folder.path / "log").touch()
        server = replace(behind, port=port)
        wait_until_ready(folder, server, leash)
        yield server
    finally:
        if leash is not None:
            leash.communicate(timeout=START_SECONDS)
        shutil.rmtree(folder.path, ignore_errors=True)


@contextmanager
def running_pgbouncer(
    behind: PostgresServer, choose_port: Callable[[], int] = free_port
) -> Generator[PostgresServer]:
    """Start a pgbouncer before a server, give that server's address through it, and stop it at the end."""
    with ExitStack() as stack:
        for _ in range(ATTEMPTS):
            try:
                server = stack.enter_context(_one_attempt(behind, choose_port()))
            except PortTakenError:
                continue
            yield server
            return
        raise RuntimeError(f"{ATTEMPTS} ports in a row were taken by others")
