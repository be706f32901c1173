from __future__ import annotations

import stat
from pathlib import Path

import pytest

from interlock.audit.checkpoint import SigningKey, VerifierKey
from unit.cli.conftest import CONFIG, Terminal


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".db-wal", ".db-shm"}
    }


def test_everything_is_made_where_nothing_is(folder: Path, interlock: Terminal) -> None:
    work = folder / "work"
    work.mkdir()
    said = interlock("init", "-c", work / "interlock.yaml")
    assert said.code == 0
    made = files(folder).keys()
    assert {
        "work/interlock.yaml",
        "work/policy/default.cedar",
        "work/var/interlock.db",
        "work/var/keys/log.key",
        "work/var/keys/log.pub",
        "work/var/keys/issuer.jwk",
    } <= made
    assert [name.startswith("checkpoints/") for name in made].count(True) == 1
    assert "made work/var/keys/log.key" in said.out.splitlines()
    assert interlock("audit", "verify", "-c", work / "interlock.yaml").code == 0


def test_what_is_secret_is_the_owners_alone(home: Path) -> None:
    for name in ("var", "var/keys", "var/keys/log.key", "var/keys/issuer.jwk", "var/interlock.db"):
        assert stat.S_IMODE((home / name).stat().st_mode) & 0o077 == 0, name


def test_the_public_key_is_of_the_private_one(home: Path) -> None:
    secret = SigningKey.parse((home / "var/keys/log.key").read_text().strip())
    assert VerifierKey.parse((home / "var/keys/log.pub").read_text().strip()) == secret.verifier


def test_nothing_is_ever_overwritten(home: Path, interlock: Terminal) -> None:
    before = files(home)
    said = interlock("init")
    assert (said.code, said.out, said.err) == (0, "", "nothing was missing\n")
    assert files(home) == before


@pytest.mark.parametrize("name", ["policy/default.cedar", "var/keys/log.pub", "var/keys/issuer.jwk"])
def test_what_is_missing_is_made_again(home: Path, interlock: Terminal, name: str) -> None:
    before = files(home)
    (home / name).unlink()
    assert interlock("init").out == f"made {name}\n"
    if not name.endswith(".jwk"):
        assert files(home) == before


def test_policies_of_ones_own_are_not_joined_by_the_default_one(folder: Path, interlock: Terminal) -> None:
    (folder / "interlock.yaml").write_text(CONFIG)
    (folder / "policy").mkdir()
    (folder / "policy/own.cedar").write_text("")
    assert interlock("init").code == 0
    assert [path.name for path in (folder / "policy").iterdir()] == ["own.cedar"]


def test_without_a_development_issuer_it_gets_no_key(folder: Path, interlock: Terminal) -> None:
    (folder / "interlock.yaml").write_text(CONFIG.replace("development_issuer: true", "development_issuer: false"))
    assert interlock("init").code == 0
    assert not (folder / "var/keys/issuer.jwk").exists()


def test_a_log_whose_key_is_lost_gets_no_other(home: Path, interlock: Terminal) -> None:
    (home / "var/keys/log.key").unlink()
    said = interlock("init")
    assert said.code == 2
    assert "log.key is missing, and the log needs just this key" in said.err
    assert not (home / "var/keys/log.key").exists()


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_log_that_is_gone_is_not_begun_anew_as_if_nothing_were(home: Path, interlock: Terminal, how: str) -> None:
    interlock("stop", "--all", "--reason", "x")
    for path in (home / "var").glob("interlock.db*"):
        path.unlink()
    if how == "empty":
        (home / "var/interlock.db").touch()
    said = interlock("init")
    assert said.code == 4
    assert "the log of 2 records that the saved checkpoints speak of is gone" in said.err


def test_a_wrong_configuration_is_told_and_left(folder: Path, interlock: Terminal) -> None:
    (folder / "interlock.yaml").write_text("version: 1\nstor: x\n")
    said = interlock("init")
    assert said.code == 2
    assert "interlock.yaml:2:1: stor: unknown key; did you mean 'store'?" in said.err
    assert [path.name for path in folder.iterdir()] == ["interlock.yaml"]


def test_a_place_that_does_not_take_it_is_named(folder: Path, interlock: Terminal) -> None:
    (folder / "interlock.yaml").write_text(CONFIG)
    (folder / "policy").write_text("a file")
    said = interlock("init")
    assert said.code == 3
    assert "policy" in said.err
