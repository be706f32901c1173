from __future__ import annotations

import time
from pathlib import Path

import pytest

from interlock.cli import approvals
from interlock.core.words import Tier
from unit.cli.conftest import CONFIG, Terminal
from unit.control.sample import ask

BOB = ("--as", "bob", "--reason", "looks right")


@pytest.fixture
def store(home: Path) -> Path:
    return home / "var/interlock.db"


def test_nothing_waits_at_first(home: Path, interlock: Terminal) -> None:
    said = interlock("approvals", "ls", "-o", "json")
    assert (said.code, said.json) == (0, [])
    assert interlock("approvals", "ls").out.startswith("ID  STATE")
    assert home.exists()


def test_what_waits_is_listed_approved_and_logged(store: Path, interlock: Terminal) -> None:
    ask(store, "a-1", time.time(), path="notes.txt")
    (row,) = interlock("approvals", "ls", "-o", "json").json
    assert row.keys() >= {
        *("id", "state", "server", "tool", "arguments_digest"),
        *("subject", "workload", "tenant", "decide_by", "redeem_by"),
    }
    assert (row["id"], row["state"], row["decide_by"][-1]) == ("a-1", "pending", "Z")
    assert "a-1  pending  confirm  tickets" in interlock("approvals", "ls").out
    said = interlock("approvals", "approve", "a-1", *BOB)
    assert (said.code, said.out, said.err) == (0, "", "a-1: approved\n")
    assert interlock("approvals", "ls", "--state", "approved", "-o", "json").json[0]["approver"] == "bob"
    assert interlock("approvals", "ls", "--state", "pending", "-o", "json").json == []
    (record,) = interlock("audit", "ls", "--approver", "bob", "-o", "json").json
    assert "operating-system user" in record["detail"]["why"]
    assert interlock("audit", "verify").code == 0


def test_a_denial_is_not_undone(store: Path, interlock: Terminal) -> None:
    ask(store, "a-1", time.time())
    assert interlock("approvals", "deny", "a-1", *BOB).err == "a-1: denied\n"
    said = interlock("approvals", "approve", "a-1", *BOB)
    assert (said.code, "denied, not pending" in said.err) == (1, True)


def test_a_strong_tier_is_marked_downgraded(store: Path, interlock: Terminal) -> None:
    ask(store, "a-1", time.time(), Tier.TWO_PERSONS)
    said = interlock("approvals", "approve", "a-1", *BOB)
    assert said.err == "a-1: approved (tier two_persons, downgraded: development mode)\n"


def test_the_requester_may_not_approve(store: Path, interlock: Terminal) -> None:
    ask(store, "a-1", time.time())
    said = interlock("approvals", "approve", "a-1", "--as", "Ada", "--reason", "mine")
    assert (said.code, "nobody approves their own request" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("a-9", *BOB), 1, "there is no such approval"),
        (("a-1", "--as", "a,b", "--reason", "x"), 2, "a person's name"),
        (("a-1", "--as", "bob", "--reason", ""), 2, "a reason"),
    ],
)
def test_a_bad_answer_is_refused(
    store: Path, interlock: Terminal, words: tuple[str, ...], code: int, says: str
) -> None:
    ask(store, "a-1", time.time())
    said = interlock("approvals", "approve", *words)
    assert (said.code, says in said.err) == (code, True)


def test_the_local_operator_can_be_switched_off(store: Path, home: Path, interlock: Terminal) -> None:
    ask(store, "a-1", time.time())
    (home / "interlock.yaml").write_text(CONFIG + "approvals: {local_operator: false}\n")
    said = interlock("approvals", "approve", "a-1", *BOB)
    assert (said.code, "approvals.local_operator is off" in said.err) == (2, True)


def test_without_the_development_issuer_a_strong_tier_stays_shut(store: Path, home: Path, interlock: Terminal) -> None:
    ask(store, "a-1", time.time(), Tier.CONFIRM_STRONGLY)
    plain = CONFIG.replace("development_issuer: true", "development_issuer: false")
    (home / "interlock.yaml").write_text(plain)
    assert interlock("approvals", "approve", "a-1", *BOB).code == 2
    (home / "interlock.yaml").write_text(plain + "approvals: {local_operator: true}\n")
    said = interlock("approvals", "approve", "a-1", *BOB)
    assert (said.code, "needs more than an answer at the terminal" in said.err) == (1, True)


def test_showing_reveals_everything_that_was_shown(store: Path, interlock: Terminal) -> None:
    ask(store, "a-1", time.time(), path="a\u202eb")
    assert interlock("approvals", "show", "a-1", "-o", "json").json["shown"]["arguments"] == {"path": "a\u202eb"}
    assert '"path": "a⟨U+202E⟩b"' in interlock("approvals", "show", "a-1").out
    assert interlock("approvals", "show", "a-9").code == 1


def test_watching_prints_what_becomes_pending_until_ctrl_c(
    store: Path, interlock: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps = iter(["a-2", "a-3"])

    def rest(seconds: float) -> None:
        assert seconds == 0.5
        name = next(naps, None)
        if name is None:
            raise KeyboardInterrupt
        ask(store, name, time.time())

    monkeypatch.setattr(approvals.time, "sleep", rest)
    ask(store, "a-1", time.time())
    said = interlock("approvals", "watch", "-o", "json")
    assert said.code == 0
    assert [row["id"] for row in said.lines] == ["a-1", "a-2", "a-3"]
    again = interlock("approvals", "watch")
    assert "a-1  confirm  tickets/close_ticket  for ada by support-agent" in again.out
