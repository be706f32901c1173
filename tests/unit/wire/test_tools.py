from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from interlock.core.inventory import RESERVED_PREFIX
from interlock.wire.calls import REASON, REDEEM
from interlock.wire.tools import REDEEM_TOOL, with_reason


def test_the_reason_is_one_optional_string_more() -> None:
    given = {"name": "t", "inputSchema": {"type": "object", "properties": {"id": {}}, "required": ["id"]}, "x": 1}
    shown = with_reason(given)
    schema = shown["inputSchema"]
    assert schema["properties"].keys() == {"id", REASON}
    assert schema["properties"][REASON]["type"] == "string"
    assert schema["required"] == ["id"]
    assert {**shown, "inputSchema": None} == {**given, "inputSchema": None}
    assert REASON not in given["inputSchema"]["properties"], "what was given is not changed"


def test_a_closed_schema_takes_the_reason() -> None:
    shown = with_reason({"name": "t", "inputSchema": {"type": "object", "additionalProperties": False}})
    jsonschema.validate({REASON: "why"}, shown["inputSchema"])


@pytest.mark.parametrize(
    "schema", [None, [], True, {"properties": []}, {"properties": {REASON: {"type": "integer"}}}, {"properties": None}]
)
def test_a_schema_that_has_no_place_for_it_stays(schema: Any) -> None:
    given = {"name": "t", "inputSchema": schema}
    assert with_reason(given) is given


def test_our_own_tool_is_in_our_own_namespace_and_said_to_be_dangerous() -> None:
    assert REDEEM_TOOL["name"] == REDEEM
    assert REDEEM.startswith(RESERVED_PREFIX)
    assert REDEEM_TOOL["annotations"]["destructiveHint"] is True
    jsonschema.Draft202012Validator.check_schema(REDEEM_TOOL["inputSchema"])
    jsonschema.validate({"approval_id": "x"}, REDEEM_TOOL["inputSchema"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, REDEEM_TOOL["inputSchema"])
