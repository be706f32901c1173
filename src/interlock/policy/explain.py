"""Why a call is decided as it is: for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.core.reasons import REASONS, Reason
from interlock.core.words import Decision, Facts, Tool, ToolCall
from interlock.policy.decide import Answer, PolicySnapshot, hard_rule
from interlock.policy.facts import as_json


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, the facts it rests on (those the policies mention), and the answer at each level asked.

    No answers means that Cedar was not asked: a rule that no policy can lift decided.
    """

    decision: Decision
    facts: Mapping[str, Any]
    answers: tuple[Answer, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as a JSON object."""
        return {
            "tier": self.decision.tier.label,
            "control": str(self.decision.control),
            "reason": str(self.decision.reason),
            "policies": list(self.decision.policies),
            "policy_digest": self.decision.policy_digest,
            "facts": dict(self.facts),
            "asked": [
                {
                    "assurance": answer.assurance,
                    "permitted": answer.permitted,
                    "policies": list(answer.policies),
                    "errors": list(answer.errors),
                }
                for answer in self.answers
            ],
        }

    def as_text(self) -> str:
        """Return the explanation as lines for a person."""
        lines = [f"{self.decision.tier.label}: {self.decision.reason} ({REASONS[Reason(self.decision.reason)]})"]
        lines += [_line(answer) for answer in self.answers]
        lines += [f"  fact {name} = {value}" for name, value in self.facts.items()]
        return "\n".join([*lines, f"  policies {self.decision.policy_digest}"])


def explain(snapshot: PolicySnapshot, call: ToolCall, tool: Tool, facts: Facts) -> Explanation:
    """Decide the call anew, nothing remembered, and return how the decision came about."""
    if hard_rule(tool, facts) is not None:
        decided = {"stopped": facts.stopped, "stage": str(tool.stage), "standing": str(tool.standing)}
        return Explanation(snapshot.judge(call, tool, facts), decided, ())
    key = snapshot.key(call, tool, facts)
    answers = list(snapshot.answers(key))
    shown = {name: as_json(value) for name, value in zip(snapshot.mentioned, key, strict=True)}
    return Explanation(snapshot.decided(answers), shown, tuple(answers))


def _line(answer: Answer) -> str:
    said = "error" if answer.errors else "permit" if answer.permitted else "deny"
    by = ", ".join(answer.errors or answer.policies) or "no policy"
    return f"  assurance {answer.assurance}: {said} by {by}"
