from __future__ import annotations

from dataclasses import replace

import pytest

from interlock.canon import EncodeError
from interlock.control.classification import would_decide
from interlock.core.words import Confidence, Control, Impact, Reversibility, Tier, ToolClass
from interlock.policy import load, shipped
from unit.control.sample import READS, tool

POLICY = load({"default.cedar": shipped("default")})


@pytest.mark.parametrize(
    ("tool_class", "tier"),
    [
        (READS, Tier.RUN),
        (replace(READS, impact=Impact.INTERNAL_MODIFICATION), Tier.NOTIFY),
        (replace(READS, confidence=Confidence.NONE), Tier.CONFIRM),
        (replace(READS, destructive=True, impact=Impact.INTERNAL_MODIFICATION), Tier.CONFIRM),
        (replace(READS, reversibility=Reversibility.IRREVERSIBLE), Tier.CONFIRM_STRONGLY),
    ],
)
def test_the_default_policy_decides_by_class_alone(tool_class: ToolClass, tier: Tier) -> None:
    assert would_decide(POLICY, "files", tool("x"), tool_class).tier is tier


def test_no_policy_permits_nothing() -> None:
    assert would_decide(load({}), "files", tool("x"), READS).control is Control.BLOCK


def test_what_has_no_digest_cannot_be_pinned() -> None:
    with pytest.raises(EncodeError):
        would_decide(POLICY, "files", {"name": "\ud800"}, READS)
