"""A known shape's query is a copy: equal to the one compiled anew, and independent of all others."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import ref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from queryengine_sqlalchemy.compiler import TextRules
from queryengine_sqlalchemy.statement import StatementCompiler
from queryengine_sqlalchemy.template import CACHE_KEY, Template, Templates
from sqlalchemy import Engine, Select, create_engine, event, func, select, union
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import Session, aliased, selectinload
from sqlalchemy.sql.cache_key import CacheKey, HasCacheKey

from queryengine.ast import FilterAST, Shape
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope, field
from queryengine.process import Processor
from queryengine.request import encode
from queryengine.testing.strategies import Ground, siblings
from tests.sqlalchemy.models import Person, Place, Postgres, Types
from tests.sqlalchemy.test_rows import ARRAYS, ORDERS, PEOPLE, TYPES

POLICY = SecurityPolicy(relations=True, regex=True)
Document = dict[str, Any]  # Any: a JSON document


class Service:
    """An engine and its processor, as a dependency has them."""

    def __init__(self, model: type[Any]) -> None:
        postgres = model is Postgres
        self.engine = SQLAlchemyQueryEngine(model, dialect="postgresql" if postgres else None)
        self.processor = Processor(self.engine, policy=POLICY)

    def bound(self, document: Document, scope: Scope | None = None) -> FilterAST:
        return self.processor.process(encode(document), scope=scope)

    def query(self, document: Document, scope: Scope | None = None) -> Select[Any]:
        return self.engine.build_query(self.bound(document, scope)).query


@pytest.fixture(scope="module")
def people() -> Service:
    return Service(Person)


def dialects() -> Sequence[Dialect]:
    postgresql: Dialect = _new(PGDialect)
    return (SQLiteDialect(), postgresql)


def _new(dialect: type[Dialect]) -> Dialect:
    return dialect()


def written(query: Select[Any], dialect: Dialect) -> tuple[str, dict[str, Any]]:
    """The SQL of a query and its parameters."""
    compiled = query.compile(dialect=dialect)
    return str(compiled), dict(compiled.params)


def template_of(service: Service, document: Document, scope: Scope | None = None) -> Template[Any]:
    """The template of a filter's shape, whether it holds or not."""
    shape = service.bound(document, scope).shape
    assert shape is not None
    compiler = StatementCompiler(service.engine.model, TextRules())
    return Template(compiler.compile(shape.template), compiler.conditions.slots)


CASES: list[tuple[type[Any], Document]] = [
    *((Person, {"where": where, "limit": 5, "offset": 1}) for where in PEOPLE),
    *((Person, {"where": {"id": {"gt": 0}}, "order": order}) for order in ORDERS),
    *((Types, {"where": where, "order": "id"}) for where in TYPES),
    *((Postgres, {"where": where}) for where in ARRAYS),
]


@pytest.mark.parametrize(("model", "document"), CASES, ids=str)
def test_a_copy_is_the_query_that_would_have_been_compiled(model: type[Any], document: Document) -> None:
    service = Service(model)
    assert template_of(service, document).holds
    service.query(document)  # at first sight there is no template yet
    first, second = service.query(document), service.query(document)
    fresh = StatementCompiler(model, TextRules()).compile(service.bound(document))
    for dialect in dialects():
        if model is not Postgres or dialect.name == "postgresql":
            assert written(first, dialect) == written(second, dialect) == written(fresh, dialect)


@pytest.mark.parametrize(("model", "document"), CASES, ids=str)
def test_the_key_that_a_copy_brings_is_the_one_that_sqlalchemy_would_find(
    model: type[Any], document: Document
) -> None:
    service = Service(model)
    service.query(document)  # at first sight there is no template yet
    query = service.query(document)
    find: Callable[[object], CacheKey | None] = getattr(HasCacheKey, CACHE_KEY)
    brought: CacheKey | None = getattr(query, CACHE_KEY)()
    found = find(query)
    assert brought is not None
    assert found is not None
    assert brought.key == found.key
    assert [id(bound) for bound in brought.bindparams] == [id(bound) for bound in found.bindparams]


@pytest.mark.long
@given(st.data())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_copies_of_random_shapes_are_the_queries_that_would_have_been_compiled(data: st.DataObject) -> None:
    service = Service(Person)
    ground = Ground(service.processor.view, service.engine.capabilities)
    for document in data.draw(siblings(ground, 3, paged=False)):
        ast = service.bound(document)
        fresh = StatementCompiler(Person, TextRules()).compile(ast)
        for dialect in dialects():
            assert written(service.engine.build_query(ast).query, dialect) == written(fresh, dialect)


def test_copies_have_values_of_their_own(people: Service) -> None:
    first = people.query({"where": {"id": {"in": [1, 2]}, "boss.name": {"contains": "a"}}, "limit": 3})
    second = people.query({"where": {"id": {"in": [4, 5, 6]}, "boss.name": {"contains": "b"}}, "limit": 4})
    (sqlite, _) = dialects()
    assert list(written(first, sqlite)[1].values()) == [(1, 2), "a", 3, 0]
    assert list(written(second, sqlite)[1].values()) == [(4, 5, 6), "b", 4, 0]


def names(session: Session, query: Select[Any]) -> list[str | None]:
    return [person.name for person in session.scalars(query)]


def test_a_copy_can_be_changed_like_any_other_query(session: Session, people: Service) -> None:
    query = people.query({"where": {"id": {"lt": 4}}, "order": "id"})
    narrower = query.where(Person.name.is_not(None)).limit(1).offset(1)
    assert names(session, narrower) == ["bob"]
    assert names(session, query) == ["Ada", "bob", None]
    assert names(session, query.execution_options(yield_per=1)) == ["Ada", "bob", None]
    with_home = session.scalars(query.options(selectinload(Person.home))).all()
    assert "home" in with_home[0].__dict__
    assert session.scalar(select(func.count()).select_from(query.subquery())) == 3


def test_copies_of_one_shape_can_be_joined_in_one_query(session: Session, people: Service) -> None:
    first, second = (people.query({"where": {"name": {"eq": name}}, "limit": 9}) for name in ("Ada", "bob"))
    both = union(*[select(query.subquery()) for query in (first, second)]).subquery()
    person = aliased(Person, both)
    assert names(session, select(person).order_by(person.id)) == ["Ada", "bob"]
    inner = people.query({"where": {"name": {"eq": "Ada"}}, "limit": 9}).with_only_columns(Person.id)
    assert names(session, second.where(Person.boss_id.in_(inner))) == ["bob"]


def test_the_same_copy_can_run_twice(session: Session, people: Service) -> None:
    query = people.query({"where": {"name": "Ada"}})
    assert names(session, query) == names(session, query) == ["Ada"]


@pytest.fixture
def counted(sqlite_engine: Engine) -> list[str]:
    """Collect whether each statement was found in SQLAlchemy's cache of compiled ones."""
    found: list[str] = []

    def look(_: Connection, __: object, ___: str, ____: object, context: Any, _____: bool) -> None:
        found.append(context.cache_hit.name)

    event.listen(sqlite_engine, "before_cursor_execute", look)
    return found


def test_sqlalchemy_compiles_a_shape_once(sqlite_engine: Engine, counted: list[str]) -> None:
    service = Service(Person)
    for ids in ([1], [2, 3], [], [4, 5, 6]):
        with Session(sqlite_engine) as session:
            document: Document = {
                "where": {"id": {"in": ids}, "home.name": {"ne": str(ids)}},
                "order": "home.name,id",
                "limit": 1 + len(ids),
            }
            found = session.scalars(service.query(document)).all()
            assert sorted(person.id for person in found) == ids
    assert counted[1:] == ["CACHE_HIT"] * 3


def test_many_threads_may_use_one_engine(people: Service) -> None:
    database = create_engine("sqlite://")

    def one(number: int) -> bool:
        query = people.query(
            {"where": {"id": {"gt": number}, "staff": {"some": {"name": str(number)}}}, "limit": 7}
        )
        params = query.compile(database).params
        return list(params.values())[:2] == [number, str(number)]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(400)))
    database.dispose()


def test_the_values_of_a_row_scope_are_values_like_others(session: Session, people: Service) -> None:
    document: Document = {"where": {"home.name": {"ne": "Zug"}}, "order": "id"}
    for most in (2, 4, 6):
        scope = {Person: field("id") <= most, Place: field("id").in_([1, 2])}
        assert template_of(people, document, scope).holds
        found = session.scalars(people.query(document, scope)).all()
        assert [person.id for person in found] == [1, 3, 4, 5, 6][: {2: 1, 4: 3, 6: 5}[most]]


def test_a_value_within_a_loader_option_makes_no_template(session: Session, people: Service) -> None:
    def document(name: str) -> Document:
        include = {"relation": "staff", "scope": {"where": {"name": name}}}
        return {"where": {"id": 1}, "include": [include]}

    assert not template_of(people, document("bob")).holds
    for name, expected in (("bob", [2]), ("Ada", [])):
        (ada,) = session.scalars(people.query(document(name))).all()
        assert [person.id for person in ada.staff] == expected


def test_a_shape_without_values_is_copied_too(session: Session, people: Service) -> None:
    document: Document = {"where": {"boss": {"isNull": True}}}
    assert template_of(people, document).holds
    people.query(document)
    first, second = people.query(document), people.query(document)
    assert first is not second
    assert names(session, first) == names(session, second) == ["Ada"]


class Counting:
    """Makes compilers, and counts how often."""

    def __init__(self) -> None:
        self.compiles = 0

    def __call__(self) -> StatementCompiler[Person]:
        self.compiles += 1
        return StatementCompiler(Person, TextRules())


def test_a_shape_is_compiled_at_its_first_sight_and_as_a_template_at_its_second(people: Service) -> None:
    counting = Counting()
    templates = Templates(counting)
    for name, compiles in (("Ada", 1), ("bob", 2), ("Eve", 2), ("Zoë", 2)):
        query = templates.compile(people.bound({"where": {"kind": {"contains": name}}, "limit": 2}))
        assert name in written(query, dialects()[0])[1].values()
        assert counting.compiles == compiles
    templates.compile(people.bound({"where": {"kind": {"endsWith": "Ada"}}, "limit": 2}))
    assert counting.compiles == 3


def test_a_shape_without_a_template_is_tried_once(people: Service) -> None:
    counting = Counting()
    templates = Templates(counting)
    include = {"relation": "staff", "scope": {"where": {"kind": "person"}}}
    for compiles in (1, 3, 4, 5):
        templates.compile(people.bound({"include": [include]}))
        assert counting.compiles == compiles


def test_a_template_goes_with_its_shape() -> None:
    service = Service(Person)
    templates = Templates(lambda: StatementCompiler(Person, TextRules()))

    def met(number: int) -> tuple[ref[Shape], ref[Template[Person]]]:
        templates.compile(service.bound({"where": {"id": number}}))
        shape = service.bound({"where": {"id": 7}}).shape
        assert shape is not None
        return ref(shape), ref(shape.compiled[templates])

    met(1)
    shape, template = met(2)
    assert met(3) == (shape, template)
    service.processor = Processor(service.engine, policy=POLICY)
    gc.collect()
    assert shape() is None
    assert template() is None
