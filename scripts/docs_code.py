r"""Takes the programs out of README and docs, for the tests to run and the type checkers to read.

    python scripts/docs_code.py FOLDER

writes them as modules. The ```python blocks of a page are one program; `<!-- new program -->` begins another.
Each line stays on the line that it has in the page: an error at line 40 of a module, or in a traceback, is at
line 40 of the page. ```pycon blocks are doctests that see the names of the program above them. What the tests
do with blocks of other languages is said in tests/document_blocks.py.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[^\s`]*)")
NEW_PROGRAM = re.compile(r"^ *<!-- *new program *-->")


@dataclass(frozen=True, slots=True)
class Block:
    """The text of one block, without the indent of its fence; `line` is the number of its first line."""

    language: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Program:
    """The blocks of a page that belong together, in order."""

    blocks: tuple[Block, ...]

    def source(self, language: str) -> str:
        """Return the blocks of one language as one text, each line at the number that it has in the page."""
        lines: list[str] = []
        for block in self.blocks:
            if block.language == language:
                lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
        return "".join(f"{line}\n" for line in lines)


def pages() -> list[Path]:
    """Return every page whose code is shown to users.

    But one: docs/prisma.md needs a client that is generated first, which tests/prisma/test_docs.py does.
    """
    docs = sorted(ROOT.glob("docs/**/*.md"))
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted(ROOT.glob("backends/*/README.md")),
        *(page for page in docs if page.name != "prisma.md"),
    ]


def programs(page: str) -> list[Program]:
    r"""Return the programs of a page, in order; those without a block are left out.

    >>> [program] = programs("Text\n```python\nx = 1\n```\n```pycon\n>>> x\n1\n```\n")
    >>> program.source("python")
    '\n\nx = 1\n'
    >>> programs("Text\n```sh\nls\n```\n")[0].blocks
    (Block(language='sh', line=3, text='ls'),)
    """
    found: list[list[Block]] = [[]]
    opening: re.Match[str] | None = None
    first = 0
    lines = page.splitlines()
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if opening is None:
            opening, first = fence, number + 1
            if NEW_PROGRAM.match(line):
                found.append([])
        elif fence and fence["fence"].startswith(opening["fence"]) and not fence["language"]:
            text = "\n".join(line.removeprefix(opening["indent"]) for line in lines[first:number])
            found[-1].append(Block(opening["language"], first + 1, text))
            opening = None
    return [Program(tuple(blocks)) for blocks in found if blocks]


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
        (folder / f"{name}.py").write_text(program.source("python"), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
