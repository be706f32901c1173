from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from interlock.identity import grants as module
from interlock.identity.clients import Client
from interlock.identity.grants import CODE_LIFETIME, REFRESH_LIFETIME, Grant, Grants, PendingCode, is_challenge
from interlock.identity.tokens import Principal

CALLBACK = "http://127.0.0.1/cb"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
GRANT = Grant(
    Client(client_id="c", workload="w", redirect_uris=(CALLBACK,)),
    Principal(subject="s", workload="w", tenant="t"),
    "http://127.0.0.1",
)
PENDING = PendingCode(GRANT, CALLBACK, CHALLENGE)


def issued(grants: Grants) -> str:
    code = grants.issue_code(PENDING)
    assert code is not None
    return code


def test_a_code_is_found_until_its_minute_is_over(clock: Any) -> None:
    grants = Grants(clock)
    code = issued(grants)
    clock.at += CODE_LIFETIME - 1
    assert grants.find_code(code) is PENDING
    clock.at += 1
    assert grants.find_code(code) is None


def test_a_code_is_spent_once_and_its_second_use_ends_the_login(clock: Any) -> None:
    grants = Grants(clock)
    code = issued(grants)
    refresh = grants.spend_code(code, GRANT)
    assert grants.find_refresh(refresh) is GRANT
    assert grants.find_code(code) is None
    assert grants.find_refresh(refresh) is None
    assert grants.replace_refresh(refresh) is None


def test_a_second_use_is_noticed_after_the_code_would_have_expired(clock: Any) -> None:
    grants = Grants(clock)
    code = issued(grants)
    refresh = grants.spend_code(code, GRANT)
    clock.at += CODE_LIFETIME + 1
    assert grants.find_code(code) is None
    assert grants.find_refresh(refresh) is None


def test_a_burnt_code_is_gone(clock: Any) -> None:
    grants = Grants(clock)
    code = issued(grants)
    grants.burn_code(code)
    assert grants.find_code(code) is None


def test_open_codes_are_bounded_and_none_is_pushed_out(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_CODES", 2)
    grants = Grants(clock)
    first, second = issued(grants), issued(grants)
    assert grants.issue_code(PENDING) is None
    assert grants.find_code(first) is grants.find_code(second) is PENDING
    clock.at += CODE_LIFETIME
    assert grants.issue_code(PENDING) is not None


@pytest.mark.parametrize(
    ("redirect_uri", "verifier", "met"),
    [
        (CALLBACK, VERIFIER, True),
        (CALLBACK + "/", VERIFIER, False),
        ("", VERIFIER, False),
        (CALLBACK, "w" * 43, False),
        (CALLBACK, "", False),
        (CALLBACK, CHALLENGE, False),
    ],
)
def test_a_code_is_met_by_who_began(redirect_uri: str, verifier: str, met: bool) -> None:  # noqa: FBT001 - a table
    assert PENDING.is_met(redirect_uri, verifier) is met


@pytest.mark.parametrize("verifier", ["v" * 42, "v" * 129, "v" * 42 + "!", "v" * 43 + "\n"])
def test_a_verifier_of_another_form_never_meets(verifier: str) -> None:
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert not PendingCode(GRANT, CALLBACK, challenge).is_met(CALLBACK, verifier)


def test_a_refresh_token_is_replaced_at_each_use(clock: Any) -> None:
    grants = Grants(clock)
    token: str | None = grants.spend_code(issued(grants), GRANT)
    seen = set()
    for _ in range(3):
        assert token is not None
        seen.add(token)
        assert grants.find_refresh(token) is GRANT
        token = grants.replace_refresh(token)
    assert len(seen) == 3
    assert token not in seen


def test_an_old_refresh_token_ends_the_login(clock: Any) -> None:
    grants = Grants(clock)
    old = grants.spend_code(issued(grants), GRANT)
    new = grants.replace_refresh(old)
    assert new is not None
    assert grants.replace_refresh(old) is None
    assert grants.replace_refresh(new) is None


def test_replacing_does_not_lengthen_the_login(clock: Any) -> None:
    grants = Grants(clock)
    token = grants.spend_code(issued(grants), GRANT)
    clock.at += REFRESH_LIFETIME - 1
    renewed = grants.replace_refresh(token)
    assert renewed is not None
    clock.at += 1
    assert grants.replace_refresh(renewed) is None


def test_logins_are_bounded(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_FAMILIES", 2)
    grants = Grants(clock)
    tokens = [grants.spend_code(issued(grants), GRANT) for _ in range(3)]
    assert [grants.find_refresh(token) for token in tokens] == [None, GRANT, GRANT]


@pytest.mark.parametrize("token", ["", ".", "x", "x.y"])
def test_a_token_that_was_never_given_is_unknown(clock: Any, token: str) -> None:
    assert Grants(clock).find_refresh(token) is None
    assert Grants(clock).replace_refresh(token) is None


@pytest.mark.parametrize(
    ("value", "good"), [(CHALLENGE, True), (CHALLENGE[:-1], False), (CHALLENGE + "=", False), ("", False)]
)
def test_a_challenge_has_one_form(value: str, good: bool) -> None:  # noqa: FBT001 - a table
    assert is_challenge(value) is good
