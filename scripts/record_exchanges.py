"""Records what PostgreSQL answers to the conversations of orm/crates/protocol, anew and in their folder.

    python -m scripts.record_exchanges

Only for a change of the conversations: `make test` plays what is recorded. Needs PostgreSQL, cargo, openssl.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from tests.servers.postgres import PostgresServer, running_postgres, server_user

ORM = Path(__file__).parents[1] / "orm"
PASSWORD = "correct horse"  # noqa: S105  # of a server that lives for a second
ACCESS = """\
local all all scram-sha-256
host all trust_user 127.0.0.1/32 trust
host all cleartext_user 127.0.0.1/32 password
host all md5_user 127.0.0.1/32 md5
host all all 127.0.0.1/32 scram-sha-256
"""


def prepare(server: PostgresServer) -> Path:
    """Give the server TLS and a user for each way to log in; return its certificate."""
    data = server.folder / "data"
    key, certificate = data / "server.key", data / "server.crt"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-days",
        "2",
    ]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    key.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(key, server_user())
        shutil.chown(certificate, server_user())
    der = server.folder / "server.der"
    convert = ["openssl", "x509", "-in", str(certificate), "-outform", "DER", "-out", str(der)]
    subprocess.run(convert, check=True)

    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE USER trust_user")
        connection.execute(f"CREATE USER scram_user PASSWORD '{PASSWORD}'")
        connection.execute(f"CREATE USER cleartext_user PASSWORD '{PASSWORD}'")
        connection.execute("SET password_encryption = md5")
        connection.execute(f"CREATE USER md5_user PASSWORD '{PASSWORD}'")
        connection.execute("GRANT TEMPORARY ON DATABASE postgres TO trust_user")
        connection.execute("ALTER SYSTEM SET ssl = on")
        (data / "pg_hba.conf").write_text(ACCESS)
        connection.execute("SELECT pg_reload_conf()")
    return der


def wait_for_tls(server: PostgresServer) -> None:
    """Wait until the server has read its settings again."""
    for _ in range(100):
        try:
            psycopg.connect(server.url(), sslmode="require").close()
        except psycopg.OperationalError:
            continue
        return
    raise RuntimeError("the server has no TLS")


def main() -> None:
    """Record every conversation with a server that is gone afterwards."""
    with running_postgres() as server:
        certificate = prepare(server)
        wait_for_tls(server)
        record = ["cargo", "run", "--quiet", "--package", "queryengine-protocol", "--example", "record", "--"]
        subprocess.run([*record, f"{server.host}:{server.port}", str(certificate)], check=True, cwd=ORM)


if __name__ == "__main__":
    main()
