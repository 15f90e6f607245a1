"""The example of the README: its endpoint answers the request that is shown, from a database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import StaticPool

from scripts.docs_code import ROOT, Block, programs
from tests.document_blocks import Reader, program

PAGE = ROOT / "README.md"


def test_the_example_answers_its_request_with_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # where its database will be
    with program("readme", PAGE, monkeypatch) as reader:
        blocks = [block for each in programs(PAGE.read_text("utf-8")) for block in each.blocks]
        for block in blocks:
            if block.language == "python":
                reader.read(block)
        assert answer(reader, blocks) == [
            {"id": 3, "dep_delay": 90, "carrier": {"name": "United Air Lines Inc."}},
            {"id": 1, "dep_delay": 61, "carrier": {"name": "United Air Lines Inc."}},
        ]


def answer(reader: Reader, blocks: list[Block]) -> object:
    """Ask the program's application what the page's `http` block asks, over a few flights."""
    names = reader.names
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)

    async def session() -> AsyncIterator[AsyncSession]:
        async with engine.begin() as connection:
            await connection.run_sync(names["Base"].metadata.create_all)
        async with AsyncSession(engine) as opened:
            opened.add_all(
                [
                    names["Carrier"](code="UA", name="United Air Lines Inc."),
                    names["Carrier"](code="DL", name="Delta Air Lines Inc."),
                    names["Flight"](id=1, dep_delay=61, carrier_code="UA"),
                    names["Flight"](id=2, dep_delay=60, carrier_code="UA"),
                    names["Flight"](id=3, dep_delay=90, carrier_code="UA"),
                    names["Flight"](id=4, dep_delay=90, carrier_code="DL"),
                    names["Flight"](id=5, dep_delay=None, carrier_code="UA"),
                ]
            )
            await opened.flush()
            yield opened
        await engine.dispose()

    app = names["app"]
    app.dependency_overrides[names["database_session"]] = session
    [request] = [block.text for block in blocks if block.language == "http"]
    with TestClient(app) as client:
        return client.get(quote(request.removeprefix("GET "), safe="/?=")).json()
