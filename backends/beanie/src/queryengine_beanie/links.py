"""Links between documents: what an annotation links to, and where the ids stand. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard, cast, get_args, get_origin

from beanie import BackLink, Document, Link
from pydantic.fields import FieldInfo

from queryengine.annotations import Annotation, element_of
from queryengine.errors import ConfigurationError

__all__ = ["BackLinkSource", "LinkAnnotation", "LinkSource", "link_of"]

ID = "$id"
"""the member of a DBRef that has the id"""


@dataclass(frozen=True, slots=True)
class LinkSource:
    """A link, or a list of links, that a document of the class `owner` holds under `key`."""

    key: str
    owner: type[object]

    @property
    def local(self) -> str:
        """Where the document has the ids of its related ones."""
        return f"{self.key}.{ID}"

    @property
    def foreign(self) -> str:
        """What of a related document is compared with them."""
        return "_id"


@dataclass(frozen=True, slots=True)
class BackLinkSource:
    """The other side of links: related documents hold them under `original`; Beanie shows them as `key`."""

    key: str
    original: str
    owner: type[object]

    @property
    def local(self) -> str:
        """Where the document has what related ones refer to."""
        return "_id"

    @property
    def foreign(self) -> str:
        """Where a related document has the ids that it refers to."""
        return f"{self.original}.{ID}"


@dataclass(frozen=True, slots=True)
class LinkAnnotation:
    """An annotation that links to documents, to those of the class `target` if it is right."""

    target: object
    back: bool
    many: bool

    def resolve(self, model: type[object]) -> type[Document]:
        """Return the class at the other end. Raises ConfigurationError for what is no document."""
        if not _is_document(self.target):
            raise ConfigurationError(f"{model.__name__} links to {self.target!r}, which is not a document")
        return self.target

    def source(self, key: str, info: FieldInfo, model: type[object]) -> LinkSource | BackLinkSource:
        """Return where the ids stand, for a field that is stored under `key`."""
        if not self.back:
            return LinkSource(key, model)
        extra = info.json_schema_extra
        original = cast("dict[str, object]", extra).get("original_field") if isinstance(extra, dict) else None
        if not isinstance(original, str):
            raise ConfigurationError(f"{model.__name__}.{key}: a BackLink names its original_field")
        return BackLinkSource(key, original, model)


def link_of(annotation: Annotation) -> LinkAnnotation | None:
    """Return what a field's annotation links to; None for what is no link.

    >>> from queryengine.annotations import take_apart
    >>> link_of(take_apart(list[Link[Document]] | None))
    LinkAnnotation(target=<class 'beanie.odm.documents.Document'>, back=False, many=True)
    """
    element = element_of(annotation)
    inner = (element or annotation).type
    origin = get_origin(inner)
    if origin is not Link and origin is not BackLink:
        return None
    (target,) = get_args(inner)
    return LinkAnnotation(target, origin is BackLink, element is not None)


def _is_document(candidate: object) -> TypeGuard[type[Document]]:
    return isinstance(candidate, type) and issubclass(candidate, Document)
