"""From written names and prose to words: splitting, lower case, base forms."""

from __future__ import annotations

import re
from functools import lru_cache

from interlock.classify.lexicon.acts import VERBS
from interlock.classify.lexicon.nouns import COMPOUNDS, KINDS
from interlock.classify.lexicon.tongues import FOREIGN, UNSPACED

_HUMP = re.compile(r"(?<=[a-zà-öø-ÿа-я0-9])(?=[A-ZÀ-ÖØ-ÞА-Я])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^0-9A-Za-zÀ-ÖØ-öø-ÿА-Яа-яЁё\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_UNSPACED_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

# Endings of doers: a "validator" validates.
_AGENTS = ("ator", "izer", "yzer", "cker", "pper", "nder", "rter", "cher")

_IRREGULAR = {
    "sent": "send", "written": "write", "wrote": "write", "got": "get", "gotten": "get", "made": "make",
    "ran": "run", "paid": "pay", "bought": "buy", "sold": "sell", "built": "build", "found": "find",
    "taken": "take", "took": "take", "shown": "show", "overwritten": "overwrite", "rewritten": "rewrite",
    "kept": "keep", "lost": "lose", "gave": "give", "given": "give", "done": "do", "does": "do", "did": "do",
    "thrown": "throw", "shut": "shutdown", "put": "put", "set": "set", "reset": "reset", "read": "read",
    "burnt": "burn", "spent": "spend", "lent": "lend", "bound": "bind", "drew": "draw", "drawn": "draw",
    "applies": "apply", "pinged": "ping", "has": "has", "is": "is", "was": "is", "deleting": "delete",
    "forgot": "forget", "forgotten": "forget", "frozen": "freeze", "woken": "wake", "left": "leave",
}  # fmt: skip


def lower_words(name: str) -> list[str]:
    """Return the lower-case words of a name in camelCase, snake_case, kebab-case, dotted or spaced form."""
    words: list[str] = []
    for piece in _NOT_WORD.split(name):
        if piece:
            words.extend(part.lower() for part in _HUMP.split(piece) if part)
    return words


def fuse(words: list[str]) -> list[str]:
    """Return ``words`` with compound nouns ("pull request") as one word."""
    fused: list[str] = []
    index = 0
    while index < len(words):
        noun = COMPOUNDS.get((words[index], words[index + 1])) if index + 1 < len(words) else None
        fused.append(noun or words[index])
        index += 2 if noun else 1
    return fused


@lru_cache(maxsize=8192)
def singular(noun: str) -> str:
    """Return a noun's singular as far as the tables need it."""
    if noun in KINDS:
        return noun
    for ending, replacement in (("ies", "y"), ("ices", "ex"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if noun.endswith(ending) and len(noun) > len(ending) + 1:
            stem = noun[: -len(ending)] + replacement
            if stem in KINDS:
                return stem
    return noun


@lru_cache(maxsize=8192)
def lemma(word: str) -> str | None:
    """Return the English base form of a verb in any inflection or known language, or None."""
    if word in VERBS:
        return word
    if word in _IRREGULAR:
        base = _IRREGULAR[word]
        return base if base in VERBS else None
    for stem in _stems(word):
        if stem in VERBS:
            return stem
    if word in FOREIGN:
        return FOREIGN[word]
    if word.endswith(_AGENTS):
        return next((stem for stem in (word[:-2] + "e", word[:-2], word[:-1], word[:-3]) if stem in VERBS), None)
    for prefix in ("auto", "bulk", "batch", "re", "un", "mass", "multi"):
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > 3 and rest in VERBS and prefix != "un":  # noqa: PLR2004 - too short to be sure
            return rest
    return None


def _stems(word: str) -> tuple[str, ...]:
    """Return what ``word`` may be an inflection of, the likeliest first."""
    if word.endswith("ies"):
        return (word[:-3] + "y",)
    if word.endswith("es"):
        return (word[:-1], word[:-2])
    if word.endswith("s") and not word.endswith("ss"):
        return (word[:-1],)
    if word.endswith("ied"):
        return (word[:-3] + "y",)
    if word.endswith("ed"):
        return (word[:-1], word[:-2], word[:-3]) if len(word) > 4 and word[-3] == word[-4] else (word[:-1], word[:-2])  # noqa: PLR2004
    if word.endswith("ing") and len(word) > 4:  # noqa: PLR2004 - "ring" is no form of "r"
        stem = word[:-3]
        doubled = (stem[:-1],) if len(stem) > 2 and stem[-1] == stem[-2] else ()  # noqa: PLR2004
        return (stem + "e", stem, *doubled)
    return ()


def unspaced_verbs(word: str) -> list[str]:
    """Return the verbs inside a word of a script without spaces, as English base forms, in order."""
    if not _UNSPACED_SCRIPT.search(word):
        return []
    found: list[tuple[int, str]] = []
    rest = word
    for written, english in UNSPACED:
        at = rest.find(written)
        if at >= 0:
            found.append((at, english))
            rest = rest.replace(written, "\0" * len(written))
    return [english for _, english in sorted(found)]
