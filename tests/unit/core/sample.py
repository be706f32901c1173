"""A call, the tool it names, and answers to everything enforcement asks."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from interlock.core.approval import Answer, Approval, Deadlines, request_approval
from interlock.core.reasons import Reason
from interlock.core.requests import (
    Approved,
    Credential,
    Judged,
    Outcome,
    Reply,
    Ticket,
    Waiting,
)
from interlock.core.words import (
    Arguments,
    Blast,
    Caller,
    Claims,
    Confidence,
    Decision,
    Evidence,
    Facts,
    Impact,
    Reversibility,
    Sensitivity,
    Source,
    Stage,
    Standing,
    TenantBinding,
    Tier,
    Tool,
    ToolCall,
    ToolClass,
)

NOW = 1_800_000_000.0
DELETES = ToolClass(
    impact=Impact.EXTERNAL_SIDE_EFFECT,
    destructive=True,
    reversibility=Reversibility.RECOVERABLE,
    sensitivity=Sensitivity.CONFIDENTIAL,
    blast=Blast.MANY,
    open_ended=True,
    by=("query",),
    confidence=Confidence.LOW,
    evidence=(Evidence("impact", "external_side_effect", Source.NAME, "delete"),),
    findings=("annotation.conflict",),
)
CALLER = Caller(
    subject="ada",
    workload="support-agent",
    tenant="acme",
    credential_id="c-1",
    issuer="https://issuer.example",
    audience=("https://gateway.example",),
    expires_at=0,
    host="desk-app",
    actors=("router", "planner"),
)
CALL = ToolCall(
    call_id="call-1",
    caller=CALLER,
    claims=Claims(),
    server="tickets",
    tool="delete_ticket",
    arguments=Arguments(b'{"id":7}', {"id": 7}, "sha256:7"),
    era="2025-11-25",
)
TOOL = Tool(
    server="tickets",
    name="delete_ticket",
    tenant="acme",
    owner="desk",
    stage=Stage.PRODUCTION,
    standing=Standing.PINNED,
    digest="sha256:d",
    pin="sha256:d",
    tool_class=DELETES,
    definition={"name": "delete_ticket"},
)
FACTS = Facts(
    effect=DELETES,
    resource_tenant="acme",
    tenant_binding=TenantBinding.BOUND,
    within_budget=True,
    stopped=False,
    stop_epoch=3,
    repeats_unknown=False,
)
TICKET = Ticket("call-1", 41)
CREDENTIAL = Credential("lend-1", "bearer")
REPLY = Reply(Outcome.COMPLETED, {"content": []})
PENDING = Waiting(approval_id="apr-1", reason=Reason.APPROVAL_PENDING, decide_by=NOW + 900, redeem_by=NOW + 1500)


def decision(tier: Tier = Tier.RUN, reason: str = "policy.permitted") -> Decision:
    return Decision(tier=tier, reason=reason, policies=("rule.1",), policy_digest="sha256:p")


def approved(assurance: int = 1, *, downgraded: bool = False) -> Approved:
    return Approved(approval_id="apr-1", assurance=assurance, approvers=("grace",), downgraded=downgraded)


def judged(tier: Tier = Tier.CONFIRM) -> Judged:
    return Judged(TOOL, FACTS, decision(tier, "policy.confirm"))


def asked(tier: Tier = Tier.CONFIRM, call: ToolCall = CALL, **shown: Any) -> Approval:
    """Return a pending approval: 900 s to decide it, 600 s to redeem it."""
    return request_approval(
        call, judged(tier), shown or {"tool": "delete_ticket"}, ("apr-1", "n-1"), (NOW, Deadlines(900, 600))
    )


def said(approver: str = "grace", *, after: float = 10, assurance: int = 1, **more: Any) -> Answer:
    """Return a person's answer, given ``after`` seconds."""
    answer = Answer(
        approver=approver,
        reason="looks right",
        at=NOW + after,
        assurance=assurance,
        verified=True,
        downgraded=False,
        channel="inbox",
    )
    return replace(answer, **more)


def words(module: ModuleType) -> Iterator[type]:
    """Yield the dataclasses that a module defines."""
    for each in vars(module).values():
        if inspect.isclass(each) and dataclasses.is_dataclass(each) and each.__module__ == module.__name__:
            yield each


def manner(module: ModuleType) -> Mapping[str, tuple[bool, bool, bool]]:
    """Return of each word of a module whether it is frozen, slotted, and said by keyword only."""
    return {
        word.__name__: (
            word.__dataclass_params__.frozen,  # type: ignore[attr-defined]
            "__slots__" in vars(word),
            all(each.kw_only for each in dataclasses.fields(word)),
        )
        for word in words(module)
    }
