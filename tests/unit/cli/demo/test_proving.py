import sqlite3
from pathlib import Path
from typing import Any

import pytest

from interlock.cli.demo import proving
from interlock.cli.demo.agent import Answer
from interlock.cli.demo.proving import drift, forge, knock_and_pretend, show_records
from interlock.cli.demo.stage import Ran
from interlock.core.errors import InterlockError
from unit.cli.demo.scripted import APPROVAL, ScriptedAgent, answer, cast_of, pending, printed

BLOCKED = answer("blocked", "DENIED by Interlock (tool.drifted)", reason="tool.drifted")
DIFF = {"inventory diff": Ran(1, "memory/read_graph is drifted\n+  new\n", "")}


@pytest.fixture
def ben(monkeypatch: pytest.MonkeyPatch) -> ScriptedAgent:
    agent = ScriptedAgent({"read_graph": BLOCKED})
    monkeypatch.setattr(proving, "agent_of", lambda _stage, _subject: agent)
    monkeypatch.setattr(proving, "version_of", lambda _package: "2026.1")
    return agent


def test_a_changed_tool_is_blocked_for_everybody_and_nothing_else_is(
    tmp_path: Path, ben: ScriptedAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    drift(cast_of(tmp_path, {"read_graph": BLOCKED, "read_text_file": answer()}, DIFF))
    assert ben.asked
    assert "+  new" in capsys.readouterr().out
    assert (tmp_path / "servers" / "memory").readlink() == proving.MEMORY


@pytest.mark.parametrize(
    ("bens", "anns", "files", "diff"),
    [
        (answer(), BLOCKED, answer(), DIFF),
        (answer("blocked", reason="tool.unknown"), BLOCKED, answer(), DIFF),
        (BLOCKED, answer(), answer(), DIFF),
        (BLOCKED, BLOCKED, BLOCKED, DIFF),
        (BLOCKED, BLOCKED, answer(), {"inventory diff": Ran(1, "nothing\n", "")}),
        (BLOCKED, BLOCKED, answer(), {"inventory diff": Ran(0, "+  new\n", "")}),
    ],
)
def test_a_drift_that_is_not_caught_ends_the_story(
    tmp_path: Path, ben: ScriptedAgent, bens: Answer, anns: Answer, files: Answer, diff: dict[str, Ran]
) -> None:
    ben.says = {"read_graph": bens}
    with pytest.raises(InterlockError):
        drift(cast_of(tmp_path, {"read_graph": anns, "read_text_file": files}, diff))


def record(claimed: str) -> Ran:
    verified = {"subject": "ann", "workload": "notes-agent", "tenant": "acme"}
    return printed({"records": [{"host": {"claimed": claimed}, "identity": {"verified": verified}}]})


def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **other: Any) -> None:
    given = {"knocked": (401, "Bearer x"), "moved": pending(), "claimed": f"{proving.PRETENDED}/1.0"} | other
    monkeypatch.setattr(proving, "knock", lambda _address: given["knocked"])
    knock_and_pretend(cast_of(tmp_path, {"move_file": given["moved"]}, {"audit show": record(given["claimed"])}))


def test_a_pretended_name_is_recorded_and_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(tmp_path, monkeypatch)
    told = capsys.readouterr().out
    assert "claimed: Trusted Admin Console/1.0" in told
    assert "verified: ann through notes-agent, tenant acme" in told


@pytest.mark.parametrize(
    "wrong",
    [{"knocked": (200, "")}, {"knocked": (401, "")}, {"moved": answer()}, {"claimed": "mcp/0.1"}],
    ids=lambda wrong: str(next(iter(wrong))),
)
def test_a_name_that_is_believed_ends_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InterlockError):
        pretend(tmp_path, monkeypatch, **wrong)


def logged(seq: int, kind: str, **other: Any) -> dict[str, Any]:
    return {"seq": seq, "kind": kind, "outcome": "pending", "approval": {"id": APPROVAL}, **other}


APPROVED = {"id": APPROVAL, "approvers": ["olivia"]}
LOG = [
    logged(1, "approval", detail={"event": "asked"}),
    logged(2, "decision"),
    logged(3, "approval", detail={"event": "approved"}, approval=APPROVED),
    logged(4, "intent", approval=APPROVED),
    logged(5, "outcome", approval=APPROVED, outcome="completed", agreement="match"),
    logged(6, "decision", approval={"id": "another"}),
]


def test_the_records_of_the_call_are_told_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_records(
        cast_of(tmp_path, {}, {"audit ls": printed(LOG), "audit verify": Ran(0, "sound: 6\nx\n", "")}), APPROVAL
    )
    told = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [words[2] for words in told if words and words[0].isdigit()] == [
        "asked for",
        "pending, not run",
        "approved by olivia",
        "about to run, approved by olivia",
        "completed; decision and outcome agree: match",
    ]


@pytest.mark.parametrize("records", [LOG[:4], [*LOG[:4], LOG[3], LOG[4]], [*LOG[:3], LOG[4], LOG[3]]])
def test_a_call_that_is_not_in_the_log_once_ends_the_story(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    with pytest.raises(InterlockError, match=r"in the log once|logged before"):
        show_records(cast_of(tmp_path, {}, {"audit ls": printed(records)}), APPROVAL)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    for part in ("var", "policy", "checkpoints"):
        (tmp_path / part).mkdir()
    (tmp_path / "interlock.yaml").touch()
    with sqlite3.connect(tmp_path / "var" / "interlock.db") as database:
        database.execute("CREATE TABLE log (seq INTEGER, leaf BLOB, kind TEXT, approver TEXT)")
        rows = [(4, b'{"by":"olivia"}', "approval", "olivia"), (5, b'{"by":"olivia"}', "intent", "olivia")]
        database.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", rows)
    database.close()
    return tmp_path


def forging(folder: Path, verified: Ran) -> None:
    cast = cast_of(folder, {}, {"audit verify": verified})
    cast.stage.config = folder / "interlock.yaml"
    forge(cast)


def leaves(folder: Path) -> list[tuple[int, str]]:
    database = sqlite3.connect(folder / "var" / "interlock.db")
    found = [(seq, str(leaf)) for seq, leaf in database.execute("SELECT seq, CAST(leaf AS TEXT) FROM log")]
    database.close()
    return found


def test_one_record_of_a_copy_is_forged_and_named(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forging(kept, Ran(4, "NOT SOUND\n", "leaf.differs: record 5 was edited\n"))
    assert leaves(kept / "forged") == [(4, '{"by":"olivia"}'), (5, '{"by":"mallory"}')]
    assert leaves(kept) == [(4, '{"by":"olivia"}'), (5, '{"by":"olivia"}')]
    assert "Record 5 is the forged one" in capsys.readouterr().out


@pytest.mark.parametrize("verified", [Ran(0, "sound\n", ""), Ran(4, "NOT SOUND\n", "record 4 was edited\n")])
def test_a_forgery_that_is_not_named_ends_the_story(kept: Path, verified: Ran) -> None:
    with pytest.raises(InterlockError):
        forging(kept, verified)
