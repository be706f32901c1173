"""The client's side of both eras: how Interlock introduces itself to an upstream and frames what it sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from interlock.wire import meta
from interlock.wire.jsonrpc import METHOD_NOT_FOUND, RawParams, Request, Response, error, raw, result
from interlock.wire.versions import LATEST_LEGACY, LATEST_MODERN, LEGACY_VERSIONS, MODERN_VERSIONS, Era

CLIENT_INFO: Mapping[str, Any] = {"name": "interlock", "version": "0.1.0"}


def initialize_params() -> RawParams:
    """Return the parameters of our ``initialize``. No capability: nothing can be asked of a client yet."""
    return {
        "protocolVersion": raw(LATEST_LEGACY),
        "capabilities": raw({}),
        "clientInfo": raw(dict(CLIENT_INFO)),
    }


def initialized_version(response: Response) -> str | None:
    """Return the legacy revision an ``initialize`` was answered with, if it is one we speak."""
    said = _decode(response.result).get("protocolVersion") if response.result is not None else None
    return said if said in LEGACY_VERSIONS else None


def discovered_version(response: Response) -> str | None:
    """Return the newest modern revision a ``server/discover`` offers that we speak."""
    said = _decode(response.result).get("supportedVersions") if response.result is not None else None
    offered = said if isinstance(said, list) else []
    return next((version for version in reversed(MODERN_VERSIONS) if version in offered), None)


def modern_params(params: RawParams) -> RawParams:
    """Return parameters with the modern envelope around them; the client's own name stays, if it gave one."""
    given = meta.open_meta(params)
    envelope = meta.modern_envelope(LATEST_MODERN, CLIENT_INFO)
    if meta.CLIENT_INFO in given:
        envelope[meta.CLIENT_INFO] = given[meta.CLIENT_INFO]
    return meta.with_meta(params, given | envelope)


def outgoing(era: Era, params: RawParams) -> RawParams:
    """Return parameters as an upstream of this era reads them; whatever else was in ``_meta`` stays."""
    if era is Era.MODERN:
        return modern_params(params)
    given = meta.open_meta(params)
    kept = meta.without_envelope(given)
    return params if len(kept) == len(given) else meta.with_meta(params, kept)


def with_progress_token(params: RawParams, token: int) -> RawParams:
    """Return parameters that ask for progress under our own token."""
    return meta.with_meta(params, meta.open_meta(params) | {"progressToken": raw(token)})


def answer_upstream(request: Request) -> bytes:
    """Return our answer to what an upstream asks of us."""
    if request.method == "ping":
        return result(request.id, {})
    return error(request.id, METHOD_NOT_FOUND, "Interlock does not relay requests to the client yet")


def _decode(value: msgspec.Raw) -> dict[str, Any]:
    decoded = msgspec.json.decode(value)
    return decoded if isinstance(decoded, dict) else {}
