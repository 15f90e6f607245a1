"""Checks that users see the whole of every public type: `python -m scripts.public_types`.

What lacks an annotation, a checker infers by its own lights, so that one user's types are not another's;
pyright tells what there is of that. `pyright --verifytypes` does not heed `--pythonpath`, but the shell's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT / "src", *sorted(ROOT.glob("backends/*/src")), ROOT / "orm/python")


def packages() -> Iterator[str]:
    """Yield the names of all packages that are distributed."""
    for folder in FOLDERS:
        for found in folder.glob("*/py.typed"):
            yield found.parent.name


def verified(package: str) -> str | None:
    """Return what pyright says of a package whose types are not complete."""
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(places),
        "PYTHONPATH": os.pathsep.join(map(str, FOLDERS)),
    }
    command = [sys.executable, "-m", "pyright", "--verifytypes", package, "--ignoreexternal"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr if ended.returncode else None


def main() -> int:
    """Print what is said; 1 where a package is not complete."""
    with ThreadPoolExecutor(max_workers=2) as workers:
        said = [text for text in workers.map(verified, packages()) if text is not None]
    print(*said, sep="\n", end="")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
