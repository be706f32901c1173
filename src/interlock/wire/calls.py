"""``tools/call``: from a request to the words that are decided on, and to what is forwarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from interlock import canon
from interlock.core.inventory import MAX_NAME
from interlock.core.words import Arguments, Claims, ToolCall
from interlock.wire import meta
from interlock.wire.jsonrpc import INVALID_PARAMS, RawParams, Rejection, Request, raw

REASON = "interlock_reason"
"""The argument in which a model says why it calls: nothing else survives every client. Never forwarded."""
REDEEM = "interlock_redeem"
"""The gateway's tool that performs a stored, approved call."""
MAX_REASON = 2000
_CARRIED = frozenset({"name", "arguments", "_meta"})


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
    if len(name) > MAX_NAME or not _CARRIED.issuperset(request.params):
        text = "tools/call carries a name, arguments and _meta, nothing else"
        return Rejection(INVALID_PARAMS, text, status=200, id=request.id)
    reason = value.get(REASON)
    given = request.raw.get("arguments")
    raw_arguments = bytes(given) if given is not None else b"{}"
    claims = Claims(
        host=claimed_host,
        reason=str(reason)[:MAX_REASON] if reason is not None else None,
        trace=meta.trace_of(request.meta),
    )
    if not canon.is_exact(raw_arguments):
        raw_arguments = canon.encode(value)  # two numbers that we cannot tell apart must not be told apart upstream
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


def forwarded_params(params: RawParams, call: ToolCall, *, approved: bool) -> RawParams:
    """Return the parameters to send: exactly the decided name and argument bytes, and the caller's ``_meta``.

    Of the ``_meta`` of an approved call only what the protocol itself defines goes out: whatever else a server
    may read there, nobody was shown it.
    """
    given = meta.open_meta(params)
    kept = {key: value for key, value in given.items() if not approved or meta.is_protocols_own(key)}
    return meta.with_meta({"name": raw(call.tool), "arguments": msgspec.Raw(call.arguments.raw)}, kept)
