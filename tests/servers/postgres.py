"""A real PostgreSQL for the tests: own folder, own user, free loopback port, ICU collation, no traces.

The default collation is ICU's en-US on purpose: there `'a' < 'B'`, by code point it is the other way round,
so a back-end that forgets to ask for code point order gives wrong rows here and is caught.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.servers import supervisor

HOST = "127.0.0.1"
USER = "tester"

START_SECONDS = 60.0
ATTEMPTS = 5

# Durability is of no use to data that is thrown away; JIT and autovacuum only make times uneven.
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "lc_messages": "C",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
}


class PortTakenError(Exception):
    """Someone else took the port between our looking and the server's binding it."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `folder` holds its data and its unix socket, `name` is a nonce that only it knows."""

    folder: Path
    name: str
    port: int
    password: str
    pid: int
    host: str = HOST
    user: str = USER
    database: str = "postgres"

    def url(self, driver: str = "") -> str:
        """Return the address as a URL, with `driver` ("asyncpg", "psycopg") in SQLAlchemy's form."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{self.user}:{quote(self.password)}@{self.host}:{self.port}/{self.database}"

    @property
    def asyncpg_url(self) -> str:
        """The address for SQLAlchemy's `create_async_engine`."""
        return self.url("asyncpg")

    @property
    def psycopg_url(self) -> str:
        """The address for SQLAlchemy's `create_engine`."""
        return self.url("psycopg")


def find_programs() -> Path:
    """Return the folder that holds `initdb` and `postgres`, of the newest version if there are several."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[
        ::-1
    ]
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        candidates.insert(0, Path(answer.stdout.strip()))
    if on_path := shutil.which("initdb"):
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise RuntimeError("PostgreSQL's server programs are not installed; `make postgres` installs them")


def server_user() -> str:
    """Return who runs the server, which refuses to run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        _, port = probe.getsockname()
    return int(port)


def initialise(programs: Path, folder: Path, user: str, password: str) -> None:
    """Make an empty cluster in `folder`/data, with ICU's en-US as the default collation."""
    secret = folder / "password"
    secret.write_text(password)
    if os.geteuid() == 0:
        shutil.chown(folder, user)
        shutil.chown(secret, user)
    command = [
        str(programs / "initdb"),
        f"--pgdata={folder / 'data'}",
        f"--username={USER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=icu",
        "--icu-locale=en-US",
        "--locale=C",  # the ICU locale decides about text; this one is on every machine
        "--no-sync",
    ]
    made = supervisor.start(folder, user, command)
    if made.wait() != 0:
        raise RuntimeError(f"initdb failed:\n{(folder / 'log').read_text()}")
    secret.unlink()


def wait_until_ready(folder: Path, leash: subprocess.Popen[bytes]) -> int:
    """Wait for the server in `folder` and return its process id, both from the file that it writes itself."""
    status = folder / "data" / "postmaster.pid"
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if leash.poll() is not None:
            log = (folder / "log").read_text()
            if "Address already in use" in log:
                raise PortTakenError
            raise RuntimeError(f"PostgreSQL did not start:\n{log}")
        try:
            lines = status.read_text().split()
        except FileNotFoundError:  # not yet, or not any more: it gave up
            lines = []
        if lines and lines[-1] == "ready":
            return int(lines[0])
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL was not ready after {START_SECONDS} s:\n{(folder / 'log').read_text()}")


def check_identity(server: PostgresServer) -> None:
    """Refuse to go on unless the port is answered by the very server that was started in `server.folder`."""
    with psycopg.connect(server.url(), connect_timeout=10) as connection:
        row = connection.execute("SELECT current_setting('cluster_name'), current_setting('data_directory')")
        found = row.fetchone()
    if found != (server.name, str(server.folder / "data")):
        raise RuntimeError(f"port {server.port} is answered by another server: {found}")


@contextmanager
def _one_attempt(port: int) -> Generator[PostgresServer]:
    programs, user = find_programs(), server_user()
    # Not the TMPDIR: another user has to reach it, and the path of a socket has to be short.
    folder = Path(tempfile.mkdtemp(prefix="qe-pg-", dir="/tmp")).resolve()
    name, password = f"qe-{secrets.token_hex(8)}", secrets.token_urlsafe(16)
    leash: subprocess.Popen[bytes] | None = None
    try:
        initialise(programs, folder, user, password)
        settings = {
            **SETTINGS,
            "cluster_name": name,
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": str(folder),
        }
        server_command = [str(programs / "postgres"), "-D", str(folder / "data")]
        server_command += [f"--{key}={value}" for key, value in settings.items()]
        leash = subprocess.Popen(
            [sys.executable, supervisor.__file__, str(folder), user, *server_command],
            stdin=subprocess.PIPE,
            start_new_session=True,  # an interrupt from the keyboard is for the tests; they stop the server
        )
        pid = wait_until_ready(folder, leash)
        server = PostgresServer(folder=folder, name=name, port=port, password=password, pid=pid)
        check_identity(server)
        yield server
    finally:
        if leash is not None:
            leash.communicate(timeout=START_SECONDS)  # closes the leash and waits for the supervisor
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgres(choose_port: Callable[[], int] = free_port) -> Generator[PostgresServer]:
    """Start a PostgreSQL, give it, and stop it at the end; on another port if the one chosen gets taken."""
    with ExitStack() as stack:
        for _ in range(ATTEMPTS):
            # Only the start is tried again: an error of the tests inside goes straight through.
            try:
                server = stack.enter_context(_one_attempt(choose_port()))
            except PortTakenError:
                continue
            yield server
            return
        raise RuntimeError(f"{ATTEMPTS} ports in a row were taken by others")
