"""JSON-RPC 2.0 as MCP uses it: strict at the door, byte for byte beyond it.

Whoever decides and whoever acts must read the same message. What two parsers may read differently
(duplicate keys, keys that differ by case only, batches, non-UTF-8) is refused here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from interlock import canon

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022
REFUSED = -31001
"""Interlock refused a request that has no ``isError``. Outside the range that JSON-RPC and MCP reserve."""
UPSTREAM_FAILED = -31002
"""The upstream could not be reached, or gave no usable answer."""

Id = str | int
RawParams = dict[str, msgspec.Raw]

_ENVELOPE = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_PARAMS = frozenset(
    {
        "_meta",
        "name",
        "arguments",
        "uri",
        "cursor",
        "task",
        "protocolVersion",
        "capabilities",
        "clientInfo",
        "requestId",
        "progressToken",
        "inputResponses",
        "requestState",
    }
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that is not let in: the JSON-RPC error to answer with, and the HTTP status it has."""

    code: int
    message: str
    data: Any = None
    status: int = 400
    id: Id | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A message that wants an answer. ``raw`` holds the parameters' own bytes, one level deep."""

    id: Id
    method: str
    params: Mapping[str, Any] = field(hash=False)
    raw: RawParams = field(hash=False)

    @property
    def meta(self) -> Mapping[str, Any]:
        """The request's ``_meta``."""
        meta: Mapping[str, Any] = self.params.get("_meta", {})
        return meta


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that wants no answer."""

    method: str
    params: Mapping[str, Any] = field(hash=False)
    raw: RawParams = field(hash=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: either ``result`` (its own bytes) or ``error``."""

    id: Id | None
    result: msgspec.Raw | None
    error: Mapping[str, Any] | None


Message = Request | Notification | Response


class _Params(msgspec.Struct):
    params: RawParams = {}


class _Result(msgspec.Struct):
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Answer(msgspec.Struct):
    id: Id | msgspec.UnsetType | None = msgspec.UNSET
    method: str | msgspec.UnsetType = msgspec.UNSET
    params: RawParams | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


_ID = re.compile(rb'"id"\s*:\s*([0-9]{1,18})')
_HEAD_BYTES = 512
_answer_decoder = msgspec.json.Decoder(_Answer)
_params_decoder = msgspec.json.Decoder(_Params)
_result_decoder = msgspec.json.Decoder(_Result)


def parse(body: bytes) -> Message | Rejection:
    """Parse one message strictly; a batch is refused."""
    try:
        value = canon.parse(body)
    except canon.ParseError as error:
        return Rejection(PARSE_ERROR, f"Parse error: {error}")
    if not isinstance(value, dict):
        return Rejection(INVALID_REQUEST, "The body must be one JSON-RPC message; batches are not accepted")
    identifier = value.get("id")
    known_id = identifier if _is_id(identifier) else None
    if value.get("jsonrpc") != "2.0" or _has_variant(value, _ENVELOPE):
        return Rejection(INVALID_REQUEST, "Not a JSON-RPC 2.0 message", id=known_id)
    if "method" in value:
        return _parse_call(body, value, known_id)
    return _parse_response(body, value)


def _parse_call(body: bytes, value: dict[str, Any], known_id: Id | None) -> Message | Rejection:
    method, params = value["method"], value.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict) or "result" in value or "error" in value:
        return Rejection(INVALID_REQUEST, "method must be a string and params an object", id=known_id)
    meta = params.get("_meta", {})
    if not isinstance(meta, dict):
        return Rejection(INVALID_PARAMS, "params._meta must be an object", id=known_id)
    if _has_variant(params, _PARAMS) or _has_variant(meta, frozenset({"progressToken"})):
        return Rejection(INVALID_REQUEST, "A parameter's name differs from a known one by case only", id=known_id)
    raw = _params_decoder.decode(body).params if params else {}
    if "id" not in value:
        return Notification(method, params, raw)
    if known_id is None:
        return Rejection(INVALID_REQUEST, "id must be a string or an integer")
    return Request(known_id, method, params, raw)


def _parse_response(body: bytes, value: dict[str, Any]) -> Message | Rejection:
    error = value.get("error")
    if ("result" in value) == ("error" in value) or not isinstance(error, dict | None):
        return Rejection(INVALID_REQUEST, "A response has either a result or an error object")
    identifier = value.get("id")
    if not (_is_id(identifier) or identifier is None):
        return Rejection(INVALID_REQUEST, "id must be a string or an integer")
    result = None if error is not None else _result_decoder.decode(body).result
    return Response(identifier, None if result is msgspec.UNSET else result, error)


def parse_answer(body: bytes) -> Message | Rejection:
    """Parse one message of an upstream. Nothing is decided on a result, so it is only checked to be JSON.

    A rejection names the request it would have answered, where that can be made out.
    """
    try:
        message = _answer_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = _ID.search(body[:_HEAD_BYTES]) or _ID.search(body[-_HEAD_BYTES:])
        return Rejection(PARSE_ERROR, "Parse error", id=int(found[1]) if found else None)
    if isinstance(message.method, str):
        params = message.params if isinstance(message.params, dict) else {}
        return _read_call(message.method, message.id, params)
    identifier = message.id if isinstance(message.id, str | int) else None
    result = None if isinstance(message.result, msgspec.UnsetType) else message.result
    error = None if isinstance(message.error, msgspec.UnsetType) else message.error
    if (result is None) == (error is None):
        return Rejection(INVALID_REQUEST, "A response has either a result or an error object", id=identifier)
    return Response(identifier, result, error)


def _read_call(method: str, identifier: Id | msgspec.UnsetType | None, raw: RawParams) -> Message | Rejection:
    try:
        params = {name: msgspec.json.decode(value) for name, value in raw.items()}
    except msgspec.DecodeError:
        return Rejection(PARSE_ERROR, "Parse error")
    if isinstance(identifier, str | int):
        return Request(identifier, method, params, raw)
    return Notification(method, params, raw)


def request(identifier: Id, method: str, params: Mapping[str, Any]) -> bytes:
    """Return a request's bytes. Values may be :class:`msgspec.Raw`, which go out as they are."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})


def notification(method: str, params: Mapping[str, Any]) -> bytes:
    """Return a notification's bytes."""
    return msgspec.json.encode({"jsonrpc": "2.0", "method": method, "params": params})


def result(identifier: Id, value: msgspec.Raw | Mapping[str, Any]) -> bytes:
    """Return a successful response's bytes."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": identifier, "result": value})


def error(identifier: Id | None, code: int, message: str, data: Any = None) -> bytes:
    """Return an error response's bytes."""
    body: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return msgspec.json.encode({"jsonrpc": "2.0", "id": identifier, "error": body})


def rejected(rejection: Rejection) -> bytes:
    """Return the error response of a rejection."""
    return error(rejection.id, rejection.code, rejection.message, rejection.data)


def raw(value: Any) -> msgspec.Raw:
    """Return a JSON value as bytes that go out as they are (integers of any size stay exact)."""
    return msgspec.Raw(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())


def open_object(value: msgspec.Raw) -> RawParams | None:
    """Return an object's members as their own bytes; ``None`` if it is no object."""
    try:
        return msgspec.json.decode(value, type=RawParams)
    except msgspec.ValidationError:
        return None


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _has_variant(value: Mapping[str, Any], known: frozenset[str]) -> bool:
    return any(key not in known and key.casefold() in _folded(known) for key in value)


def _folded(known: frozenset[str]) -> frozenset[str]:
    folded = _FOLDED.get(known)
    if folded is None:
        folded = _FOLDED[known] = frozenset(key.casefold() for key in known)
    return folded


_FOLDED: dict[frozenset[str], frozenset[str]] = {}
