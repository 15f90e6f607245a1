"""The entry point of `python -m benchmarks.orm`; what it does is in `run`."""

from __future__ import annotations

import sys

from benchmarks.orm.run import main

if __name__ == "__main__":
    sys.exit(main())
