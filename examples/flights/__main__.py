"""`python -m examples.flights demo` walks through the example, `... serve` keeps its service up."""

from __future__ import annotations

import argparse
import asyncio
import sys

import uvicorn
from rich.console import Console

from examples.flights.backend import NAMES, Backend, MissingError, Truth, backend
from examples.flights.sqlalchemy.load import ensure_database
from examples.flights.walk import walk


def main() -> int:
    """Run the command; return the exit status: 1 for a wrong answer, 2 where something is missing.

    Control-C ends it with 130, but for a service, which ends no other way.
    """
    options = _parser().parse_args()
    console = Console()
    if not console.is_terminal:
        console.width = 120  # a log has no width: the 80 columns of an unknown terminal would only wrap
    try:
        chosen = backend(options.backend)
        days = chosen.days if options.days is None else options.days
        truth = Truth(ensure_database(console, days=days), days)
        console.print(f"The flights that left New York City {truth.when}, from {truth.file}")
        console.print(f"The service: {chosen.name} on {chosen.database}")
        if options.command == "serve":
            asyncio.run(serve(chosen, truth, console, (options.host, options.port)))
            return 0
        return 0 if asyncio.run(walk(chosen, truth, console, whole_sql=options.whole_sql)) else 1
    except MissingError as error:
        console.print(f"{options.backend} cannot run here: {error}")
        return 2
    except KeyboardInterrupt:  # uvicorn has shut down, and says again that it was interrupted
        return 0 if options.command == "serve" else 130


async def serve(chosen: Backend, truth: Truth, console: Console, address: tuple[str, int]) -> None:
    """Keep the service of a back-end up until it is told to stop."""
    host, port = address
    async with chosen.open(truth, console) as running:
        console.print(f"Filters are documented at http://{host}:{port}/docs")
        await uvicorn.Server(uvicorn.Config(running.app, host=host, port=port)).serve()


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--backend", choices=NAMES, default=NAMES[0], help=f"default: {NAMES[0]}")
    shared.add_argument(
        "--days",
        type=int,
        choices=range(2, 32),  # the requests ask about the second day
        metavar="2..31",
        help="so many days of January only (default: what the back-end carries; SQLAlchemy the whole year)",
    )
    parser = argparse.ArgumentParser(prog="python -m examples.flights", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", parents=[shared], help="make the demo's requests, check the answers")
    demo.add_argument("--whole-sql", action="store_true", help="print long lists of columns, too")
    serving = commands.add_parser("serve", parents=[shared], help="keep the service up, with /docs")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
