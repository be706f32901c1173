from __future__ import annotations

import dataclasses
from dataclasses import replace
from enum import Enum

import pytest

from interlock.core import words
from interlock.core.words import (
    Arguments,
    Caller,
    Claims,
    Confidence,
    Control,
    Decision,
    Tier,
    Tool,
    ToolCall,
    ToolClass,
)
from unit.core.sample import CALL, CALLER, DELETES, TOOL, decision, manner

SAID_BY_KEYWORD = {"Tool", "Caller", "Claims", "ToolCall", "Facts", "Decision"}
VOCABULARIES = {
    "Impact": "read_only internal_modification external_side_effect",
    "Reversibility": "none_needed reversible recoverable irreversible",
    "Sensitivity": "public internal confidential restricted",
    "Blast": "single many system",
    "Source": "annotation name description schema argument observed reviewed",
    "Confidence": "none low high reviewed",
    "Stage": "discovered quarantined pilot production retired",
    "Standing": "pinned new drifted gone",
    "TenantBinding": "extracted bound unknown",
    "Control": "run confirm block",
}


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(words)
    assert len(found) == 9
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}
    assert {name for name, (_, _, by_keyword) in found.items() if by_keyword} == SAID_BY_KEYWORD


@pytest.mark.parametrize("name", VOCABULARIES)
def test_the_vocabularies_are_closed_and_named_after_their_values(name: str) -> None:
    vocabulary: type[Enum] = getattr(words, name)
    assert [each.value for each in vocabulary] == VOCABULARIES[name].split()
    assert [each.name for each in vocabulary] == VOCABULARIES[name].upper().split()


@pytest.mark.parametrize(
    ("tier", "rank", "label", "control", "assurance"),
    [
        (Tier.RUN, 0, "run", Control.RUN, 0),
        (Tier.NOTIFY, 1, "notify", Control.RUN, 0),
        (Tier.CONFIRM, 2, "confirm", Control.CONFIRM, 1),
        (Tier.CONFIRM_STRONGLY, 3, "confirm_strongly", Control.CONFIRM, 2),
        (Tier.TWO_PERSONS, 4, "two_persons", Control.CONFIRM, 3),
        (Tier.BLOCK, 5, "block", Control.BLOCK, 0),
    ],
)
def test_what_a_tier_comes_to(tier: Tier, rank: int, label: str, control: Control, assurance: int) -> None:
    assert (tier, tier.label, tier.control, tier.assurance) == (rank, label, control, assurance)
    assert decision(tier).control is control


def test_there_are_six_tiers() -> None:
    assert len(Tier) == 6


def test_what_is_not_said_of_a_caller_is_not_known() -> None:
    caller = Caller(subject="ada", workload="w", tenant="t", credential_id="c", issuer="i", audience=(), expires_at=0)
    assert (caller.host, caller.machine, caller.actors, caller.scopes) == (None, None, (), frozenset())
    assert dataclasses.astuple(Claims()) == (None, None, None, None)


def test_a_class_is_classified_unless_it_says_otherwise() -> None:
    plain = ToolClass(DELETES.impact, True, DELETES.reversibility, DELETES.sensitivity, DELETES.blast, False)
    assert (plain.by, plain.confidence, plain.evidence, plain.findings) == ((), Confidence.HIGH, (), ())


def test_a_call_redeems_nothing_unless_it_says_so() -> None:
    said = {each.name: getattr(CALL, each.name) for each in dataclasses.fields(ToolCall) if each.name != "redeems"}
    assert ToolCall(**said).redeems is None


def test_a_tool_is_told_by_its_digest_and_arguments_by_theirs() -> None:
    other = replace(TOOL, definition={"name": "another"})
    assert (other, hash(other)) == (TOOL, hash(TOOL))
    assert Tool.__dataclass_fields__["definition"].hash is False
    spelled, also = Arguments(b"{}", {"a": 1}, "sha256:1"), Arguments(b"{}", {"a": [2]}, "sha256:1")
    assert (spelled, hash(spelled)) == (also, hash(also))
    assert spelled != Arguments(b"{}", {"a": 1}, "sha256:2")


def test_words_can_be_keys() -> None:
    assert len({CALL, CALLER, TOOL, decision(), DELETES, Decision(**dataclasses.asdict(decision()))}) == 5
