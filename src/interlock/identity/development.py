"""The development issuer: a small OAuth authorization server that consents by itself, on loopback only.

It lets a stock MCP client log in with nobody at a screen. It proves nothing about who sits there: whoever reaches it
is whom they say they are. Hence it refuses to exist anywhere but on loopback, and says what it is in its metadata.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from interlock.core.errors import Fault, OperatorError
from interlock.identity.clients import (
    AUTH_METHODS,
    GRANT_TYPES,
    Client,
    names_document,
    read_document,
    recall,
    register,
)
from interlock.identity.exchange import answer_json, answer_problem, parse_form, read_object
from interlock.identity.grants import Grant, Grants, PendingCode, is_challenge
from interlock.identity.keys import SigningKey
from interlock.identity.resources import is_loopback, locate
from interlock.identity.shelf import Shelf
from interlock.identity.token_endpoint import TOKEN_LIFETIME, TokenEndpoint
from interlock.identity.tokens import Mint, Principal, is_name
from interlock.identity.words import HttpRequest, HttpResponse, Problem

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets a client's metadata document by URL; raises OSError or a Fault if it cannot. Must refuse inner addresses."""

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]

_DOCUMENT_LIFETIME = 300
_MAX_DOCUMENTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class DevelopmentSettings:
    """Where the issuer stands and whom it takes a caller for who says nothing else. ``base_url`` is the gateway's."""

    base_url: str
    default_subject: str = "developer"
    default_tenant: str = "default"
    scopes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse defaults that no token could carry (OperatorError)."""
        if not (is_name(self.default_subject) and is_name(self.default_tenant)):
            raise OperatorError(
                "the development issuer's default subject or tenant is not a name",
                "give printable text of at most 256 characters",
            )


def issuer_of(base_url: str) -> str:
    """Return the development issuer's identifier at ``base_url``.

    Raises:
        OperatorError: the URL is not a loopback origin.

    """
    if not is_loopback(base_url):
        raise OperatorError(
            f"the development issuer does not serve {base_url!r}: it vouches for everyone, so for loopback only",
            "give a base URL at 127.0.0.1 or localhost, or configure a real issuer",
        )
    return locate(base_url).gateway + "/development"


def mint_development_token(key: SigningKey, base_url: str, who: Principal, now: Callable[[], float]) -> str:
    """Return a token that says ``who`` to the whole gateway at ``base_url`` for 15 minutes.

    Raises:
        OperatorError: the URL is not a loopback origin.
        CallerError: a name that no verifier would accept.

    """
    return Mint(key, issuer_of(base_url), now).mint(who, locate(base_url).gateway, TOKEN_LIFETIME)


class DevelopmentIssuer:
    """The development issuer at ``settings.base_url``; refuses (OperatorError) to be anywhere but on loopback.

    ``tenant_of`` gives the tenant that logins at a server's path belong to, None for a server that is not known.
    ``fetch`` gets client id metadata documents; without it they are neither advertised nor accepted.
    """

    def __init__(
        self,
        settings: DevelopmentSettings,
        key: SigningKey,
        tenant_of: Callable[[str], str | None],
        now: Callable[[], float],
        fetch: Fetch | None = None,
    ) -> None:
        self.issuer = issuer_of(settings.base_url)
        self._settings = settings
        self._resources = locate(settings.base_url)
        self._key = key
        self._keys = key.public_keys()
        self._tenant_of = tenant_of
        self._now = now
        self._fetch = fetch
        self._grants = Grants(now)
        self._tokens = TokenEndpoint(key, Mint(key, self.issuer, now), self._grants, self._target)
        self._documents: Shelf[Client] = Shelf(_MAX_DOCUMENTS, _DOCUMENT_LIFETIME, now)
        self._routes: dict[str, tuple[str, Handler]] = {
            "/.well-known/oauth-authorization-server/development": ("GET", self._describe),
            "/.well-known/openid-configuration/development": ("GET", self._describe),
            "/development/.well-known/openid-configuration": ("GET", self._describe),
            "/development/jwks": ("GET", self._show_keys),
            "/development/register": ("POST", self._register),
            "/development/authorize": ("GET", self._authorize),
            "/development/token": ("POST", self._give_token),
        }

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        """Answer ``request``; None if its path is none of ours. Awaits nothing but ``fetch``."""
        method, handle = self._routes.get(request.path, ("", None))
        if handle is None:
            return None
        if request.method != method:
            return HttpResponse(405, {"Allow": method})
        return await handle(request)

    def metadata(self) -> dict[str, Any]:
        """Return the authorization server's metadata (RFC 8414 section 2)."""
        return {
            "issuer": self.issuer,
            "interlock_development": True,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "registration_endpoint": self.issuer + "/register",
            "jwks_uri": self.issuer + "/jwks",
            "scopes_supported": sorted(self._settings.scopes),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANT_TYPES),
            "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": self._fetch is not None,
        }

    async def _describe(self, _request: HttpRequest) -> HttpResponse:
        return answer_json(200, self.metadata())

    async def _show_keys(self, _request: HttpRequest) -> HttpResponse:
        return answer_json(200, self._key.jwks())

    async def _register(self, request: HttpRequest) -> HttpResponse:
        metadata = read_object(request)
        registered = metadata if isinstance(metadata, Problem) else register(self._key, metadata, self._now())
        return answer_problem(registered) if isinstance(registered, Problem) else answer_json(201, registered)

    async def _authorize(self, request: HttpRequest) -> HttpResponse:
        form = parse_form(request.query)
        if isinstance(form, Problem):
            return answer_problem(form)
        client = await self._find_client(form.get("client_id", ""))
        if isinstance(client, Problem):
            return answer_problem(client)
        redirect_uri = form.get("redirect_uri", "")
        if not client.allows(redirect_uri):
            # Never redirected: nobody vouches for the place (RFC 6749 section 4.1.2.1).
            return answer_problem(Problem("invalid_request", "The redirect_uri is not one that the client registered."))
        code = self._consent(client, redirect_uri, form)
        if isinstance(code, Problem):
            told = {"error": code.error, "error_description": code.description}
        else:
            told = {"code": code}
        told |= {"state": form["state"]} if "state" in form else {}
        told["iss"] = self.issuer
        joint = "&" if "?" in redirect_uri else "?"
        location = f"{redirect_uri}{joint}{urlencode(told)}"
        return HttpResponse(302, {"Location": location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    async def _find_client(self, client_id: str) -> Client | Problem:
        if self._fetch is None or not names_document(client_id):
            return recall(self._keys, client_id) or Problem("invalid_client", "The client is not registered here.")
        known = self._documents.get(client_id)
        if known is not None:
            return known
        try:
            body = await self._fetch(client_id)
        except (OSError, Fault):
            return Problem("invalid_client", "The client's metadata document cannot be had.")
        client = read_document(client_id, body)
        if isinstance(client, Client):
            self._documents.put(client_id, client)
        return client

    def _consent(self, client: Client, redirect_uri: str, form: Mapping[str, str]) -> str | Problem:
        """Say yes, and return the code that tells so, or the problem with the question."""
        if form.get("response_type") != "code":
            return Problem("unsupported_response_type", "response_type must be code.")
        proof = form.get("code_challenge", "")
        if form.get("code_challenge_method") != "S256" or not is_challenge(proof):
            return Problem("invalid_request", "PKCE is required, with code_challenge_method S256.")
        target = self._target(form.get("resource"))
        if isinstance(target, Problem):
            return target
        resource, tenant = target
        subject = form.get("login_hint", self._settings.default_subject)
        if not is_name(subject):
            return Problem("invalid_request", "login_hint is not the name of a subject.")
        scopes = self._settings.scopes & set(form.get("scope", "").split())
        who = Principal(subject=subject, workload=client.workload, tenant=tenant, scopes=scopes)
        code = self._grants.issue_code(PendingCode(Grant(client, who, resource), redirect_uri, proof))
        return code or Problem("temporarily_unavailable", "Too many logins are under way; try again in a minute.")

    def _target(self, resource: str | None) -> tuple[str, str] | Problem:
        """Return the audience and tenant that a login at ``resource`` gives (RFC 8707 section 2)."""
        if resource is None or self._resources.is_gateway(resource):
            return self._resources.gateway, self._settings.default_tenant
        name = self._resources.server_named(resource)
        tenant = self._tenant_of(name) if name else None
        return (resource, tenant) if tenant else Problem("invalid_target", "The resource is not one of this gateway's.")

    async def _give_token(self, request: HttpRequest) -> HttpResponse:
        return self._tokens.respond(request)
