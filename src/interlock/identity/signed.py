"""Opening a signed JSON document (JWS, compact) with everything about it fixed beforehand but its claims."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Set as AbstractSet
from typing import Any

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry, deserialize_compact

from interlock.identity.exchange import parse_object
from interlock.identity.keys import PublicKeys
from interlock.identity.words import Refusal, RefusalCode

MAX_SIZE = 8 * 1024
"""Characters of a compact JWS; a longer one is refused before it is parsed."""

_SEGMENTS = 3


def open_signed(token: str, keys: PublicKeys, algorithm: str, kinds: AbstractSet[str]) -> dict[str, Any] | Refusal:
    """Return the claims of ``token`` if a known key signed it with ``algorithm`` and its ``typ`` is among ``kinds``.

    The header chooses nothing but the key, and that only by id among ours: no ``jku``, ``jwk`` or ``x5u`` is followed
    (RFC 8725 sections 3.1 to 3.10), and nothing may be critical.
    """
    if len(token) > MAX_SIZE:
        return invalid("The access token is too large.")
    if not token.isascii() or token.count(".") != _SEGMENTS - 1:
        return invalid("The access token is not a signed JWT.")
    header = _read_header(token.partition(".")[0])
    flaw = _flaw_of(header, algorithm, kinds)
    if flaw:
        return invalid(flaw)
    key = keys.by_id.get(header["kid"])
    if key is None:
        return invalid("The access token is signed with a key that is not known.")
    try:
        opened = deserialize_compact(token, key, registry=_lenient(algorithm))
    except (JoseError, ValueError):
        return invalid("The access token's signature does not verify.")
    claims = parse_object(opened.payload)
    return invalid("The access token holds no JSON object.") if claims is None else claims


def invalid(description: str) -> Refusal:
    """Return the refusal of a token that does not do."""
    return Refusal(RefusalCode.INVALID_TOKEN, description)


def _read_header(segment: str) -> dict[str, Any]:
    try:
        return parse_object(b64decode(segment + "=" * (-len(segment) % 4), b"-_", validate=True)) or {}
    except ValueError:
        return {}


def _flaw_of(header: dict[str, Any], algorithm: str, kinds: AbstractSet[str]) -> str | None:
    if header.get("alg") != algorithm:
        return "The access token is not signed with the algorithm that its issuer uses."
    if "crit" in header or "b64" in header or "zip" in header:
        return "The access token asks for an extension that is not supported."
    if not isinstance(header.get("typ"), str) or header["typ"].lower() not in kinds:
        return "The token is not of the type of an access token."
    if not isinstance(header.get("kid"), str):
        return "The access token names no key."
    return None


def _lenient(algorithm: str) -> JWSRegistry:
    """Let header parameters that we do not read pass: an issuer may add its own."""
    return JWSRegistry(algorithms=[algorithm], strict_check_header=False)
