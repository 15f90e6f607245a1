"""The programs of typing_tests/: both checkers accept what users may write and reject what they may not.

A program under rejected/ says below a line what each checker says about it, in full or in part; a comment
that is indented goes on with it:

    query: Select[Plane] = result.query
    # mypy says: Incompatible types in assignment
    #     (expression has type "Select[Flight]", variable has type "Select[Plane]")
    # pyright says: Type "Select[Flight]" is not assignable to declared type "Select[Plane]"

Each message has to come, on that line, and no other may; but what pyright says of types that are unknown and
of values that nobody uses follows from a mistake, and is not counted in a program that has one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[1]
ACCEPTED = sorted(ROOT.glob("typing_tests/accepted/*.py"))
REJECTED = sorted(ROOT.glob("typing_tests/rejected/*.py"))

CONSEQUENCES = ("reportUnknown", "reportUnused")
SAYS = re.compile(r"^\s*# (?P<checker>mypy|pyright) says: (?P<text>.+?)\s*$")
GOES_ON = re.compile(r"^\s*#     (?P<text>.+?)\s*$")

Place = tuple[str, int]
"""A program, as its path below the root, and a line."""
Messages = Mapping[Place, list[str]]
"""What is said about each place."""


def run(*command: str) -> str:
    """Run a checker by its module in this very environment; 1 is its answer to a program with errors."""
    answer = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode in {0, 1}, answer.stdout + answer.stderr
    return answer.stdout


def mypy_says(files: Iterable[Path]) -> Messages:
    found: defaultdict[Place, list[str]] = defaultdict(list)
    for line in run("mypy", "--output=json", *map(str, files)).splitlines():
        entry = json.loads(line)
        if entry["severity"] == "error":
            found[entry["file"], entry["line"]].append(f"{entry['message']} [{entry['code']}]")
    return found


def pyright_says(files: Iterable[Path]) -> Messages:
    found: defaultdict[Place, list[str]] = defaultdict(list)
    answer = run("pyright", "--outputjson", f"--pythonpath={sys.executable}", *map(str, files))
    for entry in json.loads(answer)["generalDiagnostics"]:
        file, line = Path(entry["file"]), entry["range"]["start"]["line"] + 1
        rule = str(entry.get("rule"))
        if file not in REJECTED or not rule.startswith(CONSEQUENCES):
            message = " ".join(entry["message"].split())
            found[str(file.relative_to(ROOT)), line].append(f"{message} [{rule}]")
    return found


CHECKERS: dict[str, Callable[[Iterable[Path]], Messages]] = {"mypy": mypy_says, "pyright": pyright_says}


def expected(checker: str, file: Path) -> Messages:
    """Return what a program's comments expect one checker to say."""
    found: defaultdict[Place, list[str]] = defaultdict(list)
    name = str(file.relative_to(ROOT))
    commented, speaker = 0, ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if says := SAYS.match(line):
            speaker = says["checker"]
            if speaker == checker:
                found[name, commented].append(says["text"])
        elif speaker and (goes_on := GOES_ON.match(line)):
            if speaker == checker:
                found[name, commented][-1] += f" {goes_on['text']}"
        else:
            commented, speaker = number, ""
    return found


def differences(wanted: Messages, said: Messages) -> list[str]:
    """Return one line for each message that is missing or too much."""
    found: list[str] = []
    for place in sorted({*wanted, *said}):
        left = list(said.get(place, []))
        where = f"{place[0]}:{place[1]}"
        for text in wanted.get(place, []):
            match = next((message for message in left if text in message), None)
            if match is None:
                found.append(f"{where}: not said: {text}")
            else:
                left.remove(match)
        found += [f"{where}: not expected: {message}" for message in left]
    return found


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_type_checker_accepts_and_rejects_the_programs_as_they_say(checker: str) -> None:
    wanted = {place: texts for file in REJECTED for place, texts in expected(checker, file).items()}
    said = CHECKERS[checker]([*ACCEPTED, *REJECTED])
    assert not (found := differences(wanted, said)), "\n".join(["", *found])


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("file", REJECTED, ids=lambda file: file.stem)
def test_a_rejected_program_is_rejected_by_both_checkers(checker: str, file: Path) -> None:
    assert expected(checker, file)


@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: file.stem)
def test_an_accepted_program_runs(file: Path) -> None:
    """In a process of its own: what it maps is mapped once, whatever other tests import."""
    command = [sys.executable, "-W", "error", "-m", f"typing_tests.accepted.{file.stem}"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_message_that_is_missing_or_too_much_is_a_difference() -> None:
    place = ("program.py", 3)
    assert differences({place: ["wrong type"]}, {place: ["wrong type here [arg-type]"]}) == []
    assert differences({place: ["wrong type"]}, {}) == ["program.py:3: not said: wrong type"]
    assert differences({}, {place: ["oh"]}) == ["program.py:3: not expected: oh"]
    assert differences({place: ["twice", "twice"]}, {place: ["twice"]}) == ["program.py:3: not said: twice"]
