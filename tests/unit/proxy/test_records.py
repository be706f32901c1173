from __future__ import annotations

import json
from dataclasses import replace

import pytest

from interlock.audit.record import KEY_BYTES, Outcome, agreement
from interlock.core.reasons import Reason
from interlock.core.requests import Approved, Credential, Judged, RecordOutcome, Stopped, Ticket, Waiting
from interlock.core.requests import Outcome as Ended
from interlock.core.words import Claims, Facts, TenantBinding, Tier
from interlock.proxy import records
from interlock.wire.saying import STATUS, status_of
from unit.proxy.fakes import CALLER, DIGEST, READS, call, decision, tool

FACTS = Facts(
    effect=READS,
    resource_tenant="acme",
    tenant_binding=TenantBinding.BOUND,
    within_budget=True,
    stopped=False,
    stop_epoch=0,
    repeats_unknown=False,
)
JUDGED = Judged(tool(), FACTS, decision(Tier.CONFIRM, "policy.confirm"))
WAITING = Waiting(approval_id="apr-1", reason=Reason.APPROVAL_PENDING, decide_by=0, redeem_by=0)
SECRET = b'{"password":"hunter2hunter2"}'
KEY = b"k" * KEY_BYTES


def test_an_intent_says_who_what_and_by_which_decision_but_not_the_arguments() -> None:
    wanted = call(arguments=SECRET, claims=Claims(host="cursor/1", reason="because", trace="00-a"))
    approved = Approved(approval_id="apr-1", assurance=1, approvers=("bob",), downgraded=True)
    record = records.intent_record(wanted, JUDGED, approved, KEY)
    assert (record.kind.value, record.call_id, record.tenant, record.server, record.tool) == (
        "intent",
        "call-1",
        "acme",
        "notes",
        "read",
    )
    assert (record.subject, record.workload, record.era, record.activity) == ("ada", "agent", "modern", "00-a")
    assert record.approval == {"id": "apr-1", "approvers": ["bob"], "assurance": 1, "downgraded": True}
    assert record.decision["policy_digest"] == DIGEST
    assert record.decision["tier"] == "confirm"
    assert record.definition["verified"] == JUDGED.tool.digest
    assert record.arguments["bytes"] == len(SECRET)
    assert record.host["claimed"] == "cursor/1"
    said = repr(record)
    assert "hunter2" not in said
    assert "because" not in said, "the reason is a commitment"
    assert wanted.arguments.digest not in said, "so is the digest of what may be guessed"


def test_the_same_arguments_under_another_key_commit_to_something_else() -> None:
    one, two = (records.intent_record(call(), JUDGED, None, records.fresh_key()) for _ in range(2))
    assert one.arguments["digest_commitment"] != two.arguments["digest_commitment"]


@pytest.mark.parametrize("status", [*sorted(set(STATUS.values())), "blocked"])
def test_every_status_has_an_outcome(status: str) -> None:
    record = records.decision_record(call(), Stopped(Reason.TOOL_UNKNOWN), status)
    assert record.outcome == status
    assert record.outcome in set(Outcome)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_recorded(reason: Reason) -> None:
    for stopped in (Stopped(reason), Stopped(reason, JUDGED), Stopped(reason, JUDGED, WAITING, detail="FindTool")):
        record = records.decision_record(call(), stopped, status_of(reason))
        assert record.detail["reason"] == reason.value
        assert record.detail.get("step") == (stopped.detail or None)
        if stopped.waiting:
            assert record.approval == {"id": "apr-1", "state": reason.value}
        json.dumps(record.decision)


def test_a_call_that_nobody_judged_is_recorded_as_blocked() -> None:
    record = records.decision_record(call(), Stopped(Reason.TOOL_UNKNOWN), "blocked")
    assert record.decision == {"control": "block", "tier": "block"}
    assert "absent" in record.definition
    assert "absent" in record.tool_class


def test_an_outcome_belongs_to_its_intent() -> None:
    wanted = call()
    intent = records.intent_record(wanted, JUDGED, None, KEY)
    credential = Credential("lend-1", "static", "API_KEY")
    ended = RecordOutcome(wanted, Ticket("call-1", 1), Ended.COMPLETED, None, credential)
    record = records.settled_record(intent, ended, 0.0, {"result_bytes": 7})
    assert (record.kind.value, record.call_id, record.outcome) == ("outcome", "call-1", "completed")
    assert record.effect == {"result_bytes": 7}
    assert record.lend["id"] == "lend-1"
    assert record.lend["scope"] == "API_KEY"
    assert record.timings["upstream_us"] > 0
    failed = RecordOutcome(wanted, Ticket("call-1", 1), Ended.OUTCOME_UNKNOWN, Reason.UPSTREAM_TIMEOUT, None)
    record = records.settled_record(intent, failed, 0.0, None)
    assert (record.outcome, record.detail["reason"]) == ("outcome_unknown", "upstream.timeout")


def test_who_was_turned_away_at_the_door() -> None:
    record = records.access_record(replace(CALLER, machine="10.0.0.1"), "notes", "header_mismatch")
    assert (record.kind.value, record.subject, record.server) == ("access", "ada", "notes")
    assert record.machine["verified"] == "10.0.0.1"
    assert record.detail == {"event": "header_mismatch", "credential": "cred-1"}


def test_times_are_utc_with_microseconds_and_keys_are_long_enough() -> None:
    assert len(records.timestamp()) == len("2026-01-01T00:00:00.000000Z")
    assert records.timestamp().endswith("Z")
    assert len(records.fresh_key()) == KEY_BYTES
    assert records.fresh_key() != records.fresh_key()


def test_what_moved_the_model_is_claimed_or_absent() -> None:
    said = Claims(reason="because", prompt_digest="sha256:1", trace="00-a")
    prompt = records.intent_record(call(claims=said), JUDGED, None, KEY).prompt
    assert prompt["claimed"].keys() == {"reason_commitment", "digest", "trace"}
    some = records.intent_record(call(claims=Claims(trace="00-a")), JUDGED, None, KEY).prompt
    assert some["claimed"] == {"trace": "00-a"}
    assert "claimed" not in records.intent_record(call(), JUDGED, None, KEY).prompt


def test_whose_data_it_is_as_far_as_it_is_known() -> None:
    record = records.intent_record(call(), JUDGED, None, KEY)
    assert record.resource["verified"] == {"tenant": "acme", "binding": "bound"}
    unknown = Judged(JUDGED.tool, replace(FACTS, resource_tenant=None), JUDGED.decision)
    assert "absent" in records.intent_record(call(), unknown, None, KEY).resource


def test_a_call_that_waits_agrees_with_what_was_decided() -> None:
    waiting = records.decision_record(call(), Stopped(Reason.APPROVAL_PENDING, JUDGED, WAITING), "pending")
    assert waiting.agreement == agreement(control="confirm", approved=False, outcome=Outcome.PENDING).value
