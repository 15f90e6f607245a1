"""An extension of the reference's reader: the defaults of dataclasses are shown as what they are.

A factory without a name, `field(default_factory=lambda: X)`, would stand as `(lambda: X)()` in signatures.
"""

from __future__ import annotations

from typing import Any

import griffe

__all__ = ["Defaults"]


class Defaults(griffe.Extension):
    r"""Shows what such a factory makes in place of the factory.

    >>> from pathlib import Path
    >>> code = "from dataclasses import field\nclass A:\n    paths: dict = field(default_factory=lambda: {})"
    >>> module = griffe.visit("m", Path("m.py"), code, extensions=griffe.load_extensions(Defaults))
    >>> print(module["A.paths"].value)
    field(default={})
    """

    # Any: what griffe tells beside the attribute
    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Change the value of a field, before griffe makes signatures of fields."""
        value = attr.value
        if not isinstance(value, griffe.ExprCall) or value.canonical_name != "field":
            return
        for argument in value.arguments:
            if isinstance(argument, griffe.ExprKeyword) and isinstance(argument.value, griffe.ExprLambda):
                argument.name, argument.value = "default", argument.value.body
