from typing import Any

import pytest

from interlock.classify import evaluate, render
from interlock.classify.evaluation import upper_bound
from interlock.core.words import ToolClass

TOOLS = [
    {"id": "a", "server": "depot", "tool": {"name": "get_crate"}},
    {"id": "b", "server": "depot", "tool": {"name": "remove_crate"}},
    {"id": "c", "server": "depot", "tool": {"name": "view_mystery"}},
    {"id": "d", "server": "depot", "tool": {"name": "count_crates"}},
    {"id": "e", "server": "depot", "tool": {"name": "unlabelled"}},
]


def label(tool: str, **axes: Any) -> dict[str, Any]:
    calm = {"impact": "read_only", "destructive": False, "reversibility": "none_needed", "sensitivity": "internal"}
    return {"id": tool, **calm, "open_ended": False, "blast": "single", **axes}


LABELS = [
    label("a"),
    label("b", impact="internal_modification", destructive=True, reversibility="irreversible"),
    label("c", impact="internal_modification", reversibility="reversible"),
    label("d", sensitivity={"disputed": ["internal", "restricted"]}),
    label("missing"),
]


def test_a_modification_that_passes_as_a_read_is_missed_even_if_asked() -> None:
    report = evaluate(TOOLS, LABELS, dict.fromkeys("abcde", "confirm"))
    assert report.dangerous.ids == ("c",)
    assert report.dangerous.n == 2


def test_a_severe_tool_that_runs_is_missed() -> None:
    assert evaluate(TOOLS, LABELS, lambda _tool, _class: "run").dangerous.ids == ("b", "c")


def test_a_block_is_not_a_run() -> None:
    controls = {"a": "block", "b": "block", "c": "run", "d": "confirm"}
    report = evaluate(TOOLS, LABELS, controls)
    assert report.dangerous.ids == ("c",)
    assert report.over_asks.ids == ("a",)


def test_what_may_be_restricted_is_no_over_ask() -> None:
    assert evaluate(TOOLS, LABELS, dict.fromkeys("abcde", "confirm")).over_asks.n == 1


def test_disputed_values_stay_out_of_their_table_only() -> None:
    axes = {table.axis: table for table in evaluate(TOOLS, LABELS, dict.fromkeys("abcde", "run")).axes}
    assert axes["sensitivity"].n == 3
    assert axes["impact"].n == 4
    assert axes["impact"].counts["internal_modification", "read_only"] == 1
    assert axes["destructive"].counts["true", "true"] == 1


def test_the_control_may_look_at_the_class() -> None:
    def control(_tool: str, given: ToolClass) -> str:
        return "confirm" if given.destructive else "run"

    assert evaluate(TOOLS, LABELS, control).dangerous.ids == ("c",)


@pytest.mark.parametrize(
    ("events", "n", "bound"),
    [(0, 131, 0.02261), (0, 1, 0.95), (1, 100, 0.04656), (5, 50, 0.19884), (3, 3, 1.0), (0, 0, 1.0)],
)
def test_the_upper_bound_is_exact(events: int, n: int, bound: float) -> None:
    assert upper_bound(events, n) == pytest.approx(bound, abs=1e-4)


def test_the_text_names_figures_and_missed_tools() -> None:
    text = render(evaluate(TOOLS, LABELS, lambda _tool, _class: "run"))
    assert "dangerous misses: 2 of 2 (100.0%; 95 % upper bound 100.0%)" in text
    assert "over-asks: 0 of 1 (0.0%; 95 % upper bound 95.0%)" in text
    assert "internal_modification classed read_only" in text
    assert text.splitlines()[0] == "4 tools"


def test_an_empty_corpus_has_a_report() -> None:
    assert render(evaluate([], [], {})).startswith("0 tools")
