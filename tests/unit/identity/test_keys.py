from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import deserialize_compact

from interlock.core.errors import OperatorError
from interlock.identity.keys import SigningKey, create_key, load_key, load_or_create_key, read_jwks


def thumbprint(public: dict[str, Any]) -> str:
    """RFC 7638 section 3, worked out here once more."""
    members = {name: public[name] for name in ("crv", "kty", "x", "y")}
    digest = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_a_created_key_is_private_and_loads_as_the_same(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    made = create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path).jwks() == made.jwks()


def test_the_key_id_is_the_thumbprint(key: SigningKey) -> None:
    assert key.key_id == key.jwks()["keys"][0]["kid"] == thumbprint(key.jwks()["keys"][0])


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    create_key(path)
    before = path.read_bytes()
    with pytest.raises(OperatorError, match="exists already"):
        create_key(path)
    assert load_or_create_key(path).jwks() == load_key(path).jwks()
    assert path.read_bytes() == before


def test_load_or_create_makes_a_key_once(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    assert load_or_create_key(path).key_id == load_or_create_key(path).key_id == load_key(path).key_id


def test_load_or_create_yields_to_who_was_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.jwk"
    first = create_key(path)
    monkeypatch.setattr(Path, "exists", lambda _self: False)
    assert load_or_create_key(path).key_id == first.key_id


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    create_key(path)
    path.chmod(0o640)
    with pytest.raises(OperatorError, match="open to other users"):
        load_key(path)
    with pytest.raises(OperatorError, match="open to other users"):
        load_or_create_key(path)


def damaged(**changes: Any) -> dict[str, Any]:
    document = {**ECKey.generate_key("P-256").as_dict(private=True), **changes}
    return {name: value for name, value in document.items() if value is not None}


@pytest.mark.parametrize(
    "document",
    [
        damaged(d=None),
        damaged(x=None),
        damaged(d="AAAA"),
        damaged(d=17),
        damaged(x=ECKey.generate_key("P-256").as_dict()["x"]),
        damaged(d=ECKey.generate_key("P-256").as_dict(private=True)["d"]),
        damaged(alg="ES384"),
        ECKey.generate_key("P-384").as_dict(private=True),
        OctKey.generate_key(256).as_dict(private=True),
        {},
        [],
    ],
)
def test_a_file_that_is_no_private_es256_key_is_refused_and_not_quoted(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "key.jwk"
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    with pytest.raises(OperatorError, match="not a private ES256 JWK") as caught:
        load_key(path)
    secret = document.get("d") if isinstance(document, dict) else None
    assert not secret or str(secret) not in caught.value.diagnostics()


def test_no_text_shows_the_private_key(key: SigningKey) -> None:
    secret = str(key.key.as_dict(private=True)["d"])
    assert secret not in repr(key)
    assert secret not in json.dumps(key.jwks())
    assert set(key.jwks()["keys"][0]) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_what_is_signed_verifies_with_the_published_key(key: SigningKey) -> None:
    public = ECKey.import_key(key.jwks()["keys"][0])
    opened = deserialize_compact(key.sign("a+jwt", {"b": 1}), public, algorithms=["ES256"])
    assert opened.headers() == {"alg": "ES256", "typ": "a+jwt", "kid": key.key_id}
    assert opened.payload == b'{"b":1}'


def test_derived_secrets_differ_by_key_purpose_and_subject(key: SigningKey, other_key: SigningKey) -> None:
    derived = [key.derive("a"), key.derive("a", "b"), key.derive("b"), key.derive("a\0b"), other_key.derive("a")]
    assert len(set(derived)) == len(derived)
    assert all(len(each) == 32 for each in derived)
    assert key.derive("a", "b") == key.derive("a", "b")


def test_a_jwk_set_gives_the_keys_that_can_sign(key: SigningKey) -> None:
    good = key.jwks()["keys"][0]
    rsa = RSAKey.generate_key(2048).as_dict(private=False)
    document = {
        "keys": [
            good,
            {**rsa, "kid": "rsa"},
            {**rsa, "kid": "encrypts", "use": "enc"},
            {name: value for name, value in good.items() if name != "kid"},
            {**OctKey.generate_key(256).as_dict(private=True), "kid": "symmetric"},
            {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "broken"},
            {"kty": "EC", "kid": "empty"},
            {"kty": "AKP", "kid": "unknown"},
            {**good, "kid": "twice"},
            {**rsa, "kid": "twice"},
            "text",
        ]
    }
    assert set(read_jwks(document).by_id) == {key.key_id, "rsa"}


def test_a_short_rsa_key_is_left_out() -> None:
    modulus = str(RSAKey.generate_key(2048).as_dict(private=False)["n"])[:172]
    with pytest.warns(SecurityWarning):
        assert read_jwks({"keys": [{"kty": "RSA", "n": modulus[:-1] + "E", "e": "AQAB", "kid": "short"}]}).by_id == {}


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": []}])
def test_a_document_without_keys_gives_none(document: dict[str, Any]) -> None:
    assert read_jwks(document).by_id == {}


def test_a_private_key_in_a_set_is_read_as_public() -> None:
    private = {**ECKey.generate_key("P-256").as_dict(private=True), "kid": "k"}
    assert read_jwks({"keys": [private]}).by_id["k"].is_private is False
