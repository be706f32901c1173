from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.identity.clients import (
    MAX_REDIRECTS,
    Client,
    authenticate,
    names_document,
    read_document,
    recall,
    register,
    secret_of,
    workload_named,
)
from interlock.identity.keys import SigningKey
from interlock.identity.tokens import is_name
from interlock.identity.words import HttpRequest, Problem

CALLBACK = "http://127.0.0.1:4321/callback"
DOCUMENT = "https://client.example/oauth/client.json"


def metadata_with(**changes: Any) -> dict[str, Any]:
    good = {
        "redirect_uris": [CALLBACK],
        "client_name": "Desk App",
        "grant_types": ["authorization_code", "refresh_token"],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def registered(key: SigningKey, **changes: Any) -> Client:
    answer = register(key, metadata_with(**changes), 1)
    assert not isinstance(answer, Problem)
    client = recall(key.public_keys(), answer["client_id"])
    assert client is not None
    return client


def test_a_registration_is_answered_and_recalled(key: SigningKey) -> None:
    answer = register(key, metadata_with(), 17.9)
    assert not isinstance(answer, Problem)
    client_id = answer.pop("client_id")
    assert answer == {
        "client_id_issued_at": 17,
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "Desk App",
    }
    assert recall(key.public_keys(), client_id) == Client(
        client_id=client_id, workload="Desk-App", redirect_uris=(CALLBACK,), auth_method="none", refreshes=True
    )


def test_the_same_name_is_the_same_workload_under_another_id(key: SigningKey) -> None:
    first, second = registered(key), registered(key)
    assert first.client_id != second.client_id
    assert first.workload == second.workload


def test_a_client_that_asks_for_no_refresh_gets_none(key: SigningKey) -> None:
    assert registered(key, grant_types=None).refreshes is False
    assert registered(key, grant_types=["authorization_code"]).refreshes is False


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_gets_a_secret(key: SigningKey, method: str) -> None:
    answer = register(key, metadata_with(token_endpoint_auth_method=method), 1)
    assert not isinstance(answer, Problem)
    assert answer["client_secret"] == secret_of(key, answer["client_id"])
    assert answer["client_secret_expires_at"] == 0
    assert answer["client_secret"] not in answer["client_id"]


def test_redirects_elsewhere_are_left_out(key: SigningKey) -> None:
    elsewhere = ["https://app.example/cb", "app://cb", "https://localhost/cb", 7, "http://localhost/" + "x" * 300]
    assert registered(key, redirect_uris=[*elsewhere, CALLBACK]).redirect_uris == (CALLBACK,)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": CALLBACK}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://app.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"{CALLBACK}{n}" for n in range(MAX_REDIRECTS + 1)]}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": 7}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"response_types": "code"}, "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
    ],
)
def test_what_cannot_be_registered_is_told(key: SigningKey, changes: dict[str, Any], error: str) -> None:
    answer = register(key, metadata_with(**changes), 1)
    assert isinstance(answer, Problem)
    assert answer.error == error


def test_only_our_registrations_are_recalled(key: SigningKey, other_key: SigningKey) -> None:
    assert recall(key.public_keys(), registered(other_key).client_id) is None
    assert recall(key.public_keys(), "") is None
    assert recall(key.public_keys(), key.sign("at+jwt", {"name": "x", "to": [CALLBACK]})) is None


def test_the_largest_registration_is_recalled(key: SigningKey) -> None:
    uris = [f"http://127.0.0.1:{1000 + n}/" + "x" * 234 for n in range(MAX_REDIRECTS)]
    assert len(uris[0]) == 256
    assert len(registered(key, redirect_uris=uris, client_name="n" * 9999).redirect_uris) == MAX_REDIRECTS


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        (CALLBACK, True),
        ("http://127.0.0.1:9/callback", True),
        ("http://127.0.0.1/callback", True),
        ("http://localhost:4321/callback", False),
        ("https://127.0.0.1:4321/callback", False),
        ("http://127.0.0.1:4321/callback/", False),
        ("http://127.0.0.1:4321/callback?x=1", False),
        ("http://127.0.0.1:4321/callback#f", False),
        ("http://127.0.0.1:4321@evil.example/callback", False),
        ("http://evil.example/callback", False),
        ("http://127.0.0.1:99999/callback", False),
        ("", False),
    ],
)
def test_a_redirect_is_exact_but_for_its_port(key: SigningKey, uri: str, good: bool) -> None:  # noqa: FBT001 - a table
    assert registered(key).allows(uri) is good


@pytest.mark.parametrize("url", [DOCUMENT, "https://client.example:8443/c", "http://localhost:9000/c.json"])
def test_a_url_may_name_a_document(url: str) -> None:
    assert names_document(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "client",
        "https://client.example",
        "https://client.example/",
        "http://client.example/c",
        "https://user@client.example/c",
        "https://client.example/a/../c",
        "https://client.example/c#f",
        "https://client.example\\c/d",
        "https:///c",
        "https://[::1/c",
        "https://client.example/\n",
        "https://client.example/é",
        "https://client.example/" + "x" * 300,
        "file:///etc/passwd",
    ],
)
def test_another_text_names_no_document(url: str) -> None:
    assert not names_document(url)


def test_a_document_describes_a_public_client() -> None:
    body = json.dumps({"client_id": DOCUMENT, "redirect_uris": [CALLBACK, "https://app.example/cb"]}).encode()
    assert read_document(DOCUMENT, body) == Client(
        client_id=DOCUMENT, workload=DOCUMENT, redirect_uris=(CALLBACK,), auth_method="none", refreshes=True
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": DOCUMENT + "x"},
        {"client_id": None},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"client_secret": "s"},
        {"redirect_uris": ["https://app.example/cb"]},
    ],
)
def test_a_document_that_does_not_do(changes: dict[str, Any]) -> None:
    document = {"client_id": DOCUMENT, "redirect_uris": [CALLBACK], **changes}
    assert isinstance(read_document(DOCUMENT, json.dumps(document).encode()), Problem)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"client_id":"a","client_id":"b"}'])
def test_a_body_that_is_no_document(body: bytes) -> None:
    assert isinstance(read_document(DOCUMENT, body), Problem)


def basic(client_id: str, secret: str) -> HttpRequest:
    pair = b64encode(f"{client_id}:{secret}".encode()).decode()
    return HttpRequest("POST", "/", headers={"authorization": f"Basic {pair}"})


PLAIN = HttpRequest("POST", "/")


def test_a_public_client_names_itself_and_has_no_secret(key: SigningKey) -> None:
    client = registered(key)
    assert authenticate(client, key, PLAIN, {"client_id": client.client_id}) is None
    for request, form in [
        (PLAIN, {}),
        (PLAIN, {"client_id": "other"}),
        (PLAIN, {"client_id": client.client_id, "client_secret": "s"}),
        (basic(client.client_id, ""), {}),
        (basic(client.client_id, ""), {"client_id": client.client_id}),
    ]:
        problem = authenticate(client, key, request, form)
        assert problem is not None
        assert (problem.error, problem.status) == ("invalid_client", 401)


def test_a_client_with_basic_uses_basic_alone(key: SigningKey) -> None:
    client = registered(key, token_endpoint_auth_method="client_secret_basic")
    secret = secret_of(key, client.client_id)
    assert authenticate(client, key, basic(client.client_id, secret), {}) is None
    assert authenticate(client, key, basic(client.client_id, secret), {"client_id": client.client_id}) is None
    for request, form in [
        (PLAIN, {"client_id": client.client_id, "client_secret": secret}),
        (basic(client.client_id, secret), {"client_secret": secret}),
        (basic(client.client_id, secret), {"client_id": "other"}),
        (basic(client.client_id, "wrong"), {}),
        (basic(client.client_id, ""), {}),
        (basic("other", secret), {}),
        (HttpRequest("POST", "/", headers={"authorization": "Basic %"}), {}),
        (HttpRequest("POST", "/", headers={"authorization": "Basic YQ=="}), {}),
        (HttpRequest("POST", "/", headers={"authorization": f"Bearer {secret}"}), {}),
    ]:
        assert isinstance(authenticate(client, key, request, form), Problem)


def test_a_client_with_post_uses_post_alone(key: SigningKey) -> None:
    client = registered(key, token_endpoint_auth_method="client_secret_post")
    secret = secret_of(key, client.client_id)
    form = {"client_id": client.client_id, "client_secret": secret}
    assert authenticate(client, key, PLAIN, form) is None
    for request, other in [
        (PLAIN, {"client_id": client.client_id}),
        (PLAIN, {**form, "client_secret": secret[:-1]}),
        (basic(client.client_id, secret), form),
    ]:
        assert isinstance(authenticate(client, key, request, other), Problem)


@given(st.text(max_size=200))
def test_any_name_gives_a_plain_workload(name: str) -> None:
    workload = workload_named(name)
    assert is_name(workload)
    assert workload.isascii()
    assert not set(workload) & set(" /:\"'<>\\")
    assert workload_named(workload) == workload


def test_a_name_is_cut_before_its_end_is_made_plain() -> None:
    assert workload_named("a" * 63 + " b") == "a" * 63
