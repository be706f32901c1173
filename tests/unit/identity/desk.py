"""A client of the development issuer, for its tests."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Coroutine
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from interlock.core.words import Caller
from interlock.identity.development import DevelopmentIssuer, DevelopmentSettings
from interlock.identity.keys import SigningKey
from interlock.identity.tokens import Verifier
from interlock.identity.words import HttpRequest, HttpResponse

BASE = "http://127.0.0.1:8080"
ISSUER = BASE + "/development"
FILES = BASE + "/servers/files/mcp"
MAIL = BASE + "/servers/mail/mcp"
CALLBACK = "http://127.0.0.1:4321/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
TENANTS = {"files": "acme", "mail": "globex"}


def run(work: Coroutine[Any, Any, HttpResponse | None]) -> HttpResponse:
    """Run to the end what awaits nothing real."""
    try:
        work.send(None)
    except StopIteration as stop:
        return cast("HttpResponse", stop.value)
    pytest.fail("it waits for something")


class Desk:
    """A client at a desk: registers, logs in, gets tokens, and asserts that each step goes as it should."""

    def __init__(self, key: SigningKey, clock: Any, fetch: Any = None, **settings: Any) -> None:
        self.issuer = DevelopmentIssuer(
            DevelopmentSettings(base_url=BASE, **settings), key, TENANTS.get, clock, fetch=fetch
        )
        self.verifier = Verifier(ISSUER, key.public_keys(), {BASE}, clock)
        self.client_id = ""

    def get(self, path: str, query: str = "") -> HttpResponse:
        return run(self.issuer.respond(HttpRequest("GET", path, query)))

    def register(self, **changes: Any) -> dict[str, Any]:
        wanted = {
            "redirect_uris": [CALLBACK],
            "client_name": "desk",
            "grant_types": ["authorization_code", "refresh_token"],
        }
        body = json.dumps({**wanted, **changes}).encode()
        headers = {"content-type": "application/json"}
        answer = run(self.issuer.respond(HttpRequest("POST", "/development/register", "", headers, body)))
        told: dict[str, Any] = json.loads(answer.body)
        if answer.status == 201:
            self.client_id = told["client_id"]
        return {"status": answer.status, **told}

    def authorize(self, **changes: Any) -> HttpResponse:
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "state": "the state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": FILES,
        }
        query = {name: value for name, value in {**wanted, **changes}.items() if value is not None}
        return self.get("/development/authorize", urlencode(query))

    def code(self, **changes: Any) -> str:
        told = redirected(self.authorize(**changes))
        assert "error" not in told
        return told["code"]

    def token(self, headers: dict[str, str] | None = None, **form: Any) -> tuple[int, dict[str, Any]]:
        typed = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
        answer = run(self.issuer.respond(HttpRequest("POST", "/development/token", "", typed, body)))
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, json.loads(answer.body)

    def exchange(self, given: str, **changes: Any) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "authorization_code",
            "code": given,
            "redirect_uri": CALLBACK,
            "client_id": self.client_id,
            "code_verifier": VERIFIER,
            "resource": FILES,
        }
        return self.token(**{**form, **changes})

    def refresh(self, given: str, **changes: Any) -> tuple[int, dict[str, Any]]:
        form = {"grant_type": "refresh_token", "refresh_token": given, "client_id": self.client_id}
        return self.token(**{**form, **changes})

    def caller(self, told: dict[str, Any], resource: str) -> Caller:
        caller = self.verifier.verify(told["access_token"], resource)
        assert isinstance(caller, Caller)
        return caller


def redirected(answer: HttpResponse) -> dict[str, str]:
    assert answer.status == 302
    location = urlsplit(answer.headers["Location"])
    assert location._replace(query="").geturl() == CALLBACK
    told = dict(parse_qsl(location.query))
    assert told["iss"] == ISSUER
    return told
