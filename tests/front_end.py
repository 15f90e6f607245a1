"""Runs the JavaScript of a page in node, and lets an application answer what it fetches."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

__all__ = ["run_script"]

FETCH = """
const lines = require("node:readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (kind, value) => process.stdout.write(JSON.stringify([kind, value]) + "\\n");
console.log = (...values) => say("log", values.map((value) => JSON.stringify(value)).join(" "));
globalThis.fetch = async (url, { method = "GET", body = null, headers = {} } = {}) => {
  say("fetch", { method, url: String(url), body, headers });
  const { status, text } = JSON.parse((await lines.next()).value);
  return new Response(text, { status, headers: { "content-type": "application/json" } });
};
(async () => {
%s
})().finally(() => process.stdin.destroy());
"""


def run_script(script: str, app: FastAPI) -> str | None:
    """Return what the script logs, a value as JSON; None where no node is on the machine.

    `fetch` asks the application, with addresses that begin with `/`.
    """
    node = shutil.which("node")
    if node is None:
        return None
    logged: list[str] = []
    with (
        TestClient(app) as client,
        subprocess.Popen(
            [node, "--eval", FETCH % script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            kind, value = json.loads(line)
            if kind == "log":
                logged.append(value)
                continue
            process.stdin.write(json.dumps(answer(client, value)) + "\n")
            process.stdin.flush()
    assert process.returncode == 0, script
    return "".join(f"{line}\n" for line in logged)


def answer(client: TestClient, call: dict[str, Any]) -> dict[str, object]:  # Any: JSON values
    """Ask what the script asks."""
    response = client.request(call["method"], call["url"], content=call["body"], headers=call["headers"])
    return {"status": response.status_code, "text": response.text}
