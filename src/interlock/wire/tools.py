"""``tools/list``: what a client is shown of an upstream's tools, and the gateway's own tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.wire.calls import REASON, REDEEM

_REASON_SCHEMA = {
    "type": "string",
    "description": "Why this call is needed, in one sentence, for the person who may have to approve it.",
}

REDEEM_TOOL: Mapping[str, Any] = {
    "name": REDEEM,
    "title": "Perform an approved call",
    "description": (
        "Performs, once, a call that was pending and that a person has approved since. "
        "It runs with the arguments that were approved; nothing else can be changed."
    ),
    "inputSchema": {
        "type": "object",
        "properties": {
            "approval_id": {"type": "string", "description": "The approval id that the pending call was answered with."}
        },
        "required": ["approval_id"],
    },
    "annotations": {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True},
}


def with_reason(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a tool with the property in which the model says why; unchanged if it has one by that name."""
    schema = definition.get("inputSchema")
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties", {}), Mapping):
        return definition
    properties = schema.get("properties", {})
    if REASON in properties:
        return definition
    return {**definition, "inputSchema": {**schema, "properties": {**properties, REASON: _REASON_SCHEMA}}}
