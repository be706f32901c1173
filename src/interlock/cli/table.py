"""Every command there is. The one place where code is named by text: that is how start-up stays lazy."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

LISTER = "interlock.cli.wiring:open_lister"
"""Opens the servers' connections: ``(settings) -> async context manager of control.ports.Upstreams``."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option or argument, as ``argparse`` is told of it."""

    names: tuple[str, ...]
    how: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, the function that carries it out (``(Namespace) -> exit code``), and what it takes."""

    words: str
    target: str
    help: str
    options: tuple[Option, ...] = ()


def resolve(target: str) -> Any:
    """Return what ``module:name`` names, importing the module now."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _option(*names: str, **how: Any) -> Option:
    return Option(names, MappingProxyType(how))


CONFIG = _option("-c", dest="config", metavar="FILE", type=Path, default=Path("interlock.yaml"), help="configuration")
_OUTPUT = _option("-o", dest="output", choices=("text", "json"), default="text", help="json: for programs")
_AS = _option("--as", dest="name", metavar="NAME", help="who you are (default: the operating-system user)")
_MUST_AS = _option("--as", dest="name", metavar="NAME", required=True, help="who you are; not the requester")
_REASON = _option("--reason", metavar="TEXT", default="", help="why")
_MUST_REASON = _option("--reason", metavar="TEXT", required=True, help="why")
_SERVER = _option("server", metavar="SERVER")
_ANY_SERVER = _option("server", metavar="SERVER", nargs="?")
_TOOL = _option("tool", metavar="TOOL")
_ANY_TOOL = _option("tool", metavar="TOOL", nargs="?")
_FILE = _option("file", metavar="FILE", type=Path, help="reviews.yaml")
_APPROVAL = _option("id", metavar="ID")
_WHO = (
    _option("--subject", metavar="NAME", required=True, help="on whose behalf"),
    _option("--workload", metavar="NAME", required=True, help="the program that calls"),
    _option("--tenant", metavar="NAME", required=True),
)
_SCOPES = (
    _option("--all", dest="everything", action="store_true", help="everything"),
    _option("--server", metavar="NAME"),
    _option("--workload", metavar="NAME"),
    _MUST_REASON,
    _AS,
)
_FILTERS = (
    *(
        _option(f"--{name}", metavar="NAME")
        for name in ("subject", "workload", "tenant", "server", "tool", "approver", "outcome", "kind")
    ),
    _option("--decision", metavar="CONTROL", choices=("run", "confirm", "block"), help="run, confirm or block"),
    _option("--since", metavar="WHEN", help="RFC 3339, a date, or as long ago as 90s, 15m, 2h, 7d"),
    _option("--until", metavar="WHEN", help="likewise; this moment excluded"),
    _option("--limit", metavar="N", type=int, default=100, help="the newest N (default 100)"),
)
_VERIFY = (
    _option("--export", metavar="FILE", type=Path, help="an export, instead of the configured store"),
    _option("--key", metavar="KEY", action="append", default=[], help="a verifier key (name+hash+base64), or its file"),
    _option("--checkpoint", metavar="FILE", type=Path, action="append", default=[], help="a saved checkpoint"),
)
_EXPORT = (
    _option("--output", dest="file", metavar="FILE", type=Path, help="write there instead of to standard output"),
    _option("--checkpoint", metavar="FILE", type=Path, help="save the signed checkpoint over what is exported"),
)
_TOOLS = _option("--tools", metavar="FILE", type=Path, help="lines {id, server, tool}")
_EXPLAIN = _option("--explain", action="store_true", help="every axis with the evidence that won and that lost")
_ARGUMENTS = _option("--arguments", metavar="JSON", default="{}", help="the call's arguments")

COMMANDS = (
    Command("init", "interlock.cli.init:init", "create what is missing: configuration, policy, keys, store"),
    Command(
        "serve",
        "interlock.cli.serve:serve",
        "run the gateway",
        (_option("--until-unused", action="store_true", help="end when no `interlock run` is left"),),
    ),
    Command(
        "demo",
        "interlock.cli.demo.command:demo",
        "tell the main job on real servers as a short story, in a scratch folder",
        (_option("--serve", action="store_true", help="stay up instead, to try with a client of one's own"),),
    ),
    Command(
        "run",
        "interlock.cli.run:run",
        "be a stdio MCP server that is one of the gateway's",
        (
            _option("--server", metavar="NAME", required=True),
            _option("command", metavar="COMMAND", nargs="*", help="after --; must be the configured one"),
        ),
    ),
    Command(
        "token",
        "interlock.cli.tokens:token",
        "print a development token, good for 15 minutes",
        (*_WHO, _option("--host-app", dest="host", metavar="NAME", help="the host application")),
    ),
    Command("stop", "interlock.cli.stops:stop", "stop everything, a server or a workload", _SCOPES),
    Command("resume", "interlock.cli.stops:resume", "take a stop back", _SCOPES),
    Command(
        "inventory sync",
        "interlock.cli.sync:sync",
        "list every server; show, and with --accept pin, what it found",
        (
            _option("servers", metavar="SERVER", nargs="*", help="only these"),
            _option("--accept", action="store_true", help="pin all that is listed and put it in production"),
            _AS,
            _REASON,
            _OUTPUT,
        ),
    ),
    Command("inventory ls", "interlock.cli.inventory:ls", "list servers and tools", (_OUTPUT,)),
    Command(
        "inventory show", "interlock.cli.inventory:show", "show a server, or one tool", (_SERVER, _ANY_TOOL, _OUTPUT)
    ),
    Command(
        "inventory diff",
        "interlock.cli.inventory:diff",
        "show how definitions differ from the accepted ones",
        (_ANY_SERVER, _ANY_TOOL, _OUTPUT),
    ),
    Command(
        "inventory review",
        "interlock.cli.inventory:review",
        "accept one tool's definition, and class it",
        (
            _SERVER,
            _TOOL,
            _MUST_AS,
            _MUST_REASON,
            _option("--digest", metavar="DIGEST", help="the definition that was looked at; refuse any other"),
            _option(
                "--class", dest="axes", metavar="AXIS=VALUE", action="append", default=[], help="class it otherwise"
            ),
            _OUTPUT,
        ),
    ),
    Command(
        "inventory reviews export",
        "interlock.cli.reviews:export",
        "write the reviews as YAML",
        (_option("file", metavar="FILE", type=Path, nargs="?", help="default: standard output"), _OUTPUT),
    ),
    Command(
        "inventory reviews import", "interlock.cli.reviews:take", "keep the reviews of a file", (_FILE, _AS, _REASON)
    ),
    Command(
        "inventory reviews diff", "interlock.cli.reviews:diff", "compare the reviews with a file", (_FILE, _OUTPUT)
    ),
    Command(
        "approvals ls",
        "interlock.cli.approvals:ls",
        "list approvals",
        (
            _option(
                "--state",
                action="append",
                default=[],
                choices=("pending", "approved", "denied", "expired", "redeemed", "void"),
            ),
            _OUTPUT,
        ),
    ),
    Command("approvals show", "interlock.cli.approvals:show", "show all that was asked", (_APPROVAL, _OUTPUT)),
    Command("approvals approve", "interlock.cli.approvals:approve", "approve it", (_APPROVAL, _MUST_AS, _MUST_REASON)),
    Command("approvals deny", "interlock.cli.approvals:deny", "deny it", (_APPROVAL, _MUST_AS, _MUST_REASON)),
    Command(
        "approvals watch", "interlock.cli.approvals:watch", "follow what becomes pending, until Ctrl-C", (_OUTPUT,)
    ),
    Command("audit ls", "interlock.cli.audit:ls", "list records", (*_FILTERS, _OUTPUT)),
    Command(
        "audit show",
        "interlock.cli.audit:show",
        "show a record, or all of a call",
        (_option("which", metavar="SEQ|CALL_ID"), _OUTPUT),
    ),
    Command("audit export", "interlock.cli.audit:export", "write the whole log, a line a record", (*_EXPORT, _OUTPUT)),
    Command("audit verify", "interlock.cli.verify:verify", "verify the log, or an export of one", (*_VERIFY, _OUTPUT)),
    Command("classify", "interlock.cli.classify:classify_file", "class tools from a file", (_TOOLS, _EXPLAIN, _OUTPUT)),
    Command(
        "classify eval",
        "interlock.cli.classify:evaluate_file",
        "compare with labels",
        (_TOOLS, _option("--labels", metavar="FILE", type=Path, help="lines {id, impact, ...}"), _OUTPUT),
    ),
    Command(
        "policy check",
        "interlock.cli.policy:check",
        "validate policy files",
        (_option("files", metavar="FILE", type=Path, nargs="*", help="default: the configured ones"), _OUTPUT),
    ),
    Command(
        "policy explain",
        "interlock.cli.policy:explain_call",
        "tell how a call would be decided, and why",
        (_SERVER, _TOOL, *_WHO, _ARGUMENTS, _OUTPUT),
    ),
)

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "inventory": "servers, tools, pins and reviews",
        "inventory reviews": "reviews as a file",
        "approvals": "what waits for a person",
        "audit": "the log",
        "policy": "the rules",
    }
)
"""What the first words of longer commands are about."""
