"""MongoDB for the tests: SecantusDB, mongo-java-server, or the server that MONGODB_URI names.

Each binds a free loopback port by itself and says which, so that it is our own server that answers there.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient

from tests.servers import mongo_secantus, supervisor

START_SECONDS = 60.0
JAVA = Path(__file__).parent / "mongo_java" / "MongoTestServer.java"


@dataclass(frozen=True, slots=True)
class MongoServer:
    """A running server: its address, and the name of a database that nobody else uses."""

    name: str
    uri: str
    database: str


def java_libraries() -> Path:
    """Return the folder into which `scripts/need-mongo` puts the Java server."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "queryengine" / "mongo-java-server"


@contextmanager
def running_mongo() -> Generator[MongoServer]:
    """Give the MongoDB of MONGODB_URI if there is one, or else a SecantusDB with its known faults mended."""
    uri = os.environ.get("MONGODB_URI")
    if uri is None:
        with running_secantus(mended=True) as server:
            yield server
        return
    server = MongoServer("MongoDB", uri, _database())
    try:
        yield server
    finally:
        with MongoClient[dict[str, object]](uri) as client:
            client.drop_database(server.database)


@contextmanager
def running_secantus(*, mended: bool) -> Generator[MongoServer]:
    """Start a SecantusDB in a process of its own, and stop it at the end."""
    command = [sys.executable, mongo_secantus.__file__, "data", *(["mended"] if mended else [])]
    with _running(command) as uri:
        yield MongoServer("SecantusDB", uri, _database())


@contextmanager
def running_java_server() -> Generator[MongoServer]:
    """Start a mongo-java-server, and stop it at the end."""
    libraries = java_libraries()
    if not any(libraries.glob("mongo-java-server-*.jar")):
        raise RuntimeError("mongo-java-server is not there; scripts/need-mongo fetches it")
    with _running(["java", "-Xmx256m", "-cp", f"{libraries}/*", str(JAVA)]) as uri:
        yield MongoServer("mongo-java-server", uri, _database())


def _database() -> str:
    return f"qe_{secrets.token_hex(8)}"


@contextmanager
def _running(command: Sequence[str]) -> Generator[str]:
    """Run a server in a folder of its own until the end; give the address that it prints."""
    folder = Path(tempfile.mkdtemp(prefix="qe-mongo-")).resolve()
    (folder / "data").mkdir()
    user = pwd.getpwuid(os.geteuid()).pw_name
    leash = subprocess.Popen(
        [sys.executable, supervisor.__file__, str(folder), user, *command],
        stdin=subprocess.PIPE,
        start_new_session=True,  # an interrupt from the keyboard is for the tests; they stop the server
    )
    try:
        yield _wait_until_ready(folder, leash)
    finally:
        leash.communicate(timeout=START_SECONDS)  # closes the leash and waits for the supervisor
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(folder: Path, leash: subprocess.Popen[bytes]) -> str:
    log = folder / "log"
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        for line in log.read_text().splitlines() if log.exists() else []:
            if line.startswith("ready "):
                return line.removeprefix("ready ").strip()
        if leash.poll() is not None:
            raise RuntimeError(f"the server did not start:\n{log.read_text()}")
        time.sleep(0.02)
    raise RuntimeError(f"the server was not ready after {START_SECONDS} s:\n{log.read_text()}")
