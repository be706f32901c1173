from typing import Any

import pytest

from interlock.classify.effects import ADD, ARBITRARY, GRANT, REMOVE, REPLACE, SEND, TOUCH
from interlock.classify.schema import dry_run_parameters, parameters_of, read_schema


def definition(name: str = "depot_work", description: str = "", **properties: Any) -> dict[str, Any]:
    return {"name": name, "description": description, "inputSchema": {"type": "object", "properties": properties}}


def deciders(given: dict[str, Any], verb: str = "") -> set[str]:
    return set(read_schema(given, "", writes=False, verb=verb).deciders)


def test_parameters_are_found_however_deep_and_behind_references() -> None:
    given = {
        "inputSchema": {
            "properties": {
                "params": {"$ref": "#/$defs/P"},
                "either": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
            },
            "$defs": {"P": {"type": "object", "properties": {"dryRun": {"type": "boolean"}}}},
        }
    }
    found = {parameter.path: parameter for parameter in parameters_of(given)}
    assert found["params.dryRun"].name == "dry_run"
    assert found["either"].values == ("a", "b")
    assert dry_run_parameters(tuple(found.values())) == ("params.dryRun",)


def test_a_schema_that_refers_to_itself_ends() -> None:
    given = {"inputSchema": {"properties": {"a": {"$ref": "#"}}}}
    assert [parameter.path for parameter in parameters_of(given)] == ["a"]
    wide = {"inputSchema": {"properties": {f"p{number}": {"$ref": "#"} for number in range(60)}}}
    assert len(parameters_of(wide)) == 60


def test_the_items_of_a_list_are_parameters_too() -> None:
    steps = {"type": "array", "items": {"type": "object", "properties": {"act": {"enum": ["look", "delete"]}}}}
    assert deciders(definition(steps=steps)) == {"steps[].act"}


def test_an_action_that_is_looked_at_decides_nothing() -> None:
    named = {"type": "string"}
    assert deciders(definition("depot_get_action", action_name=named), "get") == set()
    assert deciders(definition("get_audit_log", action=named), "get") == set()
    assert deciders(definition("get_crates", action=named), "get") == {"action"}
    assert deciders(definition("get_audit_log", action={"enum": ["list", "delete"]}), "get") == {"action"}


def test_a_method_that_is_read_about_decides_nothing() -> None:
    method, path = {"enum": ["GET", "DELETE"]}, {"type": "string"}
    assert deciders(definition("get_endpoint_docs", method=method, path=path), "get") == set()
    assert deciders(definition("get_endpoint_docs", method=method, path=path, body={}), "get") == {"method"}
    assert deciders(definition("get_crate", method=method, path=path), "get") == {"method"}
    assert deciders(definition("send_endpoint_docs", method=method, path=path), "send") == {"method"}


@pytest.mark.parametrize("name", ["output_video_path", "save_path", "export_dir", "destination_folder"])
def test_a_place_for_results_is_written_to(name: str) -> None:
    places: dict[str, Any] = {name: {"type": "string"}}
    clues = read_schema(definition(**places), "", writes=False, verb="render").clues
    assert [clue.effect for clue in clues] == [ADD]


@pytest.mark.parametrize("name", ["source_path", "destination_location", "output", "path"])
def test_other_places_are_not(name: str) -> None:
    places: dict[str, Any] = {name: {"type": "string"}}
    assert not read_schema(definition(**places), "", writes=False, verb="render").clues


def test_who_belongs_to_what_is_access() -> None:
    clues = read_schema(definition(groups={"type": "array"}), "", writes=True, verb="update").clues
    assert GRANT in [clue.effect for clue in clues]


def test_an_action_that_may_delete_decides() -> None:
    assert deciders(definition(action={"type": "string", "enum": ["list", "delete"]})) == {"action"}
    assert deciders(definition(action={"type": "string", "enum": ["list", "get"]})) == set()
    assert deciders(definition(action={"type": "string"})) == {"action"}
    assert deciders(definition(action={"type": "string", "description": "One of 'list', 'get'"})) == set()
    assert deciders(definition(action={"type": "string", "description": "One of 'list', 'erase'"})) == {"action"}


def test_an_action_that_is_looked_for_decides_nothing() -> None:
    assert deciders(definition(action={"type": "string"}), "list") == set()
    assert deciders(definition(action={"enum": ["created", "delete_requested"]}), "search") == set()
    assert deciders(definition(action={"enum": ["list", "delete"]}), "list") == {"action"}


def test_a_mode_of_another_kind_decides_nothing() -> None:
    assert deciders(definition(mode={"type": "string", "enum": ["fast", "thorough"]})) == set()


def test_an_http_method_decides_unless_it_can_only_read() -> None:
    url = {"type": "string"}
    assert deciders(definition(method={"type": "string"}, url=url)) == {"method"}
    assert deciders(definition(method={"type": "string", "enum": ["GET", "HEAD"]}, url=url)) == set()
    assert deciders(definition(method={"type": "string", "enum": ["GET", "POST"]})) == {"method"}


def test_sql_decides_except_for_who_only_looks_at_it() -> None:
    sql = {"type": "string"}
    assert deciders(definition(sql=sql), "execute") == {"sql"}
    assert deciders(definition(sql=sql), "get") == {"sql"}
    assert deciders(definition(sql=sql), "format") == set()


def test_a_query_decides_where_its_language_can_write() -> None:
    query = {"type": "string"}
    assert deciders(definition("shelf_query", "Query the Postgres database", query=query), "query") == {"query"}
    assert deciders(definition("run_promql", "Run a PromQL expression", query=query), "run") == set()
    assert deciders(definition("search_shelves", "Search shelves", query=query), "search") == set()
    assert deciders(definition("execute_it", "Execute something", query=query), "execute") == {"query"}


def test_code_decides_where_it_is_carried_out() -> None:
    code = {"type": "string"}
    assert deciders(definition(code=code), "run") == {"code"}
    assert deciders(definition(code=code), "lint") == set()
    assert deciders(definition(command=code), "") == {"command"}


def test_parameters_add_what_they_allow() -> None:
    flag, text = {"type": "boolean"}, {"type": "string"}
    given = definition(overwrite=flag, recipients=text, role=text, force=flag, selector=text)
    reading = {clue.effect for clue in read_schema(given, "", writes=False, verb="get").clues}
    writing = {clue.effect for clue in read_schema(given, "", writes=True, verb="add").clues}
    assert reading == {REMOVE}
    assert writing >= {REMOVE, SEND, GRANT, REPLACE, TOUCH}


def test_an_action_without_values_is_arbitrary() -> None:
    (clue,) = read_schema(definition(operation={"type": "string"}), "", writes=False, verb="").clues
    assert clue.effect is ARBITRARY
