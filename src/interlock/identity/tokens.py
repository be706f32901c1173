"""Access tokens: JWTs after RFC 9068, minted by the development issuer, verified from any one issuer.

A token is good for the gateway as a whole or for one server's path, and then there alone (RFC 8707).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeGuard

from interlock.core.errors import CallerError, OperatorError
from interlock.core.words import Caller
from interlock.identity.keys import ALGORITHM, ALGORITHMS, PublicKeys, SigningKey
from interlock.identity.signed import invalid, open_signed
from interlock.identity.words import Refusal, RefusalCode

TOKEN_KIND = "at+jwt"  # noqa: S105 - a media type (RFC 9068 section 2.1)
MAX_LIFETIME = 3600
"""Seconds; the development issuer neither mints nor is believed beyond it."""
MAX_ACTORS = 4
MAX_NAME = 256
MAX_LEEWAY = 30
"""Seconds that two clocks may be apart."""

_CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whom a token is for: the caller's names before there is a token. ``actors`` is outermost first."""

    subject: str
    workload: str
    tenant: str
    host: str | None = None
    actors: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an issuer's tokens must look like: fixed by configuration, never by the token.

    ``kinds`` are the accepted ``typ`` values in lower case; ``max_lifetime`` and ``leeway`` are seconds.
    """

    algorithm: str = ALGORITHM
    kinds: frozenset[str] = frozenset({TOKEN_KIND, f"application/{TOKEN_KIND}"})
    max_lifetime: int = MAX_LIFETIME
    leeway: int = MAX_LEEWAY

    def __post_init__(self) -> None:
        """Refuse rules that would accept anything.

        Raises:
            OperatorError: an algorithm that is no asymmetric signature, or a leeway beyond 30 seconds.

        """
        if self.algorithm not in ALGORITHMS:
            raise OperatorError(
                f"tokens cannot be verified with algorithm {self.algorithm!r}", f"use one of {sorted(ALGORITHMS)}"
            )
        if not 0 <= self.leeway <= MAX_LEEWAY:
            raise OperatorError(f"a leeway of {self.leeway} s is too wide", f"allow 0 to {MAX_LEEWAY} seconds")


_RULES = Rules()


class Verifier:
    """Verifies one issuer's access tokens.

    ``audiences`` are the resource identifiers of the gateway as a whole; ``now`` gives Unix seconds.
    Tokens that verified are remembered by their digest until they expire, so that a repeated one costs a look-up.
    """

    def __init__(
        self,
        issuer: str,
        keys: PublicKeys,
        audiences: AbstractSet[str],
        now: Callable[[], float],
        rules: Rules = _RULES,
    ) -> None:
        self._issuer = issuer
        self._audiences = frozenset(audiences)
        self._now = now
        self._rules = rules
        self.replace_keys(keys)

    def replace_keys(self, keys: PublicKeys) -> None:
        """Trust ``keys`` from now on, and nothing that was verified with the old ones."""
        # One assignment: a verification under way keeps the old keys and fills only the old memory.
        self._trust: tuple[PublicKeys, dict[bytes, Caller]] = (keys, {})

    def verify(self, token: str, resource: str) -> Caller | Refusal:
        """Return who calls, or why ``token`` does not do for ``resource``.

        ``resource`` is the identifier of what is called, built by us from the route, never from the request's Host.
        """
        keys, known = self._trust
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        caller: Caller | Refusal | None = known.get(digest)
        if not isinstance(caller, Caller) or caller.expires_at <= self._now():
            known.pop(digest, None)
            caller = self._read(token, keys)
            if isinstance(caller, Refusal):
                return caller
            if len(known) >= _CACHE_SIZE:
                del known[next(iter(known))]
            known[digest] = caller
        if resource in caller.audience or not self._audiences.isdisjoint(caller.audience):
            return caller
        return invalid("The access token was issued for another resource.")

    def _read(self, token: str, keys: PublicKeys) -> Caller | Refusal:
        claims = open_signed(token, keys, self._rules.algorithm, self._rules.kinds)
        if isinstance(claims, Refusal):
            return claims
        if claims.get("iss") != self._issuer:
            return invalid("The access token is from another issuer.")
        flaw = _flaw_in_times(claims, self._now(), self._rules)
        return invalid(flaw) if flaw else _caller_of(claims)


def require_scope(caller: Caller, scope: str) -> Refusal | None:
    """Return the refusal of a caller whose token lacks ``scope``, for a step-up (RFC 6750 section 3.1)."""
    if scope in caller.scopes:
        return None
    return Refusal(RefusalCode.INSUFFICIENT_SCOPE, "The access token lacks a scope that the request needs.")


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes access tokens in the name of ``issuer``; ``now`` gives Unix seconds."""

    key: SigningKey
    issuer: str
    now: Callable[[], float]

    def mint(self, who: Principal, audience: str, lifetime: int) -> str:
        """Return a token that says ``who`` to ``audience`` for ``lifetime`` seconds.

        Raises:
            CallerError: a name that no verifier would accept.
            OperatorError: a lifetime beyond an hour.

        """
        if not 0 < lifetime <= MAX_LIFETIME:
            raise OperatorError(f"a token for {lifetime} s is not minted", f"ask for 1 to {MAX_LIFETIME} seconds")
        at = int(self.now())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": who.subject,
            "aud": audience,
            "exp": at + lifetime,
            "iat": at,
            "nbf": at,
            "jti": secrets.token_urlsafe(16),
            "client_id": who.workload,
            "tenant": who.tenant,
        }
        claims |= {"host": who.host} if who.host is not None else {}
        claims |= {"act": _nest(who.actors)} if who.actors else {}
        claims |= {"scope": " ".join(sorted(who.scopes))} if who.scopes else {}
        told = _caller_of(claims)
        if isinstance(told, Refusal):
            raise CallerError(f"no such token is minted: {told.description}", "correct the name and try again")
        return self.key.sign(TOKEN_KIND, claims)


def is_name(value: object) -> bool:
    """Tell whether ``value`` can name somebody: printable text of 1 to 256 characters, no space at its ends."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.isprintable() and value == value.strip()


def _flaw_in_times(claims: Mapping[str, Any], now: float, rules: Rules) -> str | None:
    """Tell what is wrong with the token's times: NumericDates (RFC 7519 section 4.1), whole seconds only."""
    # `nbf` may be missing: RFC 9068 does not ask for it. A missing one starts when the token was issued.
    issued, expires = claims.get("iat"), claims.get("exp")
    starts = claims.get("nbf", issued)
    if not (_is_date(issued) and _is_date(expires) and _is_date(starts)):
        return "The access token lacks a valid time of issue or expiry."
    if now >= expires + rules.leeway:
        return "The access token has expired."
    if now < max(issued, starts) - rules.leeway:
        return "The access token is not valid yet."
    if expires - issued > rules.max_lifetime:
        return "The access token's lifetime is too long."
    return None


def _is_date(value: object) -> TypeGuard[int]:
    return type(value) is int and value >= 0


def _caller_of(claims: Mapping[str, Any]) -> Caller | Refusal:
    missing = [name for name in ("sub", "client_id", "tenant", "jti") if not is_name(claims.get(name))]
    if missing:
        return invalid(f"The access token lacks a valid {missing[0]}.")
    if "host" in claims and not is_name(claims["host"]):
        return invalid("The access token lacks a valid host.")
    audience, actors, scopes = _audience_of(claims), _actors_of(claims), _scopes_of(claims)
    if audience is None or actors is None or scopes is None:
        return invalid("The access token's audience, actors or scope cannot be read.")
    return Caller(
        subject=claims["sub"],
        workload=claims["client_id"],
        tenant=claims["tenant"],
        credential_id=claims["jti"],
        issuer=claims["iss"],
        audience=audience,
        expires_at=claims["exp"],
        host=claims.get("host"),
        actors=actors,
        scopes=scopes,
    )


def _audience_of(claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    value = claims.get("aud")
    listed: list[Any] = value if isinstance(value, list) else [value]
    return tuple(listed) if listed and all(isinstance(each, str) and each for each in listed) else None


def _scopes_of(claims: Mapping[str, Any]) -> frozenset[str] | None:
    value = claims.get("scope", "")
    return frozenset(value.split()) if isinstance(value, str) else None


def _actors_of(claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Unwind nested ``act`` claims, outermost first (RFC 8693 section 4.1)."""
    actors: list[str] = []
    holder: Mapping[str, Any] = claims
    while "act" in holder:
        holder = holder["act"]
        if not isinstance(holder, dict) or not is_name(holder.get("sub")) or len(actors) == MAX_ACTORS:
            return None
        actors.append(holder["sub"])
    return tuple(actors)


def _nest(actors: tuple[str, ...]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for actor in reversed(actors):
        nested = {"sub": actor, **({"act": nested} if nested else {})}
    return nested
