from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

from interlock.identity.keys import PublicKeys, SigningKey, read_jwks
from interlock.identity.signed import MAX_SIZE, open_signed
from interlock.identity.words import Refusal, RefusalCode

KIND = "at+jwt"
CLAIMS = {"sub": "ana"}


def encoded(part: Any) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(key: Any, header: dict[str, Any], payload: bytes = b'{"sub":"ana"}') -> str:
    registry = JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    return serialize_compact(header, payload, key, registry=registry)


def opened(token: str, keys: PublicKeys) -> dict[str, Any] | Refusal:
    return open_signed(token, keys, "ES256", {KIND})


def test_what_a_known_key_signed_is_opened(key: SigningKey) -> None:
    assert opened(key.sign(KIND, CLAIMS), key.public_keys()) == CLAIMS
    assert opened(key.sign("AT+JWT", CLAIMS), key.public_keys()) == CLAIMS


def test_header_parameters_that_nobody_asked_for_are_passed_over(key: SigningKey, other_key: SigningKey) -> None:
    header = {"alg": "ES256", "typ": KIND, "kid": key.key_id, "x-own": 1, "jwk": other_key.jwks()["keys"][0]}
    assert opened(signed(key.key, header), key.public_keys()) == CLAIMS


def refused_headers(key_id: str) -> dict[str, dict[str, Any]]:
    good = {"alg": "ES256", "typ": KIND, "kid": key_id}
    return {
        "crit": {**good, "crit": ["exp"], "exp": 1},
        "b64": {**good, "b64": True},
        "zip": {**good, "zip": "DEF"},
        "type missing": {"alg": "ES256", "kid": key_id},
        "type of an id token": {**good, "typ": "JWT"},
        "type of a number": {**good, "typ": 1},
        "key id missing": {"alg": "ES256", "typ": KIND},
        "key id unknown": {**good, "kid": "other"},
        "key id of a number": {**good, "kid": 1},
        "algorithm missing": {"typ": KIND, "kid": key_id},
        "algorithm none": {**good, "alg": "none"},
        "algorithm None": {**good, "alg": "None"},
        "algorithm symmetric": {**good, "alg": "HS256"},
        "algorithm other": {**good, "alg": "RS256"},
        "algorithm listed": {**good, "alg": ["ES256"]},
    }


@pytest.mark.parametrize("name", sorted(refused_headers("")))
def test_a_header_that_chooses_is_refused_though_the_signature_is_right(key: SigningKey, name: str) -> None:
    header = refused_headers(key.key_id)[name]
    body = f"{encoded(header)}.{encoded(CLAIMS)}"
    # Signed by hand, so that nothing but the header can be what is refused.
    refusal = opened(f"{body}.{es256(key, body)}", key.public_keys())
    assert isinstance(refusal, Refusal)
    # Our own check refuses, not the library after it.
    assert "signature" not in refusal.description


def es256(key: SigningKey, body: str) -> str:
    algorithm = JWSRegistry.algorithms["ES256"]
    return urlsafe_b64encode(algorithm.sign(body.encode(), key.key)).rstrip(b"=").decode()


def test_signing_by_hand_is_right(key: SigningKey) -> None:
    body = f"{encoded({'alg': 'ES256', 'typ': KIND, 'kid': key.key_id})}.{encoded(CLAIMS)}"
    assert opened(f"{body}.{es256(key, body)}", key.public_keys()) == CLAIMS


def test_a_public_key_is_no_shared_secret(key: SigningKey) -> None:
    pem = key.key.as_pem(private=False)
    for secret in (pem, json.dumps(key.jwks()["keys"][0]).encode()):
        body = f"{encoded({'alg': 'HS256', 'typ': KIND, 'kid': key.key_id})}.{encoded(CLAIMS)}"
        forged = f"{body}.{encoded(hmac.digest(secret, body.encode(), 'sha256'))}"
        assert isinstance(opened(forged, key.public_keys()), Refusal)
        assert isinstance(open_signed(forged, key.public_keys(), "HS256", {KIND}), Refusal)


def test_a_key_of_another_kind_does_not_open() -> None:
    rsa = RSAKey.generate_key(2048)
    keys = read_jwks({"keys": [{**rsa.as_dict(private=False), "kid": "k"}]})
    token = signed(rsa, {"alg": "RS256", "typ": KIND, "kid": "k"})
    assert open_signed(token, keys, "RS256", {KIND}) == CLAIMS
    assert isinstance(open_signed(token, keys, "ES256", {KIND}), Refusal)
    assert isinstance(open_signed(token, keys, "PS256", {KIND}), Refusal)


def test_a_key_of_another_curve_does_not_open(key: SigningKey) -> None:
    wide = ECKey.generate_key("P-384")
    keys = read_jwks({"keys": [{**wide.as_dict(private=False), "kid": key.key_id}]})
    assert isinstance(opened(key.sign(KIND, CLAIMS), keys), Refusal)


def test_another_key_with_the_same_id_does_not_open(key: SigningKey, other_key: SigningKey) -> None:
    forged = SigningKey(key.key_id, other_key.key).sign(KIND, CLAIMS)
    assert isinstance(opened(forged, key.public_keys()), Refusal)


@pytest.mark.parametrize("payload", [b"[]", b'"text"', b"", b'{"sub":"a","sub":"b"}', b"\xff"])
def test_a_signed_payload_that_is_no_strict_object_is_refused(key: SigningKey, payload: bytes) -> None:
    token = signed(key.key, {"alg": "ES256", "typ": KIND, "kid": key.key_id}, payload)
    assert isinstance(opened(token, key.public_keys()), Refusal)


def test_a_header_with_a_duplicate_key_is_refused(key: SigningKey) -> None:
    header = f'{{"alg":"none","alg":"ES256","typ":"{KIND}","kid":"{key.key_id}"}}'.encode()
    body = f"{encoded(header)}.{encoded(CLAIMS)}"
    assert isinstance(opened(f"{body}.{es256(key, body)}", key.public_keys()), Refusal)


def test_size_is_checked_before_anything_is_parsed(key: SigningKey) -> None:
    long = key.sign(KIND, {"pad": "x" * MAX_SIZE})
    refusal = opened(long, key.public_keys())
    assert isinstance(refusal, Refusal)
    assert "large" in refusal.description
    room = MAX_SIZE - len(key.sign(KIND, {"pad": ""}))
    fits = key.sign(KIND, {"pad": "x" * (room * 3 // 4)})
    assert MAX_SIZE - 4 <= len(fits) <= MAX_SIZE
    assert isinstance(opened(fits, key.public_keys()), dict)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c", "a.b.c.d.e", "é.b.c", "\ud800.b.c", "{}", "ey\x00.b.c", "W10.W10.W10", "..." * 99],
)
def test_garbage_is_refused(key: SigningKey, token: str) -> None:
    assert isinstance(opened(token, key.public_keys()), Refusal)


def test_a_deeply_nested_header_is_refused(key: SigningKey) -> None:
    token = encoded(b"[" * 5000) + ".e30.AA"
    assert len(token) < MAX_SIZE
    assert isinstance(opened(token, key.public_keys()), Refusal)


FIXED = ECKey.generate_key("P-256")
SIGNING = SigningKey(FIXED.thumbprint(), FIXED)
TOKEN = SIGNING.sign(KIND, CLAIMS)


@given(st.integers(0, len(TOKEN) - 1), st.characters(max_codepoint=0x17F))
def test_no_single_changed_character_opens(at: int, mark: str) -> None:
    changed = TOKEN[:at] + mark + TOKEN[at + 1 :]
    assert changed == TOKEN or isinstance(opened(changed, SIGNING.public_keys()), Refusal)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_opening_never_raises_and_never_quotes(header: str, payload: str, signature: str) -> None:
    token = f"{header}.{payload}.{signature}"
    refusal = opened(token, SIGNING.public_keys())
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.INVALID_TOKEN
    assert token not in refusal.description


@given(st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64"]), st.text(max_size=5) | st.none()))
def test_any_header_with_a_signature_of_nothing_is_refused(header: dict[str, Any]) -> None:
    whole = {"alg": "ES256", "typ": KIND, "kid": SIGNING.key_id, **header}
    for signature in ("", encoded(b"\0" * 64), TOKEN.rpartition(".")[2]):
        assert isinstance(
            opened(f"{encoded(whole)}.{encoded({'sub': 'eve'})}.{signature}", SIGNING.public_keys()), Refusal
        )
