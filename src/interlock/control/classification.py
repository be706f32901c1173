"""What policy would do with a tool as it is classed: for the command line that looks at tools from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.core.inventory import definition_digest
from interlock.core.words import (
    Arguments,
    Caller,
    Claims,
    Decision,
    Facts,
    Stage,
    Standing,
    TenantBinding,
    Tool,
    ToolCall,
    ToolClass,
)
from interlock.policy import PolicySnapshot

TENANT = "tenant"
"""Of caller and server alike: any name does."""


def would_decide(
    snapshot: PolicySnapshot, server: str, definition: Mapping[str, Any], tool_class: ToolClass
) -> Decision:
    """Return the decision on a verified caller's call within its own tenant, were the tool pinned as it stands.

    The call is within its budget, nothing is stopped, and the server is bound to the tenant.

    Raises:
        EncodeError: the definition is no JSON.

    """
    digest = definition_digest(definition)
    tool = Tool(
        server=server,
        name=str(definition.get("name")),
        tenant=TENANT,
        owner="owner",
        stage=Stage.PRODUCTION,
        standing=Standing.PINNED,
        digest=digest,
        pin=digest,
        tool_class=tool_class,
        definition=definition,
    )
    return snapshot.judge(plain_call(tool, ("subject", "workload", TENANT)), tool, plain_facts(tool_class, TENANT))


def plain_call(tool: Tool, who: tuple[str, str, str]) -> ToolCall:
    """Return a call by a verified subject, workload and tenant that says nothing but which tool it is of."""
    subject, workload, tenant = who
    caller = Caller(
        subject=subject,
        workload=workload,
        tenant=tenant,
        credential_id="none",
        issuer="none",
        audience=(),
        expires_at=0,
    )
    return ToolCall(
        call_id="none",
        caller=caller,
        claims=Claims(),
        server=tool.server,
        tool=tool.name,
        arguments=Arguments(b"{}", {}, ""),
        era="none",
    )


def plain_facts(effect: ToolClass, tenant: str) -> Facts:
    """Return the facts of a call to a server bound to ``tenant``, when nothing is out of the ordinary."""
    return Facts(
        effect=effect,
        resource_tenant=tenant,
        tenant_binding=TenantBinding.BOUND,
        within_budget=True,
        stopped=False,
        stop_epoch=0,
        repeats_unknown=False,
    )
