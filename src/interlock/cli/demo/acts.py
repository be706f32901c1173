"""The first act, what there is; and what every later act shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from interlock.cli.context import open_desk, policy_texts
from interlock.cli.demo.agent import Agent
from interlock.cli.demo.stage import Stage
from interlock.cli.demo.teller import Teller, expect
from interlock.control.classification import would_decide
from interlock.core.words import Source, Tier, Tool
from interlock.policy import load

TENANT = "acme"
WORKLOAD = "notes-agent"
PERSON = "olivia"
SERVERS = ("files", "memory", "time")
TELLING = (
    ("files", "read_text_file", "run"),
    ("files", "write_file", "confirm"),
    ("memory", "delete_entities", "two_persons"),
)
"""Tools to show, and the tier that the story needs each to be in."""
_EVIDENCE_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts: the stage, the teller, and the agent with Ann's token."""

    stage: Stage
    teller: Teller
    ann: Agent

    @classmethod
    def of(cls, stage: Stage, teller: Teller) -> Cast:
        """Give Ann's agent a token."""
        return cls(stage, teller, agent_of(stage, "ann"))


def agent_of(stage: Stage, subject: str) -> Agent:
    """Return an agent with a fresh token of a person."""
    words = ("--subject", subject, "--workload", WORKLOAD, "--tenant", TENANT)
    return Agent(f"http://{stage.settings.gateway.listen}", stage.run("token", *words).out.strip())


def look(stage: Stage, teller: Teller) -> None:
    """Tell what is there and how it is classed."""
    teller.act("What is there")
    teller.say(
        "Interlock asks each server what it offers, works out from names, descriptions and schemas what each tool "
        "can do, and pins its exact definition. What the server claims of itself can make a tool's class more severe, "
        "never less. Olivia, who answers for these servers, accepts what was found."
    )
    for words in (("init",), ("inventory", "sync", "--accept", "--as", PERSON, "--reason", "first look")):
        teller.command(*words)
        stage.run(*words)
    with open_desk(stage.settings) as desk:
        tools = desk.inventory().tools
    tiers = _tiers(stage, tools)
    teller.rows([_count(server, tiers) for server in SERVERS])
    expect({server for server, _ in tools} == set(SERVERS), "not every server was found")
    teller.say("Three of them, and why:")
    rows = []
    for server, name, tier in TELLING:
        found = tiers.get((server, name))
        expect(found is not None and found.label == tier, f"{server}/{name} is not in the tier {tier}")
        rows.append([tier, f"{server}/{name}", _because(tools[server, name])])
    teller.rows(rows)


def _tiers(stage: Stage, tools: Mapping[tuple[str, str], Tool]) -> dict[tuple[str, str], Tier]:
    policy = load(policy_texts(stage.settings.policy.path))
    return {
        key: would_decide(policy, tool.server, tool.definition, tool.tool_class).tier for key, tool in tools.items()
    }


def _count(server: str, tiers: Mapping[tuple[str, str], Tier]) -> list[str]:
    counts = Counter(tier.control.value for (of, _), tier in tiers.items() if of == server)
    controls = ("run", "run unattended"), ("confirm", "wait for a person"), ("block", "blocked")
    told = [f"{counts[control]} {words}" for control, words in controls if counts[control]]
    return [server, f"{counts.total()} tools", ", ".join(told)]


def _because(tool: Tool) -> str:
    """Return a class in a few words, and the evidence that carries it; the server's own claims come last."""
    given = tool.tool_class
    words = [given.impact.value.replace("_", " ")]
    words += ["destructive", given.reversibility.value] if given.destructive else []
    axis, value = ("destructive", "true") if given.destructive else ("impact", given.impact.value)
    carrying = [each for each in given.evidence if each.axis == axis and each.value == value]
    carrying.sort(key=lambda each: each.source is Source.ANNOTATION)
    told = [f"{each.source.value}: {each.detail}" for each in carrying[:_EVIDENCE_SHOWN]]
    return f"{', '.join(words)} ({'; '.join(told)})"
