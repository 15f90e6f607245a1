"""What a query loads with each row: the columns asked for, and related rows within their filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Load, Mapper

from queryengine.ast import FilterAST, Path, Step
from queryengine.errors import ErrorCode, FilterError
from queryengine_sqlalchemy.compiler import ConditionCompiler
from queryengine_sqlalchemy.documents import DocumentSource
from queryengine_sqlalchemy.schema import AttributeSource, RelationshipSource

__all__ = ["load_options", "narrows"]


def load_options(model: type[object], ast: FilterAST, conditions: ConditionCompiler) -> list[Load]:
    """Return the options for rows of `model`: `load_only` for fields, `selectinload` for relations.

    Raises FilterError for what SQLAlchemy's loaders cannot do: an order or a window of the related rows.
    """
    options: list[Load] = []
    fields = ast.fields or ()
    own = None if ast.fields is None else _own_attributes(model, fields)
    if own is not None:
        options.append(Load(model).load_only(*[getattr(model, key) for key in own]))
    for include in ast.include:
        _check_include(include.path, include.filter)
        options.append(_related(model, include.path.steps[0], include.filter, conditions))
    included = {include.path.steps[0].relation for include in ast.include}
    for step, paths in _by_relation(fields):
        if step.relation not in included:
            whole = any(not path.names for path in paths)
            options.append(_related(model, step, FilterAST(fields=None if whole else paths), conditions))
    return options


def narrows(ast: FilterAST) -> bool:
    """Tell whether related rows are left out: then a collection that the session holds is not the answer."""
    return any(
        include.path.steps[0].scope is not None or include.filter.where is not None or narrows(include.filter)
        for include in ast.include
    ) or any(step.scope is not None for path in ast.fields or () for step in path.steps)


def _related(model: type[object], step: Step, ast: FilterAST, conditions: ConditionCompiler) -> Load:
    source, target = step.relation.source, step.relation.target.model
    assert isinstance(source, RelationshipSource), "documents are loaded with their column"
    # SQLAlchemy puts its own alias in the place of the class, where it needs one.
    wheres = [where for where in (step.scope, ast.where) if where is not None]
    attribute = getattr(model, source.key)
    if wheres:
        attribute = attribute.and_(*[conditions.compile(where, target) for where in wheres])
    return Load(model).selectinload(attribute).options(*load_options(target, ast, conditions))


def _own_attributes(model: type[object], fields: Sequence[Path]) -> list[str] | None:
    """The attributes to load for fields of the row itself; None (all) where a hybrid may read others."""
    mapper: Mapper[Any] = inspect(model)  # Any: the model's own type, which is not asked for
    keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    for path in fields:
        source = path.steps[0].relation.source if path.steps else path.field and path.field.source
        if isinstance(source, AttributeSource) and source.computed:
            return None
        if isinstance(source, (AttributeSource, DocumentSource)):
            keys.append(source.key)
    return list(dict.fromkeys(keys))


def _by_relation(fields: Sequence[Path]) -> list[tuple[Step, tuple[Path, ...]]]:
    """The fields that lie in related rows, grouped by the first step of their paths, without that step."""
    groups: dict[Step, list[Path]] = {}
    for path in fields:
        if path.steps and not path.steps[0].relation.embedded:
            groups.setdefault(path.steps[0], []).append(Path(path.names[1:], path.steps[1:], path.field))
    return [(step, tuple(paths)) for step, paths in groups.items()]


def _check_include(path: Path, ast: FilterAST) -> None:
    source = path.steps[0].relation.source
    whole = isinstance(source, RelationshipSource) and source.loads
    if whole and not ast.order and ast.window.limit is None and ast.window.offset == 0:
        return
    what = (
        "order and limit in an include" if whole else f"include of {path}, which is never loaded as a whole"
    )
    raise FilterError(
        ErrorCode.UNSUPPORTED_BY_BACKEND, f"sqlalchemy has no {what}", path=("include", *path.names)
    )
