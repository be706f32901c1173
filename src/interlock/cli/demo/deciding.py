"""The acts of one call that needs a person: asked for, approved, run once, refused a second time, denied."""

from __future__ import annotations

import json
from typing import Any

from interlock.cli.demo.acts import PERSON, Cast
from interlock.cli.demo.agent import Answer, Era
from interlock.cli.demo.teller import expect
from interlock.wire.calls import REDEEM

PLAN = "Launch plan: tell the customers on Monday, switch on Tuesday. No cake."
BY_HAND = "Launch plan, with cake after all, written by Ann herself."
FACT = {"name": "cake", "entityType": "decision", "observations": ["Ann wants it"]}
DELETION = {"entityNames": ["cake"]}


def read(cast: Cast) -> None:
    """Let two calls run unattended, one in each era of the protocol."""
    teller, notes = cast.teller, cast.stage.notes
    teller.act("Reading runs, and so does what can be undone")
    teller.say("Nobody is asked. Old and new clients get the same answers: the two eras of MCP are one endpoint here.")
    rows = []
    for era in Era:
        answer = cast.ann.speaking(era).call("files", "read_text_file", {"path": str(notes)})
        expect(answer.status == "ran" and answer.text == notes.read_text(), "reading a file did not run")
        rows.append([answer.status, f"files/read_text_file (MCP {answer.revision})", first_line(answer)])
    now = cast.ann.call("time", "get_current_time", {"timezone": "Europe/Berlin"})
    expect(now.status == "ran", "asking for the time did not run")
    rows.append([now.status, f"time/get_current_time (MCP {now.revision})", json.loads(now.text)["datetime"]])
    kept = cast.ann.call("memory", "create_entities", {"entities": [FACT]})
    expect(kept.status == "ran", "keeping a fact did not run")
    rows.append([kept.status, f"memory/create_entities (MCP {kept.revision})", "keeps: cake, Ann wants it"])
    teller.rows(rows)


def wait_for_a_person(cast: Cast) -> str:
    """Ask for what destroys; return the approval's id."""
    teller, notes = cast.teller, cast.stage.notes
    before = notes.read_text()
    teller.act("Overwriting a file waits for a person")
    teller.say("The agent wants to replace the whole launch plan. This is all that its model gets to see:")
    answer = cast.ann.speaking(Era.LEGACY).call("files", "write_file", overwriting(cast))
    teller.status(answer.status, f"files/write_file (MCP {answer.revision})")
    teller.quote(answer.text)
    expect(answer.status == "pending" and answer.approval != "", "overwriting did not wait for a person")
    expect(notes.read_text() == before, "the file was changed although nobody had approved")
    teller.say(f"The file is still as it was: {first_line(before)!r}, {len(before)} characters.")
    return answer.approval


def approve(cast: Cast, approval: str) -> None:
    """Show what a person sees, and approve."""
    teller = cast.teller
    before = cast.stage.notes.read_text()
    teller.act("Olivia looks, and approves")
    shown = json.loads(cast.stage.run("approvals", "show", approval, "-o", "json").out)["shown"]
    teller.command("approvals", "show", approval)
    teller.rows(
        [
            ["who", f"{shown['who']['verified']['subject']} through {shown['who']['verified']['workload']} (verified)"],
            ["what", f"{shown['server']}/{shown['tool']}, tier {shown['tier']}, by {', '.join(shown['policies'])}"],
            ["with", json.dumps(shown["arguments"], ensure_ascii=False)],
            ["so that", shown["consequence"]],
        ]
    )
    words = ("approvals", "approve", approval, "--as", PERSON, "--reason", "the cake is off, I checked")
    teller.command(*words)
    answered = cast.stage.run(*words).err
    teller.lines(answered.splitlines())
    expect(f"{approval}: approved" in answered, "the approval was not recorded")
    expect(cast.stage.notes.read_text() == before, "approving alone changed the file")
    teller.say(
        "Nothing has run yet: an approval executes nothing by itself. It is good for one call, of exactly these "
        "arguments to exactly this tool, by this caller, under this policy, for 15 minutes."
    )


def run_once(cast: Cast) -> None:
    """Repeat the call, with a new client of the other era."""
    teller, notes = cast.teller, cast.stage.notes
    teller.act("The call runs, once")
    teller.say("The agent was restarted meanwhile and speaks the newer protocol. It makes the same call again.")
    answer = cast.ann.call("files", "write_file", overwriting(cast))
    teller.status(answer.status, f"files/write_file (MCP {answer.revision}): {first_line(answer)}")
    expect(answer.status == "ran", "the approved call did not run")
    expect(notes.read_text() == PLAN, "the approved call did not do what was approved")
    teller.say(f"The file now holds the new plan, {len(PLAN)} characters.")


def repeat(cast: Cast, approval: str) -> None:
    """Try to use the approval a second time."""
    teller, notes = cast.teller, cast.stage.notes
    teller.act("A second time is refused")
    notes.write_text(BY_HAND)
    teller.say("Ann rewrites the plan by hand. The agent tries to use the old approval again, in both ways there are:")
    spent = cast.ann.call("files", REDEEM, {"approval_id": approval})
    teller.status(str(spent.decision.get("reason")), f"{REDEEM} {approval}")
    teller.quote(spent.text)
    expect(spent.decision.get("reason") == "approval.spent", "a used approval could be redeemed")
    again = cast.ann.call("files", "write_file", overwriting(cast))
    teller.status(again.status, f"the same write_file: a new approval, {again.approval}, has to be asked for")
    expect(again.status == "pending" and again.approval not in {"", approval}, "a used approval was good again")
    expect(notes.read_text() == BY_HAND, "the call ran a second time")
    teller.say("Ann's own words are still in the file.")


def deny(cast: Cast) -> None:
    """Deny a deletion."""
    teller = cast.teller
    teller.act("A person says no")
    teller.say("The agent wants to forget about the cake. Deleting from the memory cannot be undone.")
    asked = cast.ann.call("memory", "delete_entities", DELETION)
    expect(asked.status == "pending", "deleting did not wait for a person")
    teller.status(asked.status, f"memory/delete_entities, tier {asked.decision['tier']}, approval {asked.approval}")
    words = ("approvals", "deny", asked.approval, "--as", PERSON, "--reason", "there will be cake")
    teller.command(*words)
    cast.stage.run(*words)
    answer = cast.ann.call("memory", "delete_entities", DELETION)
    teller.status(answer.status, "memory/delete_entities, asked for again")
    teller.quote(answer.text)
    expect(answer.status == "denied", "a denied call was not denied")
    graph = cast.ann.call("memory", "read_graph", {})
    expect(graph.status == "ran" and "cake" in graph.text, "the memory lost what was not to be deleted")
    teller.say("The memory still knows of the cake.")


def overwriting(cast: Cast) -> dict[str, Any]:
    """Return the arguments of the call that the story is about."""
    return {"path": str(cast.stage.notes), "content": PLAN}


def first_line(of: Answer | str) -> str:
    """Return the first line of a text."""
    return (of if isinstance(of, str) else of.text).splitlines()[0]
