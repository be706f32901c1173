"""Keys: the development issuer's own signing key, and the public keys of an issuer that is trusted.

ES256 (RFC 7518), since every common JWT stack verifies it. A key's id is its thumbprint (RFC 7638).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import serialize_compact

from interlock.core.errors import OperatorError
from interlock.identity.exchange import parse_object
from interlock.identity.private_files import create_private, read_private

ALGORITHM = "ES256"
"""What the development issuer signs with."""

ALGORITHMS = frozenset({"ES256", "ES384", "RS256", "PS256"})
"""What an issuer may be configured to sign with: asymmetric only."""

_PURPOSE = "the development issuer's key"
_MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """An issuer's public keys by key id. Built by :func:`read_jwks` or :meth:`SigningKey.public_keys`."""

    by_id: Mapping[str, Key] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A private ES256 key. Its text never shows the key."""

    key_id: str
    key: ECKey = field(repr=False)

    def sign(self, kind: str, claims: Mapping[str, Any]) -> str:
        """Return ``claims`` as a compact JWS with ``typ`` set to ``kind`` (RFC 7515)."""
        header = {"alg": ALGORITHM, "typ": kind, "kid": self.key_id}
        return serialize_compact(header, json.dumps(claims, separators=(",", ":")), self.key, algorithms=[ALGORITHM])

    def derive(self, purpose: str, subject: str = "") -> bytes:
        """Return 32 bytes that only this key's holder can compute, other ones for each purpose and subject."""
        scalar = self.key.as_dict(private=True)["d"]
        return hmac.digest(str(scalar).encode(), f"interlock\0{purpose}\0{subject}".encode(), "sha256")

    def jwks(self) -> dict[str, Any]:
        """Return the public half as a JWK set (RFC 7517)."""
        public = self.key.as_dict(private=False, kid=self.key_id, alg=ALGORITHM, use="sig")
        return {"keys": [dict(public)]}

    def public_keys(self) -> PublicKeys:
        """Return the public half for verifying."""
        return read_jwks(self.jwks())


def create_key(path: Path) -> SigningKey:
    """Make a new key and write it to ``path`` as a JWK with mode 0600.

    Raises:
        OperatorError: the file exists (it is never overwritten), or cannot be created.

    """
    key = _write_new(path)
    if key is None:
        raise OperatorError(f"{_PURPOSE} {path} exists already", "load it, or move it away first")
    return key


def load_key(path: Path) -> SigningKey:
    """Read the key from ``path``.

    Raises:
        OperatorError: missing, open to others, or not a private P-256 JWK that fits together.

    """
    document = parse_object(read_private(path, _PURPOSE).content) or {}
    broken = OperatorError(
        f"{_PURPOSE} {path} is not a private ES256 JWK", "move it away; `interlock` then makes a new one"
    )
    if document.get("kty") != "EC" or document.get("crv") != "P-256" or document.get("alg", ALGORITHM) != ALGORITHM:
        raise broken
    try:
        key = ECKey.import_key({name: document[name] for name in ("kty", "crv", "x", "y", "d")})
    except (JoseError, KeyError, ValueError, TypeError):
        raise broken from None  # the library's text may quote the document
    return SigningKey(key.thumbprint(), key)


def load_or_create_key(path: Path) -> SigningKey:
    """Read the key from ``path``, or make it there if nothing is; of two at once, both end with the same key.

    Raises:
        OperatorError: as :func:`load_key` and :func:`create_key`.

    """
    return (None if path.exists() else _write_new(path)) or load_key(path)


def read_jwks(document: Mapping[str, Any]) -> PublicKeys:
    """Return the usable public keys of a JWK set (RFC 7517).

    What cannot sign for us is left out: symmetric keys, keys for encryption, keys without an id, short RSA keys,
    unknown kinds; and of two keys with one id, both, since nobody can tell which is meant.
    """
    found: dict[str, list[Key]] = {}
    entries = document.get("keys")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("kid"), str) and entry.get("use", "sig") == "sig":
            found.setdefault(entry["kid"], []).extend(_read_public(entry))
    return PublicKeys({key_id: keys[0] for key_id, keys in found.items() if len(keys) == 1})


def _write_new(path: Path) -> SigningKey | None:
    key = ECKey.generate_key("P-256")
    document = key.as_dict(private=True, kid=key.thumbprint(), alg=ALGORITHM, use="sig")
    written = create_private(path, json.dumps(document).encode(), _PURPOSE)
    return SigningKey(key.thumbprint(), key) if written else None


def _read_public(entry: Mapping[str, Any]) -> list[Key]:
    try:
        if entry.get("kty") == "EC":
            return [ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})]
        if entry.get("kty") == "RSA":
            key = RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
            return [key] if key.public_key.key_size >= _MIN_RSA_BITS else []
    except (JoseError, KeyError, ValueError, TypeError):
        return []
    return []
