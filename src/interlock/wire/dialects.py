"""One dialect an era: what a request must carry at the door, and how a result is shaped for its reader."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from interlock.wire import meta
from interlock.wire.jsonrpc import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    UNSUPPORTED_VERSION,
    RawParams,
    Rejection,
    Request,
    open_object,
    raw,
)
from interlock.wire.versions import LEGACY_VERSIONS, MODERN_VERSIONS, Era

Headers = Sequence[tuple[str, str]]
"""Header lines as they came, names in lower case."""

CACHEABLE = frozenset(
    {
        "server/discover",
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "resources/read",
    }
)
_MODERN_ONLY = ("resultType", "ttlMs", "cacheScope")
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ROUTING = ("mcp-protocol-version", "mcp-method", "mcp-name")


class Dialect(Protocol):
    """How one era speaks to a client."""

    era: Era
    methods: frozenset[str]

    def check(self, message: Request, headers: Headers) -> Rejection | None:
        """Return why a request is not let in, or ``None``."""

    def shape(self, method: str, result: msgspec.Raw) -> msgspec.Raw:
        """Return an upstream's result as this era's clients read it; unchanged where it can be."""

    def claimed_host(self, message: Request) -> str | None:
        """Return the host application as the request names it: a claim."""


class Legacy:
    """2024-11-05 to 2025-11-25: a handshake, then a session."""

    era = Era.LEGACY
    methods = frozenset(
        {
            "ping",
            "tools/list",
            "tools/call",
            "prompts/list",
            "prompts/get",
            "resources/list",
            "resources/templates/list",
            "resources/read",
            "resources/subscribe",
            "resources/unsubscribe",
            "completion/complete",
            "logging/setLevel",
        }
    )

    def check(self, message: Request, headers: Headers) -> Rejection | None:
        """Check the version header, where there is one, and the method."""
        versions = [value for name, value in headers if name == "mcp-protocol-version"]
        if len(versions) > 1 or any(version not in LEGACY_VERSIONS for version in versions):
            return Rejection(INVALID_PARAMS, "Unsupported MCP-Protocol-Version header", id=message.id)
        if message.method not in self.methods:
            return Rejection(METHOD_NOT_FOUND, "Method not found", status=200, id=message.id)
        return None

    def shape(self, method: str, result: msgspec.Raw) -> msgspec.Raw:
        """Take out what only the modern era knows."""
        del method
        members = open_object(result)
        if members is None or not any(key in members for key in _MODERN_ONLY):
            return result
        return _encode({key: value for key, value in members.items() if key not in _MODERN_ONLY})

    def claimed_host(self, message: Request) -> str | None:
        """Return ``None``: a legacy client names itself once, in ``initialize``."""
        del message
        return None


class Modern:
    """2026-07-28: every request stands for itself, and its headers say what its body says."""

    era = Era.MODERN
    methods = frozenset(
        {
            "server/discover",
            "tools/list",
            "tools/call",
            "prompts/list",
            "prompts/get",
            "resources/list",
            "resources/templates/list",
            "resources/read",
            "completion/complete",
        }
    )

    def check(self, message: Request, headers: Headers) -> Rejection | None:
        """Run the ladder: envelope, headers against body, version, method. The first failure wins."""
        envelope = message.meta
        missing = [key for key in (meta.VERSION, meta.CAPABILITIES) if key not in envelope]
        if missing:
            return Rejection(INVALID_PARAMS, f"params._meta is missing {', '.join(missing)}", id=message.id)
        mismatch = self._mismatch(message, headers)
        if mismatch is not None:
            return Rejection(HEADER_MISMATCH, f"The {mismatch} header does not say what the body says", id=message.id)
        version = envelope[meta.VERSION]
        if version not in MODERN_VERSIONS:
            data = {"supported": list(MODERN_VERSIONS), "requested": str(version)[:64]}
            return Rejection(UNSUPPORTED_VERSION, "Unsupported protocol version", data, id=message.id)
        if message.method not in self.methods:
            return Rejection(METHOD_NOT_FOUND, "Method not found", status=404, id=message.id)
        return None

    def shape(self, method: str, result: msgspec.Raw) -> msgspec.Raw:
        """Add what the modern era demands and a legacy upstream cannot know."""
        members = open_object(result)
        if members is None:
            return result
        added: RawParams = {"resultType": raw("complete")}
        if method in CACHEABLE:
            added |= {"ttlMs": raw(0), "cacheScope": raw("private")}
        missing = {key: value for key, value in added.items() if key not in members}
        return _encode(members | missing) if missing else result

    def claimed_host(self, message: Request) -> str | None:
        """Return what the request's own envelope says."""
        return meta.host_of(message.meta.get(meta.CLIENT_INFO))

    def _mismatch(self, message: Request, headers: Headers) -> str | None:
        said: dict[str, str] = {}
        for name, value in headers:
            if name in _ROUTING:
                if name in said:
                    return name
                said[name] = value
        wanted: dict[str, Any] = {
            "mcp-protocol-version": message.meta[meta.VERSION],
            "mcp-method": message.method,
        }
        key = _NAMED.get(message.method)
        if key is not None and message.params.get(key) is not None:
            wanted["mcp-name"] = message.params[key]
            said["mcp-name"] = decode_header(said.get("mcp-name", "")) or ""
        return next((name for name, value in wanted.items() if said.get(name) != value), None)


def encode_header(value: str) -> str:
    """Return a value as a header can carry it: plain where it survives, else ``=?base64?...?=``."""
    plain = value.isascii() and value.isprintable() and value == value.strip() and not value.startswith("=?base64?")
    return value if plain else f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def decode_header(value: str) -> str | None:
    """Return what a header's value says; ``None`` if its encoding is broken or not the canonical one."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    payload = value[9:-2]
    try:
        decoded = base64.b64decode(payload, validate=True)
        text = decoded.decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if base64.b64encode(decoded).decode() == payload else None


def routing_headers(method: str, params: Mapping[str, Any], version: str) -> list[tuple[str, str]]:
    """Return the headers a request to a modern upstream carries beside its body."""
    headers = [("MCP-Protocol-Version", version), ("Mcp-Method", method)]
    name = params.get(_NAMED.get(method, ""))
    if isinstance(name, str):
        headers.append(("Mcp-Name", encode_header(name)))
    return headers


def _encode(members: RawParams) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(members))


DIALECTS: Mapping[Era, Dialect] = {Era.LEGACY: Legacy(), Era.MODERN: Modern()}
