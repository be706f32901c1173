"""A stdio MCP server that counts its effects durably: a line, flushed to the disk, before it answers.

Standard library only, so that it starts at once. ``UPSTREAM_EFFECTS`` names the journal.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

_NOTE = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


def _tool(name: str, description: str, *, reads: bool = False, destroys: bool = False) -> dict[str, Any]:
    hints = {"readOnlyHint": reads, "destructiveHint": destroys, "openWorldHint": False}
    return {"name": name, "description": description, "inputSchema": _NOTE, "annotations": hints}


TOOLS = [
    _tool("read_note", "Read a note by its id.", reads=True),
    _tool("create_note", "Create a new note."),
    _tool("delete_note", "Delete a note permanently.", destroys=True),
]
INTRODUCTION = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "counting", "version": "1"},
}


def count(tool: str, arguments: dict[str, Any]) -> None:
    line = json.dumps({"tool": tool, "id": arguments["id"], "time": time.time(), "pid": os.getpid()})
    journal = os.open(os.environ["UPSTREAM_EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(journal, line.encode() + b"\n")
    os.fsync(journal)
    os.close(journal)


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        return INTRODUCTION
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        count(params["name"], params["arguments"])
        return {"content": [{"type": "text", "text": f"{params['name']} done"}]}
    return {}


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message or "method" not in message:
            continue
        result = answer(message["method"], message.get("params", {}))
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
