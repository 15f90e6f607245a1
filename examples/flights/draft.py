"""Files that appear whole or not at all. Knows nothing of what is in them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["draft_of"]


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
