from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock import canon
from interlock.wire import calls, jsonrpc
from interlock.wire.jsonrpc import INVALID_PARAMS, Rejection, Request
from unit.policy.calls import case

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=10)
ARGUMENTS = st.dictionaries(TEXT, TEXT | st.integers(-(2**100), 2**100) | st.lists(TEXT, max_size=3), max_size=5)


def request(params: bytes) -> Request:
    message = jsonrpc.parse(b'{"jsonrpc":"2.0","id":5,"method":"tools/call","params":%s}' % params)
    assert isinstance(message, Request)
    return message


def asked(params: bytes, host: str | None = None) -> calls.Asked:
    found = calls.read_call(request(params), host)
    assert isinstance(found, calls.Asked)
    return found


def test_the_arguments_are_the_callers_own_bytes() -> None:
    raw = b'{ "z": 1.0, "a":"\\u00e9", "n":123456789012345678901234567890 }'
    found = asked(b'{"name":"t","arguments":%s}' % raw, "cursor/1")
    assert found.tool == "t"
    assert found.arguments.raw == raw
    assert found.arguments.value == {"z": 1.0, "a": "é", "n": 123456789012345678901234567890}
    assert found.arguments.digest == canon.digest(found.arguments.value)
    assert (found.claims.host, found.claims.reason, found.claims.trace) == ("cursor/1", None, None)


def test_no_arguments_are_an_empty_object() -> None:
    found = asked(b'{"name":"t"}')
    assert (found.arguments.raw, found.arguments.value) == (b"{}", {})


@given(ARGUMENTS, TEXT)
def test_a_reason_is_a_claim_and_no_argument(arguments: dict[str, Any], reason: str) -> None:
    arguments.pop(calls.REASON, None)
    plain = asked(json.dumps({"name": "t", "arguments": arguments}).encode())
    reasoned = asked(json.dumps({"name": "t", "arguments": arguments | {calls.REASON: reason}}).encode())
    assert reasoned.claims.reason == reason
    assert reasoned.arguments.value == arguments
    assert json.loads(reasoned.arguments.raw) == arguments
    assert reasoned.arguments.digest == plain.arguments.digest


@pytest.mark.parametrize(
    ("reason", "claimed"), [("x" * 5000, "x" * 2000), (None, None), (7, "7"), ({"a": 1}, "{'a': 1}")]
)
def test_whatever_a_reason_is_it_is_never_forwarded(reason: Any, claimed: str | None) -> None:
    found = asked(json.dumps({"name": "t", "arguments": {calls.REASON: reason}}).encode())
    assert found.claims.reason == claimed
    assert found.arguments.raw == b"{}"


def test_the_trace_is_a_claim() -> None:
    assert asked(b'{"name":"t","_meta":{"traceparent":"00-a-b-01"}}').claims.trace == "00-a-b-01"


@pytest.mark.parametrize(
    "params",
    [
        b"{}",
        b'{"name":""}',
        b'{"name":7}',
        b'{"name":["t"]}',
        b'{"name":"t","arguments":[]}',
        b'{"name":"t","arguments":null}',
        b'{"name":"t","arguments":"{}"}',
        b'{"name":"t","task":{}}',
        b'{"name":"t","other":1}',
        b'{"name":"%s"}' % (b"x" * 257),
    ],
)
def test_what_is_no_call_is_refused(params: bytes) -> None:
    refused = calls.read_call(request(params), None)
    assert isinstance(refused, Rejection)
    assert (refused.code, refused.status, refused.id) == (INVALID_PARAMS, 200, 5)


def test_stored_arguments_are_read_strictly() -> None:
    assert calls.read_arguments(b'{"a":1}').value == {"a": 1}
    with pytest.raises(canon.ParseError):
        calls.read_arguments(b'{"a":1,"a":2}')


def test_what_is_forwarded_is_what_was_decided() -> None:
    """Not what the request says: a redemption's own arguments are an approval id."""
    message = request(b'{"arguments":{"approval_id":"x"},"name":"interlock_redeem","_meta":{"a":1.0},"other":[ ]}')
    wanted = replace(case()[0], tool="delete", arguments=calls.read_arguments(b'{ "id": 1 }'))
    sent = calls.forwarded_params(message.raw, wanted, approved=False)
    assert jsonrpc.request(1, "m", sent) == (
        b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"delete","arguments":{ "id": 1 },"_meta":{"a":1.0}}}'
    )


def test_an_approved_call_carries_no_meta_that_nobody_was_shown() -> None:
    own = {"progressToken": 1, "traceparent": "t", "io.modelcontextprotocol/x": 2}
    message = request(json.dumps({"name": "t", "_meta": own | {"example.org/undo": False, "Traceparent": 1}}).encode())
    sent = calls.forwarded_params(message.raw, case()[0], approved=True)
    assert json.loads(bytes(sent["_meta"])) == own
