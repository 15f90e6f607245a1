"""Models that the tests of the command line name by their module."""

from __future__ import annotations

from pydantic import BaseModel


class Author(BaseModel):
    name: str


class Book(BaseModel):
    id: int
    title: str
    pages: int | None
    author: Author | None
    secret_note: str


class BookTitle(BaseModel):
    title: str


NOT_A_CLASS = 5
