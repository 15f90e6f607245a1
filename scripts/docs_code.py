"""Takes the Python programs out of README and docs, for the tests to run and the type checkers to read.

    python scripts/docs_code.py FOLDER

writes them as modules. The ```python blocks of a page are one program; `<!-- new program -->` begins another.
Each line stays on the line that it has in the page: an error at line 40 of a module, or in a traceback, is at
line 40 of the page. ```pycon blocks are doctests that see the names of the program above them.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[^\s`]*)")
NEW_PROGRAM = re.compile(r"^ *<!-- *new program *-->")


@dataclass(slots=True)
class Program:
    """A program of a page, and its doctests; both have an empty line wherever the page has something else."""

    code: list[str] = field(default_factory=list[str])
    doctests: list[str] = field(default_factory=list[str])

    def add(self, language: str, line: str) -> None:
        """Append a line of a block to the text that it belongs to, and an empty one to the other."""
        self.code.append(line if language == "python" else "")
        self.doctests.append(line if language == "pycon" else "")


def pages() -> list[Path]:
    """Return every page whose code is shown to users."""
    return [
        ROOT / "README.md",
        *sorted(ROOT.glob("backends/*/README.md")),
        *sorted(ROOT.glob("docs/**/*.md")),
    ]


def programs(page: str) -> list[Program]:
    r"""Return the programs of a page, in order.

    >>> [program] = programs("Text\n```python\nx = 1\n```\n```pycon\n>>> x\n1\n```\n")
    >>> program.code
    ['', '', 'x = 1', '', '', '', '', '']
    >>> programs("Text\n```sh\nls\n```\n")
    []
    """
    found = [Program()]
    opening: re.Match[str] | None = None
    for number, line in enumerate(page.splitlines()):
        fence = FENCE.match(line)
        if opening is None:
            opening = fence
            if NEW_PROGRAM.match(line):
                found.append(Program([""] * number, [""] * number))
            found[-1].add("", "")
        elif fence and fence["fence"].startswith(opening["fence"]) and not fence["language"]:
            opening = None
            found[-1].add("", "")
        else:
            found[-1].add(opening["language"], line.removeprefix(opening["indent"]))
    return [program for program in found if any(program.code) or any(program.doctests)]


def named_programs() -> Iterator[tuple[str, Path, Program]]:
    """Give each program with its page and a module name made of both."""
    for page in pages():
        stem = re.sub(r"\W+", "_", str(page.relative_to(ROOT).with_suffix(""))).lower()
        for number, program in enumerate(programs(page.read_text(encoding="utf-8")), start=1):
            yield f"{stem}_{number}", page, program


def main(folder: Path) -> None:
    """Write all programs into a folder of their own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    for name, _, program in named_programs():
        (folder / f"{name}.py").write_text("\n".join(program.code) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
