"""How sensitive the data of a tool is, and how much one call can touch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from interlock.classify.lexicon import nouns
from interlock.classify.lexicon.parameters import SECRETS
from interlock.classify.lexicon.phrases import MANNERS
from interlock.classify.lexicon.text import wordset
from interlock.classify.prose import first_words
from interlock.classify.schema import Parameter
from interlock.classify.tokens import fuse, lower_words, singular
from interlock.core.words import Blast, Evidence, Sensitivity, Source

_TOKENS = wordset("token tokens")
_KEYS = wordset("key keys")
_VAULTS = wordset("vault vaults")


def sensitivity_of(
    server: str, definition: Mapping[str, Any], parameters: Sequence[Parameter], *, writes: bool
) -> tuple[Sensitivity, list[Evidence]]:
    """Return the highest sensitivity that name, description, server and parameters speak for, with every reason."""
    found = list(_reasons(server, definition, parameters, writes=writes))
    if not found:
        found = [Evidence("sensitivity", Sensitivity.INTERNAL.value, Source.NAME, "nothing says otherwise")]
    order = tuple(Sensitivity)
    worst = max((Sensitivity(item.value) for item in found), key=order.index)
    return worst, found


def _reasons(
    server: str, definition: Mapping[str, Any], parameters: Sequence[Parameter], *, writes: bool
) -> Iterator[Evidence]:
    """Yield every reason for a sensitivity."""
    name = lower_words(str(definition.get("name", "")))
    told = first_words(str(definition.get("description", "") or ""))
    for source, words in ((Source.NAME, name), (Source.DESCRIPTION, told)):
        hit = restricted_word(words, whole=source is Source.NAME)
        if hit and not (hit in _VAULTS and _about_notes((*name, *told))):
            yield _evidence(Sensitivity.RESTRICTED, source, hit)
        public = next((word for word in words[:12] if word in nouns.PUBLIC), None)
        private = next((word for word in words[:12] if word in nouns.CONFIDENTIAL), None)
        if private:
            yield _evidence(Sensitivity.CONFIDENTIAL, source, private)
        elif public and not writes:
            yield _evidence(Sensitivity.PUBLIC, source, public)
    kinds = {parameter.name for parameter in parameters if not parameter.values}
    if kinds & nouns.ANY_KIND and nouns.ORCHESTRATORS.intersection((*name, *told, *lower_words(server))):
        yield _evidence(Sensitivity.RESTRICTED, Source.SCHEMA, "any kind of resource, secrets included")
    kept = next((word for word in lower_words(server) if keeps_restricted(word)), None)
    if kept and not _about_notes((*name, *told)):
        yield _evidence(Sensitivity.RESTRICTED, Source.NAME, f"a server named {kept!r}")
    for parameter in parameters:
        if writes and parameter.name in SECRETS:
            yield _evidence(Sensitivity.RESTRICTED, Source.SCHEMA, f"parameter {parameter.path!r}")


def restricted_word(words: Sequence[str], *, whole: bool) -> str | None:
    """Return the word or pair of ``words`` that makes data restricted, or None.

    A description is looked at where its object stands, a name as a ``whole``.
    """
    seen = words if whole else _before_manner(words)[:14]
    for index, word in enumerate(seen):
        before = seen[index - 1] if index else ""
        if word in nouns.RESTRICTED or (before, word) in nouns.RESTRICTED_PAIRS:
            return f"{before} {word}".strip() if word not in nouns.RESTRICTED else word
        if whole and word in _TOKENS and before not in nouns.PAGING_TOKENS and index == len(seen) - 1 and index:
            return word
    if whole and seen and seen[-1] in _KEYS and len(seen) > 1 and seen[-2] not in nouns.KEYED:
        return seen[-1]
    return next((noun for noun in fuse(list(seen)) if noun in nouns.RESTRICTED), None)


def keeps_restricted(word: str) -> bool:
    """Whether a word of a server's name is a common noun for what keeps secrets, identities or health records."""
    bare = word.rstrip("0123456789")
    return bare in nouns.KEEPERS or bare.endswith(("vault", "password", "passwords", "secrets"))


def _about_notes(words: Sequence[str]) -> bool:
    """Whether a vault is one of notes and files, as note-takers call theirs, and nothing says secrets."""
    return bool(nouns.NOTES.intersection(words)) and not (nouns.RESTRICTED - _VAULTS).intersection(words)


def _before_manner(words: Sequence[str]) -> Sequence[str]:
    """Return the words before a statement turns to how the tool does it: "using an API key"."""
    return next((words[:index] for index, word in enumerate(words) if index and word in MANNERS), words)


def _evidence(value: Sensitivity, source: Source, detail: str) -> Evidence:
    """Return evidence of a sensitivity."""
    return Evidence("sensitivity", value.value, source, detail)


def blast_of(
    definition: Mapping[str, Any], parameters: Sequence[Parameter], *, open_ended: bool
) -> tuple[Blast, Evidence]:
    """Return how much one call can touch, with the reason."""
    if open_ended:
        return Blast.SYSTEM, Evidence("blast", Blast.SYSTEM.value, Source.SCHEMA, "the argument decides")
    words = lower_words(str(definition.get("name", "")))
    whole = [word for word in words[-2:] if word in nouns.SYSTEM_WIDE]
    if whole and not any(parameter.name.endswith("_id") or parameter.name == "id" for parameter in parameters):
        return Blast.SYSTEM, Evidence("blast", Blast.SYSTEM.value, Source.NAME, whole[-1])
    many = next((word for word in words if word in nouns.COLLECTIVE or _plural(word)), None)
    if many:
        return Blast.MANY, Evidence("blast", Blast.MANY.value, Source.NAME, many)
    listed = next(
        (parameter for parameter in parameters if parameter.type == "array" and "." not in parameter.path), None
    )
    if listed and listed.name.endswith(("ids", "s")):
        return Blast.MANY, Evidence("blast", Blast.MANY.value, Source.SCHEMA, f"parameter {listed.path!r} is a list")
    return Blast.SINGLE, Evidence("blast", Blast.SINGLE.value, Source.NAME, "nothing says more than one")


def _plural(word: str) -> bool:
    """Whether ``word`` is the plural of a noun that the tables know."""
    return singular(word) != word
