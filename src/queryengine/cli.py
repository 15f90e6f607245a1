"""The script `queryengine`, which is installed with or without the extra `cli`. Knows nothing but Python."""

from __future__ import annotations

import sys

__all__ = ["main"]

EXTRA = ("rich", "typer")


def main() -> None:
    """Run the command, or say what has to be installed for it and end with 2."""
    try:
        from queryengine.commands import run  # noqa: PLC0415  # the extra may be missing
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in EXTRA:
            raise
        sys.exit(_missing(package))
    run()


def _missing(name: str) -> int:
    message = f'queryengine: no module {name!r}: the command needs pip install "queryengine[cli]"\n'
    sys.stderr.write(message)
    return 2
