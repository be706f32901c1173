"""What the development issuer remembers of a login: a code, used once, and a refresh token, replaced at each use."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from interlock.identity.clients import Client
from interlock.identity.shelf import Shelf
from interlock.identity.tokens import Principal

CODE_LIFETIME = 60
"""Seconds."""
REFRESH_LIFETIME = 12 * 3600
"""Seconds from the login, however often the token is replaced."""

_MAX_CODES = 256
_MAX_FAMILIES = 256
_SPENT_LIFETIME = 10 * CODE_LIFETIME
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login gave: to which client, for whom, for which resource."""

    client: Client
    principal: Principal
    resource: str


@dataclass(frozen=True, slots=True)
class PendingCode:
    """An authorization code that was not used yet, and what using it takes."""

    grant: Grant
    redirect_uri: str
    challenge: str

    def is_met(self, redirect_uri: str, verifier: str) -> bool:
        """Tell whether the token request comes from who began the login (RFC 7636 section 4.6)."""
        if redirect_uri != self.redirect_uri or not _VERIFIER.fullmatch(verifier):
            return False
        digest = hashlib.sha256(verifier.encode("ascii")).digest()
        return hmac.compare_digest(urlsafe_b64encode(digest).rstrip(b"=").decode(), self.challenge)


@dataclass(slots=True)
class _Family:
    """The refresh tokens of one login, of which the last alone is good."""

    grant: Grant
    secret: str


class Grants:
    """The logins of the last hours, bounded; ``now`` gives Unix seconds. Lost at a restart: clients log in again."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._codes: Shelf[PendingCode] = Shelf(_MAX_CODES, CODE_LIFETIME, now)
        self._spent: Shelf[str] = Shelf(_MAX_CODES, _SPENT_LIFETIME, now)
        self._families: Shelf[_Family] = Shelf(_MAX_FAMILIES, REFRESH_LIFETIME, now)

    def issue_code(self, pending: PendingCode) -> str | None:
        """Return a code for ``pending``; None if too many are open, none of which may be pushed out."""
        if self._codes.full:
            return None
        code = secrets.token_urlsafe(32)
        self._codes.put(code, pending)
        return code

    def find_code(self, code: str) -> PendingCode | None:
        """Return what ``code`` stands for; a code seen a second time ends what its first use began (RFC 6749 4.1.2)."""
        family = self._spent.take(code)
        if family is not None:
            self._families.take(family)
        return self._codes.get(code)

    def spend_code(self, code: str, grant: Grant) -> str:
        """Use ``code`` up and return the first refresh token of ``grant``."""
        self._codes.take(code)
        family = secrets.token_urlsafe(16)
        self._spent.put(code, family)
        secret = secrets.token_urlsafe(32)
        self._families.put(family, _Family(grant, secret))
        return f"{family}.{secret}"

    def burn_code(self, code: str) -> None:
        """Use ``code`` up for nothing: who holds it could not show that it is theirs."""
        self._codes.take(code)

    def find_refresh(self, token: str) -> Grant | None:
        """Return the login that ``token`` is, or once was, the refresh token of."""
        found = self._families.get(token.partition(".")[0])
        return found.grant if found else None

    def replace_refresh(self, token: str) -> str | None:
        """Return the token that replaces ``token``; None, and the login is over, if it was replaced before.

        A token used twice was stolen, and nobody can tell by whom (RFC 9700 section 4.14.2).
        """
        family, _, secret = token.partition(".")
        found = self._families.get(family)
        if found is None:
            return None
        if not hmac.compare_digest(secret.encode(), found.secret.encode()):
            self._families.take(family)
            return None
        found.secret = secrets.token_urlsafe(32)
        return f"{family}.{found.secret}"


def is_challenge(value: str) -> bool:
    """Tell whether ``value`` is a PKCE S256 challenge."""
    return _CHALLENGE.fullmatch(value) is not None
