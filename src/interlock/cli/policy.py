"""``interlock policy check|explain``."""

from __future__ import annotations

import argparse
from dataclasses import replace

from interlock import canon
from interlock.classify import refine
from interlock.cli.context import open_desk, policy_texts, read_text, settings_of
from interlock.cli.terminal import write, write_json
from interlock.control.classification import plain_call, plain_facts
from interlock.core.errors import CallerError, OperatorError
from interlock.core.inventory import Catalog
from interlock.core.words import Control, Facts, Tool, ToolClass
from interlock.policy import explain, load


def check(arguments: argparse.Namespace) -> int:
    """Validate policy files, the configured ones if none are named, and print what they come to."""
    if arguments.files:
        texts = {str(file): read_text(file) for file in arguments.files}
    else:
        texts = dict(policy_texts(settings_of(arguments).policy.path))
    snapshot = load(texts)
    if arguments.output == "json":
        write_json({"digest": snapshot.digest, "files": sorted(texts), "policies": list(snapshot.policies)})
    else:
        write(f"{snapshot.digest}  {len(snapshot.policies)} policies in {len(texts)} files")
    return 0


def explain_call(arguments: argparse.Namespace) -> int:
    """Tell how a call would be decided by the policies and the inventory as they are; exits 1 where it is blocked.

    Taken as given: the caller is verified, within budget, and has no such call behind it with an unknown outcome.
    """
    settings = settings_of(arguments)
    snapshot = load(policy_texts(settings.policy.path))
    with open_desk(settings) as desk:
        catalog = desk.inventory()
    tool = catalog.tools.get((arguments.server, arguments.tool))
    if tool is None:
        raise CallerError(
            f"{arguments.server}/{arguments.tool}: tool.unknown: it is not in the inventory", "so blocked"
        )
    call = plain_call(tool, (arguments.subject, arguments.workload, arguments.tenant))
    explanation = explain(snapshot, call, tool, _facts(catalog, tool, arguments))
    if arguments.output == "json":
        write_json(explanation.as_json())
    else:
        write(explanation.as_text())
    return 1 if explanation.decision.control is Control.BLOCK else 0


def _facts(catalog: Catalog, tool: Tool, arguments: argparse.Namespace) -> Facts:
    stops = {("all", ""), ("server", tool.server), ("workload", arguments.workload)}
    facts = plain_facts(_effect(tool, arguments.arguments), tool.tenant)
    return replace(facts, stopped=not stops.isdisjoint(catalog.stopped), stop_epoch=catalog.stop_epoch)


def _effect(tool: Tool, text: str) -> ToolClass:
    try:
        sent = canon.parse(text.encode("utf-8", "surrogateescape"))
    except canon.ParseError as error:
        raise OperatorError(f"--arguments: {error}", "give the call's arguments as one JSON object") from None
    if not isinstance(sent, dict):
        raise OperatorError("--arguments: is no JSON object", "give the call's arguments as one JSON object")
    return refine(tool.tool_class, tool.definition, sent, server=tool.server)
