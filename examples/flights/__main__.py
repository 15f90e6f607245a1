"""`python -m examples.flights demo` walks through the example, `... serve` keeps its service up."""

from __future__ import annotations

import argparse
import asyncio
import sys

import uvicorn
from rich.console import Console

from examples.flights.load import ensure_database
from examples.flights.service import create_app, database_url
from examples.flights.walk import walk


def main() -> int:
    """Run the command; return the exit status."""
    options = _parser().parse_args()
    console = Console()
    if not console.is_terminal:
        console.width = 120  # a log has no width: the 80 columns of an unknown terminal would only wrap
    database = ensure_database(console)
    console.print(f"The flights that left New York City in 2013, from {database}")
    if options.command == "serve":
        console.print(f"Filters are documented at http://{options.host}:{options.port}/docs")
        uvicorn.run(create_app(database_url(database)), host=options.host, port=options.port)
        return 0
    return 0 if asyncio.run(walk(database, console, whole_sql=options.whole_sql)) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.flights", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="make the demo's requests, print and check the answers")
    demo.add_argument("--whole-sql", action="store_true", help="print long lists of columns, too")
    serve = commands.add_parser("serve", help="keep the service up, with /docs")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
