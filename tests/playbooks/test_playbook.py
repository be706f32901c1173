"""The playbook itself: what is wrong with a conversation is said so that a person sees it."""

from __future__ import annotations

import pytest

from interlock.core.reasons import Reason
from interlock.core.requests import FindTool, NoTool, RecordDecision, Refine, Refused, Stopped
from interlock.core.words import Tier
from playbooks.playbook import Playbook, conversations, difference
from unit.core.sample import CALL, TOOL, decision

UNKNOWN = Refused(Stopped(Reason.TOOL_UNKNOWN))


def test_another_request_than_expected_is_told_with_what_was_said_before() -> None:
    book = Playbook(CALL).expects(FindTool).reply(TOOL)
    with pytest.raises(AssertionError, match=r"1\. FindTool answered Tool\n  -> expected FindTool, was asked Refine"):
        book.expects(FindTool)


def test_a_request_with_another_field_is_told_field_by_field() -> None:
    with pytest.raises(AssertionError, match=r"FindTool\.fresh differs:\n    wanted True\n    found  False"):
        Playbook(CALL).expects(FindTool, fresh=True)


def test_an_early_end_and_another_end_are_told() -> None:
    book = Playbook(CALL).expects(FindTool).reply(NoTool())
    with pytest.raises(AssertionError, match="expected the end, was asked RecordDecision"):
        book.ends(UNKNOWN)
    book.expects(RecordDecision).done()
    with pytest.raises(AssertionError, match=r"Refused\.stopped:\n      Stopped\.reason:\n        wanted <.*GONE"):
        book.ends(Refused(Stopped(Reason.TOOL_GONE)))
    with pytest.raises(AssertionError, match="expected Refine, was asked the ending"):
        book.expects(Refine)


def test_questions_and_answers_alternate() -> None:
    with pytest.raises(AssertionError, match="nothing was expected"):
        Playbook(CALL).reply(TOOL)
    with pytest.raises(AssertionError, match="answer FindTool before expecting FindTool"):
        Playbook(CALL).expects(FindTool).expects(FindTool)


def test_a_playbook_without_an_end_is_a_failure() -> None:
    with pytest.raises(AssertionError, match=r"says how its call ends"), conversations() as begin:
        begin(CALL).expects(FindTool)
    with conversations() as begin:
        begin(CALL).expects(FindTool).reply(NoTool()).expects(RecordDecision).done().ends(UNKNOWN)


def test_a_difference_names_the_fields_that_differ() -> None:
    told = difference(decision(Tier.RUN), decision(Tier.BLOCK))
    assert told == "Decision.tier:\n  wanted <Tier.RUN: 0>\n  found  <Tier.BLOCK: 5>"
