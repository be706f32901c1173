"""OAuth clients of the development issuer: dynamic registration (RFC 7591) and client id metadata documents.

A registered client's id is its registration, signed by us: nothing is stored, so nothing can be filled up, and a
client that kept its id over our restart still works. Its secret, if it wants one, is derived from the id.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from interlock.identity.exchange import parse_object
from interlock.identity.keys import ALGORITHM, PublicKeys, SigningKey
from interlock.identity.resources import is_loopback
from interlock.identity.signed import open_signed
from interlock.identity.words import HttpRequest, Problem, Refusal

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
GRANT_TYPES = ("authorization_code", "refresh_token")
MAX_REDIRECTS = 16
MAX_URL = 256
"""Characters of a redirect URI or of a client id that is a URL."""

_KIND = "interlock-client+jwt"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An OAuth client. ``workload`` is its name in tokens: stable, and safe in logs and policies."""

    client_id: str
    workload: str
    redirect_uris: tuple[str, ...]
    auth_method: str = "none"
    refreshes: bool = True

    def allows(self, redirect_uri: str) -> bool:
        """Tell whether to redirect there: a registered URI exactly, its port aside (RFC 8252 section 7.3)."""
        if redirect_uri in self.redirect_uris:
            return True
        return _may_redirect(redirect_uri) and _portless(redirect_uri) in {_portless(uri) for uri in self.redirect_uris}


def register(key: SigningKey, metadata: Mapping[str, Any], now: float) -> dict[str, Any] | Problem:
    """Return the registration of a client with ``metadata`` (RFC 7591 section 3.2.1), or what is wrong with it.

    What we do not grant is left out of the answer, as the RFC allows: redirects to anywhere but loopback, other
    grant types. A client that names no authentication method is public.
    """
    redirects = _redirects_of(metadata)
    if isinstance(redirects, Problem):
        return redirects
    method = metadata.get("token_endpoint_auth_method", "none")
    grants = metadata.get("grant_types", list(GRANT_TYPES[:1]))
    name = metadata.get("client_name", "")
    if method not in AUTH_METHODS:
        return Problem(
            "invalid_client_metadata", f"token_endpoint_auth_method must be one of {', '.join(AUTH_METHODS)}."
        )
    if not isinstance(grants, list) or GRANT_TYPES[0] not in grants:
        return Problem("invalid_client_metadata", "grant_types must contain authorization_code.")
    if not isinstance(name, str) or "code" not in _listed(metadata.get("response_types", ["code"])):
        return Problem("invalid_client_metadata", "client_name must be text and response_types must contain code.")
    refreshes = GRANT_TYPES[1] in grants
    told = {"iat": int(now), "name": workload_named(name), "to": redirects, "auth": method, "refresh": refreshes}
    client_id = key.sign(_KIND, told)
    granted: dict[str, Any] = {
        "client_id": client_id,
        "client_id_issued_at": int(now),
        "redirect_uris": redirects,
        "token_endpoint_auth_method": method,
        "grant_types": list(GRANT_TYPES) if refreshes else list(GRANT_TYPES[:1]),
        "response_types": ["code"],
    }
    granted |= {"client_name": name} if name else {}
    if method != "none":
        granted |= {"client_secret": secret_of(key, client_id), "client_secret_expires_at": 0}
    return granted


def recall(keys: PublicKeys, client_id: str) -> Client | None:
    """Return the client that was registered under ``client_id``; None if it was not by us."""
    told = open_signed(client_id, keys, ALGORITHM, {_KIND})
    if isinstance(told, Refusal):
        return None
    return Client(
        client_id=client_id,
        workload=told["name"],
        redirect_uris=tuple(told["to"]),
        auth_method=told["auth"],
        refreshes=told["refresh"],
    )


def names_document(client_id: str) -> bool:
    """Tell whether ``client_id`` is the URL of a metadata document: https or loopback, with a path of its own."""
    if len(client_id) > MAX_URL or not client_id.isascii() or not client_id.isprintable():
        return False
    try:
        parts = urlsplit(client_id)
        known = parts.scheme == "https" and parts.hostname is not None and "@" not in parts.netloc
    except ValueError:
        return False
    segments = parts.path.split("/")
    plain = not {".", ".."} & set(segments) and not any(mark in client_id for mark in '\\ "#<>')
    return (known or is_loopback(client_id)) and plain and parts.path not in {"", "/"}


def read_document(client_id: str, body: bytes) -> Client | Problem:
    """Return the client that the metadata document at ``client_id`` describes, or what is wrong with it.

    The document must name its own URL, and the client be public: a document that all can read holds no secret.
    """
    metadata = parse_object(body)
    if metadata is None or metadata.get("client_id") != client_id:
        return Problem("invalid_client", "The client's metadata document does not name its own URL as client_id.")
    if metadata.get("token_endpoint_auth_method", "none") != "none" or "client_secret" in metadata:
        return Problem("invalid_client", "A client with a metadata document must be public.")
    redirects = _redirects_of(metadata)
    if isinstance(redirects, Problem):
        return redirects
    refreshes = GRANT_TYPES[1] in _listed(metadata.get("grant_types", list(GRANT_TYPES)))
    return Client(client_id=client_id, workload=client_id, redirect_uris=tuple(redirects), refreshes=refreshes)


def authenticate(client: Client, key: SigningKey, request: HttpRequest, form: Mapping[str, str]) -> Problem | None:
    """Check that the token request is the client's, by the one method it is registered for (RFC 6749 section 2.3)."""
    failed = Problem("invalid_client", "The client's authentication does not do.", 401)
    basic = _basic_of(request)
    if client.auth_method == "client_secret_basic":
        claimed, secret = basic or ("", "")
        if form.get("client_id", claimed) != claimed or "client_secret" in form:
            return failed
    elif "authorization" in request.headers:
        return failed
    else:
        claimed, secret = form.get("client_id", ""), form.get("client_secret", "")
    if claimed != client.client_id:
        return failed
    expected = "" if client.auth_method == "none" else secret_of(key, client.client_id)
    return None if hmac.compare_digest(secret.encode(), expected.encode()) else failed


def secret_of(key: SigningKey, client_id: str) -> str:
    """Return the secret of a registered confidential client."""
    return key.derive("client secret", client_id).hex()


def workload_named(name: str) -> str:
    """Return a client's self-given name as a workload: the same for the same name, and plain."""
    return _UNFIT.sub("-", name)[:64].strip("-.") or "unnamed-client"


def _redirects_of(metadata: Mapping[str, Any]) -> list[str] | Problem:
    listed = metadata.get("redirect_uris")
    kept = [uri for uri in _listed(listed) if isinstance(uri, str) and _may_redirect(uri)]
    if not kept or len(kept) > MAX_REDIRECTS:
        return Problem("invalid_redirect_uri", "Give at least one http redirect URI on loopback, and at most 16.")
    return kept


def _may_redirect(uri: str) -> bool:
    return len(uri) <= MAX_URL and is_loopback(uri) and urlsplit(uri).scheme == "http"


def _portless(uri: str) -> tuple[str | None, str, str]:
    parts = urlsplit(uri)
    return parts.hostname, parts.path, parts.query


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _basic_of(request: HttpRequest) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    client_id, colon, secret = pair.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None
