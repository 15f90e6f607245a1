"""What a caller sees of a model: its names, the rights on them. What is not in a view does not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import AliasPath, BaseModel
from pydantic.fields import FieldInfo

from queryengine.ast import Op
from queryengine.engine import FULL, Capabilities
from queryengine.errors import ConfigurationError
from queryengine.operators import by_name
from queryengine.policy import NOTHING, Access, SecurityPolicy, looks_secret
from queryengine.response_model import nested_model, nests, read_from, shown
from queryengine.schema import Field, JSONType, ModelSchema, Relation

__all__ = [
    "ModelView",
    "ViewField",
    "ViewRelation",
    "build_view",
    "check_paths",
    "read_related",
    "whole_view",
]


@dataclass(frozen=True, slots=True, eq=False)
class ViewField:
    """A field under the caller's name.

    `allowed` are the operators that type and policy allow, `operators` those of them that the back-end has.
    """

    name: str
    field: Field
    access: Access
    allowed: frozenset[str]
    operators: frozenset[str]
    sort: bool

    @property
    def select(self) -> bool:
        """Whether `fields` may name it."""
        return self.access.select


@dataclass(frozen=True, slots=True, eq=False)
class ViewRelation:
    """A relation under the caller's name; `load` gives the view of the related model, when first needed.

    `opt_in` is true when the response model has a default for it, which is shown to who does not ask for it.
    """

    name: str
    relation: Relation
    access: Access
    load: Callable[[], ModelView]
    opt_in: bool = False

    @property
    def target(self) -> ModelView:
        """What the caller sees of the related model."""
        return self.load()


@dataclass(frozen=True, slots=True, eq=False)
class ModelView:
    """A model under the caller's names; `expose` is the response model behind it.

    `hides` is true when the model has a field that the caller does not see, `pruned` when the response model
    shows more than the policy does; `known` are all names, the invisible ones too, for checks of the policy.
    """

    name: str
    schema: ModelSchema[object]
    fields: Mapping[str, ViewField]
    relations: Mapping[str, ViewRelation]
    expose: type[BaseModel] | None
    hides: bool
    pruned: bool
    known: frozenset[str]

    def names(self) -> list[str]:
        """All visible names, in the model's order."""
        return [*self.fields, *self.relations]


def build_view(schema: ModelSchema[object], capabilities: Capabilities, policy: SecurityPolicy) -> ModelView:
    """Return what the policy shows of a model. Related models are read when a filter first goes there."""
    return _Builder(capabilities, policy).view(schema, policy.expose, "", policy.others or NOTHING)


def whole_view(schema: ModelSchema[object], capabilities: Capabilities) -> ModelView:
    """Return the view of a row scope: all fields and relations, hidden ones too, by attribute name."""
    return _Builder(capabilities, None).view(schema, None, "", Access())


def check_paths(view: ModelView, policy: SecurityPolicy) -> None:
    """Raise ConfigurationError where the policy speaks of a path that the model does not have."""
    for path in policy.paths:
        here: ModelView | None = view
        for part in path.split("."):
            if here is None:
                raise ConfigurationError(f"SecurityPolicy.paths[{path!r}]: nothing lies below {part!r}")
            if part in here.relations:
                here = here.relations[part].target
            elif part in here.known:
                here = None
            else:
                known = ", ".join(sorted(here.known))
                raise ConfigurationError(
                    f"SecurityPolicy.paths[{path!r}]: {here.name} has no {part!r}, but: {known}"
                )


def read_related(view: ModelView) -> None:
    """Read all related models that a view leads to. Raises ConfigurationError for one that cannot be read."""
    seen: set[int] = set()
    waiting = [view]
    while waiting:
        here = waiting.pop()
        if id(here) not in seen:
            seen.add(id(here))
            waiting.extend(relation.target for relation in here.relations.values())


class _Builder:
    """Builds views of related models lazily, one for each place that has rights of its own."""

    def __init__(self, capabilities: Capabilities, policy: SecurityPolicy | None) -> None:
        self._capabilities = capabilities
        self._policy = policy
        self._views: dict[tuple[int, type[BaseModel] | None, str | None, Access], ModelView] = {}

    def view(
        self, schema: ModelSchema[object], expose: type[BaseModel] | None, prefix: str, default: Access
    ) -> ModelView:
        """Return the view of a schema at a place, whose unlisted members have the rights `default`.

        Places below which the policy's paths say nothing share one view, so that recursion ends.
        """
        special = self._policy is not None and any(path.startswith(prefix) for path in self._policy.paths)
        key = (id(schema), expose, prefix if special or not prefix else None, default)
        if key not in self._views:
            self._views[key] = self._make(schema, expose, prefix, default)
        return self._views[key]

    def _make(
        self, schema: ModelSchema[object], expose: type[BaseModel] | None, prefix: str, default: Access
    ) -> ModelView:
        members = _members(schema) if expose is None else _exposed(expose, schema)
        fields: dict[str, ViewField] = {}
        relations: dict[str, ViewRelation] = {}
        for name, (member, info) in members.items():
            access, below = self._rights(prefix + name, member, default, exposed=expose is not None)
            if not access.visible:
                continue
            if isinstance(member, Field):
                fields[name] = self._field(name, member, access)
            else:
                response = None if info is None else nested_model(info.annotation)
                load = self._loader(member, response, prefix + name + ".", below)
                opt_in = info is not None and not info.is_required() and not member.embedded
                relations[name] = ViewRelation(name, member, access, load, opt_in)
        selected = {field.field.name for field in fields.values() if field.select}
        return ModelView(
            schema.name if expose is None else expose.__name__,
            schema,
            MappingProxyType(fields),
            MappingProxyType(relations),
            expose,
            hides=any(name not in selected for name in schema.fields),
            pruned=expose is not None and self._withholds(prefix, default),
            known=frozenset(members),
        )

    def _withholds(self, prefix: str, default: Access) -> bool:
        if self._policy is None:
            return False
        listed = (access for path, access in self._policy.paths.items() if path.startswith(prefix))
        return not default.select or any(access is None or not access.select for access in listed)

    def _loader(
        self, relation: Relation, response: type[BaseModel] | None, prefix: str, default: Access
    ) -> Callable[[], ModelView]:
        return lambda: self.view(relation.target, response, prefix, default)

    def _rights(
        self, path: str, member: Field | Relation, default: Access, *, exposed: bool
    ) -> tuple[Access, Access]:
        """The rights on a member, and the default rights of what lies below it."""
        policy = self._policy
        if policy is None:
            return default, default
        if path in policy.paths:
            return policy.paths[path] or NOTHING, policy.others or Access()
        if isinstance(member, Relation):
            secret = member.hidden or looks_secret(member.name)
            natural = exposed or ((policy.relations or member.embedded) and not secret)
            access = default if natural else NOTHING
            if not access.visible and policy.lists(path):
                return Access(include=False), NOTHING
            return access, default
        if not exposed and (member.hidden or looks_secret(member.name)):
            return NOTHING, NOTHING
        return default, NOTHING

    def _field(self, name: str, field: Field, access: Access) -> ViewField:
        kind = field.type.kind
        words = (word for word in FULL[kind] if access.may_filter(word))
        if self._policy is not None and not self._policy.regex:
            words = (word for word in words if by_name[word].op is not Op.REGEX)
        allowed = frozenset(words)
        able = (word for word in allowed if self._capabilities.can(word, kind))
        if field.gap is not None:
            able = (word for word in able if by_name[word].op is Op.IS_NULL)
        sortable = access.sort and field.gap is None and kind in self._capabilities.sortable
        return ViewField(name, field, access, allowed, frozenset(able), sortable)


Members = dict[str, tuple[Field | Relation, FieldInfo | None]]
"""by the caller's names; with the field of the response model, where there is one"""


def _members(schema: ModelSchema[object]) -> Members:
    members: Members = {name: (field, None) for name, field in schema.fields.items()}
    return members | {name: (relation, None) for name, relation in schema.relations.items()}


def _exposed(expose: type[BaseModel], schema: ModelSchema[object]) -> Members:
    """What a response model shows, under its serialization aliases; relations with their nested models."""
    # A model that names one that comes after it does not know its own fields until it is first used.
    expose.model_rebuild(raise_errors=False)
    members: Members = {}
    for visible, (name, info) in shown(expose).items():
        attributes = _attributes(expose, name)
        attribute = next((a for a in attributes if a in schema.fields or a in schema.relations), None)
        if attribute is None:
            _must_be_computed(expose, name, attributes, schema)
        elif attribute in schema.fields:
            field = schema.fields[attribute]
            if not isinstance(field.type, JSONType) and nests(expose, name):
                place = f"{expose.__name__}.{name}"
                raise ConfigurationError(
                    f"{place} nests a model, and {schema.name}.{attribute} is no relation"
                )
            members[visible] = (field, info)
        elif nested_model(info.annotation) is not None:
            members[visible] = (schema.relations[attribute], info)
    return members


def _attributes(expose: type[BaseModel], name: str) -> list[str]:
    """The attributes that a field may stand for, first come first: also its own, which handlers may fill."""
    choices = read_from(expose, name)
    names = [
        choice.path[0] if isinstance(choice, AliasPath) and len(choice.path) == 1 else choice
        for choice in choices
    ]
    return [*(attribute for attribute in names if isinstance(attribute, str)), name]


def _must_be_computed(
    expose: type[BaseModel], name: str, attributes: list[str], schema: ModelSchema[object]
) -> None:
    info = expose.model_fields[name]
    if info.is_required() and not any(hasattr(schema.model, attribute) for attribute in attributes):
        raise ConfigurationError(f"{expose.__name__}.{name}: {schema.name} has no attribute of that name")
