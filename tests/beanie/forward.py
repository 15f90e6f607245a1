"""Documents that link by name, in a module whose annotations are evaluated where they stand."""

from beanie import Document, Link
from pydantic import BaseModel

__all__ = ["Found", "Linking"]


class Linking(Document):
    later: Link["Found"]
    wrong: Link["Plain"]


class Found(Document):
    pass


class Plain(BaseModel):
    name: str
