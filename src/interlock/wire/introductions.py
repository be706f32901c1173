"""The server's side of both eras: an upstream's introduction as a client of either era reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from interlock.wire.jsonrpc import RawParams, open_object, raw
from interlock.wire.versions import LEGACY_VERSIONS, MODERN_VERSIONS, Era

_SERVER_INFO = "io.modelcontextprotocol/serverInfo"
_RELAYED = ("tools", "prompts", "resources", "completions", "logging")
"""The capabilities Interlock relays; what it does not relay it does not advertise."""
_UNKNOWN_SERVER = {"name": "interlock", "version": "0.1.0"}


class Introduced(Protocol):
    """An upstream's introduction: its era, and its handshake result's own bytes."""

    @property
    def era(self) -> Era:
        """The era it speaks."""

    @property
    def members(self) -> RawParams:
        """The members of its handshake result."""


def initialize_result(introduced: Introduced, version: str) -> dict[str, Any]:
    """Return the result of ``initialize`` in this revision."""
    result: dict[str, Any] = {
        "protocolVersion": version,
        "capabilities": _capabilities(introduced),
        "serverInfo": _server_info(introduced),
    }
    return result | _kept(introduced, ("instructions",))


def discover_result(introduced: Introduced) -> dict[str, Any]:
    """Return the result of ``server/discover``; private, since what it stands for is decided per caller."""
    own = _kept(introduced, ("instructions", "ttlMs")) if introduced.era is Era.MODERN else {}
    return {
        "supportedVersions": [*LEGACY_VERSIONS, *MODERN_VERSIONS],
        "capabilities": _capabilities(introduced),
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": {_SERVER_INFO: _server_info(introduced)},
    } | (own or _kept(introduced, ("instructions",)))


def _kept(introduced: Introduced, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: introduced.members[name] for name in names if name in introduced.members}


def _capabilities(introduced: Introduced) -> Mapping[str, Any]:
    members = open_object(introduced.members.get("capabilities", raw({}))) or {}
    return {name: members[name] for name in _RELAYED if name in members}


def _server_info(introduced: Introduced) -> Any:
    if "serverInfo" in introduced.members:
        return introduced.members["serverInfo"]
    stamp = open_object(introduced.members.get("_meta", raw({}))) or {}
    return stamp.get(_SERVER_INFO, msgspec.Raw(msgspec.json.encode(_UNKNOWN_SERVER)))
