from typing import Any

import pytest

from interlock.classify import classify, refine
from interlock.core.words import Confidence, Impact, Reversibility, Sensitivity, Source, ToolClass

TEXT = {"type": "string"}
FLAG = {"type": "boolean"}


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    return {"name": name, "description": description, "inputSchema": {"type": "object", "properties": properties}}


def call(definition: dict[str, Any], server: str = "depot", /, **arguments: Any) -> ToolClass:
    return refine(classify(server, definition), definition, arguments, server=server)


CRATES = tool(
    "manage_crates",
    "List, inspect and delete crates.",
    action={"type": "string", "enum": ["list", "get", "label", "delete", "frob"]},
    force=FLAG,
)
SQL = tool("run_sql", "Executes SQL on the Postgres database.", sql=TEXT)
HTTP = tool("call_depot", "Calls the depot's HTTP API.", method=TEXT, url=TEXT)


def test_a_reading_action_becomes_a_read() -> None:
    found = call(CRATES, action="list")
    assert (found.impact, found.destructive, found.open_ended, found.by) == (Impact.READ_ONLY, False, False, ())
    told = [item for item in found.evidence if item.axis == "impact"]
    assert told[0].value == "read_only"
    assert any(item.source is Source.ARGUMENT and item.detail == "action = list" for item in told)
    assert any(item.detail.startswith("set aside: manage") for item in told)


def test_a_deleting_action_is_known_too() -> None:
    found = call(CRATES, action="delete")
    assert found.destructive
    assert not found.open_ended


def test_a_reversible_action_is_no_deletion() -> None:
    found = call(CRATES, action="label")
    assert found.impact is Impact.INTERNAL_MODIFICATION
    assert not found.destructive


@pytest.mark.parametrize("action", ["frob", "explode", "search", "", 7, None, "list; delete", ["list"]])
def test_an_unknown_action_stays_at_the_worst(action: object) -> None:
    assert call(CRATES, action=action).open_ended


def test_a_missing_action_stays_at_the_worst_unless_its_default_reads() -> None:
    assert call(CRATES).open_ended
    given = tool("crates", "Works on crates.", action={"type": "string", "enum": ["list", "delete"], "default": "list"})
    assert call(given).impact is Impact.READ_ONLY


def test_a_flag_counts_only_where_it_is_sent() -> None:
    assert not call(CRATES, action="label", force=False).destructive
    assert call(CRATES, action="label", force=True).destructive


def test_the_name_goes_on_speaking_where_the_action_does_not_explain_it() -> None:
    given = tool("purge_crates", "", action={"type": "string", "enum": ["list", "label", "send"]})
    assert call(given, action="list").destructive


def test_a_nested_decider_is_found() -> None:
    given = tool("crates", "", params={"type": "object", "properties": {"action": {"enum": ["list", "erase"]}}})
    assert classify("depot", given).by == ("params.action",)
    assert call(given, params={"action": "list"}).impact is Impact.READ_ONLY
    assert call(given, params={"action": "erase"}).destructive


@pytest.mark.parametrize(("method", "reads"), [("GET", True), ("head", True), ("POST", False), ("FETCH", False)])
def test_an_http_method_that_reads(method: str, reads: bool) -> None:  # noqa: FBT001 - a table's column
    found = call(HTTP, method=method, url="/crates")
    assert (found.impact is Impact.READ_ONLY) is reads
    assert found.open_ended is not reads


def test_sql_that_reads_in_a_declared_dialect() -> None:
    found = call(SQL, sql="SELECT a FROM crates")
    assert (found.impact, found.destructive, found.open_ended) == (Impact.READ_ONLY, False, False)


@pytest.mark.parametrize("sql", ["DELETE FROM crates", "SELECT * INTO x FROM crates", "SELECT pg_sleep(9)", 7, None])
def test_sql_that_may_write_stays_at_the_worst(sql: object) -> None:
    found = call(SQL, sql=sql)
    assert found.open_ended
    assert found.destructive


def test_sql_of_an_undeclared_dialect_stays_at_the_worst() -> None:
    given = tool("run_sql", "Executes SQL.", sql=TEXT)
    assert call(given, sql="SELECT 1").open_ended
    assert not call(given, "mysql-depot", sql="SELECT 1").open_ended


def test_sql_that_reads_secrets_is_restricted() -> None:
    assert call(SQL, sql="SELECT * FROM pg_shadow").sensitivity is Sensitivity.RESTRICTED


def test_a_shell_command_is_never_lowered() -> None:
    assert call(tool("shell", "Runs a command.", command=TEXT), command="ls").open_ended


def test_every_decider_must_be_known() -> None:
    given = tool("depot", "", action={"enum": ["list", "delete"]}, sql=TEXT)
    assert call(given, action="list", sql="DROP TABLE x").open_ended


def test_a_rehearsal_is_a_read_where_the_tool_declares_it() -> None:
    given = tool("remove_crate", "Removes a crate.", dry_run=FLAG)
    assert call(given, dry_run=True).impact is Impact.READ_ONLY
    assert call(given, dry_run=False).destructive
    assert not call(given, dry_run=False).open_ended
    assert call(given, dry_run="true").destructive
    assert call(tool("remove_crate"), dry_run=True).destructive


def test_a_rehearsal_of_arbitrary_work_is_not_believed() -> None:
    given = tool("shell", "Runs a command.", command=TEXT, dry_run=FLAG)
    assert call(given, command="rm", dry_run=True).open_ended


def test_flags_and_pipelines_raise_even_undeclared() -> None:
    label = tool("label_crate", "Labels a crate.")
    assert not call(label).destructive
    assert call(label, overwrite=True).destructive
    assert call(label, options={"recursive": True}).destructive
    aggregate = tool("aggregate_crates", "Aggregates crates.", pipeline={"type": "array"})
    assert call(aggregate, pipeline=[{"$match": {}}]).impact is Impact.READ_ONLY
    found = call(aggregate, pipeline=[{"$match": {}}, {"$out": "x"}])
    assert found.impact is Impact.INTERNAL_MODIFICATION
    assert found.reversibility is Reversibility.RECOVERABLE


def test_a_tool_that_no_argument_decides_keeps_its_class() -> None:
    given = tool("get_crate", "Gets a crate.")
    known = classify("depot", given)
    assert refine(known, given, {"recursive": True}) is known


def test_what_is_unclassified_stays_so() -> None:
    given = {**CRATES, "annotations": {"readOnlyHint": True}}
    known = classify("depot", given)
    assert known.confidence is Confidence.NONE
    assert refine(known, given, {"action": "list"}) is known


def test_a_claim_to_only_read_does_not_stop_sql_from_being_refined() -> None:
    given = {**SQL, "annotations": {"readOnlyHint": True}}
    assert call({**given, "name": "query"}, sql="SELECT 1").impact is Impact.READ_ONLY
