"""The related documents that a query looks at: each way to them is a `$lookup`. Knows links; no operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from beanie import Document
from beanie.exceptions import CollectionWasNotInitialized

from queryengine.ast import Step
from queryengine.errors import ConfigurationError
from queryengine_beanie.links import BackLinkSource, LinkSource
from queryengine_beanie.schema import RESERVED, is_initialised

__all__ = [
    "Condition",
    "Joins",
    "Lookup",
    "Place",
    "Stage",
    "children_of",
    "collection_of",
    "link_stage",
    "target_of",
]

# Any: conditions and stages hold values of all types that BSON has.
Condition: TypeAlias = dict[str, Any]
"""A document of MongoDB's query language."""
Stage: TypeAlias = dict[str, Any]
"""A stage of an aggregation pipeline."""


@dataclass(slots=True)
class Lookup:
    """Documents that are related to those at a place, put into them as an array under `name`.

    `first` are the stages of the pipeline before those of `joins`, `last` those after them.
    """

    step: Step
    name: str
    one: bool = False
    first: list[Stage] = field(default_factory=list[Stage])
    joins: Joins = field(default_factory=lambda: Joins())  # noqa: PLW0108  # the class comes below
    last: list[Stage] = field(default_factory=list[Stage])

    def stages(self) -> list[Stage]:
        """Return the stages that put the related documents there; of a to-one relation, the document."""
        stages = [link_stage(self.step, self.name, [*self.first, *self.joins.stages(), *self.last])]
        if self.one:
            stages.append({"$addFields": {self.name: {"$arrayElemAt": [f"${self.name}", 0]}}})
        return stages


class Joins:
    """The lookups of one pipeline, under names that no document has. Equal to-one steps share one."""

    def __init__(self) -> None:
        self._lookups: list[Lookup] = []
        self._to_one: dict[Step, Lookup] = {}
        self.uses: int = 0
        """how often a condition or an order has asked for related documents"""

    def to_one(self, step: Step) -> tuple[Lookup, bool]:
        """Return the lookup of a to-one relation, and whether it is a new one."""
        self.uses += 1
        known = self._to_one.get(step)
        if known is not None:
            return known, False
        self._to_one[step] = lookup = self._add(step, one=True)
        return lookup, True

    def to_many(self, step: Step) -> Lookup:
        """Return a new lookup, whose array tells whether there is such a document."""
        self.uses += 1
        return self._add(step, one=False)

    def names(self) -> list[str]:
        """Return the names under which related documents are put."""
        return [lookup.name for lookup in self._lookups]

    def stages(self) -> list[Stage]:
        """Return the stages of all lookups."""
        return [stage for lookup in self._lookups for stage in lookup.stages()]

    def _add(self, step: Step, *, one: bool) -> Lookup:
        lookup = Lookup(step, f"{RESERVED}{len(self._lookups)}", one)
        self._lookups.append(lookup)
        if filter_of_class := children_of(target_of(step)):
            lookup.first.append({"$match": filter_of_class})
        return lookup


@dataclass(frozen=True, slots=True)
class Place:
    """Where paths begin: `prefix` leads there in the documents of the pipeline that has `joins`."""

    joins: Joins
    prefix: str = ""


def target_of(step: Step) -> type[Document]:
    """Return the class of the documents that a step leads to."""
    return cast("type[Document]", step.relation.target.model)


def collection_of(model: type[Document]) -> str:
    """Return the name of a model's collection; before Beanie is initialised, what it will be by the class."""
    try:
        return model.get_collection_name()
    except CollectionWasNotInitialized:
        settings: object = getattr(model, "Settings", None)
        return str(getattr(settings, "name", None) or model.__name__)


def children_of(model: type[Document], *, with_children: bool = True) -> Condition:
    """Return what is true of the documents of a class (and its children); empty where all are."""
    try:
        return model.find(with_children=with_children).get_filter_query()
    except CollectionWasNotInitialized:
        return {}


def link_stage(step: Step, name: str, pipeline: list[Stage]) -> Stage:
    """Return the stage that puts the documents at the end of a step into each document, under `name`.

    Raises ConfigurationError where Beanie knows the documents that have the link, and not those it leads to.
    """
    link = _link(step)
    if is_initialised(link.owner) and not is_initialised(target_of(step)):
        place, target = f"{link.owner.__name__}.{step.relation.name}", target_of(step).__name__
        raise ConfigurationError(f"{place}: {target} is missing from the document_models of init_beanie")
    lookup: Stage = {
        "from": collection_of(target_of(step)),
        "localField": link.local,
        "foreignField": link.foreign,
        "as": name,
    }
    return {"$lookup": lookup | {"pipeline": pipeline} if pipeline else lookup}


def _link(step: Step) -> LinkSource | BackLinkSource:
    source = step.relation.source
    if not isinstance(source, (LinkSource, BackLinkSource)):
        raise TypeError(f"{step.relation.name} is no link of a document")
    return source
