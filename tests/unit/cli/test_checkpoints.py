from __future__ import annotations

from pathlib import Path

import pytest

from interlock.audit.checkpoint import SigningKey, open_checkpoint
from interlock.audit.merkle import Frontier, leaf_hash
from interlock.cli import checkpoints
from interlock.core.errors import IntegrityError, InterlockError

KEY = SigningKey("interlock/test", bytes(32))
OTHER = SigningKey("interlock/other", bytes(32))
sign = checkpoints.signer(KEY)


def tree(*leaves: bytes) -> Frontier:
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf_hash(leaf))
    return frontier


def test_what_is_signed_is_the_log_as_it_is() -> None:
    checkpoint = open_checkpoint(sign(tree(b"a", b"b")).encode(), [KEY.verifier])
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == ("interlock/test", 2, tree(b"a", b"b").root())


def test_a_copy_is_read_back_from_every_place(tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    for place in places:
        place.mkdir()
    notes = [sign(tree(b"a")), sign(tree(b"a", b"b"))]
    for note in notes:
        checkpoints.copy(note, places)
    found = checkpoints.read(places, KEY.name)
    assert list(found.values()) == [note.encode() for note in notes] * 2
    assert [path.suffix for path in places[0].iterdir()] == [".checkpoint"] * 2
    assert checkpoints.newest_size(found.values()) == 2
    assert [Path(name).name for name in found][:2] == [
        checkpoints.file_name(KEY.name, 1),
        checkpoints.file_name(KEY.name, 2),
    ]


def test_logs_share_a_place_without_mixing(tmp_path: Path) -> None:
    checkpoints.copy(sign(tree(b"a")), [tmp_path])
    checkpoints.copy(checkpoints.signer(OTHER)(tree(b"a")), [tmp_path])
    (tmp_path / "notes.txt").write_text("not ours")
    assert len(checkpoints.read([tmp_path], KEY.name)) == 1
    assert len(checkpoints.read([tmp_path], "interlock/none")) == 0


def test_names_sort_by_size() -> None:
    names = [checkpoints.file_name("x", size) for size in (2, 10, 99, 100, 12_345_678)]
    assert names == sorted(names)


def test_copying_again_is_harmless(tmp_path: Path) -> None:
    checkpoints.copy(sign(tree(b"a")), [tmp_path])
    checkpoints.copy(sign(tree(b"a")), [tmp_path])
    assert len(list(tmp_path.iterdir())) == 1


def test_a_second_history_is_never_written_over_the_first(tmp_path: Path) -> None:
    checkpoints.copy(sign(tree(b"a")), [tmp_path])
    with pytest.raises(IntegrityError, match="two histories"):
        checkpoints.copy(sign(tree(b"b")), [tmp_path])
    assert list(checkpoints.read([tmp_path], KEY.name).values()) == [sign(tree(b"a")).encode()]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_is_gone_keeps_no_other_from_its_copy(tmp_path: Path) -> None:
    with pytest.raises(InterlockError, match="gone: No such file or directory"):
        checkpoints.copy(sign(tree(b"a")), [tmp_path / "gone", tmp_path])
    assert len(checkpoints.read([tmp_path], KEY.name)) == 1
    with pytest.raises(FileNotFoundError):
        checkpoints.read([tmp_path / "gone"], KEY.name)


def test_the_newest_size_leaves_out_what_cannot_be_read() -> None:
    assert checkpoints.newest_size([b"x", sign(tree(b"a", b"b", b"c")).encode(), sign(tree(b"a")).encode()]) == 3
    assert checkpoints.newest_size([]) == 0


def test_thinning_keeps_the_newest_and_of_the_older_one_in_so_many_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "KEPT_NEWEST", 2)
    monkeypatch.setattr(checkpoints, "KEPT_SPAN", 4)
    for size in range(1, 12):
        checkpoints.copy(sign(tree(*(b"x" for _ in range(size)))), [tmp_path])
    checkpoints.copy(checkpoints.signer(OTHER)(tree(b"a")), [tmp_path])
    checkpoints.thin([tmp_path, tmp_path / "not there"], KEY.name)
    kept = [Path(name).name for name in checkpoints.read([tmp_path], KEY.name)]
    assert kept == [checkpoints.file_name(KEY.name, size) for size in (1, 4, 8, 10, 11)]
    assert len(checkpoints.read([tmp_path], OTHER.name)) == 1


def test_a_log_that_was_replaced_with_its_keys_left_its_checkpoints_behind(tmp_path: Path) -> None:
    old = checkpoints.signer(OTHER)
    for leaves in ((b"a",), (b"a", b"b")):
        checkpoints.copy(old(tree(*leaves)), [tmp_path])
    checkpoints.copy(sign(tree(b"a")), [tmp_path])
    (tmp_path / "x-1.checkpoint").write_text("no note")
    assert checkpoints.others([tmp_path, tmp_path / "not there"], KEY.name) == {"interlock/other": 2}
