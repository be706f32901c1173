"""Calls to judge, harmless unless told otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from interlock.core.words import (
    Arguments,
    Blast,
    Caller,
    Claims,
    Confidence,
    Facts,
    Impact,
    Reversibility,
    Sensitivity,
    Stage,
    Standing,
    TenantBinding,
    Tool,
    ToolCall,
    ToolClass,
)

HARMLESS = ToolClass(
    impact=Impact.READ_ONLY,
    destructive=False,
    reversibility=Reversibility.NONE_NEEDED,
    sensitivity=Sensitivity.INTERNAL,
    blast=Blast.SINGLE,
    open_ended=False,
)
CALLER = Caller(
    subject="ada",
    workload="support-agent",
    tenant="acme",
    credential_id="c-1",
    issuer="https://issuer.example",
    audience=("https://gateway.example",),
    expires_at=0,
)
TOOL = Tool(
    server="tickets",
    name="close_ticket",
    tenant="acme",
    owner="desk",
    stage=Stage.PRODUCTION,
    standing=Standing.PINNED,
    digest="sha256:1",
    pin="sha256:1",
    tool_class=HARMLESS,
    definition={},
)
FACTS = Facts(
    effect=HARMLESS,
    resource_tenant="acme",
    tenant_binding=TenantBinding.BOUND,
    within_budget=True,
    stopped=False,
    stop_epoch=0,
    repeats_unknown=False,
)

Case = tuple[ToolCall, Tool, Facts]


def case(caller: dict[str, Any] | None = None, tool: dict[str, Any] | None = None, **facts: Any) -> Case:
    """Return a call, its tool and facts; keywords name fields of the class or of the facts."""
    axes = {name: facts.pop(name) for name in list(facts) if name in ToolClass.__slots__}
    if "classified" in facts:
        axes["confidence"] = Confidence.HIGH if facts.pop("classified") else Confidence.NONE
    if "cross_tenant" in facts:
        facts["resource_tenant"] = "globex" if facts.pop("cross_tenant") else "acme"
    target = replace(TOOL, **(tool or {}))
    call = ToolCall(
        call_id="call-1",
        caller=replace(CALLER, **(caller or {})),
        claims=Claims(),
        server=target.server,
        tool=target.name,
        arguments=Arguments(b"{}", {}, "sha256:0"),
        era="2025-11-25",
    )
    return call, target, replace(FACTS, effect=replace(HARMLESS, **axes), **facts)
