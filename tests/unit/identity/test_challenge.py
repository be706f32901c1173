from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.identity.challenge import ResourceMetadata, challenge
from interlock.identity.resources import locate
from interlock.identity.words import HttpRequest, Refusal, RefusalCode

BASE = "https://gateway.example"
KNOWN = "/.well-known/oauth-protected-resource"
URL = BASE + KNOWN + "/servers/files/mcp"
METADATA = ResourceMetadata(locate(BASE), ["https://issuer.example"], ["tools"])


@pytest.mark.parametrize("path", ["", "/mcp", "/servers/files/mcp"])
def test_each_resource_has_its_document(path: str) -> None:
    answer = METADATA.respond(HttpRequest("GET", KNOWN + path))
    assert answer is not None
    assert answer.status == 200
    document = json.loads(answer.body)
    assert document.pop("resource_name")
    assert document == {
        "resource": BASE + path,
        "authorization_servers": ["https://issuer.example"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["tools"],
    }
    assert "*" not in str(answer.headers)


def test_without_scopes_none_are_claimed() -> None:
    assert "scopes_supported" not in ResourceMetadata(locate(BASE), ["https://issuer.example"]).document(BASE)


def test_another_path_is_somebody_elses_and_another_method_is_not_allowed() -> None:
    assert METADATA.respond(HttpRequest("GET", "/mcp")) is None
    assert METADATA.respond(HttpRequest("GET", KNOWN + "/nothing")) is None
    answer = METADATA.respond(HttpRequest("POST", KNOWN))
    assert answer is not None
    assert (answer.status, answer.headers) == (405, {"Allow": "GET"})


def test_no_credential_no_error() -> None:
    assert challenge(URL) == f'Bearer resource_metadata="{URL}"'


def test_a_refused_token_is_told_so() -> None:
    refusal = Refusal(RefusalCode.INVALID_TOKEN, "The access token has expired.")
    assert challenge(URL, refusal) == (
        f'Bearer resource_metadata="{URL}", error="invalid_token", error_description="The access token has expired."'
    )


def test_a_lacking_scope_is_named() -> None:
    refusal = Refusal(RefusalCode.INSUFFICIENT_SCOPE, "More is needed.")
    assert challenge(URL, refusal, ["a", "b"]).endswith(
        'error="insufficient_scope", error_description="More is needed.", scope="a b"'
    )


@given(st.text())
def test_no_description_breaks_out_of_its_quotes(text: str) -> None:
    value = challenge(URL, Refusal(RefusalCode.INVALID_TOKEN, text))
    described = value.partition('error_description="')[2].removesuffix('"')
    assert len(described) == len(text)
    # RFC 6750 section 3: %x20-21 / %x23-5B / %x5D-7E
    assert all(mark in " !" or "\x23" <= mark <= "\x5b" or "\x5d" <= mark <= "\x7e" for mark in described)
