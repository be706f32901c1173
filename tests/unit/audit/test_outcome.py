"""The outcome record: the intent said again, with how it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from golden.audit.sample_log import at, of_call
from interlock import canon
from interlock.audit.outcome import Ending, outcome_record, record_of
from interlock.audit.record import Agreement, Kind, Outcome, Record, absent, leaf

INTENT = replace(of_call(Kind.INTENT, 7), detail={"left": "from the intent"})
RUN = {"control": "run", "tier": "run"}
CONFIRM = {"control": "confirm", "tier": "confirm"}
BLOCK = {"control": "block", "tier": "block"}
NONE = absent("none was asked for")
GIVEN = {"id": "apr-1", "approvers": ["grace"]}


def ended(outcome: Outcome = Outcome.COMPLETED, intent: Record = INTENT, **more: Any) -> Record:
    return outcome_record(intent, Ending(outcome=outcome, time=at(9), **more))


def test_an_outcome_repeats_its_intent_and_says_how_it_ended() -> None:
    found = ended(lend={"id": "lend-1"}, effect={"result_bytes": 3}, timings={"upstream_ms": 1.5})
    assert found == replace(
        INTENT,
        kind=Kind.OUTCOME,
        time=at(9),
        outcome="completed",
        agreement="match",
        lend={"id": "lend-1"},
        effect={"result_bytes": 3},
        timings={"upstream_ms": 1.5},
        detail=None,
    )
    assert type(found.outcome) is str
    assert type(found.agreement) is str


def test_what_is_not_known_of_the_end_says_why() -> None:
    found = ended(Outcome.OUTCOME_UNKNOWN)
    assert found.lend == absent("nothing was lent")
    assert found.effect == absent("no result was seen")
    assert found.timings == absent("not measured")


def test_a_reason_is_kept_with_the_outcome() -> None:
    assert ended(Outcome.NOT_FORWARDED, reason="upstream.unreachable").detail == {"reason": "upstream.unreachable"}


@pytest.mark.parametrize(
    ("decision", "approval", "outcome", "agreement"),
    [
        (RUN, NONE, Outcome.COMPLETED, Agreement.MATCH),
        (RUN, NONE, Outcome.TOOL_ERROR, Agreement.MATCH),
        (CONFIRM, GIVEN, Outcome.COMPLETED, Agreement.MATCH),
        (CONFIRM, NONE, Outcome.COMPLETED, Agreement.MISMATCH),
        (CONFIRM, NONE, Outcome.TOOL_ERROR, Agreement.MISMATCH),
        (CONFIRM, None, Outcome.COMPLETED, Agreement.MISMATCH),
        (BLOCK, NONE, Outcome.COMPLETED, Agreement.MISMATCH),
        (BLOCK, GIVEN, Outcome.COMPLETED, Agreement.MISMATCH),
        (None, GIVEN, Outcome.COMPLETED, Agreement.MISMATCH),
        (BLOCK, NONE, Outcome.NOT_FORWARDED, Agreement.MATCH),
        (RUN, NONE, Outcome.OUTCOME_UNKNOWN, Agreement.UNDETERMINED),
        (CONFIRM, GIVEN, Outcome.TRANSPORT_ERROR, Agreement.UNDETERMINED),
    ],
)
def test_whether_the_end_is_what_the_decision_meant(
    decision: Any, approval: Any, outcome: Outcome, agreement: Agreement
) -> None:
    found = ended(outcome, replace(INTENT, decision=decision, approval=approval))
    assert found.agreement == agreement.value


def test_an_ending_is_frozen_and_said_by_keyword() -> None:
    ending = Ending(outcome=Outcome.COMPLETED, time=at(9))
    assert (ending.reason, ending.lend, ending.effect, ending.timings) == (None, None, None, None)
    with pytest.raises(AttributeError):
        ending.reason = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Ending(Outcome.COMPLETED, at(9))  # type: ignore[misc]
    assert not hasattr(ending, "__dict__")


@pytest.mark.parametrize("kind", [Kind.INTENT, Kind.OUTCOME])
def test_a_record_of_a_call_comes_back_from_its_leaf(kind: Kind) -> None:
    record = INTENT if kind is Kind.INTENT else ended()
    back = record_of(canon.parse(leaf(record, 12)))
    assert back == record
    assert back.kind is kind
    assert leaf(back, 12) == leaf(record, 12)


def test_what_recovery_makes_of_an_intents_leaf_is_a_whole_outcome() -> None:
    intent = record_of(canon.parse(leaf(INTENT, 12)))
    row = canon.parse(leaf(ended(Outcome.OUTCOME_UNKNOWN, intent), 13))
    assert (row["kind"], row["outcome"], row["agreement"]) == ("outcome", "outcome_unknown", "undetermined")
    assert row["arguments"] == canon.parse(leaf(INTENT, 12))["arguments"]
    assert "detail" not in row
