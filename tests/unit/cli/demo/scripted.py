"""A stage on which commands and calls answer what a test says, for acts to be told on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from interlock.cli.demo.acts import Cast
from interlock.cli.demo.agent import Answer, Era
from interlock.cli.demo.stage import Ran
from interlock.cli.demo.teller import Teller
from interlock.core.errors import InterlockError

APPROVAL = "apr-1"


def answer(status: str = "ran", text: str = "done", **decision: Any) -> Answer:
    if status == "ran":
        return Answer(text, error=False, decision={}, revision="2026-07-28")
    return Answer(text, error=True, decision={"status": status, **decision}, revision="2026-07-28")


def pending(approval: str = APPROVAL) -> Answer:
    return answer("pending", "PENDING", approval={"id": approval}, tier="confirm", request="call-1")


@dataclass
class ScriptedAgent:
    """Answers by tool: with an answer, or with what a function of the arguments returns; lists are used up in order."""

    says: Mapping[str, Any]
    era: Era = Era.MODERN
    claims: str = "agent"
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def speaking(self, era: Era) -> ScriptedAgent:
        return replace(self, era=era)

    def call(self, _server: str, tool: str, arguments: dict[str, Any]) -> Answer:
        self.asked.append((tool, arguments))
        says = self.says[tool]
        if isinstance(says, list):
            says = says.pop(0)
        return says(arguments) if callable(says) else says


@dataclass
class ScriptedStage:
    """Commands answer by their first two words."""

    folder: Path
    says: Mapping[str, Ran | Callable[..., Ran]] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "data").mkdir()
        self.notes = self.folder / "data" / "launch.txt"
        self.notes.write_text("Launch plan\nas it was\n")

    def address(self, server: str) -> str:
        return f"http://gateway/{server}"

    def run(self, *words: str, expect: int = 0, config: Path | None = None) -> Ran:
        self.ran.append(words if config is None else (*words, str(config)))
        done = self.says.get(" ".join(words[:2]), Ran(0, "", ""))
        if done.code != expect:
            raise InterlockError(f"{words} exited {done.code}")
        return done


def cast_of(folder: Path, calls: Mapping[str, Any], commands: Mapping[str, Ran] | None = None) -> Cast:
    return Cast(ScriptedStage(folder, commands or {}), Teller(), ScriptedAgent(calls))


def printed(value: Any, code: int = 0) -> Ran:
    return Ran(code, json.dumps(value), "")
