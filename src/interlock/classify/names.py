"""What a tool's name says it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interlock.classify.clues import RUNNERS, Clue, is_light, meaning, objects_of
from interlock.classify.effects import RUN, Effect
from interlock.classify.lexicon.acts import VERBS
from interlock.classify.lexicon.nouns import KINDS, Kind
from interlock.classify.lexicon.parameters import WRITING_LANGUAGES
from interlock.classify.lexicon.text import wordset
from interlock.classify.lexicon.tongues import CONJUNCTIONS, FOREIGN
from interlock.classify.lexicon.verbs import GUESSED, NOUNISH, NOUNS_BEHIND_AND
from interlock.classify.tokens import fuse, lemma, lower_words, unspaced_verbs
from interlock.core.words import Source

_AND = wordset("and or then n") | CONJUNCTIONS
_FILLER = wordset(
    """api tool mcp the a an my v1 v2 v3 beta new bulk batch mass async sync_all multi safe quick auto please now"""
)
_EMPTY = wordset("do perform make")
_NOTHING: frozenset[str] = frozenset()
_LISTING = wordset("""list search query view count status info summary stats help history logs preview""")
_LOOKS = wordset("get describe retrieve fetch show find")
# What is only told of an effect: "get_delete_status".
_STATES = wordset(
    "status state info details history log logs preview count counts stats summary report url result results"
)
# What is only text, though each of its pieces may be a thing that acts.
_TEXTS = wordset("rules guidelines conventions practices principles standards tips instructions faq glossary")
_ADJECTIVE = ("ed", "ing")


@dataclass(frozen=True, slots=True)
class NameReading:
    """The words of a name and the clues in it."""

    words: tuple[str, ...]
    clues: tuple[Clue, ...]


def read_name(name: str, server: str = "", *, alone: bool = False) -> NameReading:
    """Return what ``name`` says, leaving out words that only repeat the server's name.

    ``alone``: there is no description that could say more, so that what is not known is not guessed.
    """
    words = _own_words(name, server)
    foreign = [verb for word in words for verb in unspaced_verbs(word)]
    if foreign:
        return NameReading(tuple(words), tuple(_clue(verb, words, name) for verb in foreign))
    return NameReading(tuple(words), tuple(_clues(words, name, alone=alone)))


def _own_words(name: str, server: str) -> list[str]:
    """Return the words of ``name`` without a leading server or filler word, compounds fused."""
    words = lower_words(name)
    served = set(lower_words(server))
    while len(words) > 1 and words[0] not in VERBS and (words[0] in served or words[0] in _FILLER):
        words = words[1:]
    while len(words) > 1 and words[0] in _FILLER | (_EMPTY if lemma(words[1]) else _NOTHING):
        words = words[1:]
    if len(words) > 1 and words[-1] in _FILLER:
        words = words[:-1]
    return fuse(words)


def _verb_at(words: Sequence[str], index: int) -> str | None:
    """Return the base form of the verb at ``index``, or None where the word can only be a noun or adjective."""
    word = words[index]
    base = lemma(word)
    if base is None or base == word:
        return base
    if word in FOREIGN and index == 0:
        return base
    if word.endswith(_ADJECTIVE):
        return None
    return None if base in NOUNISH or (word.endswith("s") and index) else base


def _clue(verb: str, objects: Sequence[str], name: str, *, sure: bool = True, alone: bool = False) -> Clue:
    """Return the clue that ``verb`` done to ``objects`` gives."""
    nouns = objects_of(objects)
    effect = meaning(verb, nouns, strict=alone)
    if alone and verb == "query" and WRITING_LANGUAGES.intersection(objects):
        effect = RUN
    certain = sure and not is_light(verb, nouns) and (effect.reads or verb not in GUESSED)
    return Clue(effect, Source.NAME, f"{verb} in {name!r}", verb, certain)


def _clues(words: list[str], name: str, *, alone: bool) -> list[Clue]:
    """Return the clues of a name of spaced words."""
    verbs = {index: verb for index in range(len(words)) if (verb := _verb_at(words, index))}
    if not verbs:
        return _state_clues(words, name)
    lead, sure = _lead(words, verbs)
    objects = words[lead + 1 :] or words[:lead]
    clues = [_clue(verbs[lead], _until_and(objects), name, sure=sure, alone=alone)]
    clues.extend(
        _clue(verb, words[index + 1 :] or words[:index], name)
        for index, verb in verbs.items()
        if index > lead and words[index - 1] in _AND
    )
    clues.extend(_embedded(words, verbs, lead, name))
    return clues


def _until_and(words: Sequence[str]) -> Sequence[str]:
    """Return the words without conjunctions, so that "get_and_delete_x" still finds x."""
    return [word for word in words if word not in _AND]


def _lead(words: list[str], verbs: dict[int, str]) -> tuple[int, bool]:
    """Return the index of the verb that the name is about, and whether that is sure."""
    pure = [index for index in verbs if words[index] not in NOUNISH]
    if 0 in verbs and words[0] not in NOUNISH:
        return 0, True
    if 0 in verbs and verbs[0] in _LISTING and len(words) > 1:
        last = len(words) - 1
        return (last, True) if last in pure else (0, True)
    if pure:
        looking = [index for index in pure if words[index] in _LOOKS and words[index - 1] not in _AND]
        return (looking or pure)[0], True  # "model-eval-get-run": what stands before is where the tool belongs
    last = len(words) - 1
    if (
        last in verbs
        and not (0 in verbs and verbs[0] in RUNNERS)
        and (words[last] in _LISTING or Kind.VIEW in KINDS.get(words[last], ()))
    ):
        return last, len(words) > 1 and words[last] in {"list", "search", "count"}
    first = min(verbs)
    return first, first == 0 and len(words) > 1 and not _ends_in_view(words)


def _ends_in_view(words: Sequence[str]) -> bool:
    """Whether the name's last word is something to look at: "build_status"."""
    return Kind.VIEW in KINDS.get(words[-1], ())


def _embedded(words: list[str], verbs: dict[int, str], lead: int, name: str) -> list[Clue]:
    """Return effects that follow a reading verb directly: "find_replace_text"."""
    follower = verbs.get(lead + 1)
    if follower is None or words[lead + 1] in NOUNISH or words[-1] in _STATES:
        return []
    effect: Effect = meaning(follower, objects_of(words[lead + 2 :]))
    if effect.reads or not VERBS[verbs[lead]].reads:
        return []
    last = lead + 2 == len(words) and follower not in NOUNS_BEHIND_AND  # "get_send": the thing got is itself an act
    return [Clue(effect, Source.NAME, f"{follower} right after {verbs[lead]} in {name!r}", follower, sure=last)]


def _state_clues(words: list[str], name: str) -> list[Clue]:
    """Return the clue of a name without a verb that ends in something to look at."""
    if words and (words[-1] in _TEXTS or _ends_in_view(words) or Kind.QUESTION in KINDS.get(words[-1], ())):
        return [
            Clue(VERBS["view"], Source.NAME, f"{words[-1]} is something to look at in {name!r}", "view", sure=False)
        ]
    return []
