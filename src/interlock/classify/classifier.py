"""From a tool's definition to its class: gather clues, join them by the worst, show winners and losers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from interlock.classify.clues import Clue
from interlock.classify.effects import ARBITRARY, UNKNOWN, Effect, join
from interlock.classify.exposure import blast_of, sensitivity_of
from interlock.classify.hints import CONTRADICTED, read_hints
from interlock.classify.lexicon.phrases import ARRANGING
from interlock.classify.lexicon.verbs import LIGHT
from interlock.classify.names import read_name
from interlock.classify.prose import MOST, is_feeble, read_description
from interlock.classify.schema import SchemaReading, dry_run_parameters, read_schema
from interlock.core.words import Confidence, Evidence, Impact, Reversibility, Sensitivity, Source, ToolClass

OVERSIZED = "description.oversized"


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that a definition says, before it is joined."""

    server: str
    definition: Mapping[str, Any]
    spoken: tuple[Clue, ...]
    dropped: tuple[Clue, ...]
    schema: SchemaReading
    claimed: tuple[Clue, ...]
    findings: tuple[str, ...]


def classify(server: str, definition: Mapping[str, Any], *, review: ToolClass | None = None) -> ToolClass:
    """Return the class of a tool: the worst its arguments allow.

    ``review`` is an owner's reviewed class for exactly this definition; it beats whatever is inferred,
    in both directions, and the inferred evidence stays visible beside it.
    """
    inferred = conclude(read(server, definition))
    if review is None:
        return inferred
    return replace(
        review,
        confidence=Confidence.REVIEWED,
        evidence=(*_reviewed(review), *inferred.evidence),
        findings=tuple(dict.fromkeys((*review.findings, *inferred.findings))),
    )


def _reviewed(review: ToolClass) -> Iterable[Evidence]:
    """Yield an owner's word on each axis."""
    for axis, value in _axes(review):
        yield Evidence(axis, value, Source.REVIEWED, "an owner's review of this definition")


def _axes(tool_class: ToolClass) -> tuple[tuple[str, str], ...]:
    """Return each axis with its value as evidence writes it."""
    return (
        ("impact", tool_class.impact.value),
        ("destructive", str(tool_class.destructive).lower()),
        ("reversibility", tool_class.reversibility.value),
        ("sensitivity", tool_class.sensitivity.value),
        ("blast", tool_class.blast.value),
        ("open_ended", str(tool_class.open_ended).lower()),
    )


def read(server: str, definition: Mapping[str, Any]) -> Reading:
    """Return what name, description, schema and annotations of a definition say."""
    text = definition.get("description")
    described = read_description(text) if isinstance(text, str) else ()
    name = read_name(str(definition.get("name", "")), server, alone=not described)
    spoken, dropped = _heard(name.clues, described)
    verb = next((clue.verb for clue in spoken), "")
    writes = any(not clue.effect.reads for clue in spoken)
    schema = read_schema(definition, server, writes=writes, verb=verb)
    annotations = definition.get("annotations")
    claims = annotations if isinstance(annotations, Mapping) else {}
    claimed, findings = read_hints(claims, _committed(spoken, schema))
    if isinstance(text, str) and len(text) > MOST:
        findings = (*findings, OVERSIZED)
    return Reading(server, definition, spoken, dropped, schema, claimed, findings)


def _committed(spoken: Sequence[Clue], schema: SchemaReading) -> list[Clue]:
    """Return what the tool does whatever its free-form arguments say: what a claim to only read can contradict."""
    open_ended = any(clue.effect is ARBITRARY for clue in schema.clues)
    said = [clue for clue in spoken if not (open_ended and clue.verb in LIGHT)]
    return [*said, *(clue for clue in schema.clues if clue.effect is not ARBITRARY)]


def _heard(name: Sequence[Clue], described: Sequence[Clue]) -> tuple[tuple[Clue, ...], tuple[Clue, ...]]:
    """Return the clues to believe and those that a surer one explains away.

    An unsure word of the name ("order", "build") yields to the description's main verb; a light verb
    ("execute") and a feeble one ("returns") yield to any other; arranging ("group the results") yields
    to a name that surely reads.
    """
    main = described[0] if described else None
    sure_main = main is not None and main.sure
    sure_name = any(clue.sure and clue.verb not in LIGHT for clue in name)
    surely_reads = sure_name and all(clue.effect.reads for clue in name)
    dropped: list[Clue] = []
    kept: list[Clue] = []
    for clue in name:
        explained = (
            not clue.sure and sure_main and main is not None and not (clue.effect.reads and not main.effect.reads)
        )
        (dropped if explained else kept).append(clue)
    for index, clue in enumerate(described):
        weak = index == 0 and not clue.sure and (clue.verb in LIGHT) and sure_name
        weak = weak or (surely_reads and clue.verb in ARRANGING and not clue.effect.destructive)
        (dropped if weak else kept).append(clue)
    return tuple(kept), tuple(dropped)


def conclude(reading: Reading) -> ToolClass:
    """Join what a reading says into a class."""
    clues = (*reading.spoken, *reading.schema.clues, *reading.claimed)
    confidence = _confidence(reading)
    effects = [clue.effect for clue in clues] or [UNKNOWN]
    impact, destructive, reversibility = join(effects)
    writes = impact is not Impact.READ_ONLY
    by = tuple(reading.schema.deciders)
    if not by and _asks(impact, reversibility, destructive=destructive):
        by = dry_run_parameters(reading.schema.parameters)
    sensitivity, sensitive = sensitivity_of(
        reading.server, reading.definition, reading.schema.parameters, writes=writes
    )
    if any(effect.restricted for effect in effects) and sensitivity is not Sensitivity.RESTRICTED:
        sensitive.append(_restricted_by(clues))
        sensitivity = Sensitivity.RESTRICTED
    blast, why = blast_of(reading.definition, reading.schema.parameters, open_ended=ARBITRARY in effects)
    findings = reading.findings if clues else (*reading.findings, "evidence.none")
    return ToolClass(
        impact=impact,
        destructive=destructive,
        reversibility=reversibility,
        sensitivity=sensitivity,
        blast=blast,
        open_ended=bool(by),
        by=by,
        confidence=confidence,
        evidence=tuple(_evidence(clues, reading.dropped, sensitive, why, by)),
        findings=findings,
    )


def _asks(impact: Impact, reversibility: Reversibility, *, destructive: bool) -> bool:
    """Whether a rehearsal would be worth telling apart from the real thing."""
    return destructive or impact is Impact.EXTERNAL_SIDE_EFFECT or reversibility is Reversibility.IRREVERSIBLE


def _restricted_by(clues: Sequence[Clue]) -> Evidence:
    """Return the evidence that the act itself touches access or secrets."""
    clue = next(clue for clue in clues if clue.effect.restricted)
    return Evidence("sensitivity", Sensitivity.RESTRICTED.value, clue.source, clue.detail)


def _confidence(reading: Reading) -> Confidence:
    """Return how well the evidence carries the class; contradiction and silence carry nothing."""
    if CONTRADICTED in reading.findings or OVERSIZED in reading.findings:
        return Confidence.NONE
    told = (*reading.spoken, *reading.schema.clues)
    if any(clue.sure and not is_feeble(clue.verb) for clue in told):
        return Confidence.HIGH
    return Confidence.LOW if told else Confidence.NONE


def _evidence(
    clues: Sequence[Clue], dropped: Sequence[Clue], sensitive: Sequence[Evidence], blast: Evidence, by: Sequence[str]
) -> Iterable[Evidence]:
    """Yield every clue on every axis it speaks for: winners, then losers, then what was set aside."""
    ranked = sorted(clues, key=lambda clue: clue.effect.severity, reverse=True)
    told = [(clue, clue.detail) for clue in ranked] + [(clue, f"set aside: {clue.detail}") for clue in dropped]
    for axis in ("impact", "destructive", "reversibility"):
        yield from dict.fromkeys(Evidence(axis, _value(clue.effect, axis), clue.source, why) for clue, why in told)
    order = tuple(Sensitivity)
    yield from sorted(sensitive, key=lambda item: -order.index(Sensitivity(item.value)))
    yield blast
    for path in by:
        yield Evidence("open_ended", "true", Source.SCHEMA, f"parameter {path!r} decides what is done")


def _value(effect: Effect, axis: str) -> str:
    """Return the value of one axis as evidence writes it."""
    value = getattr(effect, axis)
    if isinstance(value, Impact | Reversibility):
        return value.value
    return str(value).lower()
