r"""Regular expressions: a subset that needs time linear in the text, parsed here, written for each back-end.

Literals, `.` (no newline), `[a-z]`, `[^...]`, `\d` `\w` `\s` and their opposites (ASCII), `^` and `$` (of the
whole text), groups, `|`, and `* + ? {m} {m,} {m,n}` on what itself holds no quantifier.
"""

from queryengine.regex.forms import to_postgresql, to_python
from queryengine.regex.nodes import Characters, Choice, Edge, Regex, Repeat, Sequence
from queryengine.regex.parsing import parse_regex
from queryengine.regex.searching import search

__all__ = [
    "Characters",
    "Choice",
    "Edge",
    "Regex",
    "Repeat",
    "Sequence",
    "parse_regex",
    "search",
    "to_postgresql",
    "to_python",
]
