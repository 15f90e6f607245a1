"""The PostgreSQL of the tests: it is ours, it sorts by ICU, and it goes away."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.servers.postgres import PostgresServer, check_identity, free_port, running_postgres


def scalar(server: PostgresServer, query: str) -> object:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up, "it did not happen within 30 s"
        time.sleep(0.05)


def test_the_server_is_the_one_that_was_started(postgres: PostgresServer) -> None:
    assert scalar(postgres, "SELECT current_setting('cluster_name')") == postgres.name
    assert scalar(postgres, "SELECT current_setting('data_directory')") == str(postgres.folder / "data")
    assert scalar(postgres, "SELECT current_setting('listen_addresses')") == "127.0.0.1"


def test_another_server_on_the_port_is_refused(postgres: PostgresServer) -> None:
    impostor = PostgresServer(
        folder=postgres.folder,
        name="another",
        port=postgres.port,
        password=postgres.password,
        pid=postgres.pid,
    )
    with pytest.raises(RuntimeError, match="answered by another server"):
        check_identity(impostor)


def test_the_default_collation_is_not_code_point_order(postgres: PostgresServer) -> None:
    provider = "SELECT datlocprovider FROM pg_database WHERE datname = current_database()"
    assert scalar(postgres, provider) in {"i", b"i"}
    assert scalar(postgres, "SELECT 'a' < 'B'") is True
    assert scalar(postgres, """SELECT 'a' < 'B' COLLATE "C" """) is False


async def test_both_drivers_reach_it(postgres: PostgresServer) -> None:
    question = text("SELECT current_setting('cluster_name')")
    asynchronous = create_async_engine(postgres.asyncpg_url)
    async with asynchronous.connect() as connection:
        assert await connection.scalar(question) == postgres.name
    await asynchronous.dispose()
    synchronous = create_engine(postgres.psycopg_url)
    with synchronous.connect() as connection:
        assert connection.scalar(question) == postgres.name
    synchronous.dispose()


def test_it_listens_on_a_socket_of_its_own(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url(), host=str(postgres.folder)) as connection:
        assert connection.info.host == str(postgres.folder)


def test_nothing_is_left_after_the_end() -> None:
    with running_postgres() as server:
        assert is_running(server.pid)
    assert not is_running(server.pid)
    assert not server.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url(), connect_timeout=5)


def test_a_taken_port_leads_to_another_one() -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        taken = int(occupant.getsockname()[1])
        ports = iter([taken, free_port()])
        with running_postgres(lambda: next(ports)) as server:
            assert server.port != taken


def test_the_server_is_gone_when_its_test_process_is_killed() -> None:
    program = (
        "from tests.servers.postgres import running_postgres\n"
        "import sys\n"
        "with running_postgres() as server:\n"
        "    print(server.pid, server.folder, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as victim:
        assert victim.stdout is not None
        pid, folder = victim.stdout.readline().split()
        assert is_running(int(pid))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        wait_until(lambda: not is_running(int(pid)))
        wait_until(lambda: not Path(folder).exists())
