from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from interlock.core.errors import CallerError, OperatorError
from interlock.core.words import Caller
from interlock.identity import grants as grants_module
from interlock.identity.development import (
    DevelopmentIssuer,
    DevelopmentSettings,
    issuer_of,
    mint_development_token,
)
from interlock.identity.keys import SigningKey, read_jwks
from interlock.identity.tokens import Principal, Verifier
from interlock.identity.words import HttpRequest, Refusal
from unit.identity.desk import BASE, CALLBACK, FILES, ISSUER, MAIL, TENANTS, Desk, redirected, run

DOCUMENT = "https://client.example/client.json"


@pytest.fixture
def desk(key: SigningKey, clock: Any) -> Desk:
    desk = Desk(key, clock)
    assert desk.register()["status"] == 201
    return desk


# --- Where it stands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base",
    ["https://gateway.example", "http://10.0.0.1:8080", "http://0.0.0.0:8080", "http://127.0.0.1.evil.example", ""],
)
def test_it_refuses_to_be_anywhere_but_on_loopback(key: SigningKey, clock: Any, base: str) -> None:
    with pytest.raises(OperatorError, match="loopback"):
        DevelopmentIssuer(DevelopmentSettings(base_url=base), key, TENANTS.get, clock)
    with pytest.raises(OperatorError, match="loopback"):
        mint_development_token(key, base, Principal(subject="s", workload="w", tenant="t"), clock)


@pytest.mark.parametrize("base", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
def test_its_identifier_is_below_the_gateways(base: str) -> None:
    assert issuer_of(base) == base + "/development"


@pytest.mark.parametrize("defaults", [{"default_subject": ""}, {"default_tenant": "a\nb"}])
def test_defaults_that_no_token_could_carry_are_the_operators_fault(defaults: dict[str, str]) -> None:
    with pytest.raises(OperatorError):
        DevelopmentSettings(base_url=BASE, **defaults)


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server/development",
        "/.well-known/openid-configuration/development",
        "/development/.well-known/openid-configuration",
    ],
)
def test_metadata_are_served_and_say_what_it_is(desk: Desk, path: str) -> None:
    answer = desk.get(path)
    assert answer.status == 200
    metadata = json.loads(answer.body)
    assert metadata["interlock_development"] is True
    assert metadata["issuer"] == ISSUER
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["client_id_metadata_document_supported"] is False
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_every_endpoint_that_is_named_is_there(desk: Desk) -> None:
    named = [url for name, url in desk.issuer.metadata().items() if name.endswith(("_endpoint", "_uri"))]
    assert len(named) == 4
    for url in named:
        assert run(desk.issuer.respond(HttpRequest("PUT", url.removeprefix(BASE)))).status == 405


def test_its_keys_verify_its_tokens(desk: Desk, clock: Any) -> None:
    keys = read_jwks(json.loads(desk.get("/development/jwks").body))
    _, told = desk.exchange(desk.code())
    assert isinstance(Verifier(ISSUER, keys, {BASE}, clock).verify(told["access_token"], FILES), Caller)


def test_other_paths_are_somebody_elses(desk: Desk) -> None:
    for path in ("/", "/development", "/development/", "/development/token/", "/mcp"):
        with pytest.raises(StopIteration) as stop:
            desk.issuer.respond(HttpRequest("GET", path)).send(None)
        assert stop.value.value is None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "authorize", "GET"), ("GET", "token", "POST"), ("HEAD", "register", "POST")],
)
def test_each_endpoint_has_one_method(desk: Desk, method: str, path: str, allowed: str) -> None:
    answer = run(desk.issuer.respond(HttpRequest(method, f"/development/{path}")))
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


# --- Logging in --------------------------------------------------------------------------------


def test_a_login_with_nobody_at_the_screen(desk: Desk, clock: Any) -> None:
    told = redirected(desk.authorize())
    assert set(told) == {"code", "state", "iss"}
    assert told["state"] == "the state"
    status, answer = desk.exchange(told["code"])
    assert status == 200
    assert {**answer, "access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "",
        "refresh_token": "",
    }
    caller = desk.caller(answer, FILES)
    assert (caller.subject, caller.workload, caller.tenant) == ("developer", "desk", "acme")
    assert (caller.audience, caller.expires_at, caller.host) == ((FILES,), int(clock.at) + 900, None)
    assert isinstance(desk.verifier.verify(answer["access_token"], MAIL), Refusal)


def test_the_hint_names_the_subject(desk: Desk) -> None:
    _, told = desk.exchange(desk.code(login_hint="ana"))
    assert desk.caller(told, FILES).subject == "ana"


@pytest.mark.parametrize(("resource", "tenant"), [(FILES, "acme"), (MAIL, "globex")])
def test_the_server_gives_the_tenant(desk: Desk, resource: str, tenant: str) -> None:
    _, told = desk.exchange(desk.code(resource=resource), resource=resource)
    assert desk.caller(told, resource).tenant == tenant


@pytest.mark.parametrize("resource", [None, BASE, BASE + "/", BASE + "/mcp"])
def test_the_gateway_gives_the_default_tenant_and_one_audience(desk: Desk, resource: str | None) -> None:
    _, told = desk.exchange(desk.code(resource=resource), resource=resource)
    caller = desk.caller(told, FILES)
    assert (caller.tenant, caller.audience) == ("default", (BASE,))


def test_the_scopes_are_those_that_there_are(key: SigningKey, clock: Any) -> None:
    desk = Desk(key, clock, scopes=frozenset({"read", "write"}))
    desk.register()
    _, told = desk.exchange(desk.code(scope="write admin"))
    assert told["scope"] == "write"
    assert desk.caller(told, FILES).scopes == {"write"}
    assert desk.issuer.metadata()["scopes_supported"] == ["read", "write"]
    assert desk.refresh(told["refresh_token"], scope="read")[1]["error"] == "invalid_scope"
    assert desk.refresh(told["refresh_token"], scope="write")[0] == 200


def test_a_registration_outlives_a_restart(desk: Desk, key: SigningKey, clock: Any) -> None:
    after = Desk(key, clock)
    after.client_id = desk.client_id
    assert after.exchange(after.code())[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "unknown"},
        {"client_id": DOCUMENT},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": "http://localhost:4321/callback"},
        {"redirect_uri": CALLBACK + "/x"},
    ],
)
def test_without_a_known_client_and_place_nothing_is_redirected(desk: Desk, changes: dict[str, Any]) -> None:
    answer = desk.authorize(**changes)
    assert answer.status == 400
    assert "Location" not in answer.headers
    assert json.loads(answer.body)["error"] in {"invalid_client", "invalid_request"}


def test_a_parameter_given_twice_is_refused_unredirected(desk: Desk) -> None:
    answer = desk.get("/development/authorize", f"client_id={desk.client_id}&client_id=x")
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"resource": FILES + "/"}, "invalid_target"),
        ({"resource": BASE + "/servers/unknown/mcp"}, "invalid_target"),
        ({"login_hint": "a\nb"}, "invalid_request"),
        ({"login_hint": "x" * 257}, "invalid_request"),
    ],
)
def test_other_faults_are_told_where_the_client_waits(desk: Desk, changes: dict[str, Any], error: str) -> None:
    told = redirected(desk.authorize(**changes))
    assert (told["error"], told["state"]) == (error, "the state")
    assert "code" not in told


def test_another_port_and_a_query_of_its_own_are_kept(desk: Desk) -> None:
    desk.register(redirect_uris=["http://127.0.0.1/cb?a=1"])
    answer = desk.authorize(redirect_uri="http://127.0.0.1:55555/cb?a=1", state=None)
    location = answer.headers["Location"]
    assert location.startswith("http://127.0.0.1:55555/cb?a=1&code=")
    assert "state=" not in location


def test_too_many_logins_are_told_to_wait(desk: Desk, clock: Any) -> None:
    for _ in range(grants_module._MAX_CODES):
        desk.code()
    assert redirected(desk.authorize())["error"] == "temporarily_unavailable"
    clock.at += 60
    desk.code()


# --- Registering -------------------------------------------------------------------------------


def test_a_registration_that_does_not_do_is_told(desk: Desk) -> None:
    told = desk.register(redirect_uris=["https://evil.example/cb"])
    assert (told["status"], told["error"]) == (400, "invalid_redirect_uri")


def test_a_registration_must_be_json_by_type(desk: Desk) -> None:
    body = json.dumps({"redirect_uris": [CALLBACK]}).encode()
    headers = {"content-type": "text/plain"}
    answer = run(desk.issuer.respond(HttpRequest("POST", "/development/register", "", headers, body)))
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_client_metadata")


# --- Client id metadata documents --------------------------------------------------------------


class Web:
    """Stands in for the web that documents are fetched from."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


DESCRIBED = json.dumps({"client_id": DOCUMENT, "client_name": "Web", "redirect_uris": [CALLBACK]}).encode()


def test_a_client_may_be_known_by_its_document(key: SigningKey, clock: Any) -> None:
    web = Web(DESCRIBED)
    desk = Desk(key, clock, fetch=web)
    assert desk.issuer.metadata()["client_id_metadata_document_supported"] is True
    desk.client_id = DOCUMENT
    _, told = desk.exchange(desk.code())
    assert desk.caller(told, FILES).workload == DOCUMENT
    assert desk.refresh(told["refresh_token"])[0] == 200
    desk.code()
    assert web.asked == [DOCUMENT]
    clock.at += 300
    desk.code()
    assert web.asked == [DOCUMENT] * 2


@pytest.mark.parametrize(
    "answer", [TimeoutError("late"), CallerError("not there"), b"<html>", b'{"client_id":"https://x.example/y"}']
)
def test_a_document_that_cannot_be_had_is_no_client(key: SigningKey, clock: Any, answer: bytes | Exception) -> None:
    web = Web(answer)
    desk = Desk(key, clock, fetch=web)
    desk.client_id = DOCUMENT
    for _ in range(2):
        refused = desk.authorize()
        assert (refused.status, json.loads(refused.body)["error"]) == (400, "invalid_client")
    assert len(web.asked) == 2


def test_only_a_url_is_fetched(key: SigningKey, clock: Any) -> None:
    web = Web(DESCRIBED)
    desk = Desk(key, clock, fetch=web)
    desk.register()
    desk.code()
    for client_id in ("http://client.example/c", "file:///etc/passwd", "unknown"):
        assert desk.authorize(client_id=client_id).status == 400
    assert web.asked == []


# --- By hand -----------------------------------------------------------------------------------


def test_a_token_minted_by_hand_is_good_for_the_whole_gateway(key: SigningKey, clock: Any) -> None:
    who = Principal(subject="ana", workload="script", tenant="acme", host="desk")
    token = mint_development_token(key, BASE + "/", who, clock)
    caller = Verifier(ISSUER, key.public_keys(), {BASE}, clock).verify(token, FILES)
    assert isinstance(caller, Caller)
    assert (caller.subject, caller.workload, caller.tenant, caller.host) == ("ana", "script", "acme", "desk")
    assert (caller.audience, caller.expires_at) == ((BASE,), int(clock.at) + 900)


CURVE = ECKey.generate_key("P-256")
ISSUED = DevelopmentIssuer(
    DevelopmentSettings(base_url=BASE), SigningKey(CURVE.thumbprint(), CURVE), TENANTS.get, lambda: 0.0
)
fields = st.sampled_from(
    [
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "resource",
        "login_hint",
        "grant_type",
        "code",
        "refresh_token",
    ]
)


@given(
    st.sampled_from(["authorize", "token", "register"]),
    st.dictionaries(fields, st.text(max_size=20), max_size=6).map(urlencode) | st.text(max_size=50),
    st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""]),
)
def test_nonsense_is_answered_and_never_redirected(path: str, text: str, kind: str) -> None:
    method = "GET" if path == "authorize" else "POST"
    body = text.encode("utf-8", "replace")
    request = HttpRequest(method, f"/development/{path}", text, {"content-type": kind}, body)
    answer = run(ISSUED.respond(request))
    assert answer.status in {400, 401}
    assert "error" in json.loads(answer.body)
