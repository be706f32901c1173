from __future__ import annotations

from dataclasses import replace
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.core.words import (
    Blast,
    Impact,
    Reversibility,
    Sensitivity,
    Stage,
    Standing,
    TenantBinding,
    Tier,
)
from interlock.policy import PolicySnapshot, explain, load, shipped
from interlock.policy import decide as decide_module
from interlock.policy.decide import LEVELS
from interlock.policy.facts import CONTEXT, as_json
from interlock.policy.schema import schema
from unit.policy.calls import Case, case

CALL = 'principal, action == Interlock::Action::"call", resource'


def snapshot(*policies: str) -> PolicySnapshot:
    return load({f"p{number}": text for number, text in enumerate(policies)})


def rule(effect: str, name: str, condition: str = "true", annotations: str = "") -> str:
    return f'@id("{name}") {annotations} {effect} ({CALL}) when {{ {condition} }};'


OPEN = rule("permit", "open")

# -- hard rules


@pytest.mark.parametrize(
    ("tool", "facts", "reason"),
    [
        ({}, {"stopped": True}, "stop.active"),
        ({"stage": Stage.DISCOVERED}, {}, "server.stage"),
        ({"stage": Stage.QUARANTINED}, {}, "server.stage"),
        ({"stage": Stage.RETIRED}, {}, "server.stage"),
        ({"standing": Standing.NEW}, {}, "tool.new"),
        ({"standing": Standing.DRIFTED}, {}, "tool.drifted"),
        ({"standing": Standing.GONE}, {}, "tool.gone"),
        ({"stage": Stage.RETIRED, "standing": Standing.GONE}, {"stopped": True}, "stop.active"),
        ({"stage": Stage.RETIRED, "standing": Standing.GONE}, {}, "server.stage"),
    ],
)
def test_no_policy_lifts_a_hard_rule(tool: dict[str, Any], facts: dict[str, Any], reason: str) -> None:
    open_to_all = snapshot(OPEN)
    decision = open_to_all.judge(*case(tool=tool, **facts))
    assert (decision.tier, decision.reason, decision.policies) == (Tier.BLOCK, reason, ())
    assert decision.policy_digest == open_to_all.digest


@pytest.mark.parametrize("stage", [Stage.PILOT, Stage.PRODUCTION])
def test_pilot_and_production_are_served(stage: Stage) -> None:
    assert snapshot(OPEN).judge(*case(tool={"stage": stage})).tier is Tier.RUN


# -- tiers


@pytest.mark.parametrize(("level", "tier"), list(enumerate(LEVELS)))
def test_the_lowest_permitted_assurance_is_the_tier(level: int, tier: Tier) -> None:
    decision = snapshot(rule("permit", "open", f"context.assurance >= {level}")).judge(*case())
    assert decision.tier is tier
    assert decision.tier.assurance == level
    assert decision.reason == ("policy.confirm" if level else "policy.permitted")
    assert decision.policies == ("open",)


def test_a_permit_at_one_level_only_is_that_tier() -> None:
    assert snapshot(rule("permit", "two", "context.assurance == 2")).judge(*case()).tier is Tier.CONFIRM_STRONGLY


def test_any_notifying_permit_notifies_and_only_unattended() -> None:
    notify = rule("permit", "notify", "context.destructive", '@tier("notify")')
    assert snapshot(OPEN, notify).judge(*case()).tier is Tier.RUN
    assert snapshot(OPEN, notify).judge(*case(destructive=True)).tier is Tier.NOTIFY
    held = rule("forbid", "held", "context.assurance < 1")
    assert snapshot(OPEN, notify, held).judge(*case(destructive=True)).tier is Tier.CONFIRM


def test_a_forbid_at_every_level_blocks_by_name() -> None:
    decision = snapshot(OPEN, rule("forbid", "never")).judge(*case())
    assert (decision.tier, decision.reason, decision.policies) == (Tier.BLOCK, "policy.blocked", ("never",))


def test_no_permit_is_no_match_even_where_forbids_held_lower_levels() -> None:
    decision = snapshot(rule("forbid", "held", "context.assurance < 2")).judge(*case())
    assert (decision.tier, decision.reason, decision.policies) == (Tier.BLOCK, "policy.no_match", ("held",))


# -- errors

OVERFLOWS = "context.assurance - 9223372036854775807 - 5 < 0"
OVERFLOWS_ABOVE_0 = "context.assurance + 9223372036854775807 < 0"


def test_an_error_in_any_policy_blocks_though_another_permits() -> None:
    decision = snapshot(OPEN, rule("forbid", "broken", OVERFLOWS)).judge(*case())
    assert (decision.tier, decision.reason) == (Tier.BLOCK, "policy.error")


def test_an_error_at_the_level_that_would_permit_blocks() -> None:
    held = rule("forbid", "held", "context.assurance < 1")
    decision = snapshot(OPEN, held, rule("forbid", "broken", OVERFLOWS_ABOVE_0)).judge(*case())
    assert (decision.tier, decision.reason) == (Tier.BLOCK, "policy.error")


def test_an_error_at_a_lower_level_than_the_one_that_would_permit_blocks() -> None:
    only_at_0 = rule("forbid", "broken", "context.assurance - 9223372036854775807 - 2 > 0")
    decision = snapshot(OPEN, only_at_0).judge(*case())
    assert (decision.tier, decision.reason) == (Tier.BLOCK, "policy.error")


def test_an_answer_with_an_error_is_no_permission() -> None:
    (answer,) = explain(snapshot(OPEN, rule("forbid", "broken", OVERFLOWS)), *case()).answers
    assert (answer.permitted, answer.policies, len(answer.errors)) == (False, ("open",), 1)


def test_a_level_that_is_not_asked_cannot_fail() -> None:
    assert snapshot(OPEN, rule("forbid", "broken", OVERFLOWS_ABOVE_0)).judge(*case()).tier is Tier.RUN


@pytest.mark.parametrize("broken", [{"subject": "\ud800"}, {"workload": "\ud800"}])
def test_a_question_that_cannot_be_put_blocks(broken: dict[str, str]) -> None:
    names_them = rule("permit", "a", 'context.subject like "*" && principal == principal')
    decision = snapshot(names_them).judge(*case(caller=broken))
    assert (decision.tier, decision.reason) == (Tier.BLOCK, "policy.error")


def test_no_decision_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = cedarpy.AuthzResult({"decision": "NoDecision", "diagnostics": {"reason": [], "errors": []}})
    monkeypatch.setattr(decide_module, "is_authorized", lambda *_: nothing)
    decision = snapshot(OPEN).judge(*case())
    assert (decision.tier, decision.reason) == (Tier.BLOCK, "policy.error")


def test_an_overlooked_mention_blocks() -> None:
    blind = replace(snapshot(OPEN, rule("forbid", "no", "context.destructive")), mentioned=())
    decision = blind.judge(*case())
    assert (decision.tier, decision.reason) == (Tier.BLOCK, "policy.error")


# -- identities


def test_callers_and_tools_belong_to_their_tenants_and_servers() -> None:
    theirs = snapshot(
        f'@id("a") permit (principal in Interlock::Tenant::"acme", {CALL[11:]} in Interlock::Server::"tickets")'
        ' when { resource in Interlock::Tenant::"acme" && principal == Interlock::Workload::"support-agent" };'
    )
    assert theirs.judge(*case()).tier is Tier.RUN
    for other in (
        case(caller={"tenant": "globex"}),
        case(caller={"workload": "other"}),
        case(tool={"server": "wiki"}),
        case(tool={"tenant": "globex"}),
    ):
        assert theirs.judge(*other).reason == "policy.no_match"


def test_the_first_slash_divides_server_and_tool() -> None:
    one = snapshot(f'@id("a") permit ({CALL} == Interlock::Tool::"a/b/c");')
    assert one.judge(*case(tool={"server": "a", "name": "b/c"})).tier is Tier.RUN
    assert one.judge(*case(tool={"server": "a/b", "name": "c"})).tier is Tier.BLOCK
    escaped = snapshot(f'@id("a") permit ({CALL} == Interlock::Tool::"a%2Fb/c");')
    assert escaped.judge(*case(tool={"server": "a/b", "name": "c"})).tier is Tier.RUN
    assert escaped.judge(*case(tool={"server": "a%2Fb", "name": "c"})).tier is Tier.BLOCK


# -- the memo


class Counted:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.questions = 0
        self.ask = cedarpy.is_authorized
        monkeypatch.setattr(decide_module, "is_authorized", self)

    def __call__(self, *question: Any) -> cedarpy.AuthzResult:
        self.questions += 1
        return self.ask(*question)


def test_what_no_policy_mentions_asks_no_new_question(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    policies = snapshot(OPEN, rule("forbid", "no", "context.destructive"))
    first = policies.judge(*case())
    assert counted.questions == 1
    assert policies.judge(*case(caller={"subject": "bob", "workload": "x"}, blast=Blast.MANY)) == first
    assert counted.questions == 1
    assert policies.judge(*case(destructive=True)).tier is Tier.BLOCK
    assert counted.questions == 1 + len(LEVELS)


def test_the_memo_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_module, "MEMO", 2)
    counted = Counted(monkeypatch)
    policies = snapshot(rule("permit", "a", 'context.subject != "nobody"'))
    for subject in ("a", "b", "c", "a"):
        policies.judge(*case(caller={"subject": subject}))
    assert counted.questions == 4


VARIED = snapshot(
    shipped("default"),
    rule("forbid", "host", 'context has host && context.host == "desk-app" && context.assurance < 1'),
    rule("forbid", "scope", '!context.scopes.contains("run") && context.assurance < 2'),
    rule("permit", "actor", 'context.actors.contains("planner") && context.stage == "pilot"', '@tier("notify")'),
    f'@id("wiki") forbid ({CALL} in Interlock::Server::"wiki") when {{ context.owner != "desk" }};',
    f'@id("globex") forbid (principal in Interlock::Tenant::"globex", {CALL[11:]}) unless {{ context.assurance > 2 }};',
)


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    return case(
        caller={
            "subject": draw(st.sampled_from(["ada", "bob"])),
            "tenant": draw(st.sampled_from(["acme", "globex"])),
            "host": draw(st.sampled_from([None, "desk-app"])),
            "scopes": draw(st.frozensets(st.sampled_from(["run", "read"]))),
            "actors": draw(st.sampled_from([(), ("planner",)])),
        },
        tool={
            "server": draw(st.sampled_from(["tickets", "wiki"])),
            "owner": draw(st.sampled_from(["desk", "docs"])),
            "stage": draw(st.sampled_from([Stage.PILOT, Stage.PRODUCTION])),
        },
        impact=draw(st.sampled_from(Impact)),
        destructive=draw(st.booleans()),
        reversibility=draw(st.sampled_from(Reversibility)),
        sensitivity=draw(st.sampled_from(Sensitivity)),
        blast=draw(st.sampled_from(Blast)),
        open_ended=draw(st.booleans()),
        classified=draw(st.booleans()),
        resource_tenant=draw(st.sampled_from(["acme", "globex", None])),
        tenant_binding=draw(st.sampled_from(TenantBinding)),
        within_budget=draw(st.booleans()),
        repeats_unknown=draw(st.booleans()),
    )


def by_cedar_alone(asked: Case) -> int | None:
    """Return the lowest permitted assurance, with every fact shown, validated by the schema, nothing remembered."""
    call, tool, _ = asked
    context = {name: as_json(get(*asked)) for name, get in CONTEXT.items() if get(*asked) is not None}
    home, theirs = (f'Interlock::Tenant::"{name}"' for name in (call.caller.tenant, tool.tenant))
    uids = {
        "principal": {"type": "Interlock::Workload", "id": call.caller.workload},
        "resource": {"type": "Interlock::Tool", "id": f"{tool.server}/{tool.name}"},
    }
    server = {"type": "Interlock::Server", "id": tool.server}
    parents = {
        name: {"type": "Interlock::Tenant", "id": uid.split('"')[1]} for name, uid in (("h", home), ("t", theirs))
    }
    entities = [
        {"uid": uids["principal"], "attrs": {}, "parents": [parents["h"]]},
        {"uid": uids["resource"], "attrs": {}, "parents": [server]},
        {"uid": server, "attrs": {}, "parents": [parents["t"]]},
    ]
    for assurance in range(4):
        request = {**uids, "action": 'Interlock::Action::"call"', "context": {**context, "assurance": assurance}}
        result = cedarpy.is_authorized(request, VARIED.engine, entities, schema())
        assert not result.diagnostics.errors
        if result.allowed:
            return assurance
    return None


@settings(deadline=None)
@given(any_case())
def test_neither_the_memo_nor_showing_only_what_is_mentioned_changes_a_decision(asked: Case) -> None:
    remembered = VARIED.judge(*asked)
    assert remembered == VARIED.judge(*asked) == explain(VARIED, *asked).decision
    expected = by_cedar_alone(asked)
    assert remembered.tier is Tier.BLOCK if expected is None else remembered.tier.assurance == expected
