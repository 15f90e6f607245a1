"""The one module that knows Lark: grammar files to parsers, Lark's errors to ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from queryengine.grammar import MismatchError, Stream

__all__ = ["StreamLexer", "build"]


class StreamLexer(Lexer):
    """Hands over the tokens of a stream, which may ask for the state of the parser before each."""

    __future_interface__ = 2

    def __init__(self, conf: object) -> None:
        """Lark's way to make a lexer."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:  # Any: so Lark types them
        """Read the stream."""
        stream: Stream = lexer_state.text
        states = parser_state.parse_conf.states
        stack = parser_state.state_stack
        return stream.read(lambda: states[stack[-1]])


def build(name: str, start: str, builder: Any) -> Callable[[Stream], Any]:
    """Return the parser of a grammar file: from a stream of tokens to what `builder` makes of them.

    Any: Lark does not type what it is given by its caller and gives back.
    """
    grammar = files(__package__ or "").joinpath(f"{name}.lark").read_text(encoding="utf-8")
    # With all tokens kept, Lark hands the children of a rule over as they are, without a filter of its own.
    lark: Any = Lark(
        grammar,
        parser="lalr",
        lexer=StreamLexer,
        start=start,
        transformer=builder,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )

    for rule in lark.rules:  # its names are Lark's tokens, which take longer to compare than texts
        rule.origin.name = str(rule.origin.name)

    def parse(stream: Stream) -> Any:
        try:
            return lark.parse(stream)
        except UnexpectedToken as error:
            raise _mismatch(error) from None

    return parse


def _mismatch(error: Any) -> MismatchError:  # Any: Lark does not type what its errors hold
    parser = error.interactive_parser
    before: list[Any] = parser.parser_state.value_stack[-1:]
    return MismatchError(error.token, before[0] if before else None, frozenset(parser.accepts()))
