"""The facts a decision is made on, by the names policies use for them, and which of them a policy mentions.

Cedar is shown the mentioned facts and nothing else. That makes the memo exact by construction: what is remembered
is keyed by all that Cedar saw. Were a mention overlooked, Cedar would miss the attribute, and an error blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from interlock.core.words import Confidence, Facts, TenantBinding, Tool, ToolCall

Fact = str | bool | frozenset[str] | tuple[str, ...] | None
Getter = Callable[[ToolCall, Tool, Facts], Fact]


def _cross_tenant(call: ToolCall, _tool: Tool, facts: Facts) -> bool:
    return facts.resource_tenant is not None and facts.resource_tenant != call.caller.tenant


def _tenant_binding(_call: ToolCall, _tool: Tool, facts: Facts) -> str:
    # A binding to no tenant is no binding, whatever it calls itself.
    return TenantBinding.UNKNOWN if facts.resource_tenant is None else facts.tenant_binding


CONTEXT: Mapping[str, Getter] = MappingProxyType(
    {
        "subject": lambda call, _tool, _facts: call.caller.subject,
        "tenant": lambda call, _tool, _facts: call.caller.tenant,
        "host": lambda call, _tool, _facts: call.caller.host,
        "scopes": lambda call, _tool, _facts: call.caller.scopes,
        "actors": lambda call, _tool, _facts: frozenset(call.caller.actors),
        "impact": lambda _call, _tool, facts: facts.effect.impact,
        "destructive": lambda _call, _tool, facts: facts.effect.destructive,
        "reversibility": lambda _call, _tool, facts: facts.effect.reversibility,
        "sensitivity": lambda _call, _tool, facts: facts.effect.sensitivity,
        "blast": lambda _call, _tool, facts: facts.effect.blast,
        "open_ended": lambda _call, _tool, facts: facts.effect.open_ended,
        "classified": lambda _call, _tool, facts: facts.effect.confidence is not Confidence.NONE,
        "cross_tenant": _cross_tenant,
        "tenant_binding": _tenant_binding,
        "own_server": lambda call, tool, _facts: tool.tenant == call.caller.tenant,
        "within_budget": lambda _call, _tool, facts: facts.within_budget,
        "repeats_unknown": lambda _call, _tool, facts: facts.repeats_unknown,
        "owner": lambda _call, tool, _facts: tool.owner,
        "stage": lambda _call, tool, _facts: tool.stage,
    }
)
"""Every context attribute of the schema but ``assurance``, which is the question and not a fact."""

FACTS: Mapping[str, Getter] = MappingProxyType(
    {
        "principal": lambda call, _tool, _facts: (call.caller.workload, call.caller.tenant),
        "resource": lambda _call, tool, _facts: (tool.server, tool.name, tool.tenant),
        **CONTEXT,
    }
)
"""The context attributes, and the two identities."""


def mentioned(policy: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the facts that one policy, in Cedar's JSON form, can depend on."""
    found = {var for var in ("principal", "resource") if policy[var]["op"] != "All"}
    for node in nodes(policy["conditions"]):
        name = attribute(node)
        if name is not None:
            found.add(name)
        elif node.get("Var") == "context":
            found.update(CONTEXT)
        elif node.get("Var") in ("principal", "resource"):
            found.add(node["Var"])
    return frozenset(found) & FACTS.keys()


def as_json(value: Fact) -> Any:
    """Return a fact as plain JSON; sets are sorted."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value


def attribute(node: Any) -> str | None:
    """Return ``x`` if the expression is ``context.x`` or ``context has x``, else nothing."""
    for operator in (".", "has"):
        inner = node.get(operator) if isinstance(node, dict) else None
        if isinstance(inner, dict) and inner.get("left") == {"Var": "context"}:
            name = inner.get("attr")
            return name if isinstance(name, str) else None
    return None


def nodes(expression: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object in an expression, not looking inside ``context.x``.

    A stack and not recursion: the depth of an expression is its author's choice.
    """
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            yield node
            if attribute(node) is None:
                stack.extend(node.values())
