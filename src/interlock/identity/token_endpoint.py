"""The development issuer's token endpoint: a code or a refresh token for an access token (RFC 6749 section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.identity.clients import GRANT_TYPES, authenticate
from interlock.identity.exchange import answer_json, answer_problem, read_form
from interlock.identity.grants import Grant, Grants
from interlock.identity.keys import SigningKey
from interlock.identity.tokens import Mint, Principal
from interlock.identity.words import HttpRequest, HttpResponse, Problem

TOKEN_LIFETIME = 15 * 60
"""Seconds."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Gives tokens for ``grants``. ``target`` gives the audience and tenant that a ``resource`` parameter names."""

    key: SigningKey
    mint: Mint
    grants: Grants
    target: Callable[[str], tuple[str, str] | Problem]

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer a token request, already known to be a POST."""
        form = read_form(request)
        if isinstance(form, Problem):
            return answer_problem(form)
        kind = form.get("grant_type")
        if kind == GRANT_TYPES[0]:
            answer = self._exchange_code(request, form)
        elif kind == GRANT_TYPES[1]:
            answer = self._exchange_refresh(request, form)
        else:
            answer = Problem("unsupported_grant_type", f"grant_type must be one of {', '.join(GRANT_TYPES)}.")
        return answer_problem(answer) if isinstance(answer, Problem) else answer_json(200, answer)

    def _exchange_code(self, request: HttpRequest, form: Mapping[str, str]) -> dict[str, Any] | Problem:
        code = form.get("code", "")
        pending = self.grants.find_code(code)
        if pending is None:
            return Problem("invalid_grant", "The code is unknown, used or expired.")
        problem = authenticate(pending.grant.client, self.key, request, form)
        if problem is not None:
            return problem
        if not pending.is_met(form.get("redirect_uri", ""), form.get("code_verifier", "")):
            self.grants.burn_code(code)
            return Problem("invalid_grant", "The code was given to somebody else, or for another redirect_uri.")
        problem = self._other_target(pending.grant, form)
        if problem is not None:
            return problem
        refresh = self.grants.spend_code(code, pending.grant)
        answer = self._answer(pending.grant.principal, pending.grant.resource)
        return answer | ({"refresh_token": refresh} if pending.grant.client.refreshes else {})

    def _exchange_refresh(self, request: HttpRequest, form: Mapping[str, str]) -> dict[str, Any] | Problem:
        token = form.get("refresh_token", "")
        grant = self.grants.find_refresh(token)
        if grant is None:
            return Problem("invalid_grant", "The refresh token is unknown or expired.")
        problem = authenticate(grant.client, self.key, request, form) or self._other_target(grant, form)
        if problem is not None:
            return problem
        if not set(form.get("scope", "").split()) <= grant.principal.scopes:
            return Problem("invalid_scope", "A refreshed token has no more scopes than the login gave.")
        renewed = self.grants.replace_refresh(token)
        if renewed is None:
            return Problem("invalid_grant", "The refresh token was used before; log in again.")
        return self._answer(grant.principal, grant.resource) | {"refresh_token": renewed}

    def _other_target(self, grant: Grant, form: Mapping[str, str]) -> Problem | None:
        # Asked anew, so that a refresh does not carry a tenant that the server no longer belongs to.
        if self.target(form.get("resource", grant.resource)) == (grant.resource, grant.principal.tenant):
            return None
        return Problem("invalid_target", "The login was for another resource, or for its former tenant.")

    def _answer(self, who: Principal, resource: str) -> dict[str, Any]:
        return {
            "access_token": self.mint.mint(who, resource, TOKEN_LIFETIME),
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME,
            "scope": " ".join(sorted(who.scopes)),
        }
