from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from interlock.wire import meta
from interlock.wire.jsonrpc import RawParams, raw


def members(given: dict[str, Any]) -> RawParams:
    return {name: raw(value) for name, value in given.items()}


def decoded(given: RawParams) -> dict[str, Any]:
    return {name: json.loads(bytes(value)) for name, value in given.items()}


def test_the_envelope_comes_off_and_the_rest_stays_byte_for_byte() -> None:
    odd = msgspec.Raw(b'{ "a" : 1.0 }')
    given = members({meta.VERSION: "2026-07-28", meta.CAPABILITIES: {}, meta.CLIENT_INFO: {}}) | {"x/y": odd}
    assert meta.without_envelope(given) == {"x/y": odd}


def test_the_envelope_is_exactly_three_keys_and_declares_nothing() -> None:
    envelope = decoded(meta.modern_envelope("2026-07-28", {"name": "n", "version": "1"}))
    assert envelope == {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "n", "version": "1"},
    }


@pytest.mark.parametrize(
    "given", [{}, {"_meta": raw({})}, {"_meta": raw([1])}, {"_meta": raw("x")}, {"_meta": raw(None)}]
)
def test_no_meta_or_one_that_is_no_object_opens_empty(given: RawParams) -> None:
    assert meta.open_meta(given) == {}


def test_another_meta_replaces_the_one_that_was() -> None:
    params = {"name": raw("t"), "_meta": raw({"old": 1})}
    changed = meta.with_meta(params, members({"new": 2}))
    assert decoded(changed) == {"name": "t", "_meta": {"new": 2}}
    assert decoded(params) == {"name": "t", "_meta": {"old": 1}}, "what was given is not changed"
    assert "_meta" not in meta.with_meta(params, {})


@pytest.mark.parametrize(
    ("info", "host"),
    [
        ({"name": "cursor", "version": "1.2"}, "cursor/1.2"),
        ({"name": "cursor"}, "cursor"),
        ({"name": "cursor", "version": 3}, "cursor"),
        ({"name": 3}, None),
        ({}, None),
        (None, None),
        ("cursor", None),
        ({"name": "n" * 500, "version": "1"}, "n" * 200),
        ({"name": "n" * 500}, "n" * 200),
    ],
)
def test_the_host_as_it_names_itself_bounded(info: Any, host: str | None) -> None:
    assert meta.host_of(info) == host


@pytest.mark.parametrize(
    ("given", "trace"), [({}, None), ({"traceparent": 7}, None), ({"traceparent": "t" * 300}, "t" * 200)]
)
def test_the_trace_bounded(given: dict[str, Any], trace: str | None) -> None:
    assert meta.trace_of(given) == trace


@pytest.mark.parametrize(
    ("key", "own"),
    [
        ("progressToken", True),
        ("traceparent", True),
        ("tracestate", True),
        ("baggage", True),
        ("io.modelcontextprotocol/x", True),
        ("io.modelcontextprotocolx/x", False),
        ("Traceparent", False),
        ("example.org/x", False),
        ("", False),
    ],
)
def test_which_keys_the_specification_defines(key: str, *, own: bool) -> None:
    assert meta.is_protocols_own(key) is own
