"""The bound on related rows: what loads many with each row says how many. Knows views and what is parsed."""

from __future__ import annotations

from collections.abc import Container, Sequence

from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.parsed import ParsedFilter, ParsedInclude
from queryengine.resolver import Trail
from queryengine.view import ModelView

__all__ = ["check_fields", "check_include"]


def check_include(item: ParsedInclude, most: int, trail: Trail) -> None:
    """Refuse an include of a relation to many rows that has no limit."""
    if item.filter is None or not any(word == "limit" for word, _ in item.filter.window):
        raise _unbounded(item.name, most, trail, item.span)


def check_fields(view: ModelView, parsed: ParsedFilter, most: int, trail: Trail) -> None:
    """Refuse `fields` that load many related rows, unless they are included as well or always shown."""
    if parsed.fields is None or parsed.fields.exclude:
        return
    included = {item.name for item in parsed.include}
    for name, span in parsed.fields.names:
        found = _loaded(view, name.split("."), included)
        if found is not None:
            raise _unbounded(found, most, trail, span)


def _loaded(view: ModelView, parts: Sequence[str], included: Container[str] = ()) -> str | None:
    """Return the relation to many rows on a way that is loaded because the way is asked for."""
    head, *rest = parts
    relation = view.relations.get(head)
    if relation is None:
        return None
    always = view.expose is not None and not relation.opt_in
    if relation.relation.many and not relation.relation.embedded and not always and head not in included:
        return head
    return _loaded(relation.target, rest) if rest else None


def _unbounded(name: str, most: int, trail: Trail, span: Span) -> FilterError:
    return FilterError(
        ErrorCode.LIMIT_EXCEEDED,
        f"{quoted(name)} may be many rows for each row: include it with a limit",
        path=trail,
        span=span,
        expected=(f"max_related {most}",),
        hint='{"relation": ..., "scope": {"limit": ...}}',
    )
