import json
from pathlib import Path
from typing import Any

import pytest

from interlock.cli.demo.acts import Cast
from interlock.cli.demo.agent import Answer
from interlock.cli.demo.deciding import BY_HAND, PLAN, approve, deny, read, repeat, run_once, wait_for_a_person
from interlock.cli.demo.stage import Ran
from interlock.core.errors import InterlockError
from unit.cli.demo.scripted import APPROVAL, answer, cast_of, pending, printed

SPENT = answer("expired", "DENIED (approval.spent)", reason="approval.spent")
DENIED = answer("denied", "DENIED by a person")
SHOWN = {
    "who": {"verified": {"subject": "ann", "workload": "agent"}},
    "server": "files",
    "tool": "write_file",
    "tier": "confirm",
    "policies": ["confirm.destructive"],
    "arguments": {},
    "consequence": "It replaces something.",
}
SHOW = {"approvals show": printed({"shown": SHOWN})}


def contents(cast: Cast) -> Answer:
    return answer(text=cast.stage.notes.read_text())


def reading(cast: Cast, **other: Any) -> dict[str, Any]:
    return {
        "read_text_file": contents(cast),
        "get_current_time": answer(text=json.dumps({"datetime": "2026-11-23T01:00"})),
        "create_entities": answer(),
        **other,
    }


def writes(cast: Cast) -> Any:
    def write(arguments: dict[str, Any]) -> Answer:
        cast.stage.notes.write_text(arguments["content"])
        return answer(text="Successfully wrote")

    return write


def test_reading_is_told_in_both_eras(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cast = cast_of(tmp_path, {})
    cast.ann.says = reading(cast)
    read(cast)
    assert [tool for tool, _ in cast.ann.asked] == ["read_text_file"] * 2 + ["get_current_time", "create_entities"]
    assert "2026-11-23T01:00" in capsys.readouterr().out


@pytest.mark.parametrize("tool", ["read_text_file", "get_current_time", "create_entities"])
def test_reading_that_waits_ends_the_story(tmp_path: Path, tool: str) -> None:
    cast = cast_of(tmp_path, {})
    cast.ann.says = reading(cast, **{tool: pending()})
    with pytest.raises(InterlockError):
        read(cast)


def test_a_file_read_wrongly_ends_the_story(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {})
    cast.ann.says = reading(cast, read_text_file=answer(text="another file"))
    with pytest.raises(InterlockError, match="reading"):
        read(cast)


def test_what_waits_is_quoted_word_for_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cast = cast_of(tmp_path, {"write_file": pending()})
    assert wait_for_a_person(cast) == APPROVAL
    assert "| PENDING\n" in capsys.readouterr().out
    assert cast.ann.asked == [("write_file", {"path": str(cast.stage.notes), "content": PLAN})]


def test_a_write_that_ran_ends_the_story(tmp_path: Path) -> None:
    with pytest.raises(InterlockError, match="did not wait"):
        wait_for_a_person(cast_of(tmp_path, {"write_file": answer()}))


def test_a_write_that_says_pending_and_happened_ends_the_story(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {})
    cast.ann.says = {"write_file": lambda arguments: (writes(cast)(arguments), pending())[1]}
    with pytest.raises(InterlockError, match="nobody had approved"):
        wait_for_a_person(cast)


def test_approving_shows_what_the_person_sees_and_runs_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cast = cast_of(tmp_path, {}, SHOW | {"approvals approve": Ran(0, "", f"{APPROVAL}: approved")})
    approve(cast, APPROVAL)
    assert cast.stage.ran[-1][:4] == ("approvals", "approve", APPROVAL, "--as")
    assert "ann through agent (verified)" in capsys.readouterr().out


def test_an_approval_that_was_not_taken_ends_the_story(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {}, SHOW | {"approvals approve": Ran(0, "", f"{APPROVAL}: expired")})
    with pytest.raises(InterlockError, match="not recorded"):
        approve(cast, APPROVAL)


def test_an_approval_that_executes_by_itself_ends_the_story(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {}, SHOW | {"approvals approve": Ran(0, "", f"{APPROVAL}: approved")})
    run = cast.stage.run

    def executing(*words: str) -> Ran:
        cast.stage.notes.write_text(PLAN)
        return run(*words)

    before, cast.stage.run = cast.stage.notes.read_text(), executing
    assert before != PLAN
    with pytest.raises(InterlockError, match="approving alone"):
        approve(cast, APPROVAL)


def test_the_approved_call_runs(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {})
    cast.ann.says = {"write_file": writes(cast)}
    run_once(cast)
    assert cast.stage.notes.read_text() == PLAN


@pytest.mark.parametrize("given", [pending(), answer()])
def test_an_approved_call_without_effect_ends_the_story(tmp_path: Path, given: Answer) -> None:
    with pytest.raises(InterlockError, match="approved call did not"):
        run_once(cast_of(tmp_path, {"write_file": given}))


def test_an_approved_call_that_says_it_did_not_run_ends_the_story(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {})
    cast.ann.says = {"write_file": lambda arguments: (writes(cast)(arguments), pending())[1]}
    with pytest.raises(InterlockError, match="approved call did not run"):
        run_once(cast)


def test_a_second_time_needs_a_new_approval(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {"interlock_redeem": SPENT, "write_file": pending("apr-2")})
    repeat(cast, APPROVAL)
    assert cast.stage.notes.read_text() == BY_HAND
    assert cast.ann.asked[0] == ("interlock_redeem", {"approval_id": APPROVAL})


@pytest.mark.parametrize(
    ("redeemed", "again"), [(answer(), pending("apr-2")), (SPENT, pending(APPROVAL)), (SPENT, answer())]
)
def test_an_approval_that_is_good_twice_ends_the_story(tmp_path: Path, redeemed: Answer, again: Answer) -> None:
    with pytest.raises(InterlockError, match="used approval"):
        repeat(cast_of(tmp_path, {"interlock_redeem": redeemed, "write_file": again}), APPROVAL)


def test_a_call_that_ran_a_second_time_ends_the_story(tmp_path: Path) -> None:
    cast = cast_of(tmp_path, {})
    late = {"write_file": lambda arguments: (writes(cast)(arguments), pending("apr-2"))[1]}
    cast.ann.says = {"interlock_redeem": SPENT} | late
    with pytest.raises(InterlockError, match="ran a second time"):
        repeat(cast, APPROVAL)


def test_what_a_person_denies_stays_denied(tmp_path: Path) -> None:
    calls = {"delete_entities": [pending("apr-3"), DENIED], "read_graph": answer(text="cake")}
    cast = cast_of(tmp_path, calls)
    deny(cast)
    assert [words[:3] for words in cast.stage.ran] == [("approvals", "deny", "apr-3")]


@pytest.mark.parametrize(
    ("asked", "denied", "graph"),
    [
        (answer(), DENIED, answer(text="cake")),
        (pending(), pending(), answer(text="cake")),
        (pending(), DENIED, answer(text="nothing")),
    ],
)
def test_a_denial_that_does_not_hold_ends_the_story(
    tmp_path: Path, asked: Answer, denied: Answer, graph: Answer
) -> None:
    with pytest.raises(InterlockError):
        deny(cast_of(tmp_path, {"delete_entities": [asked, denied], "read_graph": graph}))
