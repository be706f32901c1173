"""What an approver is shown of a call: frozen when the approval is asked for, and part of what it binds.

Rendered from our own parse of the arguments, never from markup that a server or a model supplied.
"""

from __future__ import annotations

from typing import Any

from interlock.core.approval import class_axes
from interlock.core.requests import Judged
from interlock.core.visible import reveal, reveal_json
from interlock.core.words import Blast, Reversibility, ToolCall, ToolClass


def show(call: ToolCall, judged: Judged) -> dict[str, Any]:
    """Return everything an approver decides on, as JSON; hidden characters are made visible."""
    caller, claims, effect = call.caller, call.claims, judged.facts.effect
    return {
        "who": {
            "verified": {
                "subject": reveal(caller.subject),
                "workload": reveal(caller.workload),
                "actors": [reveal(actor) for actor in caller.actors],
                "host": reveal(caller.host) if caller.host else None,
                "machine": caller.machine,
            },
            "claimed": {"host": reveal(claims.host) if claims.host else None},
        },
        "tenant": {
            "caller": caller.tenant,
            "resource": judged.facts.resource_tenant,
            "binding": judged.facts.tenant_binding.value,
        },
        "server": call.server,
        "tool": reveal(call.tool),
        "definition": judged.tool.digest,
        "arguments": reveal_json(call.arguments.value),
        "class": class_axes(effect)
        | {"evidence": [f"{item.axis}={item.value} ({item.source.value}: {item.detail})" for item in effect.evidence]},
        "consequence": consequence(effect),
        "tier": judged.decision.tier.label,
        "policies": list(judged.decision.policies),
        "reason_claimed": reveal(claims.reason) if claims.reason else None,
    }


def consequence(effect: ToolClass) -> str:
    """Return in a sentence what cannot be had back."""
    verb = "destroys or replaces something" if effect.destructive else "changes something"
    reach = {Blast.SINGLE: "one object", Blast.MANY: "many objects", Blast.SYSTEM: "a whole system"}[effect.blast]
    back = {
        Reversibility.NONE_NEEDED: "nothing has to be undone",
        Reversibility.REVERSIBLE: "an ordinary call undoes it",
        Reversibility.RECOVERABLE: "it can be recovered with effort",
        Reversibility.IRREVERSIBLE: "it cannot be undone",
    }[effect.reversibility]
    if effect.reversibility is Reversibility.NONE_NEEDED:
        return f"This call reads {effect.sensitivity.value} data; {back}."
    return f"This call {verb}; it can reach {reach}; {back}."
