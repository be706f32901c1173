from __future__ import annotations

import stat
from pathlib import Path

import pytest

from interlock.cli.files import write_file, writing


def test_a_file_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "x", b"content")
    assert (tmp_path / "x").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600


def test_a_file_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    write_file(tmp_path / "x", b"before")

    def write_half() -> None:
        with writing(tmp_path / "x") as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert (tmp_path / "x").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "none/x", b"")
