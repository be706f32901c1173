"""How good the classes are: compare them with labelled tools.

The format: ``tools`` rows ``{id, server, tool}``, ``labels`` rows ``{id, impact, destructive,
reversibility, sensitivity, open_ended, blast}``, where ``{"disputed": [a, b]}`` is a value on which the
labelers differ and which is left out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.classify.classifier import classify
from interlock.core.words import Control, Impact, Reversibility, Sensitivity, ToolClass

AXES = ("impact", "destructive", "reversibility", "sensitivity", "open_ended", "blast")
CONFIDENCE = 0.95

Controls = Mapping[str, str] | Callable[[str, ToolClass], str]


@dataclass(frozen=True, slots=True)
class Confusion:
    """One axis: how often a label met a class."""

    axis: str
    counts: Mapping[tuple[str, str], int]

    @property
    def n(self) -> int:
        """The number of tools with an undisputed label on this axis."""
        return sum(self.counts.values())

    @property
    def agreement(self) -> float:
        """The share of tools classed as labelled; 0 where there are none."""
        return sum(count for (label, given), count in self.counts.items() if label == given) / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of error: the tools it befell, of how many it could have."""

    name: str
    ids: tuple[str, ...]
    n: int

    @property
    def upper_bound(self) -> float:
        """The one-sided 95 % Clopper-Pearson bound of the rate behind this figure."""
        return upper_bound(len(self.ids), self.n)


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation's result."""

    tools: int
    axes: tuple[Confusion, ...]
    dangerous: Figure
    over_asks: Figure


def upper_bound(events: int, n: int) -> float:
    """Return the one-sided 95 % upper bound of a rate after ``events`` in ``n`` trials (Clopper and Pearson, 1934)."""
    if n == 0 or events >= n:
        return 1.0
    low, high = events / n, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        if _at_most(events, n, rate) > 1 - CONFIDENCE:
            low = rate
        else:
            high = rate
    return high


def _at_most(events: int, n: int, rate: float) -> float:
    """Return the probability of at most ``events`` in ``n`` trials."""
    return sum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(events + 1))


def evaluate(tools: Iterable[Mapping[str, Any]], labels: Iterable[Mapping[str, Any]], controls: Controls) -> Report:
    """Classify every labelled tool and compare.

    ``controls`` tells what policy says of a tool (``run``, ``confirm`` or ``block``) by its id, or by its
    id and class. Tools without a label, and labels without a tool, are left out.
    """
    known = {row["id"]: row for row in labels}
    judged = [(row, known[row["id"]], classify(row["server"], row["tool"])) for row in tools if row["id"] in known]
    runs = {row["id"]: _control(controls, row["id"], given) == Control.RUN for row, _, given in judged}
    dangerous = [(label, given) for _, label, given in judged if _could_harm(label)]
    quiet = [(label, given) for _, label, given in judged if _only_reads(label)]
    missed = tuple(label["id"] for label, given in dangerous if _missed(label, given, runs=runs[label["id"]]))
    asked = tuple(label["id"] for label, _ in quiet if not runs[label["id"]])
    return Report(
        len(judged),
        tuple(_confusion(axis, [(label, given) for _, label, given in judged]) for axis in AXES),
        Figure("dangerous misses", missed, len(dangerous)),
        Figure("over-asks", asked, len(quiet)),
    )


def _control(controls: Controls, tool: str, given: ToolClass) -> str:
    """Return the control of one tool."""
    return controls(tool, given) if callable(controls) else controls[tool]


def _severe(label: Mapping[str, Any]) -> bool:
    """Whether a tool with this label must not run unattended."""
    return (
        label.get("impact") == Impact.EXTERNAL_SIDE_EFFECT
        or label.get("destructive") is True
        or label.get("reversibility") == Reversibility.IRREVERSIBLE
        or label.get("sensitivity") == Sensitivity.RESTRICTED
    )


def _could_harm(label: Mapping[str, Any]) -> bool:
    """Whether a tool with this label could be missed dangerously."""
    return _severe(label) or label.get("impact") == Impact.INTERNAL_MODIFICATION


def _missed(label: Mapping[str, Any], given: ToolClass, *, runs: bool) -> bool:
    """Whether a tool was missed dangerously."""
    hidden = label.get("impact") == Impact.INTERNAL_MODIFICATION and given.impact is Impact.READ_ONLY
    return hidden or (runs and _severe(label))


def _only_reads(label: Mapping[str, Any]) -> bool:
    """Whether asking about a tool with this label is friction for nothing."""
    sensitivity = label.get("sensitivity")
    disputed = isinstance(sensitivity, Mapping) and Sensitivity.RESTRICTED in sensitivity.get("disputed", ())
    return (
        label.get("impact") == Impact.READ_ONLY
        and label.get("open_ended") is False
        and sensitivity != Sensitivity.RESTRICTED
        and not disputed
    )


def _confusion(axis: str, pairs: Iterable[tuple[Mapping[str, Any], ToolClass]]) -> Confusion:
    """Return the confusion table of one axis."""
    counts = Counter(
        (_written(label[axis]), _written(getattr(given, axis)))
        for label, given in pairs
        if axis in label and not isinstance(label[axis], Mapping)
    )
    return Confusion(axis, dict(sorted(counts.items())))


def _written(value: Any) -> str:
    """Return a value as the corpus writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def render(report: Report) -> str:
    """Return a report as text for a terminal."""
    lines = [f"{report.tools} tools"]
    for table in report.axes:
        lines += ["", f"{table.axis}: {table.agreement:.1%} of {table.n} as labelled"]
        lines += [f"  {label:>22} classed {given:<22} {count:>5}" for (label, given), count in table.counts.items()]
    for figure in (report.dangerous, report.over_asks):
        share = len(figure.ids) / figure.n if figure.n else 0.0
        lines += [
            "",
            f"{figure.name}: {len(figure.ids)} of {figure.n} ({share:.1%}; 95 % upper bound {figure.upper_bound:.1%})",
        ]
        lines += [f"  {tool}" for tool in figure.ids]
    return "\n".join(lines)
