"""The conformance kit asks for all of the language, and finds back-ends that are not what they declare."""

from __future__ import annotations

import asyncio
import enum
import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryengine.ast import FilterAST, Quantifier
from queryengine.engine import FULL, Capabilities
from queryengine.errors import ErrorCode, FilterError
from queryengine.memory import MemoryQueryEngine, evaluate
from queryengine.operators import SORTABLE
from queryengine.process import Processor
from queryengine.schema import EnumType, Field, IntegerType, TypeKind
from queryengine.testing import (
    WORLD,
    Adapter,
    Differential,
    Document,
    Ground,
    Item,
    Results,
    Stage,
    Together,
    all_cases,
    filters,
    models,
    read_results,
    rows,
    support,
)
from queryengine.testing.adapter import POLICY
from queryengine.testing.campaign import run_campaign
from queryengine.testing.cases.table import label, labelled, maker, part, thing
from queryengine.testing.conformance import Conformance, Outcome, needs_of_case
from queryengine.testing.declarations import model_differences, unexplained_gaps
from queryengine.testing.dumps import comparable
from queryengine.testing.needs import FEATURES, Need, needs_of
from queryengine.testing.queries import query_string
from queryengine.testing.reference import reference_schema
from queryengine.testing.results import PROPERTY, Facts, report_case
from queryengine.testing.rows import consistent, make_items
from queryengine.testing.scoped import check_changes_outside, check_scopes
from queryengine.testing.world import Phrase, Thing
from tests.conformance.reference import Reference, changed

ROOT: Final = Path(__file__).parents[2]
CASES = {case.name: case for case in all_cases()}
FEW = settings(max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def stage_of(adapter: Adapter) -> Generator[Stage]:
    with asyncio.Runner() as runner:
        yield Stage(adapter, runner)


def check(reference: Reference, *names: str) -> list[str]:
    """Hold a back-end to cases; return the reasons of the gaps that it met."""
    with stage_of(reference.adapter()) as stage:
        outcomes = [Conformance(stage).check(CASES[name]) for name in names]
    return list(dict.fromkeys(reason for outcome in outcomes for _, reason in outcome.gaps))


# -- the cases


def test_the_reference_says_of_every_case_what_its_table_says() -> None:
    with stage_of(Reference().adapter()) as stage:
        conformance = Conformance(stage)
        assert [case.name for case in all_cases() if conformance.check(case).gaps] == []


def test_every_operator_on_every_kind_every_quantifier_and_feature_has_a_case() -> None:
    answered = [case for case in all_cases() if not isinstance(case.answer, ErrorCode)]
    asked = {str(need) for case in answered for need in needs_of_case(case)}
    operators = {f"{kind}:{word}" for kind, words in FULL.items() for word in words}
    orders = {f"{kind}:order" for kind in SORTABLE}
    quantifiers = {f"relation:{quantifier}" for quantifier in Quantifier}
    assert (operators | orders | quantifiers | set(FEATURES)) - asked == set()


def test_every_field_and_relation_of_the_world_has_a_case() -> None:
    asked = {(need.entity, need.member) for case in all_cases() for need in needs_of_case(case)}
    schemas = [reference_schema(model) for model in WORLD.models.values()]
    members = {(schema.name, name) for schema in schemas for name in (*schema.fields, *schema.relations)}
    references = {(entity, each.attribute) for entity in WORLD.models for each in WORLD.references_of(entity)}
    keys = {(entity, "id") for entity in WORLD.models}
    assert members - asked - references - keys == set()


def test_the_cases_have_names_of_their_own_and_those_of_the_same_rows_stand_together() -> None:
    assert len(CASES) == len(all_cases())
    places: dict[int, list[int]] = {}
    for place, case in enumerate(all_cases()):
        places.setdefault(id(case.items), []).append(place)
    again = sum(one != other + 1 for found in places.values() for other, one in pairwise(found))
    assert again + len(places) < len(all_cases()) / 8


# -- what a filter needs


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ('{"where": {"count": 5}}', ["integer:eq"]),
        ('{"where": {"note": {"ne": null, "nlike": "a"}}}', ["text:exists", "text:nlike"]),
        ('{"where": {"maker.name": {"$neq": "a"}}}', ["relation:way", "text:ne"]),
        ('{"where": {"maker": {"isNull": false}}}', ["relation:exists"]),
        (
            '{"where": {"parts": {"none": {"size": {"gt": 1}}}}}',
            ["integer:gt", "relation:none", "relation:way"],
        ),
        (
            '{"where": {"labels": {"elemMatch": {"not": {"name": "a"}}}}}',
            ["relation:some", "relation:way", "text:eq"],
        ),
        ('{"order": "count"}', ["integer:order"]),
        ('{"order": "big"}', ["integer:order", "nulls_order"]),
        ('{"order": "owner.name"}', ["order_by_relation", "relation:way", "text:order"]),
        ('{"fields": ["name"], "include": ["parts"]}', ["include", "projection"]),
        ('{"include": [{"relation": "parts", "scope": {"limit": 1}}]}', ["include", "include_window"]),
        ('{"where": {"nothing": 1}}', []),
        ("{", []),
    ],
)
def test_what_a_filter_needs_is_read_from_its_text(text: str, needs: Sequence[str]) -> None:
    assert sorted({str(need) for need in needs_of(text, reference_schema(Thing))}) == needs


# -- back-ends that are not what they declare


def without_last(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
    return evaluate(ast, rows)[:-1]


def out_of_order(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
    return evaluate(ast, rows)[::-1]


def refusing(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
    raise FilterError(ErrorCode.UNSUPPORTED_BY_BACKEND, f"no {ast} of {rows}")


@pytest.mark.parametrize("answer", [without_last, out_of_order, refusing])
def test_a_wrong_answer_is_found(answer: Callable[[FilterAST, Sequence[object]], Sequence[object]]) -> None:
    with pytest.raises(AssertionError, match=r"clauses 1: Thing \{\}\n  expected: rows"):
        check(Reference(answer=answer), "clauses 1")


def test_rows_that_show_other_values_are_found() -> None:
    def other_names(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
        return [{"id": getattr(row, "id"), "name": "?"} for row in evaluate(ast, rows)]  # noqa: B009  # an object's

    with pytest.raises(AssertionError, match=r"'name': '\?'"):
        check(Reference(answer=other_names), "fields 1")


def test_a_declared_gap_that_binds_is_found() -> None:
    class Lying(Reference):
        def adapter(self) -> Adapter:
            return replace(super().adapter(), absent={"Thing.big": "not here"})

    with pytest.raises(AssertionError, match=r"expected: an error .*not here.*\n  actual: no error"):
        check(Lying(), "groups 1")
    assert list(model_differences(Lying().adapter())) == ["Thing.big is declared absent, and is there"]


def test_what_is_declared_not_to_be_done_has_to_be_refused_and_is_a_gap() -> None:
    no_like = {**FULL, TypeKind.TEXT: FULL[TypeKind.TEXT] - {"like"}}
    able = Capabilities(backend="toy", operators=no_like, quantifiers=frozenset({Quantifier.NONE}))
    able = replace(able, notes={"like": "no patterns", "some": "no some", "every": "no every"})
    reference = Reference(capabilities=able)
    assert check(reference, "signs like 1", "to many 1", "to many 3", "signs contains 1") == [
        "no patterns",
        "no some",
    ]
    assert list(unexplained_gaps(reference.adapter())) == []


@pytest.mark.parametrize(
    ("able", "feature", "name"),
    [
        (
            Capabilities(backend="few", order_by_relation=False),
            "order_by_relation",
            "order by related rows 1",
        ),
        (Capabilities(backend="few", order_by_missing=False), "order_by_missing", "order by related rows 3"),
        (Capabilities(backend="few", nulls_order=False), "nulls_order", "order 9"),
        (Capabilities(backend="few", projection=False), "projection", "fields 1"),
        (Capabilities(backend="few", include=False), "include", "include 1"),
        (Capabilities(backend="few", include_window=False), "include_window", "include in order 1"),
        (Capabilities(backend="few", include_missing=False), "include_missing", "include in scope 5"),
    ],
)
def test_a_feature_that_is_missing_is_refused(able: Capabilities, feature: str, name: str) -> None:
    few = replace(able, notes={feature: "it is not there"})
    assert feature in map(str, needs_of_case(CASES[name]))
    assert check(Reference(capabilities=few), name) == ["it is not there"]
    assert check(Reference(), name) == []


def test_a_value_outside_of_a_domain_is_a_gap_that_is_refused() -> None:
    narrow = changed("Thing", "big", lambda field: replace(field, type=IntegerType(-9, 9)))
    found = check(Reference(schemas=narrow), "ends Thing.big 1", "ends Thing.big 4", "groups 1")
    assert "Thing.big does not hold -9223372036854775808" in found


def test_a_field_with_a_gap_is_asked_for_null_only() -> None:
    folding = changed("Phrase", "text", lambda field: replace(field, gap="it folds case"))
    assert check(Reference(schemas=folding), "signs eq 2", "equality of Phrase.text 7") == ["it folds case"]


def test_what_is_absent_is_unknown_and_its_cases_are_gaps() -> None:
    schema = reference_schema(Phrase)
    fields = MappingProxyType({name: field for name, field in schema.fields.items() if name != "note"})
    reference = Reference(
        absent={"Phrase.note": "no notes", "Bag": "no arrays"},
        schemas={"Phrase": replace(schema, fields=fields)},
    )
    assert check(reference, "null text contains 1", "arrays together 1", "signs eq 2") == [
        "no notes",
        "no arrays",
    ]
    assert list(model_differences(reference.adapter())) == []
    assert "note" not in reference.loaded[0].values


def test_wrong_types_and_nulls_of_a_model_are_found() -> None:
    wrong = {
        **changed("Thing", "big", lambda field: replace(field, nullable=False)),
        **changed("Phrase", "text", lambda field: replace(field, type=IntegerType())),
    }
    assert list(model_differences(Reference(schemas=wrong).adapter())) == [
        "Thing.big may be null, and the schema says that it may not",
        "Phrase.text is a field of kind integer, and should be a field of kind text",
    ]


def test_what_is_declared_absent_of_nothing_is_found() -> None:
    adapter = replace(Reference().adapter(), absent={"Thing.weight": "a slip"})
    assert list(model_differences(adapter)) == [
        "Thing.weight is declared absent, and is nothing of the world"
    ]


def test_a_model_without_an_engine_is_found() -> None:
    adapter = Reference().adapter()
    engines = {name: engine for name, engine in adapter.engines.items() if name != "Thing"}
    assert list(model_differences(replace(adapter, engines=engines))) == [
        "Thing has no engine, or no schema",
        "Details has no engine, or no schema",
        "Inner has no engine, or no schema",
    ]


def test_a_gap_without_a_reason_is_found() -> None:
    operators = {**FULL, TypeKind.RELATION: frozenset({"isNull"})}
    able = Capabilities(
        backend="toy",
        operators=operators,
        sortable=SORTABLE - {TypeKind.TEXT},
        quantifiers=frozenset({Quantifier.SOME, Quantifier.EVERY}),
        projection=False,
    )
    found = set(unexplained_gaps(Reference(capabilities=able).adapter()))
    assert {"Phrase: order by text fields", "Phrase: projection"} == {gap for gap in found if "Phrase" in gap}
    assert {"Part: exists on relation fields", "Part: none"} <= found


def test_a_row_that_comes_back_changed_is_found() -> None:
    def rounding(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
        return [{**vars(row), "weight": 0.5} for row in evaluate(ast, rows)]

    with stage_of(Reference(answer=rounding).adapter()) as stage:
        stage.store([label(1, weight=0.5), label(2, weight=0.25)])
        assert list(Conformance(stage).changed("Label")) == ["Label 2: weight is 0.5, and was 0.25"]


# -- the stage


def test_coroutines_run_on_the_loop_of_the_kit() -> None:
    with stage_of(Reference().adapter_of_coroutines()) as stage:
        conformance = Conformance(stage)
        assert not any(conformance.check(CASES[name]).gaps for name in ("groups 1", "include 1", "to many 1"))


def test_items_come_without_what_is_absent() -> None:
    reference = Reference(absent={"Label": "no labels", "Thing.clock": "no times"})
    with stage_of(reference.adapter()) as stage:
        stage.store([maker(1), label(1), thing(1), *labelled(1, 1)])
    assert [item.entity for item in reference.loaded] == ["Maker", "Thing"]
    assert "clock" not in reference.loaded[1].values


class Paint(enum.Enum):
    RED = "z"
    GREEN = "a"
    BLUE = "É"


def test_a_back_end_may_have_an_enum_of_its_own() -> None:
    class Painted(Reference):
        def load(self, items: Sequence[Item]) -> None:
            super().load(items)
            for row in self.objects["Thing"]:
                vars(row)["color"] = Paint(vars(row)["color"].value)

    own = changed("Thing", "color", lambda field: replace(field, type=EnumType(Paint)))
    with stage_of(Painted(schemas=own).adapter()) as stage:
        assert run_campaign(stage, "Thing", 0, pairs=5) > 0
        assert {getattr(row, "color") for row in stage.objects["Thing"]} <= set(Paint)  # noqa: B009  # an object's


# -- random rows and filters


def test_random_rows_lie_in_what_all_fields_hold_and_refer_to_one_another() -> None:
    narrow = {"count": Field("count", IntegerType(-1, 1))}
    items = make_items(WORLD, 3, WORLD.groups["Thing"], lambda entity: [narrow] if entity == "Thing" else [])
    things = [item.values for item in items if item.entity == "Thing"]
    assert {values["count"] for values in things} <= {-1, 0, 1}
    assert {values["owner_id"] for values in things} <= {i.values["id"] for i in items if i.entity == "Maker"}
    assert items == make_items(
        WORLD, 3, WORLD.groups["Thing"], lambda entity: [narrow] if entity == "Thing" else []
    )


def test_rows_are_mended_when_those_that_they_refer_to_are_gone() -> None:
    items = [maker(1), thing(1), thing(2, maker_id=1, parent_id=1), part(1, thing_id=2), *labelled(1, 5)]
    left = consistent(WORLD, [item for item in items if item.values.get("id") != 1 or item.entity == "Maker"])
    assert [(item.entity, item.values["id"]) for item in left] == [("Maker", 1), ("Thing", 2)]
    assert left[1].values["parent_id"] is None


def test_a_campaign_finds_the_smallest_rows_that_show_a_fault() -> None:
    def no_nulls(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
        return [row for row in evaluate(ast, rows) if getattr(row, "note") is not None]  # noqa: B009  # an object's

    with stage_of(Reference(answer=no_nulls).adapter()) as stage, pytest.raises(AssertionError) as caught:
        run_campaign(stage, "Phrase", 0)
    message = str(caught.value)
    assert "Phrase on reference: " in message
    assert message.count("    Phrase: {") == 1
    assert message.endswith("to repeat: QE_FUZZ_SEED=0, dataset 0")


def test_random_row_scopes_pass_on_the_reference_and_are_found_where_they_are_dropped() -> None:
    with stage_of(Reference().adapter()) as stage:
        assert check_scopes(stage, 0) > 0
        check_changes_outside(stage, 0)

    def unscoped(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
        return evaluate(replace(ast, scope=None), rows)

    with stage_of(Reference(answer=unscoped).adapter()) as stage, pytest.raises(AssertionError):
        check_scopes(stage, 0)


@FEW
@given(st.data())
def test_an_engine_in_memory_agrees_on_drawn_models_and_rows(data: st.DataObject) -> None:
    model = data.draw(models())
    engine = MemoryQueryEngine(model)
    objects = [model(**record) for record in data.draw(rows(engine.schema.fields))]
    processor = Processor(engine, policy=POLICY)

    def run(ast: FilterAST) -> list[int]:
        return [key(row) for row in engine.build_query(ast).query.all(objects)]

    def key(row: object) -> int:
        return int(getattr(row, "id"))  # noqa: B009  # an object of any class

    kit = Differential(processor, run, objects, key)
    document = data.draw(filters(Ground(processor.view, engine.capabilities)))
    kit.check(document)
    kit.check_print(document)
    kit.check_brackets(document)


@pytest.mark.parametrize(
    ("document", "query"),
    [
        ({"where": {"a": {"in": ["x", 5]}}}, b"filter[where][a][in][0]=x&filter[where][a][in][1]=5"),
        ({"where": {"a.b": {"$gt": 1e22}}, "limit": 5}, b"filter[where][a.b][$gt]=1e%2B22&filter[limit]=5"),
        ({"where": {"a": True, "b": "%&="}}, b"filter[where][a]=true&filter[where][b]=%25%26%3D"),
        ({"where": {"a": None}}, None),
        ({"where": {"a": {"in": []}}}, None),
    ],
)
def test_a_filter_is_written_in_brackets_where_they_can_say_it(
    document: Document, query: bytes | None
) -> None:
    assert query_string(document) == query


def test_dumps_are_compared_by_value_and_related_rows_as_sets() -> None:
    one = {"a": Decimal("1E+3"), "b": 1.0, "c": [{"x": 2}, {"x": 1}], "d": Paint.RED, "gone_id": 1}
    other = {"a": Decimal(1000), "b": 1, "c": [{"x": 1}, {"x": 2}], "d": "z", "gone_id": 2}
    assert comparable(one, without={"gone_id"}) == comparable(other, without={"gone_id"})
    assert comparable(one["c"], in_order=True) != comparable(other["c"], in_order=True)


# -- several back-ends at once


def together(*references: Reference) -> Generator[Together]:
    with asyncio.Runner() as runner:
        yield Together([reference.adapter() for reference in references], runner)


@pytest.mark.parametrize("group", WORLD.groups)
def test_back_ends_that_agree_or_refuse_as_declared_pass_together(group: str) -> None:
    able = Capabilities(
        backend="few", operators={**FULL, TypeKind.TEXT: frozenset({"eq", "isNull"})}, include=False
    )
    narrow = changed("Thing", "big", lambda field: replace(field, type=IntegerType(-9, 9), gap="lost"))
    few = Reference("few", capabilities=able, schemas=narrow, absent={"Bag": "no arrays"})
    for both in together(Reference("one"), few):
        assert both.run_campaign(group, 0, pairs=30) > 0
        assert both.answered["one"] > both.answered["few"] or group == "Bag"


def silent(ast: FilterAST, rows: Sequence[object]) -> Sequence[object]:
    del ast, rows
    return []


def test_a_back_end_that_disagrees_is_found_with_the_smallest_filter_and_rows() -> None:
    for both in together(Reference("one"), Reference("two", answer=silent)):
        with pytest.raises(AssertionError, match="two gives \\[\\], and the reference") as caught:
            both.run_campaign("Phrase", 0)
        assert str(caught.value).count("    Phrase: {") == 1


def test_an_error_that_is_not_declared_and_a_gap_that_is_taken_are_found_together() -> None:
    class Lying(Reference):
        def adapter(self) -> Adapter:
            return replace(super().adapter(), absent={"Phrase.note": "not here"})

    for both in together(Reference("one"), Lying("two")):
        with pytest.raises(AssertionError, match="two takes what it declares not to do"):
            both.run_campaign("Phrase", 0)

    class Shy(Reference):
        def adapter(self) -> Adapter:
            adapter = super().adapter()
            return replace(adapter, engines=dict(adapter.engines) | {"Phrase": MemoryQueryEngine(Wordless)})

    for both in together(Reference("one"), Shy("two")):
        with pytest.raises(AssertionError, match="two answers unknown_field"):
            both.run_campaign("Phrase", 0)


@dataclass
class Wordless:
    id: int
    text: str


# -- what is reported


def reported(*outcomes: Outcome) -> Results:
    found: list[tuple[str, object]] = []
    for outcome in outcomes:
        report_case(lambda name, value: found.append((name, value)), "toy", outcome)
    results = Results()
    for name, facts in found:
        assert name == PROPERTY
        results.add(cast("Facts", json.loads(json.dumps(facts))))
    return results


GT = Need("gt", TypeKind.INTEGER, "Thing", "big")
LIKE = Need("like", TypeKind.TEXT, "Thing", "name")


def test_results_are_counted_and_come_back_from_their_file(tmp_path: Path) -> None:
    results = reported(
        Outcome(frozenset({GT})),
        Outcome(frozenset({GT}), [(GT, "too large")]),
        Outcome(frozenset({LIKE}), [(LIKE, "no patterns")]),
    )
    results["toy"].filters = 1200
    assert list(results.lines()) == [
        "conformance of toy: 1 cases passed, 2 met declared gaps, 1,200 random filters"
    ]
    results.write(tmp_path / "new" / "conformance.json")
    assert read_results(tmp_path / "new" / "conformance.json") == results


def test_support_is_told_by_declarations_and_results() -> None:
    results = reported(Outcome(frozenset({GT})), Outcome(frozenset({GT}), [(GT, "too large")]))
    able = Capabilities(
        backend="toy",
        operators={**FULL, TypeKind.TEXT: FULL[TypeKind.TEXT] - {"like"}},
        notes={"like": "no patterns"},
    )
    rows = {(row.kind, row.operator): row for row in support(able, results["toy"])}
    assert rows[TypeKind.INTEGER, "gt"][2:] == ("passes", 1, ["too large"])
    assert rows[TypeKind.TEXT, "like"][2:] == ("gap", 0, ["no patterns"])
    assert rows[TypeKind.TEXT, "eq"].status == "untested"


SUITE = """
import pytest
from queryengine.testing import ConformanceSuite
from tests.conformance.reference import Reference

class TestReference(ConformanceSuite):
    name = "reference"
    datasets = 1
    faults = {faults!r}

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls):
        return Reference(answer=lambda ast, rows: {answer})

    @pytest.fixture(scope="class")
    @classmethod
    def engines(cls, reference):
        return reference.adapter().engines

    @pytest.fixture(scope="class")
    @classmethod
    def load(cls, reference):
        return reference.load

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, reference):
        return reference.run
"""


def run_suite(folder: Path, *options: str, faults: Mapping[str, str], answer: str) -> tuple[int, str]:
    """Run a suite in a process of its own."""
    source = "from queryengine.memory import evaluate\n" + SUITE.format(faults=faults, answer=answer)
    (folder / "test_reference.py").write_text(source)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "queryengine.testing.plugin",
    ]
    command += [*options, "test_reference.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout


def test_the_suite_reports_across_processes_what_it_found(tmp_path: Path) -> None:
    options = ["-n", "2", "-k", "groups or models or why or Bag", "--conformance-json", "found.json"]
    code, output = run_suite(tmp_path, *options, faults={}, answer="evaluate(ast, rows)")
    assert code == 0, output
    found = read_results(tmp_path / "found.json")["reference"]
    assert found.passed == 15
    assert found.filters > 60
    assert f"conformance of reference: 15 cases passed, {found.filters} random filters" in output


def test_a_fault_of_a_database_is_named_and_has_to_show(tmp_path: Path) -> None:
    wrong = "evaluate(ast, rows)[::-1]"
    faults = {"clauses 1": "it turns rows round"}
    code, output = run_suite(tmp_path, "-k", "clauses-1", faults=faults, answer=wrong)
    assert (code, "1 xfailed" in output) == (0, True), output
    assert "conformance of reference: 1 failed by faults of the database" in output
    code, output = run_suite(tmp_path, "-k", "clauses-1", faults=faults, answer="evaluate(ast, rows)")
    assert (code, "XPASS(strict)" in output) == (1, True), output
    code, output = run_suite(tmp_path, "-k", "clauses-1", faults={"no case": "a slip"}, answer=wrong)
    assert (code, "faults of cases that are not known: ['no case']" in output) == (2, True), output


def test_a_suite_says_what_its_author_has_to_give(tmp_path: Path) -> None:
    (tmp_path / "test_empty.py").write_text(
        "from queryengine.testing import ConformanceSuite\n\nclass TestEmpty(ConformanceSuite):\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "why", "test_empty.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "NotImplementedError: TestEmpty has to give its engines" in run.stdout
