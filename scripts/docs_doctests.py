"""An extension of the reference's reader: doctests in docstrings become blocks of code.

Our docstrings have their examples in the running text. Markdown would take their `>>>` for a quote.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Doctests", "fenced"]

DOCTEST = re.compile(r"^>>> .*\n?(?:(?!\s*$).*\n?)*", re.MULTILINE)


def fenced(text: str) -> str:
    r"""Return a docstring whose doctests stand in fences; each ends with an empty line.

    >>> fenced("One.\n\n>>> 1\n1\n\nTwo.")
    'One.\n\n```pycon\n>>> 1\n1\n```\n\nTwo.'
    """
    return DOCTEST.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```\n", text).rstrip()


class Doctests(griffe.Extension):
    """Fences the doctests of every docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:  # Any: what griffe tells beside it
        """Change the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
