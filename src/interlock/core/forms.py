"""Words as JSON and back: the one form in which stores, files and messages keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from interlock.core.approval import Answer, Approval, State, class_axes
from interlock.core.words import (
    Blast,
    Confidence,
    Evidence,
    Impact,
    Reversibility,
    Sensitivity,
    Source,
    Tier,
    ToolClass,
)


def class_to_json(tool_class: ToolClass) -> dict[str, Any]:
    """Return a class with its evidence and findings."""
    evidence = [{**asdict(item), "source": item.source.value} for item in tool_class.evidence]
    return class_axes(tool_class) | {"evidence": evidence, "findings": list(tool_class.findings)}


def class_from_json(form: Mapping[str, Any]) -> ToolClass:
    """Return the class that :func:`class_to_json` wrote.

    Raises:
        KeyError: an axis is missing.
        ValueError: an axis has a value that is none of its own.

    """
    return ToolClass(
        impact=Impact(form["impact"]),
        destructive=_boolean(form, "destructive"),
        reversibility=Reversibility(form["reversibility"]),
        sensitivity=Sensitivity(form["sensitivity"]),
        blast=Blast(form["blast"]),
        open_ended=_boolean(form, "open_ended"),
        by=tuple(form.get("by", ())),
        confidence=Confidence(form.get("confidence", Confidence.HIGH)),
        evidence=tuple(
            Evidence(item["axis"], item["value"], Source(item["source"]), item["detail"])
            for item in form.get("evidence", ())
        ),
        findings=tuple(form.get("findings", ())),
    )


def approval_to_json(approval: Approval) -> dict[str, Any]:
    """Return everything of an approval."""
    return {name: getattr(approval, name) for name in Approval.__dataclass_fields__} | {
        "state": approval.state.value,
        "tier": approval.tier.label,
        "shown": dict(approval.shown),
        "answer": asdict(approval.answer) if approval.answer else None,
    }


def approval_from_json(form: Mapping[str, Any]) -> Approval:
    """Return the approval that :func:`approval_to_json` wrote.

    Raises:
        KeyError: a field is missing.
        ValueError: a field has a value that is none of its own.

    """
    answer = form["answer"]
    return Approval(
        **{
            **form,
            "state": State(form["state"]),
            "tier": Tier[form["tier"].upper()],
            "answer": Answer(**answer) if answer else None,
        }
    )


def _boolean(form: Mapping[str, Any], axis: str) -> bool:
    value = form[axis]
    if not isinstance(value, bool):
        raise ValueError(f"{axis} is neither true nor false")  # noqa: TRY004 (a bad value like the other axes')
    return value
