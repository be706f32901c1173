from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from interlock.control import inventory
from interlock.control.inventory import Judgement, Synced
from interlock.control.people import Operator
from interlock.core.errors import CallerError, OperatorError
from interlock.core.words import Confidence, Impact
from interlock.stores.sqlite.desk import Desk
from unit.control.sample import FILES, NOW, READS, Servers, new_store, reads, tool

ADA = Operator(name="ada", reason="looked at it", os_user="root")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(Desk(new_store(tmp_path))) as opened:
        yield opened


def sync(desk: Desk, *tools: dict[str, object], by: Operator | None = None) -> Synced:
    (report,) = asyncio.run(inventory.sync(desk, Servers({"files": tools}), [FILES], reads, (NOW, by)))
    return report


def test_a_first_sync_finds_and_pins_nothing(desk: Desk) -> None:
    report = sync(desk, tool("read"), tool("write"))
    assert report == Synced(
        server="files",
        found=("read", "write"),
        new=("read", "write"),
        waiting=("read", "write"),
        classes={"read_only": 2},
    )


def test_accepting_pins_it_all(desk: Desk) -> None:
    report = sync(desk, tool("read"), tool("write"), by=ADA)
    assert (report.accepted, report.waiting) == (("read", "write"), ())
    again = sync(desk, tool("read"), tool("write"), by=ADA)
    assert (again.new, again.accepted, again.waiting) == ((), (), ())


def test_what_changed_or_went_is_told(desk: Desk) -> None:
    sync(desk, tool("read"), tool("write"), tool("list"), by=ADA)
    report = sync(desk, tool("read", "Deletes a note."), tool("list"))
    assert (report.new, report.changed, report.gone, report.waiting) == ((), ("read",), ("write",), ("read",))
    back = sync(desk, tool("read"), tool("list"), tool("write"))
    assert (back.changed, back.gone, back.waiting) == (("read",), (), ("read",))
    accepted = sync(desk, tool("read"), tool("list"), tool("write"), by=ADA)
    assert (accepted.accepted, accepted.waiting) == (("read",), ())


def test_a_drifted_tool_that_is_not_listed_still_waits(desk: Desk) -> None:
    sync(desk, tool("read"), by=ADA)
    sync(desk, tool("read", "Deletes a note."))
    assert sync(desk, by=ADA).waiting == ("read",)


def test_a_server_that_cannot_be_asked_changes_nothing(desk: Desk) -> None:
    sync(desk, tool("read"), by=ADA)
    before = desk.tools()
    (report,) = asyncio.run(inventory.sync(desk, Servers({"files": "it is down"}), [FILES], reads, (NOW + 9, ADA)))
    assert report == Synced(server="files", error="it is down")
    assert desk.tools() == before


def test_a_description_of_the_inventory_holds_who_owns_and_what_is_seen(desk: Desk) -> None:
    sync(desk, tool("read"), by=ADA)
    (server,) = inventory.describe(desk, NOW + 5)
    wanted = {"name": "files", "tenant": "acme", "owner": "platform", "risk_owner": "security", "stage": "production"}
    assert wanted.items() <= server.items()
    assert server["first_seen"] == server["last_seen"] == "2027-01-15T08:00:00.000000Z"
    assert server["identity"]["age"] == 65
    assert server["identity"]["since"] == "2027-01-15T07:59:00.000000Z"
    (seen,) = server["tools"]
    assert (seen["name"], seen["standing"], seen["class"]["impact"]) == ("read", "pinned", "read_only")
    assert seen["digest"] == seen["pin"]
    assert seen["findings"] == []


def test_findings_are_of_class_and_standing(desk: Desk) -> None:
    def puzzled(_server: str, _definition: object) -> inventory.ToolClass:
        return inventory.replace(READS, confidence=Confidence.NONE, findings=("annotation.conflict",))

    asyncio.run(inventory.sync(desk, Servers({"files": [tool("read")]}), [FILES], puzzled, (NOW, None)))
    (server,) = inventory.describe(desk, NOW)
    assert server["tools"][0]["findings"] == ["annotation.conflict", "tool.new", "class.unknown"]


def test_an_unknown_server_is_the_callers_fault(desk: Desk) -> None:
    with pytest.raises(CallerError, match="no such server"):
        inventory.describe(desk, NOW, "other")


def test_a_diff_shows_what_changed_and_reveals_what_hides(desk: Desk) -> None:
    sync(desk, tool("read"), tool("list"), by=ADA)
    assert inventory.diff(desk) == []
    sync(desk, tool("read", "Reads a note.\u202eX"), tool("list"))
    (difference,) = inventory.diff(desk, "files", "read")
    assert difference.standing == "drifted"
    assert difference.pin != difference.digest
    assert '-  "description": "Reads a note.",' in difference.lines
    assert '+  "description": "Reads a note.⟨U+202E⟩X",' in difference.lines
    assert inventory.diff(desk, "files", "list") == []


def test_what_was_never_accepted_differs_from_nothing(desk: Desk) -> None:
    sync(desk, tool("read"))
    (difference,) = inventory.diff(desk)
    assert difference.pin is None
    assert difference.lines[0] == "--- accepted (nothing)"
    assert all(line.startswith("+") for line in difference.lines[3:])


def test_a_diff_of_what_is_not_there_is_the_callers_fault(desk: Desk) -> None:
    with pytest.raises(CallerError, match="files/none"):
        inventory.diff(desk, "files", "none")


def test_a_drift_that_came_back_still_shows_in_the_diff(desk: Desk) -> None:
    sync(desk, tool("read"), by=ADA)
    sync(desk, tool("read", "Other."))
    sync(desk, tool("read"))
    (difference,) = inventory.diff(desk)
    assert (difference.standing, difference.lines) == ("drifted", ())


def test_a_review_accepts_with_the_inferred_class(desk: Desk) -> None:
    sync(desk, tool("read"))
    given = inventory.review(desk, Judgement("files", "read", None, {}), ADA, reads, NOW)
    assert (given.tool_class, given.reviewer, given.reason) == (None, "ada", "looked at it")
    assert inventory.diff(desk) == []
    assert desk.tools()[0]["class"]["impact"] == "read_only"


def test_a_review_may_class_it_otherwise(desk: Desk) -> None:
    sync(desk, tool("read"))
    axes = {"impact": "external_side_effect", "destructive": "true", "blast": "many"}
    inventory.review(desk, Judgement("files", "read", None, axes), ADA, reads, NOW)
    kept = desk.tools()[0]["class"]
    assert (kept["impact"], kept["destructive"], kept["blast"]) == ("external_side_effect", True, "many")
    assert kept["confidence"] == "reviewed"
    assert sync(desk, tool("read")).classes == {"read_only": 1}
    assert desk.tools()[0]["class"]["impact"] == "external_side_effect"


def test_a_second_review_starts_from_what_is_inferred_not_from_the_first(desk: Desk) -> None:
    sync(desk, tool("read"))
    inventory.review(desk, Judgement("files", "read", None, {"blast": "many"}), ADA, reads, NOW)
    inventory.review(desk, Judgement("files", "read", None, {"destructive": "true"}), ADA, reads, NOW)
    kept = desk.tools()[0]["class"]
    assert (kept["blast"], kept["destructive"]) == ("single", True)


def test_a_review_of_another_definition_is_refused(desk: Desk) -> None:
    sync(desk, tool("read"))
    with pytest.raises(CallerError, match="not the reviewed sha256:other"):
        inventory.review(desk, Judgement("files", "read", "sha256:other", {}), ADA, reads, NOW)
    with pytest.raises(CallerError, match="no such tool"):
        inventory.review(desk, Judgement("files", "none", None, {}), ADA, reads, NOW)


@pytest.mark.parametrize(
    ("axes", "says"),
    [({"impct": "read_only"}, "no such axis"), ({"impact": "high"}, "read_only"), ({"destructive": "yes"}, "true")],
)
def test_an_axis_or_value_that_is_none_is_refused(axes: dict[str, str], says: str) -> None:
    with pytest.raises(OperatorError) as failure:
        inventory.give_class(READS, axes)
    assert says in failure.value.diagnostics()


def test_a_tool_that_is_no_longer_open_ended_has_no_deciding_parameter() -> None:
    opened = inventory.replace(READS, open_ended=True, by=("action",))
    assert inventory.give_class(opened, {"open_ended": "false"}).by == ()
    assert inventory.give_class(opened, {"impact": "read_only"}).by == ("action",)
    assert inventory.give_class(opened, {"impact": "read_only"}).impact is Impact.READ_ONLY
