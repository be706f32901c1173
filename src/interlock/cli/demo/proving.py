"""The acts that do not trust: a tool that changed, a client that pretends, a log that is checked and then forged."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from interlock.cli.demo.acts import Cast, agent_of
from interlock.cli.demo.agent import UNAUTHORIZED, knock
from interlock.cli.demo.servers import MEMORY, MEMORY_BEFORE, use_memory, version_of
from interlock.cli.demo.stage import Stage
from interlock.cli.demo.teller import expect

PRETENDED = "Trusted Admin Console"
FORGER = "mallory"
UNSOUND = 4
FINDINGS = 1
_DIFF_SHOWN = 8


def drift(cast: Cast) -> None:
    """Upgrade a server, so that its tools are not what was accepted."""
    teller, stage = cast.teller, cast.stage
    teller.act("A tool changed behind everybody's back")
    use_memory(stage.folder, MEMORY)
    teller.say(
        f"Overnight the memory server was upgraded from its release {version_of(MEMORY_BEFORE)} to "
        f"{version_of(MEMORY)} (both are real). Ben's first call starts the new one, and Interlock looks at what it "
        "offers before it lets anything through."
    )
    answer = agent_of(stage, "ben").call("memory", "read_graph", {})
    teller.status(answer.status, "memory/read_graph, called by Ben")
    teller.quote(answer.text)
    expect(answer.decision.get("reason") == "tool.drifted", "a changed tool was not blocked")
    words = ("inventory", "diff", "memory", "read_graph")
    teller.command(*words)
    changed = [line for line in stage.run(*words, expect=FINDINGS).out.splitlines() if line[:1] in "+-"]
    teller.lines(changed[:_DIFF_SHOWN])
    expect(any(line.startswith("+") for line in changed), "what changed could not be shown")
    ann = cast.ann.call("memory", "read_graph", {})
    files = cast.ann.call("files", "read_text_file", {"path": str(stage.notes)})
    expect(ann.status == "blocked", "the changed tool was blocked for one caller only")
    expect(files.status == "ran", "a tool that did not change was blocked, too")
    teller.say(
        "It is blocked for everybody, Ann included, until a person has reviewed it (interlock inventory review); "
        "the other servers go on."
    )


def knock_and_pretend(cast: Cast) -> None:
    """Come without a token, and under a false name."""
    teller, stage = cast.teller, cast.stage
    teller.act("Names are not believed")
    status, challenge = knock(stage.address("files"))
    expect(status == UNAUTHORIZED and challenge.startswith("Bearer"), "a caller without a token was let in")
    teller.rows([["no token", f"HTTP {status}, and where to get one"]])
    arguments = {"source": str(stage.notes), "destination": str(stage.notes.with_suffix(".old"))}
    answer = replace(cast.ann, claims=PRETENDED).call("files", "move_file", arguments)
    expect(answer.status == "pending" and stage.notes.exists(), "a name that a client gave itself was believed")
    teller.rows([[f"a client that calls itself {PRETENDED!r}", f"{answer.status}, as for everybody"]])
    (record,) = json.loads(stage.run("audit", "show", str(answer.decision["request"]), "-o", "json").out)["records"]
    claimed, verified = record["host"], record["identity"]["verified"]
    expect(PRETENDED in claimed.get("claimed", ""), "what a client claims was not recorded")
    teller.rows(
        [
            ["the log keeps them apart", f"claimed: {claimed['claimed']}"],
            ["", f"verified: {verified['subject']} through {verified['workload']}, tenant {verified['tenant']}"],
        ]
    )


def show_records(cast: Cast, approval: str) -> None:
    """Show what the log has of the one call, and verify all of it beside the running gateway."""
    teller, stage = cast.teller, cast.stage
    teller.act("The log knows")
    words = ("audit", "ls", "--server", "files", "--tool", "write_file")
    teller.command(*words)
    about = [record for record in _listed(stage, *words) if approval in json.dumps(record)]
    teller.rows([[str(record["seq"]), record["kind"], _told(record)] for record in about])
    kinds = [record["kind"] for record in about]
    expect(kinds.count("intent") == 1 and kinds.count("outcome") == 1, "the one call is not in the log once")
    expect(kinds.index("intent") < kinds.index("outcome"), "the outcome was logged before the intent")
    teller.say("The intent was on disk before the first byte left; the outcome before the agent had its answer.")
    verified = stage.run("audit", "verify")
    teller.command("audit", "verify")
    teller.lines(verified.out.splitlines()[:1])


def forge(cast: Cast) -> None:
    """Forge a copy of the log; verification must say where."""
    teller, stage = cast.teller, cast.stage
    copy = stage.folder / "forged"
    seq = _copy_and_forge(stage, copy)
    teller.say(
        f"Somebody who can write the database puts the name {FORGER!r} in the place of who approved (in a copy)."
    )
    teller.command("audit", "verify", "-c", "forged/interlock.yaml")
    found = stage.run("audit", "verify", expect=UNSOUND, config=copy / "interlock.yaml")
    teller.lines([*found.err.splitlines(), *found.out.splitlines()[:1]])
    expect(f"record {seq}" in found.err, "the forged record was not named")
    teller.say(f"Exit code {found.code}. Record {seq} is the forged one.")


def _listed(stage: Stage, *words: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(stage.run(*words, "-o", "json").out)
    return records


def _told(record: Mapping[str, Any]) -> str:
    """Return what a record says, in a few words."""
    approvers = ", ".join(record["approval"].get("approvers", ()))
    match record["kind"]:
        case "approval":
            return f"{record['detail']['event']} by {approvers}" if approvers else f"{record['detail']['event']} for"
        case "intent":
            return f"about to run, approved by {approvers}"
        case "outcome":
            return f"{record['outcome']}; decision and outcome agree: {record['agreement']}"
    return f"{record['outcome']}, not run"


def _copy_and_forge(stage: Stage, copy: Path) -> int:
    """Copy all that Interlock keeps, and change who approved in one record; return its number."""
    for part in ("var", "policy", "checkpoints"):
        shutil.copytree(stage.folder / part, copy / part)
    shutil.copy(stage.config, copy)
    with sqlite3.connect(copy / "var" / "interlock.db") as database:
        (seq,) = database.execute("SELECT seq FROM log WHERE kind = 'intent' AND approver IS NOT NULL").fetchone()
        database.execute(
            "UPDATE log SET leaf = replace(leaf, approver, :by), approver = :by WHERE seq = :seq",
            {"by": FORGER, "seq": seq},
        )
    database.close()
    return int(seq)
