"""Runs the differential tests with new random rows and filters, round after round, for some minutes.

python scripts/fuzz.py --minutes 10
python scripts/fuzz.py --seed 1234      # one round with the seed that a failure named
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_round(seed: int, workers: int) -> bool:
    """Run the differential tests once with the rows and filters of a seed, and tell whether they passed."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "fuzz", "--exitfirst", "tests"]
    command += ["--numprocesses", str(workers)]
    environment = os.environ | {"QE_FUZZ_SEED": str(seed)}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def main() -> int:
    """Run rounds until the time is over or one fails. A round that has begun is not cut short."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="begin no round after this time (10)")
    parser.add_argument("--seed", type=int, help="run one round with this seed")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    arguments = parser.parse_args()
    until = time.monotonic() + 60 * arguments.minutes
    rounds = 0
    while rounds == 0 or (arguments.seed is None and time.monotonic() < until):
        seed = arguments.seed if arguments.seed is not None else secrets.randbelow(2**31)
        rounds += 1
        print(f"round {rounds}: QE_FUZZ_SEED={seed}", flush=True)
        if not run_round(seed, arguments.workers):
            print(f"a round failed; to repeat it: python scripts/fuzz.py --seed {seed}", file=sys.stderr)
            return 1
    print(f"rounds: {rounds}; nothing was found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
