"""The pages that users read: every program in them runs, and prints what the page says."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scripts.docs_code import FENCE, ROOT, Program, named_programs, pages

PROGRAMS = list(named_programs())

LANGUAGES = {"console", "http", "json", "lark", "pycon", "python", "sh", "sql", "text", "toml", "yaml"}


@pytest.mark.parametrize(("name", "page", "program"), PROGRAMS, ids=[name for name, _, _ in PROGRAMS])
def test_a_program_of_the_documents_runs(
    name: str, page: Path, program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(tmp_path)
    # The page's own name and line numbers: a traceback shows the page.
    exec(compile("\n".join(program.code), str(page), "exec"), module.__dict__)
    session = doctest.DocTestParser().get_doctest(
        "\n".join(program.doctests), module.__dict__, name, str(page), 0
    )
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_a_page_says_its_language(page: Path) -> None:
    # A block whose language is misspelt, or decorated, would be neither run nor checked.
    opening: re.Match[str] | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = FENCE.match(line)
        if opening is None and fence:
            assert fence["language"] in LANGUAGES, f"{page}:{number}: {line}"
            opening = fence
        elif opening and fence and fence["fence"].startswith(opening["fence"]) and not fence["language"]:
            opening = None
    assert opening is None, f"{page}: a block is not closed"
