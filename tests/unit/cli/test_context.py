from __future__ import annotations

import argparse
import os
import pwd
import shutil
import time
from pathlib import Path

import pytest

from interlock.cli import context
from interlock.core.errors import OperatorError
from interlock.settings import load
from unit.cli.conftest import Terminal


def test_what_was_appended_is_signed_and_copied(home: Path) -> None:
    settings = load(home / "interlock.yaml")
    before = len(list((home / "checkpoints").iterdir()))
    with context.open_desk(settings) as desk:
        desk.find({}, 1)
    assert len(list((home / "checkpoints").iterdir())) == before
    with context.open_desk(settings) as desk:
        desk.stop("all", "", {"by": "ada"}, 1.0)
    assert len(list((home / "checkpoints").iterdir())) == before + 1


def test_a_record_is_signed_also_where_the_command_then_fails(home: Path) -> None:
    before = len(list((home / "checkpoints").iterdir()))

    def stop_and_fail() -> None:
        with context.open_desk(load(home / "interlock.yaml")) as desk:
            desk.stop("all", "", {"by": "ada"}, 1.0)
            raise OperatorError("later")

    with pytest.raises(OperatorError, match="later"):
        stop_and_fail()
    assert len(list((home / "checkpoints").iterdir())) == before + 1


def test_what_is_done_is_done_though_no_checkpoint_can_tell(home: Path, interlock: Terminal) -> None:
    shutil.rmtree(home / "checkpoints")
    said = interlock("stop", "--all", "--reason", "x")
    assert said.code == 0
    assert "it is done, but no checkpoint tells of it" in said.err
    assert "stopped: everything" in said.err


def test_policy_texts_are_named_by_their_files(tmp_path: Path) -> None:
    (tmp_path / "b.cedar").write_text("// b")
    (tmp_path / "a.cedar").write_text("// a")
    (tmp_path / "c.txt").write_text("no policy")
    assert context.policy_texts(tmp_path) == {str(tmp_path / "a.cedar"): "// a", str(tmp_path / "b.cedar"): "// b"}


def test_a_policy_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="there is no policy"):
        context.policy_texts(tmp_path)
    (tmp_path / "a.cedar").write_bytes(b"\xff")
    with pytest.raises(OperatorError, match=r"a\.cedar: is not UTF-8"):
        context.policy_texts(tmp_path)
    with pytest.raises(OperatorError, match="none: cannot be read: No such file"):
        context.read_text(tmp_path / "none")


def test_the_environment_does_not_say_who_the_user_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert context.os_user() == pwd.getpwuid(os.getuid()).pw_name != "mallory"
    operator = context.operator_of(argparse.Namespace(name=None, reason=""), "as listed")
    assert (operator.name, operator.reason) == (context.os_user(), "as listed")


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert context.os_user() == "uid-4000000"


def test_now_is_now() -> None:
    assert abs(context.now() - time.time()) < 5
