"""From a tool's class and the arguments of one call to the class of that call.

A class is lowered only along the parameters that made it open ended, and only where the value sent has
one known meaning. Everything else that spoke for the class goes on speaking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from interlock.classify.classifier import Reading, conclude, read
from interlock.classify.clues import Clue, meaning, objects_of
from interlock.classify.effects import ARBITRARY, READ, REMOVE, REPLACE, Effect
from interlock.classify.lexicon import parameters as known
from interlock.classify.lexicon.verbs import LIGHT, NOUNISH
from interlock.classify.prose import first_words
from interlock.classify.schema import Parameter, SchemaReading, dry_run_parameters, value_clues, verbs_of
from interlock.classify.sql import dialect_of, reading_statement, touches_secrets
from interlock.classify.tokens import lower_words
from interlock.core.words import (
    Blast,
    Confidence,
    Evidence,
    Impact,
    Reversibility,
    Sensitivity,
    Source,
    ToolClass,
)

_MISSING: Any = object()
_IDENTIFIER = re.compile(r"[^\W\d][\w.:-]{0,60}\Z")
_WRITING_STAGES = frozenset({"$out", "$merge"})


def refine(
    tool_class: ToolClass, definition: Mapping[str, Any], arguments: Mapping[str, Any], *, server: str = ""
) -> ToolClass:
    """Return the class of a call of the tool with ``arguments``.

    ``definition`` must be the one that ``tool_class`` was made from. An open-ended class becomes that of
    the act chosen if every parameter in ``by`` has one known meaning; else it stays the worst case. A
    value that reaches further than the class says raises it.
    """
    if not tool_class.open_ended:
        return _raised(tool_class, arguments)
    if tool_class.confidence is Confidence.NONE:
        return tool_class
    reading = read(server, definition)
    rehearsal = _rehearses(reading, arguments)
    if rehearsal:
        return _rehearsal(tool_class, rehearsal)
    if not reading.schema.deciders:
        return _raised(replace(tool_class, open_ended=False, by=()), arguments)
    chosen: list[Clue] = []
    secret = None
    for path in reading.schema.deciders:
        value = _value(arguments, path)
        clues = _meant(reading, path, value)
        if clues is None:
            return _raised(tool_class, arguments)
        chosen.extend(clues)
        secret = secret or _secret(reading, path, value)
    reading = replace(reading, schema=_sent(reading.schema, arguments))
    return _raised(_settled(tool_class, reading, chosen, secret), arguments)


def _value(arguments: Mapping[str, Any], path: str) -> Any:
    """Return the argument at a dotted path."""
    value: Any = arguments
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _meant(reading: Reading, path: str, value: Any) -> list[Clue] | None:
    """Return what a decider's value does, or None where its meaning is not known."""
    parameter = next(item for item in reading.schema.parameters if item.path == path)
    if value is _MISSING:
        value = parameter.default
    if not isinstance(value, str):
        return None
    if parameter.name in known.HTTP_METHOD and value.upper() in known.HTTP_ALL:
        return [_clue(READ, path, value)] if value.upper() in known.HTTP_READS else None
    if (parameter.name in known.CHOOSES_ACT and parameter.name not in known.CODE) or parameter.values:
        return _act(reading, parameter, value)
    dialect = _dialect(reading, parameter)
    if dialect and reading_statement(value, dialect) is not None:
        return [_clue(READ, path, f"one reading statement ({dialect})")]
    return None


def _act(reading: Reading, parameter: Parameter, value: str) -> list[Clue] | None:
    """Return the act that a value of an action parameter names."""
    if parameter.values and value not in parameter.values:
        return None
    found = value_clues(value) if _IDENTIFIER.match(value) else ()
    if not found or not all(clue.sure for clue in found):
        return None
    words = lower_words(str(reading.definition.get("name", "")))
    objects = objects_of(words)
    clues = []
    for clue in found:
        bare = len(lower_words(value)) == 1
        effect = meaning(clue.verb, objects) if bare else clue.effect
        clues.append(_clue(effect, parameter.path, value, clue.verb))
    return clues


def _dialect(reading: Reading, parameter: Parameter) -> str | None:
    """Return the SQL dialect that server, name, description and parameter declare, if it is one."""
    definition = reading.definition
    declared = (
        *lower_words(reading.server),
        *lower_words(str(definition.get("name", ""))),
        *first_words(str(definition.get("description", "") or "")),
        *lower_words(parameter.description[:400]),
    )
    return dialect_of(declared)


def _secret(reading: Reading, path: str, value: Any) -> str | None:
    """Return the secret table or column that a reading statement touches."""
    parameter = next(item for item in reading.schema.parameters if item.path == path)
    dialect = _dialect(reading, parameter)
    if not isinstance(value, str) or parameter.values or not dialect:
        return None
    statement = reading_statement(value, dialect)
    return touches_secrets(statement) if statement is not None else None


def _clue(effect: Effect, path: str, detail: str, verb: str = "") -> Clue:
    """Return a clue of an argument."""
    return Clue(effect, Source.ARGUMENT, f"{path} = {detail}"[:120], verb)


def _sent(schema: SchemaReading, arguments: Mapping[str, Any]) -> SchemaReading:
    """Return the schema's reading without what parameters allow that were not sent or are switched off."""
    defaults = {parameter.path: parameter.default for parameter in schema.parameters}
    clues = []
    for clue in schema.clues:
        value = _value(arguments, clue.path) if clue.path else True
        if value is _MISSING:
            value = defaults.get(clue.path)
        if value not in (None, False, "", [], {}):
            clues.append(clue)
    return replace(schema, clues=tuple(clues))


def _settled(tool_class: ToolClass, reading: Reading, chosen: list[Clue], secret: str | None) -> ToolClass:
    """Return the class of a call whose deciders are all known."""
    deciding = {id(clue) for clues in reading.schema.deciders.values() for clue in clues}
    offered = _offered(reading)
    spoken = tuple(clue for clue in reading.spoken if not _explained(clue, offered))
    rest = tuple(clue for clue in reading.schema.clues if id(clue) not in deciding)
    schema = SchemaReading(reading.schema.parameters, (*rest, *chosen), {})
    claimed = () if all(clue.effect.reads for clue in chosen) else reading.claimed
    settled = conclude(replace(reading, spoken=spoken, schema=schema, claimed=claimed))
    sensitivity = Sensitivity.RESTRICTED if secret else _higher(settled.sensitivity, tool_class.sensitivity, reading)
    evidence = (*settled.evidence, *tool_class.evidence)
    if secret:
        evidence = (Evidence("sensitivity", sensitivity.value, Source.ARGUMENT, secret), *evidence)
    return replace(
        settled,
        sensitivity=sensitivity,
        open_ended=False,
        by=(),
        confidence=tool_class.confidence,
        evidence=evidence,
        findings=tool_class.findings,
    )


def _higher(settled: Sensitivity, whole: Sensitivity, reading: Reading) -> Sensitivity:
    """Return the tool's own sensitivity unless only the acts not chosen made it restricted."""
    order = tuple(Sensitivity)
    if whole is Sensitivity.RESTRICTED and any(
        clue.effect.restricted for clues in reading.schema.deciders.values() for clue in clues
    ):
        return settled
    return max(settled, whole, key=order.index)


def _offered(reading: Reading) -> set[str]:
    """Return the verbs that the deciders offer, and those that say nothing by themselves."""
    values = [
        value for item in reading.schema.parameters if item.path in reading.schema.deciders for value in item.values
    ]
    told = {clue.verb for clues in reading.schema.deciders.values() for clue in clues}
    return verbs_of(values) | told | LIGHT | {"query", "request", "call", "send", "fetch"}


def _explained(clue: Clue, offered: set[str]) -> bool:
    """Whether a spoken effect is one of those among which the deciders choose."""
    return not clue.effect.reads and (clue.verb in offered or not clue.sure or clue.verb in NOUNISH)


def _rehearses(reading: Reading, arguments: Mapping[str, Any]) -> str | None:
    """Return the path of a rehearsal flag that is set, if the tool declares one."""
    if any(clue.effect is ARBITRARY for clue in reading.schema.clues):
        return None
    return next(
        (path for path in dry_run_parameters(reading.schema.parameters) if _value(arguments, path) is True), None
    )


def _rehearsal(tool_class: ToolClass, path: str) -> ToolClass:
    """Return the class of a call that only shows what would happen."""
    return replace(
        tool_class,
        impact=Impact.READ_ONLY,
        destructive=False,
        reversibility=Reversibility.NONE_NEEDED,
        open_ended=False,
        by=(),
        evidence=(Evidence("impact", "read_only", Source.ARGUMENT, f"{path} = true"), *tool_class.evidence),
    )


def _raised(tool_class: ToolClass, arguments: Mapping[str, Any]) -> ToolClass:
    """Return the class raised by arguments that reach further than it says."""
    for effect, detail in _reaches(tool_class, arguments):
        impact = max(tool_class.impact, effect.impact, key=list(Impact).index)
        reversibility = max(tool_class.reversibility, effect.reversibility, key=list(Reversibility).index)
        tool_class = replace(
            tool_class,
            impact=impact,
            destructive=True,
            reversibility=reversibility,
            blast=max(tool_class.blast, Blast.MANY, key=list(Blast).index),
            evidence=(Evidence("destructive", "true", Source.ARGUMENT, detail), *tool_class.evidence),
        )
    return tool_class


def _flat(arguments: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield every argument by its own name, nested ones to a depth of three."""
    for name, value in arguments.items():
        yield str(name), value
        if isinstance(value, Mapping) and depth < 3:  # noqa: PLR2004 - documented above
            yield from _flat(value, depth + 1)


def _reaches(tool_class: ToolClass, arguments: Mapping[str, Any]) -> Iterator[tuple[Effect, str]]:
    """Yield what flags and pipelines among the arguments add, declared or not."""
    for name, value in _flat(arguments):
        if value is True:
            written = "_".join(lower_words(name))
            if written in known.DESTROYS or (written in known.ENLARGES and tool_class.impact is not Impact.READ_ONLY):
                yield (REMOVE if written in known.DESTROYS else REPLACE), f"{name} = true"
        elif isinstance(value, list):
            for stage in value:
                if isinstance(stage, Mapping) and _WRITING_STAGES & stage.keys():
                    yield REPLACE, f"{name} writes its result"
