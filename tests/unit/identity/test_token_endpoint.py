from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from interlock.identity.keys import SigningKey
from interlock.identity.words import HttpRequest
from unit.identity.desk import BASE, CALLBACK, FILES, MAIL, TENANTS, Desk, run


@pytest.fixture
def desk(key: SigningKey, clock: Any) -> Desk:
    desk = Desk(key, clock)
    assert desk.register()["status"] == 201
    return desk


def test_a_code_is_good_once_and_its_second_use_ends_the_login(desk: Desk) -> None:
    code = desk.code()
    _, told = desk.exchange(code)
    assert desk.exchange(code) == (
        400,
        {"error": "invalid_grant", "error_description": "The code is unknown, used or expired."},
    )
    assert desk.refresh(told["refresh_token"])[1]["error"] == "invalid_grant"


def test_a_code_is_good_for_a_minute(desk: Desk, clock: Any) -> None:
    code = desk.code()
    clock.at += 60
    assert desk.exchange(code)[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code": None}, 400, "invalid_grant"),
        ({"code": "unknown"}, 400, "invalid_grant"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"redirect_uri": None}, 400, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "x"}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"resource": MAIL}, 400, "invalid_target"),
        ({"resource": BASE}, 400, "invalid_target"),
        ({"resource": "https://elsewhere.example"}, 400, "invalid_target"),
        ({"grant_type": None}, 400, "unsupported_grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_code_is_bound(desk: Desk, changes: dict[str, Any], status: int, error: str) -> None:
    got, told = desk.exchange(desk.code(), **changes)
    assert (got, told["error"]) == (status, error)
    assert "access_token" not in told


@pytest.mark.parametrize("changes", [{"code_verifier": "w" * 43}, {"redirect_uri": CALLBACK + "x"}])
def test_a_failed_proof_burns_the_code(desk: Desk, changes: dict[str, Any]) -> None:
    code = desk.code()
    desk.exchange(code, **changes)
    assert desk.exchange(code)[1]["error"] == "invalid_grant"


def test_a_code_may_be_exchanged_without_naming_the_resource_again(desk: Desk) -> None:
    _, told = desk.exchange(desk.code(), resource=None)
    assert desk.caller(told, FILES).audience == (FILES,)


def test_a_code_of_one_client_is_nothing_to_another(desk: Desk) -> None:
    code, mine = desk.code(), desk.client_id
    desk.register(client_name="other")
    assert desk.exchange(code)[1]["error"] == "invalid_client"
    desk.client_id = mine
    assert desk.exchange(code)[0] == 200


def test_a_client_that_did_not_ask_gets_no_refresh_token(desk: Desk) -> None:
    desk.register(grant_types=["authorization_code"])
    _, told = desk.exchange(desk.code())
    assert "refresh_token" not in told


def test_refreshing_rotates_and_an_old_token_ends_the_login(desk: Desk, clock: Any) -> None:
    _, first = desk.exchange(desk.code())
    clock.at += 1000
    _, second = desk.refresh(first["refresh_token"])
    caller = desk.caller(second, FILES)
    assert (caller.subject, caller.audience, caller.expires_at) == ("developer", (FILES,), int(clock.at) + 900)
    assert second["refresh_token"] != first["refresh_token"]
    assert desk.refresh(first["refresh_token"])[1]["error"] == "invalid_grant"
    assert desk.refresh(second["refresh_token"])[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "unknown"}, 400, "invalid_grant"),
        ({"refresh_token": None}, 400, "invalid_grant"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"resource": MAIL}, 400, "invalid_target"),
        ({"scope": "admin"}, 400, "invalid_scope"),
    ],
)
def test_a_refresh_token_is_bound_and_a_slip_does_not_end_the_login(
    desk: Desk, changes: dict[str, Any], status: int, error: str
) -> None:
    _, told = desk.exchange(desk.code())
    got, refused = desk.refresh(told["refresh_token"], **changes)
    assert (got, refused["error"]) == (status, error)
    assert desk.refresh(told["refresh_token"], resource=FILES)[0] == 200


@pytest.mark.parametrize("tenant", [None, "globex"])
def test_a_login_ends_where_its_servers_tenant_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tenant: str | None
) -> None:
    _, told = desk.exchange(desk.code())
    code = desk.code()
    monkeypatch.setitem(TENANTS, "files", tenant)
    assert desk.refresh(told["refresh_token"])[1]["error"] == "invalid_target"
    assert desk.exchange(code)[1]["error"] == "invalid_target"


def test_a_confidential_client_shows_its_secret(desk: Desk) -> None:
    secret = desk.register(token_endpoint_auth_method="client_secret_post")["client_secret"]
    assert desk.exchange(desk.code())[1]["error"] == "invalid_client"
    _, told = desk.exchange(desk.code(), client_secret=secret)
    assert desk.refresh(told["refresh_token"])[1]["error"] == "invalid_client"
    assert desk.refresh(told["refresh_token"], client_secret=secret)[0] == 200
    secret = desk.register(token_endpoint_auth_method="client_secret_basic")["client_secret"]
    pair = b64encode(f"{desk.client_id}:{secret}".encode()).decode()
    assert desk.exchange(desk.code(), headers={"authorization": f"Basic {pair}"}, client_id=None)[0] == 200


def test_the_token_endpoint_takes_forms_alone(desk: Desk) -> None:
    answer = run(desk.issuer.respond(HttpRequest("POST", "/development/token", "", {}, b"grant_type=refresh_token")))
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")
