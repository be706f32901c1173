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
from interlock.classify.effects import READ
from interlock.classify.lexicon.acts import VERBS
from interlock.classify.lexicon.text import wordset
from interlock.classify.lexicon.tongues import FOREIGN
from interlock.classify.lexicon.verbs import LIGHT, NOUNISH
from interlock.classify.tokens import fuse, lemma, unspaced_verbs
from interlock.core.words import Source

MOST = 20_000  # characters of a description that are read; what hides behind more is a finding of its own
OPENING = 4  # the first sentences, among which the main statement is looked for

_SKIPPED = re.compile(
    r"^\W*(args?|arguments?|param(eter)?s?|inputs?( options| schema| format)?|returns?|outputs?|output format|response|yields"
    r"|examples?( usage)?|usage|when to use|use (this|cases)|(common )?use cases|see also|errors?|raises|notes? for|related tools?"
    r"|next steps?|workflow|prerequisites?|required( parameters)?|optional( parameters)?|supported|valid|available|options?"
    r"|key features|features|tips|best practices|limitations|instructions|tool output instructions|filters?)\b[^.]{0,60}:?\W*$"
    r"|^\W*(args?|arguments?|param(eter)?s?|returns?|examples?|e\.g\.|example usage|usage|input|output|raises)\s*:",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^[\s#*_-]*[A-Z][\w ,/()&'-]{2,50}:[\s*_]*$")
_SPLIT = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\s+[—–]\s+|;\s+|\s-\s")
_MARKS = re.compile(r"(?<!\w)[*`_~]{1,3}(?=\S)|(?<=\S)[*`_~]{1,3}(?=\W|$)|^[\s>#•\-–—*\d.)]+")
_LABEL = re.compile(r"^(\[[^\]]{1,40}\]|\([^)]{1,40}\)|[\w '/&+-]{1,40}?:)\s+(?=\S)")
_WORDS = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SUBJECT = re.compile(
    r"^(?:(?:this|the) (?:\w+ )?(?:tool|function|endpoint|command|method|action|operation|api|call|server|one)|this|it|tool|a tool"
    r"|an? (?:\w+ ){0,3}?(?:tool|function|utility|command|wrapper|helper)|tools?)\s+",
    re.IGNORECASE,
)
_AID = re.compile(
    r"^(?:(?:is |are )?(?:used|useful|designed|intended|meant|able|responsible) (?:to|for)|(?:also |then )?(?:will|can|may)(?: also| then| be used to)?"
    r"|(?:allows?|lets?|enables?|permits?)(?: (?:you|users?|the user|agents?|the agent|ai agents?|clients?|an? \w+))?(?: to)?"
    r"|helps?(?: (?:you|users?|to|agents?|with))*|used to|ability to|to|that|which|for|use this(?: tool)? (?:to|when you need to|for)"
    r"|use to|automatically|also|then|finally|additionally|optionally|please|first|provides? (?:the )?(?:ability|a way|an? \w+ way) to"
    r"|attempts? to|tries to|used for|(?:quickly|safely|simply|just|directly|efficiently))\s+",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|never|without|no longer|cannot|neither|nor|rather than|instead of|except|avoid|prevents?|no)\b|n['’]t\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"^(?:\W*)(?:use |call |see |try |prefer |for |if you|when you|you |before |after |to \w+.*\buse\b|note that you|consider |make sure"
    r"|ensure|always|must|should|only call|do not|don't|never|instead|unlike|similar|requires?|prerequisite|users? )",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:(?:will|would) (?:then |also |automatically |immediately )?be(?:come)?|(?:is|are|gets?|be) (?:then|automatically|also|permanently"
    r"|immediately|irreversibly|instantly)|gets?)\s+(?:then |automatically |permanently |immediately |irreversibly |also )*(\w+)",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(
    r"\b(?:is|are)\s+(\w+)\s+(?:afterwards|after|once|upon|on (?:read|fetch|success)|in the process)\b", re.IGNORECASE
)
_INSTANCES = re.compile(r"\b(?:such as|e\.g\.|for example|i\.e\.|for instance|like)", re.IGNORECASE)
_PLAIN_DEEDS = wordset("append save write store delete overwrite erase purge archive wipe send email publish")
_VAGUE_PASSIVES = wordset(
    """truncate drop cut trim limit replace run execute call use process ignore reject show return include
    exclude convert handle perform invoke block skip omit format merge set apply fill select reset take
    make request order report charge evaluate match map load pull push log record mark flag add cache
    print provide require resolve clip restrict deny authenticate enter test plan schedule fire start stop
    cancel abort terminate throttle"""
)
_ALSO = re.compile(
    r"(?:\b(?:and|or|then|also|plus|before|by|while)\b|[,/&])\s*(?:and |or |then |also |automatically |optionally |permanently )*",
    re.IGNORECASE,
)
# Verbs that descriptions use of results, matching and manners rather than of effects.
_VAGUE = wordset(
    """handle operate group sort format merge focus map apply limit connect link optimize follow match fill filter
    use require assign play cover allow restrict bind need point skip order rate rank like mirror flatten
    resolve trigger_doc normalize set produce generate compile build consolidate combine work expose enable
    nest step signal accept take request route support exit ping cache respond answer reply report fix warm
    retry throttle call permit label tag mark highlight split print adjust unlock recommend poll estimate
    pick continue resume complete finish align test fire authenticate deny reject close open start run load
    include mention check emit"""
)
_DETERMINER = wordset(
    """a an the it them its their this that these those all any new existing one each every your his her from to
    into as"""
)
_FEEBLE = wordset("""take report return give provide offer contain include cover present has is are can does help""")
_ADVERB = re.compile(r"^(?:\w+ly|also|then|batch|bulk|re|safe|quick|first)$")


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
        elsewhere = _ELSEWHERE.match(_LABEL.sub("", sentence)) is not None
        if not said and number < OPENING and not (number and elsewhere):
            said.extend(_main(sentence))
        elif not elsewhere:
            said.extend(_further(sentence))
    return (*said, *suffered)


def sentences(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each sentence of a description, and whether it stands in a section about something else."""
    skipping = False
    for line in text.splitlines():
        if _SKIPPED.match(line):
            skipping = True
        elif _HEADER.match(line):
            skipping = False
        for sentence in _SPLIT.split(line):
            plain = _MARKS.sub("", sentence).strip()
            if plain:
                yield plain, skipping


def _plain_start(sentence: str) -> tuple[str, bool]:
    """Return the sentence from its verb on, and whether it names the tool as its subject."""
    rest = sentence
    while label := _LABEL.match(rest):
        rest = rest[label.end() :]
    subject = _SUBJECT.match(rest)
    about = subject is not None
    rest = rest[subject.end() :] if subject else rest
    while aid := _AID.match(rest):
        rest = rest[aid.end() :]
    return rest, about


def _main(sentence: str) -> list[Clue]:
    """Return the clues of a first sentence: its main verb and what is joined to it."""
    unspaced = [verb for word in _WORDS.findall(sentence)[:4] for verb in unspaced_verbs(word)]
    if unspaced:
        return [Clue(meaning(verb, ()), Source.DESCRIPTION, _quote(sentence), verb) for verb in unspaced]
    rest, _ = _plain_start(sentence)
    words = fuse([word.lower() for word in _WORDS.findall(rest)])
    while len(words) > 1 and _ADVERB.match(words[0]):
        words = words[1:]
    if len(words) > 1 and words[0] in NOUNISH and words[1] in VERBS and words[1] not in NOUNISH:
        words = words[1:]
    if not words or (verb := _verb_form(words[0])) is None:
        return []
    if _NEGATED.match(rest):
        return []
    if verb == "help" and "by" in words:
        words = words[words.index("by") + 1 :]
        verb = (_verb_form(words[0]) if words else None) or verb
    nouns = objects_of(words[1:8])
    effect = meaning(verb, nouns)
    if verb == "take":
        effect = READ
    sure = verb not in _FEEBLE and not is_light(verb, nouns)
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
    rest = _INSTANCES.split(rest, maxsplit=1)[0]
    for link in _ALSO.finditer(rest):
        words = [word.lower() for word in _WORDS.findall(rest[link.end() : link.end() + 80])]
        if not words or _form(words[0]) != form or _NEGATED.search(rest[max(0, link.start() - 30) : link.end()]):
            continue
        verb = lemma(words[0])
        if verb is None or verb in FOREIGN or verb in LIGHT or verb in _VAGUE:
            continue
        if words[0] in NOUNISH or verb in NOUNISH:
            if len(words) < 2 or words[1] not in _DETERMINER:  # noqa: PLR2004 - a noun unless an object follows
                continue
        effect = meaning(verb, objects_of(fuse(words[1:7])))
        if not effect.reads:
            clues.append(Clue(effect, Source.DESCRIPTION, _quote(rest), verb, sure=len(words) > 1))
    return clues


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
    words = fuse([word.lower() for word in _WORDS.findall(rest)])
    if len(words) < 2 or _NEGATED.search(" ".join(words[:4])):  # noqa: PLR2004 - a lone word states nothing
        return []
    verb = lemma(words[0])
    also = bool(
        re.match(r"\W*(?:it |this )?(?:also|then|finally|additionally|automatically)\b", sentence, re.IGNORECASE)
    )
    if verb in NOUNISH and words[1] not in _DETERMINER and not about:
        return []
    if verb is None or not (_form(words[0]) == "s" or about or also) or (words[0] in FOREIGN and words[0] not in VERBS):
        return []
    effect = meaning(verb, objects_of(words[1:7]))
    clues = (
        []
        if effect.reads or verb in LIGHT or verb in _VAGUE
        else [Clue(effect, Source.DESCRIPTION, _quote(sentence), verb)]
    )
    return [*clues, *_joined(rest, words[0])]


def passives(sentence: str, *, aside: bool, source: Source = Source.DESCRIPTION) -> list[Clue]:
    """Return the effects that a sentence tells in the passive: "messages will be archived".

    ``aside``: only what is plainly done to files and data counts.
    """
    clues = []
    for match in (*_PASSIVE.finditer(sentence), *_AFTERWARDS.finditer(sentence)):
        word = match.group(1).lower()
        verb = lemma(word)
        if (
            verb is None
            or word in VERBS
            or not word.endswith(("ed", "en", "ent", "ne", "id"))
            or verb in _VAGUE_PASSIVES
            or _NEGATED.search(sentence[: match.end()])
        ):
            continue
        effect = meaning(verb, ())
        if not effect.reads and (verb in _PLAIN_DEEDS or not aside):
            clues.append(Clue(effect, source, _quote(sentence), verb))
    return clues


def _quote(sentence: str) -> str:
    """Return at most 100 characters of ``sentence`` as evidence shows it."""
    return sentence if len(sentence) <= 100 else sentence[:97] + "..."  # noqa: PLR2004 - documented above


def is_feeble(verb: str) -> bool:
    """Whether a reading verb is one that effects, too, are described with: "Returns the result"."""
    return verb in _FEEBLE


def first_words(text: str, most: int = 40) -> Sequence[str]:
    """Return the lower-case words of the first statement of a description."""
    for sentence, _ in sentences(text[:MOST]):
        return [word.lower() for word in _WORDS.findall(sentence)][:most]
    return []
