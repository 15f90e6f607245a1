"""Pages of documents: one command for them and the values of their keys, one more for their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, cast, overload

from beanie import Document
from beanie.odm.utils.parsing import parse_obj
from pydantic import BaseModel
from pymongo.asynchronous.client_session import AsyncClientSession

from queryengine.ast import OrderKey, Value
from queryengine.errors import ConfigurationError
from queryengine.pages import Page, Total, counting, make_page, page_size
from queryengine_beanie.encodings import Decode, decoder_of
from queryengine_beanie.results import BeanieQueryResult
from queryengine_beanie.statement import KEYS, NUMBER

__all__ = ["fetch_page"]

T = TypeVar("T", bound=Document)
M = TypeVar("M", bound=BaseModel)

Stored: TypeAlias = Mapping[str, Any]  # Any: values of all types that BSON has


@overload
async def fetch_page(
    result: BeanieQueryResult[T],
    *,
    total: Total = "none",
    session: AsyncClientSession | None = None,
    project: Literal[False] = False,
) -> Page[T]: ...
@overload
async def fetch_page(
    result: BeanieQueryResult[T],
    *,
    total: Total = "none",
    session: AsyncClientSession | None = None,
    project: Literal[True],
) -> Page[BaseModel]: ...
async def fetch_page(
    result: BeanieQueryResult[T],
    *,
    total: Total = "none",
    session: AsyncClientSession | None = None,
    project: bool = False,
) -> Page[T] | Page[BaseModel]:
    """Fetch one page of a result's documents, in one command; to count them takes a second one.

    `total` is `"none"`, `"exact"`, or the most documents to count. The documents are whole ones; with
    `project` they are of the result's `projection_model`, and MongoDB sends nothing that it does not show.
    Raises ConfigurationError for a result without a limit.
    """
    pages, ast, count = result.pages, result.filter, counting(total)
    if pages is None:
        raise ConfigurationError("pages: the result was not made by an engine")
    shown = result.projection_model if project else None
    found = await pages.page_query(ast, page_size(ast) + 1, shown).set_session(session).to_list()
    number = None
    if count is not None:
        counted = await pages.number_query(ast, count.most).set_session(session).to_list()
        number = int(counted[0][NUMBER]) if counted else 0
    decode = [_decoder(key) for key in ast.order]
    if shown is not None:
        return make_page(
            ast, [_row(shown, document, decode) for document in found], count=count, found=number
        )
    rows = [_row(pages.model, document, decode) for document in found]
    return make_page(ast, rows, count=count, found=number)


def _decoder(key: OrderKey) -> Decode:
    field = key.path.field
    if field is None:
        raise TypeError(f"{key.path} is a relation, which has no order")
    return decoder_of(field.type)


def _row(model: type[M], stored: Stored, decode: Sequence[Decode]) -> tuple[M, list[Value]]:
    """Return a document and the values of its keys; what is stored may be Beanie's own cache, so it stays."""
    keys = [None if key is None else of(key) for of, key in zip(decode, stored[KEYS], strict=True)]
    own = {name: value for name, value in stored.items() if name != KEYS}
    return cast("M", parse_obj(model, own)), keys
