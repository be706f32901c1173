from __future__ import annotations

import re

import pytest

from interlock.core.reasons import REASONS, Reason

CODES = """
policy.permitted policy.confirm policy.blocked policy.no_match policy.error stop.active server.stage
tool.unknown tool.new tool.drifted tool.gone
approval.pending approval.denied approval.expired approval.void approval.spent approval.unknown approval.insufficient
approval.crowded approval.too_large
state.changed log.unavailable outcome.unrecorded credential.unavailable
upstream.unreachable upstream.failed upstream.timeout result.refused call.cancelled step.failed
"""


def test_the_codes_are_stable() -> None:
    assert [reason.value for reason in Reason] == CODES.split()


@pytest.mark.parametrize("reason", list(Reason))
def test_each_code_is_named_after_its_name_and_has_a_sentence(reason: Reason) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", reason)
    assert reason.name == reason.value.replace(".", "_").upper()
    assert REASONS[reason].endswith(".")


def test_nothing_else_has_a_sentence_and_no_two_share_one() -> None:
    assert list(REASONS) == list(Reason)
    assert len(set(REASONS.values())) == len(Reason)
