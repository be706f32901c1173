"""Clues: single reasons, before they are joined into a class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interlock.classify.effects import RUN, Effect
from interlock.classify.lexicon.acts import ACTS, VERBS
from interlock.classify.lexicon.nouns import KINDS, Kind
from interlock.classify.lexicon.parameters import READING_LANGUAGES
from interlock.classify.lexicon.text import wordset
from interlock.classify.lexicon.verbs import LIGHT
from interlock.classify.tokens import singular
from interlock.core.words import Source

PREPOSITIONS = wordset(
    """or in into from for to by with of on onto at via using as about across within between through
    behind under over against per after before during without inside outside among around beneath beyond toward
    towards until since upon out off than"""
)

# Kinds of noun that decide even where they only describe the head.
_TELLING = frozenset({Kind.MONEY, Kind.SECRET, Kind.MESSAGE})
# Kinds that end the search for an object even where a verb has no meaning of its own for them.
_WEIGHTY = frozenset({Kind.INFRA, Kind.DEVICE, Kind.MONEY, Kind.ACCESS, Kind.SECRET})
RUNNERS = wordset("run execute exec perform do process conduct issue invoke")
_READING = READING_LANGUAGES | wordset("search log logs metric metrics analytics trace traces event events read only")
_NO_NOUN = wordset("""batch bulk all multiple many every each and or the a an new by id ids async sync v2 v1 s""")


@dataclass(frozen=True, slots=True)
class Clue:
    """One effect that some part of a definition speaks for.

    ``sure`` is False where the word has other readings; an unsure clue yields to a sure one. ``path`` is
    the parameter that allows the effect, where one does.
    """

    effect: Effect
    source: Source
    detail: str
    verb: str = ""
    sure: bool = True
    path: str = ""


def objects_of(words: Sequence[str]) -> list[str]:
    """Return the nouns of a phrase that follows a verb, the head of its direct object first."""
    cut = next((index for index, word in enumerate(words) if word in PREPOSITIONS), len(words))
    return [singular(word) for word in (*reversed(words[:cut]), *words[cut + 1 :]) if word not in _NO_NOUN]


def meaning(verb: str, nouns: Iterable[str], *, strict: bool = False) -> Effect:
    """Return what ``verb`` does to the first of ``nouns`` whose kind matters to it, the worst where kinds differ.

    ``strict``: nothing but the name speaks, so a head noun of no known kind is not explained by its modifiers.
    """
    row = ACTS.get(verb)
    if row is None:
        return VERBS.get(verb, RUN)
    effects, otherwise = row
    nouns = tuple(nouns)
    if verb in RUNNERS and nouns[:1] == ("query",) and not any(noun in _READING for noun in nouns):
        return RUN
    if any(KINDS.get(noun, frozenset()) & _TELLING for noun in nouns[1:2]):
        nouns = (nouns[1], *nouns)  # a payment link is about money, whatever a link is
    drawn = any(Kind.FIGURE in KINDS.get(noun, ()) for noun in nouns)  # the image of a map is a map
    for noun in nouns:
        kinds = KINDS.get(noun, frozenset())
        if Kind.MEDIA in kinds and drawn:
            continue
        known = [effects[kind] for kind in kinds if kind in effects]
        if known:
            return max(known, key=lambda effect: effect.severity)
        if kinds & _WEIGHTY or (strict and not kinds):
            return otherwise  # "enable backups on servers by tag" is not about the tag
    return otherwise


def is_light(verb: str, nouns: Sequence[str]) -> bool:
    """Whether ``verb`` says nothing here because neither it nor its object names an effect."""
    if verb not in LIGHT:
        return False
    return not any(KINDS.get(noun, frozenset()) - {Kind.VIEW} for noun in nouns)
