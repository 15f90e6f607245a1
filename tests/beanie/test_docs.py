"""The page on Beanie: its service runs on a MongoDB, and finds what the page says."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import pytest
from fastapi.testclient import TestClient

from scripts.docs_code import ROOT, programs
from tests.servers.mongo import MongoServer

PAGE = ROOT / "docs" / "beanie.md"
ADDRESS = "mongodb://127.0.0.1:27017"


def test_the_service_of_the_page_finds_what_the_page_says(
    mongo: MongoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    requests: list[str] = re.findall(r"^- `GET (/products\S+)`$", text, re.MULTILINE)
    (page,) = programs(text)
    module = ModuleType("main")
    monkeypatch.setitem(sys.modules, "main", module)
    exec(compile(page.source("python").replace(ADDRESS, mongo.uri), str(PAGE), "exec"), vars(module))
    found: list[list[str]] = []
    for _ in range(2):  # the rows are there once, however often it starts
        with TestClient(vars(module)["app"]) as client:
            found += [[row["name"] for row in client.get(request).json()] for request in requests]
    assert found == [["Kettle", "Lamp"], ["Lamp", "Fan"]] * 2
