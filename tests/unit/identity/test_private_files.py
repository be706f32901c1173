from __future__ import annotations

import os
from pathlib import Path

import pytest

from interlock.core.errors import OperatorError
from interlock.identity.private_files import MAX_SIZE, create_private, read_private


def test_what_is_created_is_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert create_private(path, b"content", "the secret") is True
    assert path.stat().st_mode & 0o777 == 0o600
    found = read_private(path, "the secret")
    assert found.content == b"content"
    assert found.modified_at == path.stat().st_mtime
    assert "content=" not in repr(found)


def test_creating_never_overwrites_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"first")
    assert create_private(path, b"second", "the secret") is False
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["secret"]  # noqa: PTH208 - the plain names


def test_a_directory_that_is_not_there_is_the_operators_fault(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be created"):
        create_private(tmp_path / "no" / "secret", b"", "the secret")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"value")
    path.chmod(mode)
    with pytest.raises(OperatorError, match="open to other users") as caught:
        read_private(path, "the secret")
    assert "value" not in caught.value.diagnostics()
    assert "chmod 600" in caught.value.then


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"value")
    path.chmod(mode)
    assert read_private(path, "the secret").content == b"value"


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    create_private(path, b"value", "the secret")
    os.chown(path, 12345, -1) if os.geteuid() == 0 else monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(OperatorError, match="another user"):
        read_private(path, "the secret")


def test_the_mode_of_the_file_counts_not_of_the_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"value")
    target.chmod(0o644)
    link.symlink_to(target)
    with pytest.raises(OperatorError, match="open to other users"):
        read_private(link, "the secret")


def test_a_pipe_a_directory_and_nothing_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "nothing"):
        with pytest.raises(OperatorError):
            read_private(path, "the secret")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_private(path, b"x" * MAX_SIZE, "the secret")
    assert len(read_private(path, "the secret").content) == MAX_SIZE
    large = tmp_path / "large"
    create_private(large, b"x" * (MAX_SIZE + 1), "the secret")
    with pytest.raises(OperatorError, match="larger"):
        read_private(large, "the secret")
