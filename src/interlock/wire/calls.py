"""``tools/call``: from a request to the words that are decided on, and to what is forwarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from interlock import canon
from interlock.core.words import Arguments, Claims
from interlock.wire import meta
from interlock.wire.jsonrpc import INVALID_PARAMS, RawParams, Rejection, Request, raw

REASON = "interlock_reason"
"""The argument in which a model says why it calls: nothing else survives every client. Never forwarded."""
REDEEM = "interlock_redeem"
"""The gateway's tool that performs a stored, approved call."""
MAX_REASON = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a ``tools/call`` asks for, before anybody knows who asks."""

    tool: str
    arguments: Arguments
    claims: Claims


def read_call(request: Request, claimed_host: str | None) -> Asked | Rejection:
    """Return what a ``tools/call`` asks for. ``interlock_reason`` is taken out and becomes a claim."""
    name = request.params.get("name")
    value = request.params.get("arguments", {})
    if not isinstance(name, str) or not name or not isinstance(value, dict):
        return Rejection(
            INVALID_PARAMS, "tools/call needs a name (string) and arguments (object)", status=200, id=request.id
        )
    if "task" in request.params:
        return Rejection(INVALID_PARAMS, "Tasks are not offered here", status=200, id=request.id)
    reason = value.get(REASON)
    given = request.raw.get("arguments")
    raw_arguments = bytes(given) if given is not None else b"{}"
    claims = Claims(
        host=claimed_host,
        reason=str(reason)[:MAX_REASON] if reason is not None else None,
        trace=meta.trace_of(request.meta),
    )
    if REASON in value:
        value = {key: item for key, item in value.items() if key != REASON}
        raw_arguments = canon.encode(value)
    return Asked(name, read_arguments(raw_arguments, value), claims)


def read_arguments(given: bytes, value: Mapping[str, Any] | None = None) -> Arguments:
    """Return arguments from the bytes that will be forwarded.

    Raises:
        canon.ParseError: the bytes are not strict JSON.

    """
    parsed = canon.parse(given) if value is None else value
    return Arguments(given, parsed, canon.digest(parsed))


def forwarded_params(params: RawParams, tool: str, arguments: Arguments) -> RawParams:
    """Return the parameters to send: the caller's own, with exactly the decided name and argument bytes."""
    kept = {key: value for key, value in params.items() if key not in {"name", "arguments", "task"}}
    return {"name": raw(tool), "arguments": msgspec.Raw(arguments.raw)} | kept
