"""The one module that knows Lark: grammar files to parsers, Lark's errors to ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import chain
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

from queryengine.grammar import MismatchError, Stream

__all__ = ["StreamLexer", "build"]

MISMATCH = object()
END = "$END"


class Row(dict[str, Any]):  # Any: to another row, or to a reduction
    """A state of the parser: what each type of token, and the name of each rule, leads to; or None."""

    def __missing__(self, name: str) -> None:
        """Say that the token cannot stand here."""


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

    walk = _walker(lark.parse_interactive("").parser_state.parse_conf)

    def parse(stream: Stream) -> Any:
        made = walk(stream)
        if made is not MISMATCH:
            return made
        try:  # Lark reads it again, to say what could have stood there
            return lark.parse(stream)
        except UnexpectedToken as error:
            raise _mismatch(error) from None

    return parse


def _walker(table: Any) -> Callable[[Stream], Any]:  # Any: Lark does not type its tables
    """Return a loop over Lark's own table and callbacks, which takes half of the time of Lark's loop.

    It gives MISMATCH where Lark's would raise. A reduction is what makes the value of a rule, of how many
    parts, and the rule's name.
    """
    rows = {state: Row() for state in table.states}
    for state, actions in table.states.items():
        for name, (action, target) in actions.items():
            if action is Shift:
                rows[state][str(name)] = rows[target]
            else:
                reduction = (table.callbacks[target], len(target.expansion), str(target.origin.name))
                rows[state][str(name)] = reduction
    first, last = rows[table.start_state], rows[table.end_state]

    def walk(stream: Stream) -> Any:
        stack: list[Row] = [first]
        values: list[Any] = []
        for token in chain(stream.read(lambda: stack[-1]), (None,)):
            name = END if token is None else token.type
            action = stack[-1][name]
            while action.__class__ is tuple:
                make, size, rule = action
                start = len(values) - size
                values[start:] = [make(values[start:])]
                del stack[start + 1 :]
                stack.append(stack[-1][rule])
                action = stack[-1][name]
            if token is not None:
                if action is None:
                    return MISMATCH
                stack.append(action)
                values.append(token)
        return values[0] if stack[-1] is last else MISMATCH

    return walk


def _mismatch(error: Any) -> MismatchError:  # Any: Lark does not type what its errors hold
    parser = error.interactive_parser
    before: list[Any] = parser.parser_state.value_stack[-1:]
    return MismatchError(error.token, before[0] if before else None, frozenset(parser.accepts()))
