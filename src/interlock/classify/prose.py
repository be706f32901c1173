"""What a tool's description says it does.

Only statements about the tool itself count: the main verb of its first sentence and what is joined to
it, and later sentences that tell a further effect. Negations, hints about other tools, instructions
to the reader and sections about arguments, results and examples are no statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from interlock.classify.clues import Clue, is_light, meaning, objects_of
from interlock.classify.effects import ADD, EDIT, READ
from interlock.classify.lexicon import phrases
from interlock.classify.lexicon.acts import VERBS
from interlock.classify.lexicon.tongues import FOREIGN
from interlock.classify.lexicon.verbs import GUESSED, LIGHT, NOUNISH, NOUNS_BEHIND_AND
from interlock.classify.tokens import fuse, lemma, unspaced_verbs
from interlock.core.words import Source

MOST = 20_000  # characters of a description that are read; what hides behind more is a finding of its own
OPENING = 4  # the first sentences, among which the main statement is looked for


def read_description(text: str) -> tuple[Clue, ...]:
    """Return the clues of a description, the main verb's first."""
    return _read(text[:MOST])


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[Clue, ...]:
    """Return the clues of ``text``; the same text is read once."""
    said: list[Clue] = []
    suffered: list[Clue] = []
    for number, (sentence, aside) in enumerate(sentences(text)):
        suffered.extend(passives(sentence, aside=aside))
        if aside:
            continue
        elsewhere = phrases.ELSEWHERE.match(phrases.LABEL.sub("", sentence)) is not None
        if not said and number < OPENING and not (number and elsewhere):
            said.extend(_main(sentence))
        elif not sentence[0].islower():
            said.extend(_further(sentence))
    return (*said, *suffered)


def sentences(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each sentence of a description, and whether it stands in a section about something else."""
    skipping = False
    for line in text.splitlines():
        if phrases.SKIPPED.match(line):
            skipping = True
        elif phrases.HEADER.match(line):
            skipping = False
        for sentence in phrases.SPLIT.split(line):
            plain = phrases.MARKS.sub("", sentence).strip()
            if plain:
                yield plain, skipping


def _plain_start(sentence: str) -> tuple[str, bool]:
    """Return the sentence from its verb on, and whether it names the tool as its subject."""
    rest = sentence
    while label := phrases.LABEL.match(rest):
        rest = rest[label.end() :]
    subject = phrases.SUBJECT.match(rest)
    about = subject is not None
    rest = rest[subject.end() :] if subject else rest
    while aid := phrases.AID.match(rest):
        rest = rest[aid.end() :]
    return rest, about


def _main(sentence: str) -> list[Clue]:
    """Return the clues of a first sentence: its main verb and what is joined to it."""
    unspaced = [verb for word in phrases.WORDS.findall(sentence)[:4] for verb in unspaced_verbs(word)]
    if unspaced:
        return [Clue(meaning(verb, ()), Source.DESCRIPTION, _quote(sentence), verb) for verb in unspaced]
    rest, _ = _plain_start(sentence)
    words = fuse([word.lower() for word in phrases.WORDS.findall(rest)])
    while len(words) > 1 and phrases.ADVERB.match(words[0]):
        words = words[1:]
    if len(words) > 1 and words[0] in NOUNISH and words[1] in VERBS and words[1] not in NOUNISH:
        words = words[1:]
    if not words or (verb := _verb_form(words[0])) is None:
        return []
    if phrases.NEGATED.match(rest):
        return []
    if verb == "help" and "by" in words:
        words = words[words.index("by") + 1 :]
        verb = (_verb_form(words[0]) if words else None) or verb
    nouns = objects_of(words[1:8])
    effect = meaning(verb, nouns)
    if verb == "take" or (verb == "answer" and phrases.SOURCES.intersection(words[2:10])):
        effect = READ
    sure = verb not in phrases.FEEBLE and not is_light(verb, nouns) and (effect.reads or verb not in GUESSED)
    return [Clue(effect, Source.DESCRIPTION, _quote(sentence), verb, sure), *_joined(rest, words[0])]


def _verb_form(word: str) -> str | None:
    """Return the base form of a word that stands where the main verb stands."""
    if word.endswith("ed") and word not in VERBS:
        return None
    return lemma(word)


def _joined(rest: str, first: str) -> list[Clue]:
    """Return the effects that "and", "then" or a comma join to the main verb, in the same grammatical form."""
    clues = []
    form = _form(first)
    rest = phrases.INSTANCES.split(rest, maxsplit=1)[0]
    for link in phrases.ALSO.finditer(rest):
        words = [word.lower() for word in phrases.WORDS.findall(rest[link.end() : link.end() + 80])]
        if not words or _form(words[0]) != form or phrases.NEGATED.search(rest[max(0, link.start() - 30) : link.end()]):
            continue
        verb = lemma(words[0])
        if verb is None or _foreign(words[0]) != _foreign(first) or verb in LIGHT or verb in phrases.VAGUE:
            continue
        if {words[0], verb} & (NOUNISH | NOUNS_BEHIND_AND) and not phrases.DETERMINER.intersection(words[1:2]):
            continue  # a noun unless an object follows
        effect = meaning(verb, objects_of(fuse(words[1:7])))
        if not effect.reads:
            clues.append(Clue(effect, Source.DESCRIPTION, _quote(rest), verb, sure=len(words) > 1))
    return clues


def _foreign(word: str) -> bool:
    """Whether a word is known as a verb of another language only."""
    return word in FOREIGN and word not in VERBS


def _form(word: str) -> str:
    """Return the grammatical form of a verb: ``s``, ``ing``, ``ed`` or base."""
    if word.endswith("ing"):
        return "ing"
    if word.endswith("ed") and word not in VERBS:
        return "ed"
    return "s" if word.endswith("s") and word not in VERBS else ""


def _further(sentence: str) -> list[Clue]:
    """Return the effects that a later sentence tells of the tool itself, in the third person."""
    rest, about = _plain_start(sentence)
    words = fuse([word.lower() for word in phrases.WORDS.findall(rest)])
    if len(words) < 2 or phrases.NEGATED.search(" ".join(words[:4])):  # noqa: PLR2004 - a lone word states nothing
        return []
    verb = lemma(words[0])
    also = bool(
        re.match(r"\W*(?:it |this )?(?:also|then|finally|additionally|automatically)\b", sentence, re.IGNORECASE)
    )
    if verb in NOUNISH and words[1] not in phrases.DETERMINER and not about:
        return []
    if not about and phrases.NOUN_SUBJECT.match(rest):
        return []
    if words[1] in phrases.LIMITS and not about:
        return []
    if verb is None or not (_form(words[0]) == "s" or about or also) or _foreign(words[0]):
        return []
    effect = EDIT if verb in phrases.CHANGES else meaning(verb, objects_of(words[1:7]))
    clues = (
        []
        if effect.reads or verb in LIGHT or verb in phrases.VAGUE
        else [Clue(effect, Source.DESCRIPTION, _quote(sentence), verb)]
    )
    return [*clues, *_joined(rest, words[0])]


def passives(sentence: str, *, aside: bool, source: Source = Source.DESCRIPTION) -> list[Clue]:
    """Return the effects that a sentence tells in the passive: "messages will be archived".

    ``aside``: only what is plainly done to files and data counts.
    """
    clues = []
    for match in (*phrases.PASSIVE.finditer(sentence), *phrases.AFTERWARDS.finditer(sentence)):
        word = match.group(1).lower()
        verb = lemma(word)
        if (
            verb is None
            or word in VERBS
            or not word.endswith(("ed", "en", "ent", "ne", "id"))
            or verb in phrases.VAGUE_PASSIVES
            or phrases.NEGATED.search(sentence[: match.end()])
        ):
            continue
        effect = ADD if verb == "write" else meaning(verb, ())  # "is written to a file"
        if not effect.reads and (verb in phrases.PLAIN_DEEDS or not aside):
            clues.append(Clue(effect, source, _quote(sentence), verb))
    return clues


def _quote(sentence: str) -> str:
    """Return at most 100 characters of ``sentence`` as evidence shows it."""
    return sentence if len(sentence) <= 100 else sentence[:97] + "..."  # noqa: PLR2004 - documented above


def is_feeble(verb: str) -> bool:
    """Whether a reading verb is one that effects, too, are described with: "Returns the result"."""
    return verb in phrases.FEEBLE


def first_words(text: str, most: int = 40) -> Sequence[str]:
    """Return the lower-case words of the first statement of a description."""
    for sentence, _ in sentences(text[:MOST]):
        return [word.lower() for word in phrases.WORDS.findall(sentence)][:most]
    return []
