from __future__ import annotations

from pathlib import Path

import pytest

from interlock.audit.checkpoint import SigningKey
from interlock.cli import keys
from interlock.core.errors import OperatorError
from interlock.settings import load


def test_every_log_key_has_a_name_of_its_own(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert keys.create_log_key(one)
    assert keys.create_log_key(other)
    first, second = (SigningKey.parse(path.read_text().strip()) for path in (one, other))
    assert first.name != second.name
    assert first.seed != second.seed
    assert first.name.startswith("interlock/")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    keys.create_log_key(tmp_path / "log.key")
    before = (tmp_path / "log.key").read_bytes()
    assert not keys.create_log_key(tmp_path / "log.key")
    assert (tmp_path / "log.key").read_bytes() == before


def test_the_log_key_signs_as_its_verifier(home: Path) -> None:
    settings = load(home / "interlock.yaml")
    assert keys.load_log_key(settings).verifier == keys.load_verifier(settings)


@pytest.mark.parametrize("content", [b"", b"\xff", b"PRIVATE+KEY+x+00000000+AAAA", b"a secret"])
def test_a_log_key_that_is_none_is_refused_unquoted(home: Path, content: bytes) -> None:
    (home / "var/keys/log.key").write_bytes(content)
    with pytest.raises(OperatorError, match="does not hold the log's key") as failure:
        keys.load_log_key(load(home / "interlock.yaml"))
    assert "secret" not in failure.value.diagnostics()


def test_a_log_key_that_others_can_read_is_refused(home: Path) -> None:
    (home / "var/keys/log.key").chmod(0o644)
    with pytest.raises(OperatorError, match="open to other users"):
        keys.load_log_key(load(home / "interlock.yaml"))


def test_a_verifier_key_is_given_itself_or_by_its_file(home: Path) -> None:
    text = (home / "var/keys/log.pub").read_text().strip()
    assert keys.read_verifier(text) == keys.read_verifier("var/keys/log.pub")
    assert str(keys.read_verifier(text)) == text


@pytest.mark.parametrize("text", ["none", "a+b+c", "var/keys", "var/keys/issuer.jwk"])
def test_what_is_no_verifier_key_is_refused(home: Path, text: str) -> None:
    assert home.exists()
    with pytest.raises(OperatorError, match="no verifier key"):
        keys.read_verifier(text)
