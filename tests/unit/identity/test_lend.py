from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.errors import InterlockError, OperatorError
from interlock.core.requests import Credential
from interlock.identity.lend import Broker, Secret, resolve

VALUE = "s3cr3t-value"
KEY = b"k" * 32


def broker_of(clock: Any, **environment: str) -> Broker:
    return Broker(KEY, clock, environment)


@given(st.text(min_size=1))
def test_a_secret_shows_in_no_text(value: str) -> None:
    secret = Secret(value)
    assert {repr(secret), str(secret), f"{secret}", f"{secret:>3}", f"{secret!r}", f"{secret!s}"} <= {
        "Secret(***)",
        "***",
    }
    assert secret.reveal() == value


@pytest.mark.parametrize("leak", [copy.copy, copy.deepcopy, pickle.dumps, json.dumps, vars])
def test_a_secret_does_not_leave_by_another_way(leak: Any) -> None:
    with pytest.raises(TypeError) as caught:
        leak(Secret(VALUE))
    assert VALUE not in str(caught.value)


def test_an_environment_variable_is_lent_by_handle(clock: Any) -> None:
    broker = broker_of(clock, TOKEN=VALUE)
    lend = broker.lend("env:TOKEN", "github")
    assert (lend.reference, lend.age_seconds) == ("env:TOKEN", None)
    assert lend.credential == Credential(lend.credential.lend_id, "static", "github", None)
    assert VALUE not in repr(lend) + json.dumps(dataclasses.asdict(lend))
    assert broker.open(lend.credential).reveal() == VALUE


def test_a_lend_opens_once(clock: Any) -> None:
    broker = broker_of(clock, TOKEN=VALUE)
    lend = broker.lend("env:TOKEN", "github")
    broker.open(lend.credential)
    with pytest.raises(InterlockError):
        broker.open(lend.credential)


def test_a_lend_given_back_or_forgotten_does_not_open(clock: Any) -> None:
    broker = broker_of(clock, TOKEN=VALUE)
    back, late = broker.lend("env:TOKEN", "a"), broker.lend("env:TOKEN", "a")
    broker.give_back(back.credential)
    broker.give_back(back.credential)
    clock.at += 600
    for lend in (back, late):
        with pytest.raises(InterlockError):
            broker.open(lend.credential)


def test_two_lends_have_two_handles_and_open_their_own(clock: Any) -> None:
    broker = broker_of(clock, A="one", B="two")
    first, second = broker.lend("env:A", "a"), broker.lend("env:B", "b")
    assert broker.open(second.credential).reveal() == "two"
    assert broker.open(first.credential).reveal() == "one"


def test_a_fingerprint_follows_the_secret_and_needs_the_key(clock: Any) -> None:
    broker = broker_of(clock, A=VALUE, B=VALUE, C="other")
    prints = [broker.lend(f"env:{name}", "s").fingerprint for name in "ABC"]
    assert prints[0] == prints[1] != prints[2]
    assert Broker(b"x" * 32, clock, {"A": VALUE}).lend("env:A", "s").fingerprint != prints[0]
    assert len(prints[0]) == 16


def test_a_short_fingerprint_key_is_our_fault(clock: Any) -> None:
    with pytest.raises(InterlockError):
        Broker(b"k" * 15, clock, {})


def test_a_file_is_read_anew_and_has_an_age(tmp_path: Path, clock: Any) -> None:
    path = tmp_path / "token"
    path.write_text(VALUE + "\n")
    path.chmod(0o600)
    clock.at = path.stat().st_mtime + 90.5
    broker = broker_of(clock)
    lend = broker.lend(f"file:{path}", "s")
    assert (lend.age_seconds, broker.open(lend.credential).reveal()) == (90, VALUE)
    path.write_text("rotated")
    assert broker.open(broker.lend(f"file:{path}", "s").credential).reveal() == "rotated"


def test_a_file_written_in_the_future_is_no_negative_age(tmp_path: Path, clock: Any) -> None:
    path = tmp_path / "token"
    path.write_text(VALUE)
    path.chmod(0o600)
    clock.at = path.stat().st_mtime - 5
    assert broker_of(clock).lend(f"file:{path}", "s").age_seconds == 0


@pytest.mark.parametrize(
    ("content", "value"), [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("a\nb\n", "a\nb")]
)
def test_one_line_break_at_the_end_is_not_part_of_it(tmp_path: Path, content: str, value: str) -> None:
    path = tmp_path / "token"
    path.write_bytes(content.encode())
    path.chmod(0o600)
    assert resolve(f"file:{path}", {})[0].reveal() == value


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n", b"\xff\xfe"])
def test_an_empty_or_unreadable_file_is_the_operators_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(OperatorError, match="token"):
        resolve(f"file:{path}", {})


def test_a_file_open_to_others_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(VALUE)
    path.chmod(0o644)
    with pytest.raises(OperatorError, match=str(path)) as caught:
        resolve(f"file:{path}", {})
    assert VALUE not in caught.value.diagnostics()


@pytest.mark.parametrize("environment", [{}, {"TOKEN": ""}, {"TOKEN": " "}, {"token": VALUE}])
def test_a_variable_that_is_not_set_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(OperatorError, match="env:TOKEN") as caught:
        resolve("env:TOKEN", environment)
    assert VALUE not in caught.value.diagnostics()


@pytest.mark.parametrize(
    "reference", ["", VALUE, f"env:{VALUE}", "env:", "file:", f"vault:{VALUE}", f"ENV:{VALUE}", f" env:{VALUE}"]
)
def test_what_is_no_reference_is_not_quoted(reference: str) -> None:
    with pytest.raises(OperatorError, match="no known form") as caught:
        resolve(reference, {})
    assert VALUE not in caught.value.diagnostics()
