"""How "denied", "pending" and "nobody knows" are said so that every real client understands it.

HTTP 200 and ``isError: true`` with text that stands by itself; machine data under
``_meta["interlock/decision"]`` (its schema is ``decision.schema.json``); never ``structuredContent``,
which some clients validate against the tool's output schema and then lose the denial.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from interlock.core.reasons import REASONS, Reason
from interlock.core.requests import Stopped, Waiting
from interlock.core.words import ToolCall
from interlock.wire.calls import REDEEM
from interlock.wire.meta import DECISION

_BY_A_PERSON = frozenset({Reason.APPROVAL_DENIED})
_OVER = frozenset({Reason.APPROVAL_EXPIRED, Reason.APPROVAL_VOID, Reason.APPROVAL_SPENT, Reason.APPROVAL_UNKNOWN})
_TRANSIENT = frozenset(
    {
        Reason.STATE_CHANGED,
        Reason.LOG_UNAVAILABLE,
        Reason.CREDENTIAL_UNAVAILABLE,
        Reason.UPSTREAM_UNREACHABLE,
        Reason.APPROVAL_INSUFFICIENT,
        Reason.APPROVAL_CROWDED,
        Reason.STEP_FAILED,
    }
)

STATUS: Mapping[Reason, str] = MappingProxyType(
    {Reason.APPROVAL_PENDING: "pending"}
    | dict.fromkeys(_BY_A_PERSON, "denied")
    | dict.fromkeys(_OVER, "expired")
    | dict.fromkeys(_TRANSIENT, "refused")
)
"""What a reason comes to for the client and for the log; ``blocked`` where nothing else is said."""


def status_of(reason: Reason) -> str:
    """Return ``pending``, ``denied``, ``expired``, ``refused`` or ``blocked``."""
    return STATUS.get(reason, "blocked")


def say_stopped(call: ToolCall, stopped: Stopped) -> dict[str, Any]:
    """Return the ``CallToolResult`` for a call that was not performed."""
    decision = stopped.judged.decision if stopped.judged else None
    data: dict[str, Any] = {
        "status": status_of(stopped.reason),
        "reason": stopped.reason.value,
        "performed": "no",
        "control": stopped.tier.control.value,
        "tier": stopped.tier.label,
        "policies": list(decision.policies) if decision else [],
        "request": call.call_id,
    }
    if decision:
        data["policy_digest"] = decision.policy_digest
    if stopped.waiting:
        data["approval"] = _approval(stopped.waiting)
    return _error(_sentence(call, stopped), data)


def say_unsettled(call: ToolCall, reason: Reason) -> dict[str, Any]:
    """Return the ``CallToolResult`` for a call that may have been performed and has no result."""
    text = (
        f"OUTCOME UNKNOWN: {call.tool} was sent and MAY HAVE BEEN PERFORMED. {REASONS[reason]} "
        f"Do not retry: check the state first, or ask a person to. Request {call.call_id}."
    )
    data = {"status": "unsettled", "reason": reason.value, "performed": "unknown", "request": call.call_id}
    return _error(text, data)


def say_misuse(call_id: str, text: str) -> dict[str, Any]:
    """Return the ``CallToolResult`` for a gateway tool that was called wrongly."""
    data = {"status": "refused", "reason": Reason.APPROVAL_UNKNOWN.value, "performed": "no", "request": call_id}
    return _error(f"DENIED: {text} NOT performed. Request {call_id}.", data)


def _sentence(call: ToolCall, stopped: Stopped) -> str:
    reason, waiting = stopped.reason, stopped.waiting
    end = f"Request {call.call_id}."
    if reason is Reason.APPROVAL_PENDING and waiting:
        return (
            f"PENDING, not performed: {call.tool} needs a person's approval and one has been asked "
            f"(approval {waiting.approval_id}, to be decided by {_when(waiting.decide_by)}). "
            f"To go on once it is approved, either call {call.tool} again with exactly the same arguments, "
            f'or call {REDEEM} with {{"approval_id": "{waiting.approval_id}"}}. '
            f"Do not change the arguments and do not look for another way to do it. {end}"
        )
    if reason in _BY_A_PERSON and waiting:
        return f"DENIED by a person (approval {waiting.approval_id}). NOT performed. Do not retry. {end}"
    if reason in _OVER:
        return f"DENIED ({reason.value}). {REASONS[reason]} NOT performed. Ask again by calling {call.tool}. {end}"
    if reason in _TRANSIENT:
        return f"REFUSED ({reason.value}). {REASONS[reason]} NOT performed. It may be tried again later. {end}"
    policies = stopped.judged.decision.policies if stopped.judged else ()
    by = f"by policy {', '.join(policies)}" if policies else "by Interlock"
    return f"DENIED {by} ({reason.value}). {REASONS[reason]} NOT performed. Do not retry. {end}"


def _approval(waiting: Waiting) -> dict[str, Any]:
    return {
        "id": waiting.approval_id,
        "decide_by": _when(waiting.decide_by),
        "redeem_by": _when(waiting.redeem_by),
        "then": ["repeat_identical_call", REDEEM],
    }


def _error(text: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "content": [{"type": "text", "text": text}],
        "isError": True,
        "_meta": {DECISION: {"version": 1, **data}},
    }


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
