from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.world import ENTRY, SERVER, listed
from interlock.core.inventory import Change, Listed, Review
from interlock.core.words import Confidence, Impact, Stage, Standing, Tool
from interlock.stores.sqlite import catalog, log, schema
from unit.control.sample import new_store
from unit.policy.calls import HARMLESS

NOW = 1_800_000_000.0
A, B = listed(name="a"), listed(name="b")
A_OTHER = listed({"name": "a", "description": "other"}, "a")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(schema.connect(new_store(tmp_path))) as opened:
        yield opened


def see(connection: sqlite3.Connection, *tools: Listed) -> list[Change]:
    return catalog.observe(connection, ENTRY, tools, NOW)


def tool(connection: sqlite3.Connection, name: str = "a") -> Tool:
    return catalog.load(connection).tools[SERVER, name]


def review(of: Listed = A) -> Review:
    stronger = replace(HARMLESS, impact=Impact.EXTERNAL_SIDE_EFFECT)
    return Review(SERVER, of.name, of.digest, stronger, "ada", "looked", "2026-01-01T00:00:00Z")


def test_what_is_first_seen_is_new_and_its_server_discovered(connection: sqlite3.Connection) -> None:
    assert see(connection, A) == [Change("a", None, Standing.NEW)]
    found = tool(connection)
    assert (found.standing, found.stage, found.pin, found.digest) == (Standing.NEW, Stage.DISCOVERED, None, A.digest)
    assert (found.tenant, found.owner, found.definition, found.tool_class) == ("acme", "desk", A.definition, HARMLESS)
    (server,) = catalog.servers(connection)
    assert (server["name"], server["identity"], server["findings"], server["first_seen"]) == (SERVER, {}, [], NOW)


def test_changes_are_recorded_and_raise_the_version(connection: sqlite3.Connection) -> None:
    before = catalog.version(connection)
    see(connection, A, B)
    assert catalog.version(connection) == before + 1
    record = log.find(connection, {"kind": "inventory"}, 1)[0]
    assert record["detail"] == {
        "event": "observed",
        "changes": [{"tool": "a", "before": None, "after": "new"}, {"tool": "b", "before": None, "after": "new"}],
        "count": 2,
    }
    assert record["server"] == SERVER


def test_seeing_the_same_again_changes_nothing(connection: sqlite3.Connection) -> None:
    see(connection, A)
    before = (catalog.version(connection), log.head(connection))
    assert see(connection, A) == []
    assert (catalog.version(connection), log.head(connection)) == before


def test_the_record_of_many_changes_is_bounded(connection: sqlite3.Connection) -> None:
    see(connection, *(listed(name=f"tool-{number}") for number in range(3000)))
    record = log.find(connection, {"kind": "inventory"}, 1)[0]
    assert (len(record["detail"]["changes"]), record["detail"]["count"]) == (50, 3000)


def test_a_pin_is_of_what_was_last_seen(connection: sqlite3.Connection) -> None:
    see(connection, A)
    catalog.pin_tool(connection, SERVER, "a")
    assert (tool(connection).pin, tool(connection).standing) == (A.digest, Standing.PINNED)
    (row,) = catalog.tools(connection)
    assert row["pinned"] == A.definition


def test_drift_holds_also_when_the_old_definition_comes_back(connection: sqlite3.Connection) -> None:
    see(connection, A)
    catalog.pin_tool(connection, SERVER, "a")
    assert see(connection, A_OTHER) == [Change("a", Standing.PINNED, Standing.DRIFTED)]
    assert (tool(connection).digest, tool(connection).pin) == (A_OTHER.digest, A.digest)
    assert see(connection, A) == [Change("a", Standing.DRIFTED, Standing.DRIFTED)]
    assert tool(connection).standing is Standing.DRIFTED
    catalog.pin_tool(connection, SERVER, "a")
    assert tool(connection).standing is Standing.PINNED


def test_what_is_not_listed_is_gone_and_may_come_back(connection: sqlite3.Connection) -> None:
    see(connection, A, B)
    catalog.pin_tool(connection, SERVER, "a")
    assert see(connection, B) == [Change("a", Standing.PINNED, Standing.GONE)]
    assert tool(connection).standing is Standing.GONE
    assert see(connection, B) == []
    assert see(connection, A, B) == [Change("a", Standing.GONE, Standing.PINNED)]


def test_what_drifted_and_goes_stays_drifted(connection: sqlite3.Connection) -> None:
    see(connection, A)
    catalog.pin_tool(connection, SERVER, "a")
    see(connection, A_OTHER)
    assert see(connection) == []
    assert tool(connection).standing is Standing.DRIFTED


def test_a_name_listed_twice_does_not_pass_for_the_accepted_one(connection: sqlite3.Connection) -> None:
    see(connection, A)
    catalog.pin_tool(connection, SERVER, "a")
    see(connection, A, A_OTHER)
    assert tool(connection).standing is not Standing.PINNED


def test_a_review_of_exactly_this_definition_accepts_it(connection: sqlite3.Connection) -> None:
    catalog.keep_review(connection, review())
    see(connection, A, B)
    assert (tool(connection).standing, tool(connection).pin) == (Standing.PINNED, A.digest)
    assert tool(connection).tool_class.impact is Impact.EXTERNAL_SIDE_EFFECT
    assert tool(connection).tool_class.confidence is Confidence.REVIEWED
    assert tool(connection, "b").standing is Standing.NEW


def test_a_review_of_another_definition_does_not(connection: sqlite3.Connection) -> None:
    catalog.keep_review(connection, review(A_OTHER))
    see(connection, A)
    assert (tool(connection).standing, tool(connection).tool_class) == (Standing.NEW, HARMLESS)


def test_an_old_review_does_not_lift_drift(connection: sqlite3.Connection) -> None:
    catalog.keep_review(connection, review())
    see(connection, A)
    see(connection, A_OTHER)
    see(connection, A)
    assert tool(connection).standing is Standing.DRIFTED


def test_reviews_are_kept_whole_and_replaced_by_digest(connection: sqlite3.Connection) -> None:
    unclassed = replace(review(B), tool_class=None)
    for each in (review(), unclassed, replace(review(), reason="looked again")):
        catalog.keep_review(connection, each)
    assert catalog.reviews(connection) == [replace(review(), reason="looked again"), unclassed]
    assert catalog.find_review(connection, SERVER, B) == unclassed
    assert catalog.find_review(connection, "another", B) is None


def test_a_stage_is_kept_over_observations(connection: sqlite3.Connection) -> None:
    see(connection, A)
    before = catalog.version(connection)
    catalog.set_stage(connection, SERVER, Stage.PRODUCTION)
    assert catalog.version(connection) > before
    see(connection, A_OTHER)
    assert tool(connection).stage is Stage.PRODUCTION


def test_a_server_is_kept_as_it_is_now_and_since_when(connection: sqlite3.Connection) -> None:
    see(connection, A)
    catalog.observe(connection, replace(ENTRY, owner="other", findings=("x.y",)), [A], NOW + 5)
    (server,) = catalog.servers(connection)
    assert (server["owner"], server["findings"]) == ("other", ["x.y"])
    assert (server["first_seen"], server["last_seen"]) == (NOW, NOW + 5)


def test_tools_are_told_by_server(connection: sqlite3.Connection) -> None:
    see(connection, A, B)
    catalog.observe(connection, replace(ENTRY, name="another"), [A], NOW)
    assert [(row["server"], row["name"]) for row in catalog.tools(connection)] == [
        ("another", "a"),
        (SERVER, "a"),
        (SERVER, "b"),
    ]
    assert [row["name"] for row in catalog.tools(connection, SERVER)] == ["a", "b"]
    assert catalog.tools(connection, "none") == []


def test_one_servers_listing_says_nothing_of_anothers(connection: sqlite3.Connection) -> None:
    see(connection, A)
    catalog.pin_tool(connection, SERVER, "a")
    catalog.observe(connection, replace(ENTRY, name="another"), [A_OTHER], NOW)
    assert (tool(connection).standing, tool(connection).digest) == (Standing.PINNED, A.digest)


def test_every_stop_and_resume_is_another_epoch_and_version(connection: sqlite3.Connection) -> None:
    loaded = [catalog.load(connection)]
    catalog.stop(connection, "server", SERVER, {"by": "ada"})
    loaded.append(catalog.load(connection))
    catalog.stop(connection, "server", SERVER, {"by": "bob"})
    loaded.append(catalog.load(connection))
    assert catalog.resume(connection, "server", SERVER)
    loaded.append(catalog.load(connection))
    assert [each.stopped for each in loaded] == [set(), {("server", SERVER)}, {("server", SERVER)}, set()]
    assert [each.stop_epoch for each in loaded] == [0, 1, 2, 3]
    assert len({each.version for each in loaded}) == 4
    assert not catalog.resume(connection, "server", SERVER)


@pytest.mark.parametrize("other", [{"tenant": "globex"}, {"owner": "somebody-else"}])
def test_a_server_moved_by_its_configuration_is_another_inventory(
    connection: sqlite3.Connection, other: dict[str, str]
) -> None:
    see(connection, A)
    before = catalog.version(connection)
    moved = replace(ENTRY, **other)
    assert catalog.observe(connection, moved, [A], 2.0) == []
    assert catalog.version(connection) > before
    seen = tool(connection)
    assert (seen.tenant, seen.owner) == (moved.tenant, moved.owner)
