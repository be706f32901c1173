"""The ``_meta`` envelope: what each era carries there, and what of it is Interlock's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from interlock.wire.jsonrpc import RawParams, open_object, raw

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
DECISION = "interlock/decision"
_BARE = frozenset({"progressToken", "traceparent", "tracestate", "baggage"})
_ENVELOPE = (VERSION, CAPABILITIES, CLIENT_INFO)


def without_envelope(meta: RawParams) -> RawParams:
    """Return ``_meta`` without the keys that only the modern era knows."""
    return {key: value for key, value in meta.items() if key not in _ENVELOPE}


def open_meta(params: RawParams) -> RawParams:
    """Return the members of ``_meta`` as their own bytes."""
    value = params.get("_meta")
    return (open_object(value) or {}) if value is not None else {}


def with_meta(params: RawParams, meta: RawParams) -> RawParams:
    """Return the parameters with another ``_meta``; an empty one is left out."""
    changed = {key: value for key, value in params.items() if key != "_meta"}
    if meta:
        changed["_meta"] = msgspec.Raw(msgspec.json.encode(meta))
    return changed


def modern_envelope(version: str, client_info: Mapping[str, Any]) -> RawParams:
    """Return the envelope of a request to a modern upstream.

    No capability is declared: an upstream cannot ask the client for anything through Interlock yet.
    """
    return {VERSION: raw(version), CAPABILITIES: raw({}), CLIENT_INFO: raw(dict(client_info))}


def is_protocols_own(key: str) -> bool:
    """Whether a ``_meta`` key is one that the specification defines."""
    return key in _BARE or key.startswith("io.modelcontextprotocol/")


def host_of(client_info: Any) -> str | None:
    """Return ``name/version`` of a self-reported ``clientInfo``: a claim."""
    if not isinstance(client_info, Mapping) or not isinstance(client_info.get("name"), str):
        return None
    version = client_info.get("version")
    return f"{client_info['name']}/{version}"[:200] if isinstance(version, str) else str(client_info["name"])[:200]


def trace_of(meta: Mapping[str, Any]) -> str | None:
    """Return the W3C ``traceparent`` a request carries as a bare ``_meta`` key."""
    trace = meta.get("traceparent")
    return trace[:200] if isinstance(trace, str) else None
