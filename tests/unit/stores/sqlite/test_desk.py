from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from interlock.core.approval import Answer, Approval, State
from interlock.core.errors import CallerError, IntegrityError, InterlockError, OperatorError
from interlock.core.inventory import Listed, Review
from interlock.stores.sqlite import desk as desk_module
from interlock.stores.sqlite import schema
from interlock.stores.sqlite.desk import Desk, create
from unit.control.sample import FILES, NOW, READS, ask, genesis, new_store, tool

WHO = {"by": "ada", "verified": False, "os_user": "root", "why": "because"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return new_store(tmp_path)


@pytest.fixture
def desk(path: Path) -> Iterator[Desk]:
    with closing(Desk(path)) as opened:
        yield opened


def listed(name: str, digest: str = "sha256:a") -> Listed:
    return Listed(name, digest, tool(name), READS)


def review_of(name: str, digest: str = "sha256:a") -> Review:
    return Review("files", name, digest, None, "ada", "looked", "2026-01-01T00:00:00Z")


def kinds(desk: Desk) -> list[str]:
    return [record["kind"] for record in desk.find({}, 100)]


def standings(desk: Desk) -> dict[str, str]:
    return {row["name"]: row["standing"] for row in desk.tools()}


def test_create_begins_one_log(path: Path) -> None:
    assert not create(path, genesis())
    with closing(Desk(path)) as desk:
        assert kinds(desk) == ["genesis"]


def test_a_store_that_is_not_there_is_the_operators_fault(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such database"):
        Desk(tmp_path / "none.db")


def test_observing_alone_accepts_nothing(desk: Desk) -> None:
    changes = desk.observe(FILES, [listed("read")], NOW, None)
    assert [change.tool for change in changes] == ["read"]
    assert standings(desk) == {"read": "new"}
    assert desk.servers()[0]["stage"] == "discovered"


def test_accepting_pins_what_was_listed_and_says_by_whom(desk: Desk) -> None:
    desk.observe(FILES, [listed("read"), listed("write", "sha256:b")], NOW, WHO)
    assert standings(desk) == {"read": "pinned", "write": "pinned"}
    assert desk.servers()[0]["stage"] == "production"
    accepted = desk.find({"kind": "inventory"}, 10)[-1]
    assert accepted["detail"]["by"] == "ada"
    assert accepted["detail"]["event"] == "accepted"
    assert accepted["detail"]["tools"][1] == {"tool": "write", "digest": "sha256:b", "before": None}
    assert accepted["tenant"] == "acme"


def test_accepting_does_not_pin_what_is_gone(desk: Desk) -> None:
    desk.observe(FILES, [listed("read"), listed("write")], NOW, WHO)
    desk.observe(FILES, [listed("read")], NOW + 1, WHO)
    assert standings(desk) == {"read": "pinned", "write": "gone"}


def test_accepting_again_what_is_accepted_writes_no_record(desk: Desk) -> None:
    desk.observe(FILES, [listed("read")], NOW, WHO)
    before, desk.appended = kinds(desk), False
    desk.observe(FILES, [listed("read")], NOW + 1, WHO)
    assert kinds(desk) == before
    assert not desk.appended


def test_accepting_drift_tells_the_old_pin(desk: Desk) -> None:
    desk.observe(FILES, [listed("read")], NOW, WHO)
    desk.observe(FILES, [listed("read", "sha256:b")], NOW + 1, WHO)
    assert desk.find({}, 1)[0]["detail"]["tools"] == [{"tool": "read", "digest": "sha256:b", "before": "sha256:a"}]
    assert desk.find({}, 1)[0]["tool"] == "read"


def test_a_large_acceptance_is_told_in_records_that_fit(desk: Desk) -> None:
    names = [f"{number:03}{'x' * 250}" for number in range(120)]
    desk.observe(FILES, [listed(name) for name in names], NOW, WHO)
    told = [record["detail"]["tools"] for record in desk.find({}, 100) if record.get("detail", {}).get("by")]
    assert [len(each) for each in told] == [50, 50, 20]
    assert [tool["tool"] for each in told for tool in each] == names


def test_a_review_accepts_the_definition_last_seen(desk: Desk) -> None:
    desk.observe(FILES, [listed("read")], NOW, None)
    desk.review(review_of("read"), READS, WHO, NOW)
    (row,) = desk.tools("files")
    assert row["standing"] == "pinned"
    assert row["class"]["confidence"] == "reviewed"
    record = desk.find({"kind": "review"}, 1)[0]
    assert record["definition"] == {"verified": "sha256:a"}
    assert (record["detail"]["reviewer"], record["detail"]["reason"]) == ("ada", "looked")
    assert desk.reviews() == [review_of("read")]


def test_a_review_of_another_definition_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.observe(FILES, [listed("read")], NOW, None)
    with pytest.raises(CallerError, match="sha256:a, not the reviewed sha256:b"):
        desk.review(review_of("read", "sha256:b"), READS, WHO, NOW)
    assert (standings(desk), desk.reviews()) == ({"read": "new"}, [])


def test_a_review_of_what_is_gone_or_never_was_is_refused(desk: Desk) -> None:
    desk.observe(FILES, [listed("read")], NOW, WHO)
    desk.observe(FILES, [], NOW, None)
    with pytest.raises(CallerError, match="does not list it any more"):
        desk.review(review_of("read"), READS, WHO, NOW)
    with pytest.raises(CallerError, match="no such tool"):
        desk.review(review_of("other"), READS, WHO, NOW)


def test_imported_reviews_accept_only_the_definition_last_seen(desk: Desk) -> None:
    desk.observe(FILES, [listed("read"), listed("write")], NOW, None)
    taken = [
        (review_of("read"), READS),
        (review_of("write", "sha256:later"), None),
        (review_of("write", "sha256:wrong"), READS),
    ]
    assert desk.import_reviews(taken, WHO, NOW) == [review_of("read")]
    assert standings(desk) == {"read": "pinned", "write": "new"}
    assert len(desk.reviews()) == 3
    assert [record["detail"]["event"] for record in desk.find({"kind": "review"}, 9)] == ["imported"] * 3


def test_an_imported_review_waits_for_its_definition(desk: Desk) -> None:
    desk.import_reviews([(review_of("read"), None)], WHO, NOW)
    assert desk.find({"kind": "review"}, 1)[0]["definition"] == {"claimed": "sha256:a"}
    desk.observe(FILES, [listed("read")], NOW, None)
    assert standings(desk) == {"read": "pinned"}


def test_stop_and_resume_are_recorded_and_move_the_epoch(desk: Desk) -> None:
    epoch = desk.inventory().stop_epoch
    desk.stop("server", "files", WHO, NOW)
    assert desk.inventory().stopped == {("server", "files")}
    assert desk.inventory().stop_epoch == epoch + 1
    assert desk.resume("server", "files", WHO, NOW)
    assert desk.inventory().stopped == frozenset()
    events = [(record["detail"]["event"], record["server"]) for record in desk.find({"kind": "stop"}, 9)]
    assert events == [("stopped", "files"), ("resumed", "files")]


def test_resuming_what_was_not_stopped_changes_nothing(desk: Desk) -> None:
    epoch = desk.inventory().stop_epoch
    assert not desk.resume("all", "", WHO, NOW)
    assert (desk.inventory().stop_epoch, kinds(desk)) == (epoch, ["genesis"])


def test_an_answer_moves_an_approval(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    said = Answer(
        approver="bob", reason="fine", at=NOW + 1, assurance=1, verified=False, downgraded=False, channel="terminal"
    )
    moved = desk.answer("a-1", said, approve=True)
    assert isinstance(moved, Approval)
    found = desk.approval("a-1", NOW + 2)
    assert found is not None
    assert found.state is State.APPROVED
    assert desk.approvals(NOW + 10_000)[0].state is State.EXPIRED
    late = desk.approval("a-1", NOW + 10_000)
    assert late is not None
    assert late.state is State.EXPIRED
    assert desk.approval("a-2", NOW) is None


def test_payloads_are_had_until_they_are_erased(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW)
    assert desk.payload("a-1") == (None, b'{"id":7}')
    with closing(schema.connect(path)) as other:
        other.execute("DELETE FROM payloads")
    assert desk.payload("a-1") is None


def test_a_record_is_found_by_its_number(desk: Desk) -> None:
    record = desk.record(0)
    assert record is not None
    assert record["kind"] == "genesis"
    assert desk.record(1) is None


def test_a_checkpoint_is_of_the_log_as_it_is_and_is_kept(desk: Desk) -> None:
    desk.stop("all", "", WHO, NOW)
    sizes: list[int] = []

    def sign(frontier: desk_module.Frontier) -> str:
        sizes.append(frontier.size)
        return "note"

    assert desk.checkpoint(sign) == "note"
    with desk.snapshot() as view:
        assert list(view.notes()) == [b"note"]
    assert sizes == [2]


def test_a_snapshot_does_not_see_what_is_appended_meanwhile(path: Path, desk: Desk) -> None:
    with desk.snapshot() as view:
        assert view.head is not None
        assert view.head.size == 1
        with closing(Desk(path)) as other:
            other.stop("all", "", WHO, NOW)
        assert [json.loads(row.data)["seq"] for row, _ in view.rows()] == [0]


def test_a_snapshot_tells_which_columns_were_edited(path: Path, desk: Desk) -> None:
    desk.stop("server", "files", WHO, NOW)
    with closing(schema.connect(path)) as other:
        other.execute("UPDATE log SET server = 'other', kind = 'review' WHERE seq = 1")
    with desk.snapshot() as view:
        assert [columns for _, columns in view.rows()] == [(), ("kind", "server")]


@pytest.mark.parametrize("leaf", [b"no json", b"[]", b'{"approval": 7}', "text"])
def test_a_snapshot_gives_out_leaves_that_are_no_records(path: Path, desk: Desk, leaf: bytes | str) -> None:
    with closing(schema.connect(path)) as other:
        other.execute("UPDATE log SET leaf = ?, hash = 7", (leaf,))
    with desk.snapshot() as view:
        ((row, columns),) = view.rows()
    assert row.data == (leaf if isinstance(leaf, bytes) else leaf.encode())
    assert (row.stored, columns) == (b"7", ())


@pytest.mark.parametrize("statement", ["DELETE FROM log_head", "UPDATE log_head SET frontier = 'x'"])
def test_a_snapshot_without_a_head_says_so(path: Path, desk: Desk, statement: str) -> None:
    with closing(schema.connect(path)) as other:
        other.execute(statement)
    with desk.snapshot() as view:
        assert view.head is None


def test_a_snapshot_of_a_log_without_its_table_is_an_integrity_failure(path: Path, desk: Desk) -> None:
    with closing(schema.connect(path)) as other:
        other.execute("DROP TABLE log")
    with pytest.raises(IntegrityError), desk.snapshot() as view:
        list(view.rows())


def test_a_busy_store_is_waited_for(path: Path, desk: Desk) -> None:
    held = schema.connect(path)
    held.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, lambda: (held.execute("COMMIT"), held.close()))
    release.start()
    desk.stop("all", "", WHO, NOW)
    release.join()
    assert desk.inventory().stopped == {("all", "")}


def test_a_store_that_stays_busy_fails_in_bounded_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "PATIENCE", 50)
    with closing(Desk(path)) as desk, closing(schema.connect(path)) as held:
        held.execute("BEGIN IMMEDIATE")
        with pytest.raises(InterlockError, match="locked"):
            desk.stop("all", "", WHO, NOW)
        held.execute("ROLLBACK")
        desk.stop("all", "", WHO, NOW)
        assert desk.appended


def test_a_failing_use_case_leaves_nothing_behind(path: Path, desk: Desk) -> None:
    with closing(schema.connect(path)) as other:
        other.execute("CREATE TRIGGER no_more BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(InterlockError, match="full"):
        desk.stop("all", "", WHO, NOW)
    assert desk.inventory().stopped == frozenset()
    assert not desk.appended


def test_a_desk_reads_while_another_writes(path: Path, desk: Desk) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert desk.servers() == []
