"""An MCP server that counts its effects durably: a line, flushed to the disk, before it answers.

On a pipe, or with ``--http PORT`` on the loopback, where it takes its time and outlives its gateway.
Standard library only, so that it starts at once. ``UPSTREAM_EFFECTS`` names the journal.
"""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


def respond(text: str | bytes) -> str | None:
    message = json.loads(text)
    if "id" not in message or "method" not in message:
        return None
    result = answer(message["method"], message.get("params", {}))
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        if b'"tools/call"' in asked:
            time.sleep(0.03)
        said = respond(asked)
        body = (said or "").encode()
        self.send_response(200 if said else 202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_error(405)

    do_DELETE = do_GET  # noqa: N815 (the library's name)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    if sys.argv[1:2] == ["--http"]:
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
        return
    for line in sys.stdin:
        said = respond(line)
        if said is not None:
            sys.stdout.write(said + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
