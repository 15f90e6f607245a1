"""Runs one server for a test process, and outlives it just long enough to stop the server. Knows no database.

    python supervisor.py FOLDER USER COMMAND...

The server runs as USER inside FOLDER, its output goes to FOLDER/log. Standard input is the leash: when it
reaches its end, because the test process let go or died in whatever way, the server is stopped by its own
process id and FOLDER is removed. If the server ends by itself, FOLDER stays, so that its log can be read.
"""

from __future__ import annotations

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

STOP_SECONDS = 20.0


def start(folder: Path, user: str, command: list[str]) -> subprocess.Popen[bytes]:
    """Start the server; root gives up its rights first, anyone else stays who they are."""
    as_root = os.geteuid() == 0
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=user if as_root else None,
            group=pwd.getpwnam(user).pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server politely, then by force: data of a test is worth no waiting."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def main(folder: Path, user: str, command: list[str]) -> None:
    """Hold the server until it ends or the leash is let go."""
    server = start(folder, user, command)
    while server.poll() is None:
        let_go, _, _ = select.select([sys.stdin], [], [], 0.2)
        if let_go:
            stop(server)
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
