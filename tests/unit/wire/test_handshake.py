from __future__ import annotations

import json
from typing import Any

import pytest

from interlock.wire import handshake, jsonrpc, meta
from interlock.wire.jsonrpc import RawParams, Request, Response, raw
from interlock.wire.versions import LEGACY_VERSIONS, Era


def decoded(params: RawParams) -> dict[str, Any]:
    return {name: json.loads(bytes(value)) for name, value in params.items()}


def answer(result: Any) -> Response:
    return Response(1, raw(result), None)


FAILED = Response(1, None, {"code": -32601, "message": "no"})


def test_we_ask_for_the_latest_and_offer_nothing_that_we_could_not_keep() -> None:
    said = decoded(handshake.initialize_params())
    assert said["protocolVersion"] == "2025-11-25"
    assert said["capabilities"] == {}
    assert said["clientInfo"]["name"] == "interlock"


@pytest.mark.parametrize("version", LEGACY_VERSIONS)
def test_any_legacy_revision_will_do(version: str) -> None:
    assert handshake.initialized_version(answer({"protocolVersion": version})) == version


@pytest.mark.parametrize("result", [{}, {"protocolVersion": "2026-07-28"}, {"protocolVersion": None}, [], "x", None])
def test_what_is_no_legacy_introduction(result: Any) -> None:
    assert handshake.initialized_version(answer(result)) is None
    assert handshake.initialized_version(FAILED) is None


def test_the_newest_modern_revision_in_common() -> None:
    offered = {"supportedVersions": ["2025-11-25", "2026-07-28", "2030-01-01"]}
    assert handshake.discovered_version(answer(offered)) == "2026-07-28"


@pytest.mark.parametrize(
    "result",
    [{}, {"supportedVersions": []}, {"supportedVersions": ["2025-11-25"]}, {"supportedVersions": "2026-07-28x"}, []],
)
def test_what_is_no_modern_introduction(result: Any) -> None:
    assert handshake.discovered_version(answer(result)) is None
    assert handshake.discovered_version(FAILED) is None


def test_the_modern_envelope_is_ours_and_the_clients_name_stays_its_own() -> None:
    given = {"_meta": raw({meta.VERSION: "old", meta.CAPABILITIES: {"elicitation": {}}, "x": 1}), "name": raw("t")}
    sent = decoded(handshake.outgoing(Era.MODERN, given))
    assert sent["name"] == "t"
    assert sent["_meta"].pop(meta.CLIENT_INFO)["name"] == "interlock"
    assert sent["_meta"] == {meta.VERSION: "2026-07-28", meta.CAPABILITIES: {}, "x": 1}
    named = {"_meta": raw({meta.CLIENT_INFO: {"name": "cursor"}})}
    assert decoded(handshake.outgoing(Era.MODERN, named))["_meta"][meta.CLIENT_INFO] == {"name": "cursor"}


def test_a_legacy_server_is_told_nothing_of_the_envelope() -> None:
    given = {"_meta": raw({meta.VERSION: "2026-07-28", meta.CAPABILITIES: {}, "x": 1})}
    assert decoded(handshake.outgoing(Era.LEGACY, given)) == {"_meta": {"x": 1}}
    bare = {"_meta": raw({meta.VERSION: "2026-07-28"}), "name": raw("t")}
    assert decoded(handshake.outgoing(Era.LEGACY, bare)) == {"name": "t"}
    plain = {"_meta": raw({"x": 1})}
    assert handshake.outgoing(Era.LEGACY, plain) is plain


def test_progress_is_asked_for_under_our_own_token() -> None:
    given = {"_meta": raw({"progressToken": "theirs", "x": 1}), "name": raw("t")}
    assert decoded(handshake.with_progress_token(given, 7)) == {"_meta": {"progressToken": 7, "x": 1}, "name": "t"}
    assert decoded(handshake.with_progress_token({}, 7)) == {"_meta": {"progressToken": 7}}


def test_a_server_may_ping_us_and_nothing_else() -> None:
    assert json.loads(handshake.answer_upstream(Request("p", "ping", {}, {})))["result"] == {}
    for method in ("sampling/createMessage", "elicitation/create", "roots/list", "x"):
        said = json.loads(handshake.answer_upstream(Request(3, method, {}, {})))
        assert (said["id"], said["error"]["code"]) == (3, jsonrpc.METHOD_NOT_FOUND)
