"""How descriptions speak: where statements start, what turns them, what they do not mean."""

from __future__ import annotations

import re

from interlock.classify.lexicon.text import wordset


def _any(*alternatives: str) -> str:
    """Return a group that matches any of ``alternatives``."""
    return f"(?:{'|'.join(alternatives)})"


# A line that opens a section about something else than what the tool does.
_SECTION = _any(
    "args?", "arguments?", "param(?:eter)?s?", "inputs?(?: options| schema| format)?", "returns?", "outputs?",
    "output format", "response", "yields", "examples?(?: usage)?", "usage", "when to use", "use (?:this|cases)",
    "(?:common )?use cases", "see also", "errors?", "raises", "notes? for", "related tools?", "next steps?",
    "workflow", "prerequisites?", "required(?: parameters)?", "optional(?: parameters)?", "supported", "valid",
    "available", "options?", "key features", "features", "tips", "best practices", "limitations", "instructions",
    "tool output instructions", "filters?",
)  # fmt: skip
_OPENER = _any("args?", "arguments?", "param(?:eter)?s?", "returns?", "examples?", r"e\.g\.", "example usage",
               "usage", "input", "output", "raises")  # fmt: skip
SKIPPED = re.compile(rf"^\W*{_SECTION}\b[^.]{{0,60}}:?\W*$|^\W*{_OPENER}\s*:", re.IGNORECASE)
HEADER = re.compile(r"^[\s#*_-]*[A-Z][\w ,/()&'-]{2,50}:[\s*_]*$")

# Where a sentence ends: Latin and CJK full stops, dashes between spaces, semicolons.
SPLIT = re.compile("(?<=[.!?\u3002\uff01\uff1f])\\s+|(?<=[\u3002\uff01\uff1f])|\\s+[\u2014\u2013]\\s+|;\\s+|\\s-\\s")
MARKS = re.compile("(?<!\\w)[*`_~]{1,3}(?=\\S)|(?<=\\S)[*`_~]{1,3}(?=\\W|$)|^[\\s>#\u2022\\-\u2013\u2014*\\d.)]+")
LABEL = re.compile(r"^(?:\[[^\]]{1,40}\]|\([^)]{1,40}\)|[\w '/&+-]{1,40}?:)\s+(?=\S)")
WORDS = re.compile(r"[^\W_]+(?:-[^\W_]+)*")

# The tool as the subject of its sentence, and the phrases that stand between it and the verb.
_THING = _any("tool", "function", "endpoint", "command", "method", "action", "operation", "api", "call", "server",
              "one", "utility", "wrapper", "helper")  # fmt: skip
_SUBJECTS = _any(rf"(?:this|the) (?:\w+ )?{_THING}", rf"an? (?:\w+ ){{0,3}}?{_THING}", "this", "it", "tools?")
SUBJECT = re.compile(rf"^{_SUBJECTS}\s+", re.IGNORECASE)
_WHO = _any("you", "users?", "the user", "agents?", "the agent", "ai agents?", "clients?", r"an? \w+")
_AIDS = _any(
    "(?:is |are )?(?:used|useful|designed|intended|meant|able|responsible) (?:to|for)",
    "(?:also |then )?(?:will|can|may)(?: also| then| be used to)?",
    f"(?:allows|lets|enables|permits)(?: {_WHO})?(?: to)?",
    f"(?:allow|let|enable|permit) (?:{_WHO} )?to", f"(?:allow|let|enable|permit)(?: {_WHO})?(?= \\w+ing\\b)",
    "helps?(?: (?:you|users?|to|agents?|with))*",
    "used to", "ability to", "to", "that", "which", "for", "use this(?: tool)? (?:to|when you need to|for)", "use to",
    "automatically", "also", "then", "finally", "additionally", "optionally", "please", "first",
    r"provides? (?:the )?(?:ability|a way|an? \w+ way) to", "attempts? to", "tries to", "used for",
    "quickly", "safely", "simply", "just", "directly", "efficiently",
)  # fmt: skip
AID = re.compile(rf"^{_AIDS}\s+", re.IGNORECASE)
# Nouns that look like a verb where they open a sentence: "Updates search returns ids".
NOUN_SUBJECT = re.compile(r"^\w+ (?:\w+ )?(?:returns|contains|includes|provides|gives|is|are|has|have)\b")
ADVERB = re.compile(r"^(?:\w+ly|also|then|batch|bulk|re|safe|quick|first)$")
ALSO_SUBJECT = re.compile(r"\W*(?:it |this )?(?:also|then|finally|additionally|automatically)\b", re.IGNORECASE)

# What turns a statement into its opposite, and what makes it one about something else.
NEGATED = re.compile(
    r"\b(?:not|never|without|no longer|cannot|neither|nor|rather than|instead of|except|avoid|prevents?|no|nothing)\b"
    r"|n['\u2019]t\b",
    re.IGNORECASE,
)
_ASIDES = _any(
    "use ", "call ", "see ", "try ", "prefer ", "for ", "if you", "when you", "you ", "before ", "after ",
    r"to \w+.*\buse\b", "note that you", "consider ", "make sure", "ensure", "always", "must", "should", "only call",
    "do not", "don't", "never", "instead", "unlike", "similar", "requires?", "prerequisite", "users? ",
)  # fmt: skip
ELSEWHERE = re.compile(rf"^\W*{_ASIDES}", re.IGNORECASE)
INSTANCES = re.compile(r"\b(?:such as|e\.g\.|for example|i\.e\.|for instance|like)", re.IGNORECASE)

# What joins a second act to the first.
ALSO = re.compile(
    r"(?:\b(?:and|or|then|also|plus|before|while|y|et|und|ed|и)\b|[,:&])\s*"
    r"(?:and |or |then |also |automatically |optionally |permanently )*",
    re.IGNORECASE,
)

# What is done to things, told in the passive.
_MANNER = _any("then ", "also ", "automatically ", "permanently ", "immediately ", "irreversibly ", "instantly ")
_BECOMES = _any(rf"(?:will|would) {_MANNER}*be(?:come)?", rf"(?:is|are|be)(?= {_MANNER})", "(?<=\\w )gets", "will get")
PASSIVE = re.compile(rf"\b{_BECOMES}\s+{_MANNER}*(\w+)", re.IGNORECASE)
AFTERWARDS = re.compile(
    r"\b(?:is|are)\s+(\w+)\s+(?:afterwards|after|once|upon|on (?:read|fetch|success)|in the process)\b", re.IGNORECASE
)
PLAIN_DEEDS = wordset("append save write store delete overwrite erase purge archive wipe send email publish")
# How a description says that the tool changes something without saying what.
CHANGES = wordset("change modify alter")
VAGUE_PASSIVES = wordset(
    """truncate drop cut trim limit replace run execute call use process ignore reject show return include
    exclude convert handle perform invoke block skip omit format merge set apply fill select reset take
    make request order report charge evaluate match map load pull push log record mark flag add cache
    print provide require resolve clip restrict deny authenticate enter test plan schedule fire start stop
    cancel abort terminate throttle"""
)
# Verbs that descriptions use of results, matching and manners rather than of effects.
VAGUE = wordset(
    """handle operate group sort format merge focus map apply limit connect link optimize follow match fill filter
    use require assign play cover allow restrict bind need point skip order rate rank like mirror flatten
    resolve trigger_doc normalize set produce generate compile build consolidate combine work expose enable
    nest step signal accept take request route support exit ping cache respond answer reply report fix warm
    retry throttle call permit label tag mark highlight split print adjust unlock recommend poll estimate
    pick continue resume complete finish align test fire authenticate deny reject close open start run load
    include mention check emit reach touch hit bring carry feed back drive span wrap mirror proxy power"""
)
# Ways to lay out what is read; where the name surely reads, they are no changes.
ARRANGING = wordset(
    """group sort order rank rerank filter flatten normalize match map combine consolidate categorize categorise
    classify organize organise arrange bucket partition score dedupe deduplicate"""
)
# What follows a verb that tells how far the tool itself goes: "stops after a minute".
LIMITS = wordset("after when once if at as upon early on before until unless while")
# What an answer is drawn from when a tool answers its caller instead of somebody else.
SOURCES = wordset("using from based about")
# Where a statement's object ends and the manner begins.
MANNERS = wordset("using via through accessible")
DETERMINER = wordset(
    """a an the it them its their this that these those all any new existing one each every your his her from to
    into as"""
)
FEEBLE = wordset("""take report return give provide offer contain include cover present has is are can does help""")
