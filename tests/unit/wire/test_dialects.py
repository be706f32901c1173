from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.wire import jsonrpc, meta
from interlock.wire.dialects import DIALECTS, decode_header, encode_header, routing_headers
from interlock.wire.jsonrpc import HEADER_MISMATCH, INVALID_PARAMS, METHOD_NOT_FOUND, UNSUPPORTED_VERSION, Request
from interlock.wire.versions import LEGACY_VERSIONS, Era

LEGACY, MODERN = DIALECTS[Era.LEGACY], DIALECTS[Era.MODERN]
ENVELOPE = {meta.VERSION: "2026-07-28", meta.CAPABILITIES: {}}
VALUES = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)


def request(method: str = "tools/call", envelope: dict[str, Any] | None = None, **params: Any) -> Request:
    body = {
        "jsonrpc": "2.0",
        "id": 5,
        "method": method,
        "params": {"_meta": ENVELOPE if envelope is None else envelope},
    }
    body["params"] |= params  # type: ignore[operator]
    message = jsonrpc.parse(json.dumps(body).encode())
    assert isinstance(message, Request)
    return message


def headers(method: str = "tools/call", name: str | None = "t", version: str = "2026-07-28") -> list[tuple[str, str]]:
    lines = [("mcp-protocol-version", version), ("mcp-method", method)]
    return [*lines, ("mcp-name", name)] if name is not None else lines


def refused(code: int, message: Request, lines: list[tuple[str, str]], status: int = 400) -> jsonrpc.Rejection:
    rejection = MODERN.check(message, lines)
    assert rejection is not None
    assert (rejection.code, rejection.status, rejection.id) == (code, status, 5)
    return rejection


# --- the modern door ---


def test_a_request_whose_headers_say_what_its_body_says_is_let_in() -> None:
    assert MODERN.check(request(name="t"), headers()) is None
    assert MODERN.check(request("resources/read", uri="file:///x"), headers("resources/read", "file:///x")) is None
    assert MODERN.check(request("tools/list"), headers("tools/list", None)) is None


@pytest.mark.parametrize("missing", [meta.VERSION, meta.CAPABILITIES])
def test_an_incomplete_envelope(missing: str) -> None:
    envelope = {key: value for key, value in ENVELOPE.items() if key != missing}
    assert missing in refused(INVALID_PARAMS, request(envelope=envelope, name="t"), headers()).message


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_header_that_is_missing_other_or_twice(index: int) -> None:
    lines = headers()
    name, value = lines[index]
    for changed in (
        lines[:index] + lines[index + 1 :],
        [*lines[:index], (name, value + "x"), *lines[index + 1 :]],
        [*lines[:index], (name, value.upper() + "X"), *lines[index + 1 :]],
        [*lines, (name, value)],
        [*lines, (name, "other")],
    ):
        assert name in refused(HEADER_MISMATCH, request(name="t"), changed).message


@given(VALUES, VALUES)
def test_the_name_header_stands_for_the_name(name: str, other: str) -> None:
    lines = [*headers(name=None), ("mcp-name", encode_header(name))]
    assert MODERN.check(request(name=name), lines) is None
    rejection = MODERN.check(request(name=other), lines)
    assert (rejection is None) == (name == other)


def test_a_value_that_is_no_text_matches_nothing() -> None:
    refused(HEADER_MISMATCH, request(name=7), headers(name="7"))
    refused(HEADER_MISMATCH, request(name=["t"]), headers())
    refused(HEADER_MISMATCH, request(envelope=ENVELOPE | {meta.VERSION: 20260728}, name="t"), headers())


@pytest.mark.parametrize("version", ["2030-01-01", "2025-11-25", ""])
def test_a_revision_nobody_speaks_is_told_what_is_spoken(version: str) -> None:
    message = request(envelope=ENVELOPE | {meta.VERSION: version}, name="t")
    rejection = refused(UNSUPPORTED_VERSION, message, headers(version=version))
    assert rejection.data == {"supported": ["2026-07-28"], "requested": version}


@pytest.mark.parametrize("method", ["initialize", "ping", "tools/Call", "logging/setLevel", "resources/subscribe"])
def test_a_method_the_modern_era_has_not(method: str) -> None:
    refused(METHOD_NOT_FOUND, request(method), headers(method, None), 404)


def test_the_modern_host_is_what_the_envelope_says() -> None:
    named = ENVELOPE | {meta.CLIENT_INFO: {"name": "c", "version": "1"}}
    assert MODERN.claimed_host(request(envelope=named)) == "c/1"
    assert MODERN.claimed_host(request()) is None


# --- the legacy door ---


@pytest.mark.parametrize("lines", [[], *([("mcp-protocol-version", version)] for version in LEGACY_VERSIONS)])
def test_a_legacy_request_needs_no_headers(lines: list[tuple[str, str]]) -> None:
    assert LEGACY.check(request(envelope={}, name="t"), lines) is None


@pytest.mark.parametrize("values", [["2026-07-28"], ["x"], ["2025-11-25", "2025-11-25"], [""]])
def test_a_legacy_version_header_that_is_wrong_or_twice(values: list[str]) -> None:
    rejection = LEGACY.check(request(envelope={}), [("mcp-protocol-version", value) for value in values])
    assert rejection is not None
    assert (rejection.code, rejection.status) == (INVALID_PARAMS, 400)


@pytest.mark.parametrize("method", ["server/discover", "initialize", "sampling/createMessage", "x"])
def test_a_method_the_legacy_era_has_not(method: str) -> None:
    rejection = LEGACY.check(request(method, envelope={}), [])
    assert rejection is not None
    assert (rejection.code, rejection.status) == (METHOD_NOT_FOUND, 200)


def test_a_legacy_request_names_no_host() -> None:
    assert LEGACY.claimed_host(request(envelope={meta.CLIENT_INFO: {"name": "c"}})) is None


# --- results ---


def shaped(era: Era, method: str, result: Any) -> Any:
    return json.loads(bytes(DIALECTS[era].shape(method, jsonrpc.raw(result))))


def test_the_modern_era_gets_what_it_demands() -> None:
    assert shaped(Era.MODERN, "tools/call", {"content": []}) == {"content": [], "resultType": "complete"}
    listed = shaped(Era.MODERN, "tools/list", {"tools": []})
    assert listed == {"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


def test_what_the_upstream_said_itself_stays() -> None:
    said = {"tools": [], "resultType": "complete", "ttlMs": 5, "cacheScope": "public", "other": [1]}
    assert shaped(Era.MODERN, "tools/list", said) == said
    assert shaped(Era.MODERN, "tools/call", {"resultType": "task"}) == {"resultType": "task"}


def test_the_legacy_era_is_told_nothing_of_the_modern_one() -> None:
    said = {"tools": [], "resultType": "complete", "ttlMs": 5, "cacheScope": "public", "other": [1]}
    assert shaped(Era.LEGACY, "tools/list", said) == {"tools": [], "other": [1]}


@pytest.mark.parametrize("era", Era)
@pytest.mark.parametrize("odd", [b"[1]", b'"x"', b"null", b"7"])
def test_what_is_no_object_passes_as_it_is(era: Era, odd: bytes) -> None:
    assert DIALECTS[era].shape("tools/call", msgspec.Raw(odd)) == msgspec.Raw(odd)


def test_what_needs_no_change_keeps_its_bytes() -> None:
    modern = msgspec.Raw(b'{ "resultType":"complete", "n": 1.0, "big": 123456789012345678901234567890 }')
    assert DIALECTS[Era.MODERN].shape("tools/call", modern) is modern
    legacy = msgspec.Raw(b'{ "n": 1.0 }')
    assert DIALECTS[Era.LEGACY].shape("tools/call", legacy) is legacy
    changed = bytes(DIALECTS[Era.LEGACY].shape("tools/call", modern))
    assert b"123456789012345678901234567890" in changed
    assert b"1.0" in changed


# --- header values ---


@given(VALUES)
def test_a_header_value_comes_back(value: str) -> None:
    encoded = encode_header(value)
    assert decode_header(encoded) == value
    assert encoded.isascii()
    assert encoded.isprintable()
    assert encoded == encoded.strip()


@pytest.mark.parametrize("value", ["read_note", "a b", "file:///x?y=z", ""])
def test_what_survives_plain_is_plain(value: str) -> None:
    assert encode_header(value) == value


@pytest.mark.parametrize(
    "broken", ["=?base64?!!?=", "=?base64?YQ?=", "=?base64?YR==?=", "=?base64?/w==?=", "=?base64?YQ= =?="]
)
def test_a_broken_or_second_spelling_says_nothing(broken: str) -> None:
    assert decode_header(broken) is None


@pytest.mark.parametrize("plain", ["=?base64?", "?=", "=?BASE64?YQ==?=", "x=?base64?YQ==?="])
def test_what_only_looks_encoded_is_plain(plain: str) -> None:
    assert decode_header(plain) == plain


def test_the_headers_that_we_send_are_those_that_we_check() -> None:
    lines = routing_headers("tools/call", {"name": "größe"}, "2026-07-28")
    assert MODERN.check(request(name="größe"), [(name.lower(), value) for name, value in lines]) is None
    assert routing_headers("tools/list", {"name": "x"}, "v") == [
        ("MCP-Protocol-Version", "v"),
        ("Mcp-Method", "tools/list"),
    ]
    assert len(routing_headers("tools/call", {"name": 7}, "v")) == 2
