from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.audit.checkpoint import Checkpoint, SigningKey, sign_checkpoint
from interlock.audit.merkle import Frontier
from interlock.audit.record import Kind, Record, absent, commit
from interlock.canon import digest
from interlock.control import log
from interlock.core.errors import CallerError
from interlock.stores.sqlite import calls, schema
from interlock.stores.sqlite import log as stored
from interlock.stores.sqlite.desk import Desk, create
from unit.control.sample import NOW, ask

KEY = SigningKey("interlock/test", bytes(32))
WHO = {"by": "ada", "verified": False, "os_user": "root", "why": "because"}
PAYLOAD_KEY = b"k" * 32
ARGUMENTS = b'{"arguments":{"id":7},"reason":null}'


def sign(frontier: Frontier) -> str:
    return sign_checkpoint(Checkpoint(KEY.name, frontier.size, frontier.root()), KEY).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    detail = {"origin": KEY.name, "key": str(KEY.verifier)}
    create(tmp_path / "x.db", Record(kind=Kind.GENESIS, time="2026-01-01T00:00:00.000000Z", detail=detail))
    return tmp_path / "x.db"


@pytest.fixture
def desk(path: Path) -> Iterator[Desk]:
    with closing(Desk(path)) as opened:
        opened.stop("all", "", WHO, NOW)
        opened.stop("server", "files", WHO, NOW)
        opened.checkpoint(sign)
        yield opened


def judge(desk: Desk, notes: dict[str, bytes] | None = None) -> log.Verdict:
    with desk.snapshot() as view:
        return log.verify_store(view, [KEY.verifier], notes or {})


def rules(verdict: log.Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings}


def alter(path: Path, *statements: str) -> None:
    with closing(schema.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_log_that_nobody_touched_is_sound(desk: Desk) -> None:
    verdict = judge(desk)
    assert (verdict.sound, verdict.findings) == (True, ())
    assert (verdict.log.size, verdict.log.covered, verdict.log.agreed) == (3, 3, 1)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE log SET server = 'web' WHERE seq = 2", {"column.differs"}),
        ("UPDATE log SET leaf = replace(leaf, 'files', 'wiles') WHERE seq = 2", {"leaf.differs", "column.differs"}),
        ("DELETE FROM log WHERE seq = 2", {"head.differs", "log.truncated"}),
        ("DELETE FROM log", {"head.differs", "log.truncated", "log.empty"}),
        ("DELETE FROM log_head", {"head.differs"}),
    ],
)
def test_whatever_is_done_to_the_store_is_found(path: Path, desk: Desk, statement: str, found: set[str]) -> None:
    alter(path, statement)
    verdict = judge(desk)
    assert not verdict.sound
    assert found <= rules(verdict)


def test_a_finding_names_the_record_and_the_column(path: Path, desk: Desk) -> None:
    alter(path, "UPDATE log SET tenant = 'web' WHERE seq = 1")
    (finding,) = judge(desk).findings
    assert finding.line == 2
    assert finding.sentence == "record 1: the filter column tenant does not say what the record says"


def test_a_log_cut_back_with_its_head_and_checkpoints_is_found_by_a_checkpoint_elsewhere(
    path: Path, desk: Desk
) -> None:
    with desk.snapshot() as view:
        (elsewhere,) = view.notes()
    before = Frontier()
    with desk.snapshot() as view:
        for row, _ in list(view.rows())[:2]:
            before = before.append(stored.leaf_hash(row.data))
    alter(path, "DELETE FROM log WHERE seq = 2", "DELETE FROM checkpoints")
    with closing(schema.connect(path)) as connection:
        connection.execute("UPDATE log_head SET frontier = ?", (before.to_bytes(),))
    assert judge(desk).sound
    assert rules(judge(desk, {"elsewhere": elsewhere})) == {"log.truncated"}


def test_a_store_that_is_gone_is_an_empty_log(desk: Desk) -> None:
    with desk.snapshot() as view:
        notes = dict(enumerate(view.notes()))
    verdict = log.verify_store(None, [KEY.verifier], {str(name): note for name, note in notes.items()})
    assert rules(verdict) == {"log.empty", "log.truncated"}
    assert rules(log.verify_store(None, [], {})) == {"log.empty"}


def call_record(value: object) -> Record:
    groups = {name: absent("-") for name in ("tool_class", "decision", "lend", "effect", "timings", "approval")}
    facts = {name: absent("-") for name in ("identity", "host", "machine", "resource", "definition", "prompt")}
    texts = dict.fromkeys(("tenant", "server", "tool", "subject", "workload", "era"), "x")
    missing = {name: absent("-") for name in ("outcome", "agreement", "activity")}
    arguments = {"digest_commitment": commit(PAYLOAD_KEY, "arguments", digest(value))}
    return Record(
        kind=Kind.INTENT,
        call_id="c-1",
        time="2026-01-01T00:00:00.000000Z",
        arguments=arguments,
        **texts,  # type: ignore[arg-type]
        **facts,
        **groups,
        **missing,
    )


def keep(path: Path, record: Record, body: bytes = ARGUMENTS) -> None:
    with closing(schema.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        stored.append(connection, record)
        calls.keep_payload(connection, "c-1", "acme", (PAYLOAD_KEY, body), NOW)
        connection.execute("COMMIT")


def test_the_story_of_a_call_discloses_what_is_kept_beside_it_marked(path: Path, desk: Desk) -> None:
    keep(path, call_record({"id": 7}))
    story = log.story(desk, "c-1", 10)
    assert [record["kind"] for record in story["records"]] == ["intent"]
    (payload,) = story["payloads"]
    assert (payload["of"], payload["arguments"], payload["committed"]) == ("c-1", {"id": 7}, True)
    assert payload["note"] == log.NOT_IN_LOG


def test_a_reason_that_was_exchanged_does_not_fit_the_commitment(path: Path, desk: Desk) -> None:
    said = {"claimed": {"reason_commitment": commit(PAYLOAD_KEY, "reason", "because")}}
    honest = replace(call_record({"id": 7}), prompt=said)
    keep(path, honest, b'{"arguments":{"id":7},"reason":"because"}')
    assert log.story(desk, "c-1", 10)["payloads"][0]["committed"] is True
    alter(path, """UPDATE payloads SET body = CAST('{"arguments":{"id":7},"reason":"why not"}' AS BLOB)""")
    assert log.story(desk, "c-1", 10)["payloads"][0]["committed"] is False


@pytest.mark.parametrize("body", [b"[]", b"{}", b"7", b'{"id":7}'])
def test_a_payload_of_another_shape_does_not_fit_the_commitment(path: Path, desk: Desk, body: bytes) -> None:
    keep(path, call_record({"id": 7}), body)
    assert log.story(desk, "c-1", 10)["payloads"][0]["committed"] is False


def test_a_payload_that_was_exchanged_does_not_fit_the_commitment(path: Path, desk: Desk) -> None:
    keep(path, call_record({"id": 8}))
    assert log.story(desk, "c-1", 10)["payloads"][0]["committed"] is False


def test_a_payload_that_is_gone_or_no_json_says_so(path: Path, desk: Desk) -> None:
    keep(path, call_record({}), b"\xff")
    assert log.story(desk, "c-1", 10)["payloads"] == [{"of": "c-1", "absent": "what is kept is no JSON"}]
    alter(path, "DELETE FROM payloads")
    assert log.story(desk, "c-1", 10)["payloads"] == [{"of": "c-1", "absent": "erased, or never kept"}]


def test_the_story_of_an_approval_shows_what_it_was_asked_for(path: Path, desk: Desk) -> None:
    ask(path, "a-1", NOW, id=7)
    (payload,) = log.story(desk, "3", 10)["payloads"]
    assert (payload["of"], payload["arguments"], payload["committed"]) == ("a-1", {"id": 7}, None)


@pytest.mark.parametrize("which", ["99", "c-9", "9" * 40, "\u0663"])
def test_a_record_that_is_not_there_is_the_callers_fault(desk: Desk, which: str) -> None:
    with pytest.raises(CallerError, match="has no record"):
        log.story(desk, which, 10)


def test_a_record_without_a_payload_has_none(desk: Desk) -> None:
    assert log.story(desk, "1", 10)["payloads"] == []


def test_a_record_rewritten_with_its_hash_is_found_by_the_head(path: Path, desk: Desk) -> None:
    desk.stop("server", "files", {**WHO, "why": "yesterday"}, NOW)
    with closing(schema.connect(path)) as connection:
        ((leaf,),) = connection.execute("SELECT leaf FROM log WHERE seq = 3").fetchall()
        forged = leaf.replace(b"yesterday", b"no reason")
        connection.execute("UPDATE log SET leaf = ?, hash = ? WHERE seq = 3", (forged, stored.leaf_hash(forged)))
    assert rules(judge(desk)) == {"head.differs"}
