from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from interlock.core.reasons import REASONS, Reason
from interlock.core.requests import Judged, Stopped, Waiting
from interlock.core.words import Arguments, Claims, Decision, Stage, Standing, Tier, Tool, ToolCall
from interlock.wire import saying
from interlock.wire.meta import DECISION
from unit.policy.calls import CALLER, HARMLESS, case

SCHEMA = json.loads(files("interlock.wire").joinpath("decision.schema.json").read_text())
CALL = ToolCall(
    call_id="call-1",
    caller=CALLER,
    claims=Claims(),
    server="notes",
    tool="delete_note",
    arguments=Arguments(b"{}", {}, "sha256:" + "0" * 64),
    era="modern",
)
WAITING = Waiting(approval_id="apr-7", reason=Reason.APPROVAL_PENDING, decide_by=0.0, redeem_by=86400.0)
PERMITTED = {Reason.POLICY_PERMITTED}
UNSETTLED = {
    Reason.UPSTREAM_FAILED,
    Reason.UPSTREAM_TIMEOUT,
    Reason.RESULT_REFUSED,
    Reason.CALL_CANCELLED,
    Reason.OUTCOME_UNRECORDED,
    Reason.STEP_FAILED,
}


def judged(tier: Tier = Tier.CONFIRM, policies: tuple[str, ...] = ("confirm.destructive",)) -> Judged:
    tool = Tool(
        server="notes",
        name="delete_note",
        tenant="acme",
        owner="o",
        stage=Stage.PRODUCTION,
        standing=Standing.PINNED,
        digest="sha256:" + "1" * 64,
        pin=None,
        tool_class=HARMLESS,
        definition={},
    )
    decision = Decision(tier=tier, reason="policy.confirm", policies=policies, policy_digest="sha256:" + "2" * 64)
    return Judged(tool, case()[2], decision)


def check(said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return text and data of what every real client has to understand."""
    assert said.keys() == {"content", "isError", "_meta"}, "never structuredContent"
    assert said["isError"] is True
    (block,) = said["content"]
    assert block.keys() == {"type", "text"}
    jsonschema.validate(said["_meta"][DECISION], SCHEMA)
    assert said["_meta"][DECISION]["request"] == "call-1"
    assert block["text"].endswith("Request call-1.")
    return block["text"], said["_meta"][DECISION]


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("how", ["bare", "judged", "waiting"])
def test_every_reason_is_said_in_words_that_stand_by_themselves(reason: Reason, how: str) -> None:
    stopped = Stopped(
        reason, judged() if how != "bare" else None, WAITING if how == "waiting" else None, detail="SECRET detail"
    )
    text, data = check(saying.say_stopped(CALL, stopped))
    assert (data["reason"], data["performed"], data["status"]) == (reason.value, "no", saying.status_of(reason))
    assert "not performed" in text.lower()
    assert "SECRET" not in text
    assert "SECRET" not in json.dumps(data)
    assert ("approval" in data) == (how == "waiting")
    assert ("policy_digest" in data) == (how != "bare")
    if reason is not Reason.APPROVAL_PENDING and not (reason is Reason.APPROVAL_DENIED and how == "waiting"):
        assert reason.value in text
        assert REASONS[reason] in text


@pytest.mark.parametrize("reason", Reason)
def test_what_may_have_happened_is_never_called_not_performed(reason: Reason) -> None:
    text, data = check(saying.say_unsettled(CALL, reason))
    assert (data["status"], data["performed"]) == ("unsettled", "unknown")
    assert "MAY HAVE BEEN PERFORMED" in text
    assert "NOT performed" not in text
    assert "Do not retry" in text


def test_pending_says_both_ways_to_go_on() -> None:
    text, data = check(saying.say_stopped(CALL, Stopped(Reason.APPROVAL_PENDING, judged(), WAITING)))
    assert text.startswith("PENDING, not performed: delete_note needs a person's approval")
    assert 'interlock_redeem with {"approval_id": "apr-7"}' in text
    assert "call delete_note again with exactly the same arguments" in text
    assert (data["control"], data["tier"]) == ("confirm", "confirm")
    assert data["approval"] == {
        "id": "apr-7",
        "decide_by": "1970-01-01T00:00:00Z",
        "redeem_by": "1970-01-02T00:00:00Z",
        "then": ["repeat_identical_call", "interlock_redeem"],
    }


def test_a_persons_denial_says_so() -> None:
    text, data = check(saying.say_stopped(CALL, Stopped(Reason.APPROVAL_DENIED, judged(), WAITING)))
    assert text == "DENIED by a person (approval apr-7). NOT performed. Do not retry. Request call-1."
    assert data["status"] == "denied"


def test_a_block_names_its_policies() -> None:
    text, data = check(saying.say_stopped(CALL, Stopped(Reason.POLICY_BLOCKED, judged(Tier.BLOCK, ("a", "b")))))
    assert text.startswith("DENIED by policy a, b (policy.blocked).")
    assert (data["policies"], data["control"], data["status"]) == (["a", "b"], "block", "blocked")
    text, _ = check(saying.say_stopped(CALL, Stopped(Reason.TOOL_UNKNOWN)))
    assert text.startswith("DENIED by Interlock (tool.unknown).")


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.APPROVAL_PENDING, "pending"),
        (Reason.APPROVAL_DENIED, "denied"),
        (Reason.APPROVAL_EXPIRED, "expired"),
        (Reason.APPROVAL_VOID, "expired"),
        (Reason.APPROVAL_SPENT, "expired"),
        (Reason.APPROVAL_UNKNOWN, "expired"),
        (Reason.LOG_UNAVAILABLE, "refused"),
        (Reason.UPSTREAM_UNREACHABLE, "refused"),
        (Reason.STATE_CHANGED, "refused"),
        (Reason.TOOL_DRIFTED, "blocked"),
        (Reason.STOP_ACTIVE, "blocked"),
    ],
)
def test_what_a_reason_comes_to(reason: Reason, status: str) -> None:
    assert saying.status_of(reason) == status


def test_what_may_be_tried_again_says_so_and_what_may_not_does_not() -> None:
    for reason in Reason:
        text, data = check(saying.say_stopped(CALL, Stopped(reason)))
        if data["status"] == "refused":
            assert "may be tried again" in text
        elif data["status"] == "blocked":
            assert "Do not retry" in text


def test_misuse_of_our_own_tool() -> None:
    text, data = check(saying.say_misuse("call-1", "no such approval."))
    assert text == "DENIED: no such approval. NOT performed. Request call-1."
    assert data["status"] == "refused"
