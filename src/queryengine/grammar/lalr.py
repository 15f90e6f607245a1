"""The one module that knows Lark: grammar files to parsers, Lark's errors to ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
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


def build(name: str, start: str, builder: Any, lexer: Any) -> Callable[[Any], Any]:
    """Return the parser of a grammar file: from what `lexer` reads to what `builder` makes of it.

    Any: Lark does not type what it is given by its caller and gives back.
    """
    grammar = files(__package__ or "").joinpath(f"{name}.lark").read_text(encoding="utf-8")
    # With all tokens kept, Lark hands the children of a rule over as they are, without a filter of its own.
    lark: Any = Lark(
        grammar,
        parser="lalr",
        lexer=lexer,
        start=start,
        transformer=builder,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )

    def parse(text: Any) -> Any:
        try:
            return lark.parse(text)
        except (UnexpectedToken, UnexpectedCharacters) as error:
            raise _mismatch(error) from None

    return parse


def _mismatch(error: Any) -> MismatchError:  # Any: Lark does not type what its errors hold
    parser = error.interactive_parser
    before: list[Any] = parser.parser_state.value_stack[-1:]
    token = getattr(error, "token", None)
    accepts = error.allowed if token is None else parser.accepts()
    return MismatchError(error.pos_in_stream or 0, token, before[0] if before else None, frozenset(accepts))
