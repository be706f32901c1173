from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cedarpy import policies_to_json_str

from interlock.core.words import Blast, Confidence, Impact, Reversibility, Sensitivity, Stage, TenantBinding
from interlock.policy.facts import CONTEXT, FACTS, as_json, attribute, mentioned, nodes
from unit.policy.calls import CALLER, case


def body(condition: str = "true", scope: str = "principal, action, resource") -> Any:
    text = f'@id("x") permit ({scope}) when {{ {condition} }};'
    (policy,) = json.loads(policies_to_json_str(text))["staticPolicies"].values()
    return policy


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("true", set()),
        ("context.assurance >= 1", set()),
        ('context.impact == "read_only"', {"impact"}),
        ('context["impact"] == "read_only"', {"impact"}),
        ("context has host", {"host"}),
        ('context has host && context.host like "a*"', {"host"}),
        ('["read_only"].contains(context.impact)', {"impact"}),
        ('context.scopes.contains("x") || !context.destructive', {"scopes", "destructive"}),
        ("if context.within_budget then context.classified else false", {"within_budget", "classified"}),
        ('principal == Interlock::Workload::"w"', {"principal"}),
        ("resource in principal", {"principal", "resource"}),
        ('resource is Interlock::Tool in Interlock::Server::"s"', {"resource"}),
        ("{a: context}.a.destructive", set(CONTEXT)),
        ("context == {}", set(CONTEXT)),
        ("{Var: context.destructive}.Var", {"destructive"}),
        ('action == Interlock::Action::"call"', set()),
    ],
)
def test_the_facts_a_condition_mentions(condition: str, names: set[str]) -> None:
    assert mentioned(body(condition)) == names


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ('principal == Interlock::Workload::"w", action, resource', {"principal"}),
        ('principal in Interlock::Tenant::"t", action, resource', {"principal"}),
        ('principal, action, resource in Interlock::Server::"s"', {"resource"}),
        ("principal is Interlock::Workload, action, resource is Interlock::Tool", {"principal", "resource"}),
        ('principal, action == Interlock::Action::"call", resource', set()),
    ],
)
def test_the_facts_a_scope_mentions(scope: str, names: set[str]) -> None:
    assert mentioned(body(scope=scope)) == names


def test_attribute_sees_the_context_only() -> None:
    assert attribute({".": {"left": {"Var": "context"}, "attr": "x"}}) == "x"
    assert attribute({".": {"left": {"Var": "principal"}, "attr": "x"}}) is None
    assert attribute({"==": {"left": {"Var": "context"}, "right": 1}}) is None
    assert attribute("context.x") is None


def test_nodes_survive_any_depth() -> None:
    deep: Any = {"Value": 1}
    for _ in range(50_000):
        deep = {"!": {"arg": [deep]}}
    assert sum(1 for _ in nodes(deep)) == 100_001


def test_every_fact_is_taken_from_its_own_place() -> None:
    asked = case(
        caller={"host": "desk-app", "scopes": frozenset({"b", "a"}), "actors": ("planner",)},
        tool={"stage": Stage.PILOT},
        impact=Impact.EXTERNAL_SIDE_EFFECT,
        destructive=True,
        reversibility=Reversibility.RECOVERABLE,
        sensitivity=Sensitivity.CONFIDENTIAL,
        blast=Blast.SYSTEM,
        open_ended=True,
        classified=False,
        cross_tenant=True,
        tenant_binding=TenantBinding.EXTRACTED,
        within_budget=False,
        repeats_unknown=True,
    )
    assert {name: as_json(get(*asked)) for name, get in FACTS.items()} == {
        "principal": ["support-agent", "acme"],
        "resource": ["tickets", "close_ticket", "acme"],
        "subject": "ada",
        "tenant": "acme",
        "host": "desk-app",
        "scopes": ["a", "b"],
        "actors": ["planner"],
        "impact": "external_side_effect",
        "destructive": True,
        "reversibility": "recoverable",
        "sensitivity": "confidential",
        "blast": "system",
        "open_ended": True,
        "classified": False,
        "cross_tenant": True,
        "tenant_binding": "extracted",
        "own_server": True,
        "within_budget": False,
        "repeats_unknown": True,
        "owner": "desk",
        "stage": "pilot",
    }


def test_the_class_is_that_of_the_arguments_and_not_of_the_tool() -> None:
    call, tool, facts = case(destructive=True)
    assert not tool.tool_class.destructive
    assert FACTS["destructive"](call, tool, facts) is True


@pytest.mark.parametrize("confidence", Confidence)
def test_only_no_confidence_is_unclassified(confidence: Confidence) -> None:
    assert FACTS["classified"](*case(confidence=confidence)) is (confidence is not Confidence.NONE)


@pytest.mark.parametrize(
    ("resource_tenant", "binding", "cross", "shown"),
    [
        ("acme", TenantBinding.BOUND, False, "bound"),
        ("globex", TenantBinding.EXTRACTED, True, "extracted"),
        (None, TenantBinding.BOUND, False, "unknown"),
        (None, TenantBinding.UNKNOWN, False, "unknown"),
        ("globex", TenantBinding.UNKNOWN, True, "unknown"),
    ],
)
def test_tenants(resource_tenant: str | None, binding: TenantBinding, cross: bool, shown: str) -> None:  # noqa: FBT001 (a table's column)
    asked = case(resource_tenant=resource_tenant, tenant_binding=binding)
    assert (FACTS["cross_tenant"](*asked), as_json(FACTS["tenant_binding"](*asked))) == (cross, shown)


def test_a_server_is_the_callers_own_only_within_its_tenant() -> None:
    call, tool, facts = case()
    assert FACTS["own_server"](call, tool, facts) is True
    assert FACTS["own_server"](replace(call, caller=replace(CALLER, tenant="globex")), tool, facts) is False
