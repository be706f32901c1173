from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from interlock.wire.introductions import discover_result, initialize_result
from interlock.wire.jsonrpc import RawParams, raw
from interlock.wire.versions import LEGACY_VERSIONS, MODERN_VERSIONS, Era

SERVER_INFO = "io.modelcontextprotocol/serverInfo"


@dataclass
class Introduced:
    era: Era
    members: RawParams


def introduced(era: Era, members: dict[str, Any]) -> Introduced:
    return Introduced(era, {name: raw(value) for name, value in members.items()})


def decoded(value: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(msgspec.json.encode(value)))


CAPABILITIES = {"tools": {"listChanged": True}, "sampling": {}, "experimental": {"x": 1}, "prompts": {}, "tasks": {}}
OLD = introduced(
    Era.LEGACY,
    {
        "protocolVersion": "2025-06-18",
        "capabilities": CAPABILITIES,
        "serverInfo": {"name": "notes", "version": "1", "title": "Notes"},
        "instructions": "be kind",
    },
)
NEW = introduced(
    Era.MODERN,
    {
        "supportedVersions": ["2026-07-28"],
        "capabilities": CAPABILITIES,
        "instructions": "be kind",
        "ttlMs": 60000,
        "cacheScope": "public",
        "_meta": {SERVER_INFO: {"name": "notes", "version": "1", "title": "Notes"}},
    },
)
RELAYED = {"tools": {"listChanged": True}, "prompts": {}}
INFO = {"name": "notes", "version": "1", "title": "Notes"}


def test_either_era_introduces_itself_to_a_legacy_client() -> None:
    for one in (OLD, NEW):
        assert decoded(initialize_result(one, "2025-03-26")) == {
            "protocolVersion": "2025-03-26",
            "capabilities": RELAYED,
            "serverInfo": INFO,
            "instructions": "be kind",
        }


def test_either_era_introduces_itself_to_a_modern_client() -> None:
    for one, ttl in ((OLD, 0), (NEW, 60000)):
        assert decoded(discover_result(one)) == {
            "supportedVersions": [*LEGACY_VERSIONS, *MODERN_VERSIONS],
            "capabilities": RELAYED,
            "instructions": "be kind",
            "resultType": "complete",
            "ttlMs": ttl,
            "cacheScope": "private",
            "_meta": {SERVER_INFO: INFO},
        }


def test_a_server_that_says_nothing_of_itself() -> None:
    for era in Era:
        bare = introduced(era, {})
        assert decoded(initialize_result(bare, "2025-11-25"))["capabilities"] == {}
        assert decoded(initialize_result(bare, "2025-11-25"))["serverInfo"]["name"] == "interlock"
        assert "instructions" not in discover_result(bare)


def test_capabilities_that_are_no_object_are_none() -> None:
    assert decoded(initialize_result(introduced(Era.LEGACY, {"capabilities": [1]}), "2025-11-25"))["capabilities"] == {}
