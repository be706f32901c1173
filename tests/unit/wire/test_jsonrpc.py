from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.wire import jsonrpc
from interlock.wire.jsonrpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    Notification,
    Rejection,
    Request,
    Response,
)

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**200), 2**200) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
IDS = TEXT | st.integers(-(2**53), 2**53)
KNOWN = frozenset(jsonrpc._PARAMS)
PARAMS = st.dictionaries(TEXT.filter(lambda key: key.casefold() not in jsonrpc._folded(KNOWN)), JSON, max_size=4)


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


@given(IDS, TEXT, PARAMS)
def test_a_request_reads_as_it_was_written(identifier: str | int, method: str, params: dict[str, Any]) -> None:
    body = jsonrpc.request(identifier, method, {name: jsonrpc.raw(value) for name, value in params.items()})
    message = jsonrpc.parse(body)
    assert isinstance(message, Request)
    assert (message.id, message.method, message.params) == (identifier, method, params)
    assert {name: json.loads(bytes(value)) for name, value in message.raw.items()} == params


@given(TEXT, PARAMS)
def test_a_notification_reads_as_it_was_written(method: str, params: dict[str, Any]) -> None:
    message = jsonrpc.parse(jsonrpc.notification(method, params_of(params)))
    assert isinstance(message, Notification)
    assert (message.method, message.params) == (method, params)


def params_of(params: dict[str, Any]) -> dict[str, Any]:
    return {name: jsonrpc.raw(value) for name, value in params.items()}


@given(IDS, JSON)
def test_a_result_reads_as_it_was_written(identifier: str | int, value: Any) -> None:
    message = jsonrpc.parse(jsonrpc.result(identifier, jsonrpc.raw(value)))
    assert isinstance(message, Response)
    assert message.result is not None
    assert (message.id, json.loads(bytes(message.result)), message.error) == (identifier, value, None)


@given(IDS | st.none(), st.integers(-40000, -30000), TEXT, st.none() | st.dictionaries(TEXT, TEXT))
def test_an_error_reads_as_it_was_written(identifier: Any, code: int, text: str, data: Any) -> None:
    message = jsonrpc.parse(jsonrpc.error(identifier, code, text, data))
    assert isinstance(message, Response)
    expected = {"code": code, "message": text} | ({} if data is None else {"data": data})
    assert (message.id, message.result, message.error) == (identifier, None, expected)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise(body: bytes) -> None:
    jsonrpc.parse(body)


@given(JSON)
def test_no_json_at_all_raises(value: Any) -> None:
    jsonrpc.parse(encoded(value))


def test_members_keep_their_own_bytes() -> None:
    message = jsonrpc.parse(b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a": 1.0 ,"b":{ "c":1e2 }}}')
    assert isinstance(message, Request)
    assert {name: bytes(value) for name, value in message.raw.items()} == {"a": b"1.0", "b": b'{ "c":1e2 }'}


@pytest.mark.parametrize("key", sorted(KNOWN))
def test_a_parameter_that_differs_by_case_only_is_refused(key: str) -> None:
    for variant in {key.upper(), key.title(), key.swapcase()} - {key}:
        tried: tuple[dict[str, object], ...] = ({variant: {}}, {key: {}, variant: {}})
        for params in tried:
            refused = jsonrpc.parse(encoded({"jsonrpc": "2.0", "id": 1, "method": "m", "params": params}))
            assert isinstance(refused, Rejection)
            assert refused.code == INVALID_REQUEST


@pytest.mark.parametrize("key", ["Jsonrpc", "ID", "Method", "PARAMS", "Result", "ERROR", "\u0131d"])
def test_an_envelope_key_that_differs_by_case_only_is_refused(key: str) -> None:
    refused = jsonrpc.parse(encoded({"jsonrpc": "2.0", "id": 1, "method": "m", key: {}}))
    if key == "\u0131d":  # a dotless i folds to itself: another key, and an unknown one is let be
        assert isinstance(refused, Request)
    else:
        assert isinstance(refused, Rejection)


def test_the_long_s_folds_too() -> None:
    refused = jsonrpc.parse(encoded({"jsonrpc": "2.0", "id": 1, "method": "m", "param\u017f": {}}))
    assert isinstance(refused, Rejection)


def test_meta_keys_that_differ_by_case_only_are_refused() -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "m", "params": {"_meta": {"ProgressToken": 1}}}
    assert isinstance(jsonrpc.parse(encoded(body)), Rejection)
    fine = {"jsonrpc": "2.0", "id": 1, "method": "m", "params": {"_meta": {"progressToken": 1, "Other": 2}}}
    parsed = jsonrpc.parse(encoded(fine))
    assert isinstance(parsed, Request)
    assert parsed.meta == {"progressToken": 1, "Other": 2}


@pytest.mark.parametrize(
    ("body", "code", "known_id"),
    [
        (b"", PARSE_ERROR, None),
        (b"{", PARSE_ERROR, None),
        (b"\xff", PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}', PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":{"b":1,"b":1}}}', PARSE_ERROR, None),
        (b"[]", INVALID_REQUEST, None),
        (b'[{"jsonrpc":"2.0","id":1,"method":"m"}]', INVALID_REQUEST, None),
        (b"null", INVALID_REQUEST, None),
        (b"{}", INVALID_REQUEST, None),
        (b'{"id":3,"method":"m"}', INVALID_REQUEST, 3),
        (b'{"jsonrpc":2.0,"id":3,"method":"m"}', INVALID_REQUEST, 3),
        (b'{"jsonrpc":"2.0","id":3,"method":4}', INVALID_REQUEST, 3),
        (b'{"jsonrpc":"2.0","id":3,"method":"m","params":[]}', INVALID_REQUEST, 3),
        (b'{"jsonrpc":"2.0","id":3,"method":"m","params":null}', INVALID_REQUEST, 3),
        (b'{"jsonrpc":"2.0","id":"x","method":"m","params":{"_meta":1}}', INVALID_PARAMS, "x"),
        (b'{"jsonrpc":"2.0","id":3,"method":"m","result":{}}', INVALID_REQUEST, 3),
        (b'{"jsonrpc":"2.0","id":3,"method":"m","error":{}}', INVALID_REQUEST, 3),
        (b'{"jsonrpc":"2.0","id":null,"method":"m"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":true,"method":"m"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"m"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":[],"method":"m"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1,"error":"x"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":true,"result":{}}', INVALID_REQUEST, None),
    ],
)
def test_what_is_refused_and_how(body: bytes, code: int, known_id: Any) -> None:
    refused = jsonrpc.parse(body)
    assert isinstance(refused, Rejection)
    assert (refused.code, refused.id, refused.status) == (code, known_id, 400)
    said = json.loads(jsonrpc.rejected(refused))
    assert said == {"jsonrpc": "2.0", "id": known_id, "error": {"code": code, "message": refused.message}}


def test_a_null_result_is_a_result() -> None:
    message = jsonrpc.parse(b'{"jsonrpc":"2.0","id":1,"result":null}')
    assert isinstance(message, Response)
    assert message.result is not None
    assert bytes(message.result) == b"null"


def test_a_rejections_data_is_said() -> None:
    said = json.loads(jsonrpc.rejected(Rejection(-1, "no", {"why": "x"}, id="a")))
    assert said["error"]["data"] == {"why": "x"}
    assert said["id"] == "a"


def test_our_codes_lie_outside_the_reserved_range() -> None:
    for code in (jsonrpc.REFUSED, jsonrpc.UPSTREAM_FAILED):
        assert not -32768 <= code <= -32000


@given(JSON)
def test_raw_is_exact(value: Any) -> None:
    assert json.loads(bytes(jsonrpc.raw(value))) == value


def test_raw_refuses_what_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        jsonrpc.raw(float("nan"))


def test_only_an_object_opens() -> None:
    assert jsonrpc.open_object(msgspec.Raw(b'{"a":[1, 2]}')) == {"a": msgspec.Raw(b"[1, 2]")}
    for other in (b"[]", b"1", b'"x"', b"null"):
        assert jsonrpc.open_object(msgspec.Raw(other)) is None


# --- what an upstream says: nothing is decided on it, so it is only read ---


@given(IDS, JSON)
def test_an_upstreams_result_keeps_its_bytes(identifier: str | int, value: Any) -> None:
    message = jsonrpc.parse_answer(jsonrpc.result(identifier, jsonrpc.raw(value)))
    assert isinstance(message, Response)
    assert message.result is not None
    assert (message.id, bytes(message.result), message.error) == (identifier, bytes(jsonrpc.raw(value)), None)


@given(TEXT, PARAMS, IDS | st.none())
def test_an_upstreams_call_reads_as_it_was_written(method: str, params: dict[str, Any], identifier: Any) -> None:
    given_params = {name: jsonrpc.raw(value) for name, value in params.items()}
    body = jsonrpc.notification(method, given_params)
    if identifier is not None:
        body = jsonrpc.request(identifier, method, given_params)
    message = jsonrpc.parse_answer(body)
    assert isinstance(message, Notification if identifier is None else Request)
    assert (message.method, message.params) == (method, params)


@given(st.binary(max_size=200))
def test_no_bytes_of_an_upstream_raise(body: bytes) -> None:
    jsonrpc.parse_answer(body)


@pytest.mark.parametrize(
    ("body", "known_id"),
    [
        (b"garbage", None),
        (b"[]", None),
        (b'{"jsonrpc":"2.0","id":7,"result":{', 7),
        (b'{"jsonrpc":"2.0","id" : 7,"error":"x"}', 7),
        (b'{"jsonrpc":"2.0","id":7,"result":{},"error":{}}', 7),
        (b'{"jsonrpc":"2.0","id":7}', 7),
        (b'{"jsonrpc":"2.0","result":' + b" " * 2000 + b'nonsense,"id":7}', 7),
    ],
)
def test_an_answer_that_is_none_names_its_request_where_it_can(body: bytes, known_id: int | None) -> None:
    refused = jsonrpc.parse_answer(body)
    assert isinstance(refused, Rejection)
    assert refused.id == known_id
