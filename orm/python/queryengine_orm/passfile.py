"""libpq's password file: `host:port:database:user:password` in each line. Knows no connection."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["password_of"]

LOG: Final = logging.getLogger("queryengine_orm")
OTHERS: Final = 0o077


def password_of(path: Path, host: str, port: int, database: str, user: str) -> str | None:
    """Return the password of the first line that fits, or None; a file that others may read is not used."""
    try:
        mode = path.stat().st_mode
        if not path.is_file():
            return None
        if mode & OTHERS:
            LOG.warning(
                "the password file %s is open to others and was not read; its mode has to be 0600", path
            )
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    wanted = (host, str(port), database, user)
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        fields = list(_fields(line))
        if len(fields) == 5 and all(have in {"*", want} for have, want in zip(fields, wanted, strict=False)):
            return fields[4]
    return None


def _fields(line: str) -> Iterator[str]:
    """Split at colons; a backslash takes the next character as it is."""
    field: list[str] = []
    characters = iter(line)
    for character in characters:
        if character == ":":
            yield "".join(field)
            field = []
        else:
            field.append(next(characters, "") if character == "\\" else character)
    yield "".join(field)
