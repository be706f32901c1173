"""What a tool's parameters say it can be made to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interlock.classify.clues import Clue, meaning
from interlock.classify.effects import (
    ADD,
    ARBITRARY,
    EDIT,
    GRANT,
    PAY,
    PROVISION,
    REMOVE,
    REPLACE,
    RUN,
    SEND,
    TOUCH,
    Effect,
)
from interlock.classify.lexicon import parameters as known
from interlock.classify.lexicon.acts import VERBS
from interlock.classify.lexicon.tongues import FOREIGN
from interlock.classify.lexicon.verbs import NOUNISH, NOUNS_BEHIND_AND
from interlock.classify.names import read_name
from interlock.classify.prose import first_words, passives
from interlock.classify.tokens import lemma, lower_words
from interlock.core.words import Source

DEPTH = 4  # how deep nested objects are searched for parameters
_LISTED = re.compile(
    r"['\"`]([A-Za-z][\w-]{1,40})['\"`]|(?:^|[,(:|/]\s*|\bor\s+)([a-z][a-z_-]{2,30})(?=\s*(?:[,)|/:=-]|\bor\b|$))"
)
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_ROUTES = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its dotted path, its name's words joined by ``_``, its values if they are enumerated."""

    path: str
    name: str
    type: str
    values: tuple[str, ...]
    description: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class SchemaReading:
    """The clues of a schema, and the parameters that decide what the tool does with the acts each can choose."""

    parameters: tuple[Parameter, ...]
    clues: tuple[Clue, ...]
    deciders: Mapping[str, tuple[Clue, ...]]


def parameters_of(definition: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Return every parameter of a definition, nested ones included to a depth of four."""
    schema = definition.get("inputSchema")
    if not isinstance(schema, Mapping):
        return ()
    return tuple(_walk(schema, schema, "", ()))


def _walk(
    schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str, above: tuple[Mapping[str, Any], ...]
) -> Iterator[Parameter]:
    """Yield the parameters below ``schema``; what refers to a schema ``above`` itself is not read again."""
    target = _followed(schema, root)
    if len(above) > DEPTH or any(target is outer for outer in above):
        return
    above = (*above, target)
    properties = target.get("properties")
    for name, below in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(below, Mapping):
            path = f"{prefix}{name}"
            yield _parameter(str(name), path, _followed(below, root), root)
            yield from _walk(below, root, f"{path}.", above)
    items = target.get("items")
    if isinstance(items, Mapping):
        yield from _walk(items, root, f"{prefix.removesuffix('.')}[]." if prefix else "", above)
    for route in _ROUTES:
        branches = target.get(route)
        for branch in branches if isinstance(branches, list) else ():
            if isinstance(branch, Mapping):
                yield from _walk(branch, root, prefix, above)


def _followed(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a local ``$ref`` points to, or the schema itself."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#"):
        return schema
    target: Any = root
    for part in reference.split("/")[1:]:
        target = target.get(part) if isinstance(target, Mapping) else None
    return target if isinstance(target, Mapping) else schema


def _parameter(name: str, path: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Parameter:
    """Return one parameter's word."""
    branches = [schema]
    for route in _ROUTES:
        found = schema.get(route)
        branches.extend(_followed(branch, root) for branch in found or () if isinstance(branch, Mapping))
    values: list[str] = []
    kinds: list[str] = []
    for branch in branches:
        listed = branch.get("enum")
        values.extend(str(value) for value in (listed if isinstance(listed, list) else ()) if isinstance(value, str))
        if isinstance(branch.get("const"), str):
            values.append(branch["const"])
        kind = branch.get("type")
        kinds.extend([kind] if isinstance(kind, str) else kind if isinstance(kind, list) else [])
    told = schema.get("description")
    kind = next((kind for kind in kinds if kind != "null"), "")
    return Parameter(
        path,
        "_".join(lower_words(name)),
        kind,
        tuple(values),
        told if isinstance(told, str) else "",
        schema.get("default"),
    )


def read_schema(definition: Mapping[str, Any], server: str, *, writes: bool, verb: str) -> SchemaReading:
    """Return what the parameters say. ``writes`` and ``verb`` are what name and description said before."""
    parameters = parameters_of(definition)
    clues: list[Clue] = []
    deciders: dict[str, tuple[Clue, ...]] = {}
    name = lower_words(str(definition.get("name", "")))
    text = " ".join((server, *name, *first_words(str(definition.get("description", "")))))
    siblings = {parameter.name for parameter in parameters}
    for parameter in parameters:
        chosen = () if _looked_at(parameter, name, siblings, verb) else _chosen(parameter, siblings, verb)
        chosen = chosen or _carried_out(parameter, text, verb)
        if chosen:
            deciders[parameter.path] = chosen
            clues.extend(chosen)
        clues.extend(_flag_clues(parameter))
        clues.extend(passives(parameter.description, aside=True, source=Source.SCHEMA))
        if writes:
            clues.extend(_write_clues(parameter))
    return SchemaReading(parameters, tuple(clues), deciders)


def _clue(effect: Effect, parameter: Parameter, why: str, verb: str = "") -> Clue:
    """Return a clue of the schema."""
    return Clue(effect, Source.SCHEMA, f"parameter {parameter.path!r} {why}", verb, path=parameter.path)


def _chosen(parameter: Parameter, siblings: set[str], verb: str) -> tuple[Clue, ...]:
    """Return the acts among which a parameter chooses, if one of them is an effect."""
    if parameter.name in known.HTTP_METHOD:
        http = _http(parameter, siblings)
        if http:
            return http
    if parameter.name not in known.CHOOSES_ACT | known.HTTP_METHOD or parameter.type not in {"", "string"}:
        return ()
    values = parameter.values or tuple(_told_values(parameter))
    if verb in known.FILTERING_VERBS:  # "list events by action": only a plain verb can be an act there
        values = tuple(value for value in values if value.lower() in VERBS)
        if all(meaning(value.lower(), ()).reads for value in values):
            return ()
    acts = _acts(parameter, values)
    if acts is None:
        return (_clue(ARBITRARY, parameter, "chooses the act and lists no values"),)
    if all(clue.effect.reads for _, clue in acts):
        return ()
    return tuple(_clue(clue.effect, parameter, f"may be {value!r}", clue.verb) for value, clue in acts)


def _looked_at(parameter: Parameter, name: Sequence[str], siblings: set[str], verb: str) -> bool:
    """Whether what a parameter names is looked at, not done: the action of "get action", a method in documentation."""
    if verb not in known.SHOWING_VERBS | known.FILTERING_VERBS | {"fetch"}:
        return False
    if parameter.name in known.HTTP_METHOD:
        return bool(known.READ_ABOUT.intersection(name)) and not siblings & known.HTTP_SENT
    if verb not in known.SHOWING_VERBS or parameter.values:
        return False
    return parameter.name.split("_")[0] in name[1:] or bool(known.LOGGED.intersection(name))


def _acts(parameter: Parameter, values: Sequence[str]) -> list[tuple[str, Clue]] | None:
    """Return each value with the act it names, or None where any act may be meant.

    A parameter that need not choose acts ("mode") does so only if most of its values are plain verbs.
    """
    acts = [(value, clue) for value in values for clue in value_clues(value)]
    if parameter.name in known.CHOOSES_MAYBE | known.HTTP_METHOD:
        acts = [(value, clue) for value, clue in acts if clue.sure and value.lower() not in NOUNISH | NOUNS_BEHIND_AND]
        return acts if len(acts) * 2 >= len(values) else []
    if not values:
        return None
    unread = [value for value in values if not value_clues(value)] if acts else []
    return [*acts, *((value, Clue(RUN, Source.SCHEMA, "", "", sure=False)) for value in unread)]


def value_clues(value: str) -> tuple[Clue, ...]:
    """Return the acts that a value of an action parameter names; a lone word there is a verb if it can be one."""
    words = lower_words(value)
    verb = lemma(words[0]) if len(words) == 1 and (words[0] in VERBS or words[0] in FOREIGN) else None
    return (Clue(meaning(verb, ()), Source.SCHEMA, value, verb),) if verb else read_name(value).clues


def _told_values(parameter: Parameter) -> Iterator[str]:
    """Yield the values that a parameter's description lists."""
    for match in _LISTED.finditer(parameter.description):
        value = match.group(1) or match.group(2)
        if value_clues(value):
            yield value


def _http(parameter: Parameter, siblings: set[str]) -> tuple[Clue, ...]:
    """Return what an HTTP method can do."""
    upper = {value.upper() for value in parameter.values}
    if upper & known.HTTP_ALL:
        if upper <= known.HTTP_READS:
            return ()
    elif parameter.values or not (siblings & known.HTTP_TARGET or "http" in parameter.description.lower()):
        return ()
    return (_clue(ARBITRARY, parameter, "is an HTTP method that may write"),)


def _carried_out(parameter: Parameter, text: str, verb: str) -> tuple[Clue, ...]:
    """Return what a free text that is carried out can do."""
    if (
        parameter.type not in {"", "string", "array"}
        or parameter.values
        or (verb in known.LOOKING_VERBS - {"query", "read"} and _looks(parameter, verb))
    ):
        return ()
    if parameter.name in known.SQL:
        return (_clue(ARBITRARY, parameter, "is SQL"),)
    languages = _languages(f"{text} {parameter.description}")
    if languages & known.READING_LANGUAGES:
        return ()
    if parameter.name in known.QUERY and _may_write(languages, verb):
        return (_clue(ARBITRARY, parameter, "is a query in a language that may write"),)
    if parameter.name in known.CODE and "." not in parameter.path.removeprefix("params."):
        if verb in known.LOOKING_VERBS:
            return ()
        if parameter.name in {"code", "expression", "snippet"} and verb not in {
            "run",
            "execute",
            "exec",
            "eval",
            "evaluate",
            "process",
            "",
        }:
            return ()
        return (_clue(ARBITRARY, parameter, "is carried out"),)
    return ()


def _may_write(languages: set[str], verb: str) -> bool:
    """Whether a query may be in a language that can write: one is named, or none is and it is executed."""
    if verb not in {*known.EXECUTES, "query", "read", ""}:
        return False
    if languages & (known.WRITING_LANGUAGES | known.STORES):
        return True
    return verb in known.EXECUTES and not languages & {"search", "lookup", "web"}


def _looks(parameter: Parameter, verb: str) -> bool:
    """Whether a looking verb only looks at this parameter instead of carrying it out."""
    if parameter.name in known.SQL:
        return verb in {"validate", "lint", "check", "format", "parse", "translate", "convert", "generate", "review"}
    return True


def _languages(text: str) -> set[str]:
    """Return the lower-case words of ``text`` that could name languages."""
    return {word.lower() for word in _LANGUAGE.findall(text[:4000])}


def _flag_clues(parameter: Parameter) -> Iterator[Clue]:
    """Yield what a parameter adds to any tool, also to one that otherwise reads."""
    if known.names_output(parameter.name) or (
        parameter.name in {"filename", "file_path", "file_name", "path", "destination", "output"}
        and re.search(
            r"\b(?:save|write|store|download)(?:s|d|n)?\b.{0,40}\b(?:to|in|as|file|path|disk)\b|\bsaved?\b",
            parameter.description,
            re.IGNORECASE,
        )
    ):
        yield _clue(ADD, parameter, "names a file to write")
    if parameter.type not in {"boolean", ""}:
        return
    if parameter.name in known.DESTROYS:
        yield _clue(REMOVE, parameter, "can destroy what is there")
    elif parameter.name in known.MARKS:
        yield _clue(EDIT, parameter, "marks what is read")


_ON_WRITES: tuple[tuple[frozenset[str], Effect, str], ...] = (
    (known.NOTIFIES, SEND, "can notify people"),
    (known.RECIPIENTS, SEND, "names people to reach"),
    (known.OPENS_ACCESS, GRANT, "can change who has access"),
    (known.MONEY, PAY, "is about money"),
    (known.CAPACITY, PROVISION, "asks for capacity that costs"),
    (known.DESTROYS | known.ENLARGES, REPLACE, "can widen the effect"),
    (known.SUBMITS, SEND, "can submit"),
    (known.ELEMENTS, TOUCH, "points at an element of a live page"),
)


def _write_clues(parameter: Parameter) -> Iterator[Clue]:
    """Yield what a parameter adds to a tool that writes."""
    for names, effect, why in _ON_WRITES:
        if parameter.name in names:
            yield _clue(effect, parameter, why)


def dry_run_parameters(parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """Return the paths of flags that turn a call into a rehearsal."""
    return tuple(p.path for p in parameters if p.name in known.DRY_RUN and p.type == "boolean")


def verbs_of(values: Sequence[str]) -> set[str]:
    """Return the base forms of all verbs among ``values``."""
    return {base for value in values for word in lower_words(value) if (base := lemma(word))}
