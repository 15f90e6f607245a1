"""The pages that users read: every program in them runs, and prints what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts import docs_tables
from scripts.docs_code import FENCE, ROOT, Program, named_programs, pages
from tests.document_blocks import LANGUAGES, program

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
KIT = pytest.mark.processes  # the page's own pytest, with the whole kit
PROGRAMS = [
    pytest.param(*each, id=each[0], marks=[KIT] if each[1].stem == "new-backend" else [])
    for each in named_programs()
]


@pytest.mark.parametrize(("name", "page", "blocks"), PROGRAMS)
def test_the_code_of_a_page_runs_and_gives_what_the_page_says(
    name: str, page: Path, blocks: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with program(name, page, monkeypatch) as reader:
        for block in blocks.blocks:
            try:
                reader.read(block)
            except Exception as error:
                error.add_note(f"{page}:{block.line}")
                raise


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


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_to_other_files_lead_somewhere(page: Path) -> None:
    # The documents' builder sees to its own pages; README and others are read where the repository is.
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", docs_tables.pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_tables_of_a_page_are_what_the_code_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == docs_tables.filled(text), "python -m scripts.docs_tables --write"


@pytest.mark.parametrize("page", ["beanie", "support"])
def test_a_page_names_the_secantusdb_whose_faults_it_tells(page: str) -> None:
    pinned = re.search(r'"secantusdb==(.+?)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pinned is not None
    assert f"`secantusdb` {pinned[1]}" in (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


def test_measurements_become_a_table(tmp_path: Path) -> None:
    measured = {"name": "a|b", "peer": "x", "ours_us": 1.0, "peer_us": 2000.0, "ratio": 0.0005}
    rows = [measured | {"bar": 0.3, "holds": True}, measured | {"bar": None, "holds": None}]
    assert docs_tables.benchmarks(tmp_path) == "*Not measured yet: no results are committed.*"
    (tmp_path / "ast.json").write_text(json.dumps(rows), encoding="utf-8")
    title, _, _, _, *lines = docs_tables.benchmarks(tmp_path).splitlines()
    assert title == "### ast"
    assert lines == [
        r"| a\|b | x | 1.0 | 2,000.0 | 0.00 | 0.3 | yes |",
        r"| a\|b | x | 1.0 | 2,000.0 | 0.00 |  |  |",
    ]
