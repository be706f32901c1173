"""From the words of a call to its audit records."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from interlock.audit.outcome import Ending, outcome_record
from interlock.audit.record import KEY_BYTES, Kind, Outcome, Record, absent, agreement, commit, fact
from interlock.core.approval import class_axes
from interlock.core.requests import Approved, Credential, Judged, RecordOutcome, Stopped
from interlock.core.words import Caller, ToolCall

_DECIDED = {
    "pending": Outcome.PENDING,
    "denied": Outcome.DENIED,
    "expired": Outcome.EXPIRED,
    "refused": Outcome.REFUSED,
    "blocked": Outcome.BLOCKED,
}


def timestamp() -> str:
    """Return now as RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def fresh_key() -> bytes:
    """Return a key for one record's commitments."""
    return secrets.token_bytes(KEY_BYTES)


def intent_record(call: ToolCall, judged: Judged, approved: Approved | None, key: bytes) -> Record:
    """Return the record that is durable before the first byte leaves."""
    return Record(
        kind=Kind.INTENT,
        **_common(call, judged, key),
        outcome=absent("not known before the call"),
        approval=_approval(approved) if approved else absent("none was needed"),
        agreement=absent("not known before the call"),
    )


def decision_record(call: ToolCall, stopped: Stopped, status: str) -> Record:
    """Return the one record of a call that was not dispatched."""
    outcome = _DECIDED[status]
    control = stopped.tier.control.value
    waiting = stopped.waiting
    return Record(
        kind=Kind.DECISION,
        **_common(call, stopped.judged, fresh_key()),
        outcome=outcome.value,
        approval={"id": waiting.approval_id, "state": stopped.reason.value}
        if waiting
        else absent("none was asked for"),
        agreement=agreement(control=control, approved=False, outcome=outcome).value,
        detail={"reason": stopped.reason.value} | ({"step": stopped.detail} if stopped.detail else {}),
    )


def access_record(caller: Caller, server: str, event: str) -> Record:
    """Return the record of a request that was turned away at the door as an attempt to be read in two ways."""
    return Record(
        kind=Kind.ACCESS,
        time=timestamp(),
        tenant=caller.tenant,
        server=server,
        subject=caller.subject,
        workload=caller.workload,
        machine=fact(verified=caller.machine, otherwise="the peer's address is not known"),
        detail={"event": event, "credential": caller.credential_id},
    )


def settled_record(intent: Record, request: RecordOutcome, began: float, effect: Mapping[str, Any] | None) -> Record:
    """Return the outcome record of an intent. ``began`` is the monotonic time at which it was forwarded."""
    ending = Ending(
        outcome=Outcome(request.outcome.value),
        time=timestamp(),
        reason=request.reason.value if request.reason else None,
        lend=_lend(request.credential),
        effect=effect,
        timings={"upstream_us": int((time.monotonic() - began) * 1e6)},
    )
    return outcome_record(intent, ending)


def _common(call: ToolCall, judged: Judged | None, key: bytes) -> dict[str, Any]:
    caller, claims = call.caller, call.claims
    return {
        "time": timestamp(),
        "call_id": call.call_id,
        "tenant": caller.tenant,
        "server": call.server,
        "tool": call.tool,
        "subject": caller.subject,
        "workload": caller.workload,
        "identity": fact(verified=_identity(call)),
        "host": fact(verified=caller.host, claimed=claims.host),
        "machine": fact(verified=caller.machine, otherwise="the peer's address is not known"),
        "resource": _resource(judged),
        "definition": fact(verified=judged.tool.digest) if judged else absent("the tool was not found"),
        "prompt": _prompt(call, key),
        "tool_class": _class(judged),
        "arguments": {
            "digest_commitment": commit(key, "arguments", call.arguments.digest),
            "bytes": len(call.arguments.raw),
        },
        "decision": _decision(judged),
        "lend": absent("nothing was lent yet"),
        "effect": absent("nothing was sent yet"),
        "timings": absent("not measured"),
        "era": call.era,
        "activity": claims.trace or absent("client sent no trace"),
    }


def _identity(call: ToolCall) -> dict[str, Any]:
    caller = call.caller
    return {
        "subject": caller.subject,
        "workload": caller.workload,
        "actors": list(caller.actors),
        "tenant": caller.tenant,
        "credential": caller.credential_id,
        "issuer": caller.issuer,
        "by": "access token",
    }


def _resource(judged: Judged | None) -> dict[str, Any]:
    if judged is None or judged.facts.resource_tenant is None:
        return absent("the resource's tenant is not known")
    return fact(verified={"tenant": judged.facts.resource_tenant, "binding": judged.facts.tenant_binding.value})


def _prompt(call: ToolCall, key: bytes) -> dict[str, Any]:
    claims = call.claims
    said = {
        "reason_commitment": commit(key, "reason", claims.reason) if claims.reason else None,
        "digest": claims.prompt_digest,
        "trace": claims.trace,
    }
    known = {name: value for name, value in said.items() if value is not None}
    return fact(claimed=known or None)


def _class(judged: Judged | None) -> dict[str, Any]:
    if judged is None:
        return absent("the call was not classified")
    effect = judged.facts.effect
    evidence = [f"{item.axis}={item.value} {item.source.value}: {item.detail[:80]}" for item in effect.evidence]
    return class_axes(effect) | {"evidence": evidence}


def _decision(judged: Judged | None) -> dict[str, Any]:
    if judged is None:
        return {"control": "block", "tier": "block"}
    decision = judged.decision
    return {
        "control": decision.control.value,
        "tier": decision.tier.label,
        "reason": str(decision.reason),
        "policies": list(decision.policies),
        "policy_digest": decision.policy_digest,
    }


def _approval(approved: Approved) -> dict[str, Any]:
    return {
        "id": approved.approval_id,
        "approvers": list(approved.approvers),
        "assurance": approved.assurance,
        "downgraded": approved.downgraded,
    }


def _lend(credential: Credential | None) -> dict[str, Any] | None:
    if credential is None:
        return None
    return {
        "id": credential.lend_id,
        "kind": credential.kind,
        "scope": credential.scope or absent("the kind has none"),
        "expires_at": credential.expires_at or absent("it does not expire"),
    }
