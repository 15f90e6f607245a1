"""Files that are made of others: they appear whole or not at all. Knows nothing of what is in them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["beside", "draft_of", "is_newer"]


@contextmanager
def draft_of(path: Path) -> Generator[Path]:
    """Yield a new file beside `path`, which takes its place at the end; if anything fails, it is removed.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     note = Path(folder) / "note"
    ...     with draft_of(note) as draft:
    ...         written = draft.write_text("done")
    ...     note.read_text()
    'done'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=".part", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def beside(file: Path, name: str) -> Path:
    """Return where a back-end's own file is: beside another.

    >>> beside(Path("flights-3.sqlite"), "tortoise").name
    'flights-3-tortoise.sqlite'
    """
    return file.with_name(f"{file.stem}-{name}{file.suffix}")


def is_newer(file: Path, *made_of: Path) -> bool:
    """Tell whether a file is there, and was made after all that it was made of.

    >>> is_newer(Path("nowhere.sqlite"), Path(__file__))
    False
    """
    return file.exists() and file.stat().st_mtime > max(other.stat().st_mtime for other in made_of)
