"""The conformance kit asks for all of the language, and finds back-ends that are not what they declare."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import pytest

from queryengine.ast import FilterAST, Quantifier
from queryengine.engine import FULL, Capabilities
from queryengine.errors import ErrorCode, FilterError
from queryengine.memory import evaluate
from queryengine.operators import SORTABLE
from queryengine.parsed import Source
from queryengine.process import Processor
from queryengine.schema import EnumType, IntegerType, TypeKind
from queryengine.testing import (
    WORLD,
    Adapter,
    Item,
    ReferenceEngine,
    all_cases,
)
from queryengine.testing.adapter import POLICY
from queryengine.testing.campaign import run_campaign
from queryengine.testing.cases.table import label, labelled, maker, thing
from queryengine.testing.conformance import Conformance, needs_of_case
from queryengine.testing.declarations import model_differences, unexplained_gaps
from queryengine.testing.declared import Declared
from queryengine.testing.needs import FEATURES, Need, needs_of
from queryengine.testing.reference import reference_schema
from queryengine.testing.world import Phrase, Thing
from tests.conformance.reference import Reference, changed, stage_of

CASES = {case.name: case for case in all_cases()}


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


def test_a_value_outside_of_a_domain_is_found_inside_of_includes_of_includes() -> None:
    inner = {"relation": "region", "scope": {"where": {"id": {"gt": 10}}}}
    text = json.dumps({"include": [{"relation": "owner", "scope": {"include": [inner]}}]})
    ast = Processor(ReferenceEngine(Thing), policy=POLICY).process(Source(text))
    narrow = changed("Region", "id", lambda field: replace(field, type=IntegerType(-9, 9)))
    assert [gap.code for gap in Declared(Reference(schemas=narrow).adapter()).outside("Thing", ast)] == [
        ErrorCode.OUT_OF_RANGE
    ]
    assert Declared(Reference().adapter()).outside("Thing", ast) == []


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


def test_an_absent_entity_tells_nothing_of_the_kinds_that_others_have() -> None:
    reference = Reference(absent={"Details": "no documents", "Phrase.note": "no notes", "Bag": "no arrays"})
    declared = Declared(reference.adapter())
    told = {
        Need("ne", TypeKind.FLOAT, "Details", "ratio"): None,
        Need("like", TypeKind.TEXT, "Phrase", "note"): Need("like", TypeKind.TEXT, "Phrase", "note"),
        Need("has", TypeKind.ARRAY, "Bag", "numbers"): Need("has", TypeKind.ARRAY, "Bag", "numbers"),
    }
    assert {need: declared.told_by(need) for need in told} == told
    assert [gap.need for gap in declared.gaps("Thing", told)] == list(told.values())


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
    # Related things would be shown by the world's own class, which has the world's own enum.
    able = Capabilities(backend="painted", include=False, projection=False)
    with stage_of(Painted(schemas=own, capabilities=able).adapter()) as stage:
        assert run_campaign(stage, "Thing", 0, pairs=5) > 0
        assert {getattr(row, "color") for row in stage.objects["Thing"]} <= set(Paint)  # noqa: B009  # an object's
