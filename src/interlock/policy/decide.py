"""The judge: hard rules first, then Cedar at rising assurance; the lowest level that is permitted is the tier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from cedarpy import Decision as Ruling
from cedarpy import Entities, PolicySet, is_authorized

from interlock import canon
from interlock.core.reasons import Reason
from interlock.core.words import Decision, Facts, Stage, Standing, Tier, Tool, ToolCall
from interlock.policy.facts import CONTEXT, FACTS, Fact, Getter, as_json
from interlock.policy.schema import NAMESPACE

MEMO = 16_384
"""How many decisions a snapshot remembers, the least recently used forgotten first."""

LEVELS = (Tier.RUN, Tier.CONFIRM, Tier.CONFIRM_STRONGLY, Tier.TWO_PERSONS)
"""The tier that each level of assurance stands for, from 0."""

_SERVED = frozenset({Stage.PILOT, Stage.PRODUCTION})
_STANDINGS = MappingProxyType(
    {
        Standing.NEW: Reason.TOOL_NEW,
        Standing.DRIFTED: Reason.TOOL_DRIFTED,
        Standing.GONE: Reason.TOOL_GONE,
    }
)
_NOBODY = Entities.from_json_str("[]")

Key = tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar said at one level of assurance, and by which policies (sorted). An error is no permission."""

    assurance: int
    permitted: bool
    policies: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicySnapshot:
    """An immutable set of validated policies. Made by :func:`interlock.policy.load.load`.

    ``mentioned`` names the facts that the policies can depend on, ``notifying`` the permits that are told to the
    owner. Decisions are remembered by the mentioned facts, which are also all that Cedar is shown.
    """

    digest: str
    policies: tuple[str, ...]
    mentioned: tuple[str, ...]
    notifying: frozenset[str]
    engine: PolicySet = field(repr=False)
    _getters: tuple[Getter, ...] = field(init=False, repr=False)
    _recall: Callable[[Key], Decision] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_getters", tuple(FACTS[name] for name in self.mentioned))
        object.__setattr__(self, "_recall", lru_cache(MEMO)(self._decide))

    def judge(self, call: ToolCall, tool: Tool, facts: Facts) -> Decision:
        """Return the decision on a call. Pure: the same facts get the same decision."""
        reason = hard_rule(tool, facts)
        if reason is not None:
            return Decision(tier=Tier.BLOCK, reason=reason, policies=(), policy_digest=self.digest)
        return self._recall(self.key(call, tool, facts))

    def key(self, call: ToolCall, tool: Tool, facts: Facts) -> Key:
        """Return the values of the mentioned facts, in the order of ``mentioned``."""
        return tuple([get(call, tool, facts) for get in self._getters])

    def answers(self, key: Key) -> Iterator[Answer]:
        """Ask Cedar at rising assurance, up to the first permission or error."""
        try:
            question = _question(dict(zip(self.mentioned, key, strict=True)))
        except ValueError as error:
            yield _unasked(0, error)
            return
        for assurance in range(len(LEVELS)):
            answer = _ask(self.engine, question, assurance)
            yield answer
            if answer.permitted or answer.errors:
                return

    def decided(self, answers: list[Answer]) -> Decision:
        """Return the decision that the answers to one call, all of them, come to."""
        last = answers[-1]
        tier, reason = Tier.BLOCK, Reason.POLICY_BLOCKED
        if last.errors:
            reason = Reason.POLICY_ERROR
        elif last.permitted:
            tier = self._tier(last)
            reason = Reason.POLICY_CONFIRM if tier.assurance else Reason.POLICY_PERMITTED
        elif not last.policies:
            reason = Reason.POLICY_NO_MATCH
        # The permits first, then the forbids, the weightiest (those that held out longest) before the lighter.
        named = dict.fromkeys(name for answer in reversed(answers) for name in answer.policies)
        return Decision(tier=tier, reason=reason, policies=tuple(named), policy_digest=self.digest)

    def _decide(self, key: Key) -> Decision:
        return self.decided(list(self.answers(key)))

    def _tier(self, answer: Answer) -> Tier:
        told = answer.assurance == 0 and not self.notifying.isdisjoint(answer.policies)
        return Tier.NOTIFY if told else LEVELS[answer.assurance]


def hard_rule(tool: Tool, facts: Facts) -> Reason | None:
    """Return why a call is blocked whatever the policies say, or nothing."""
    if facts.stopped:
        return Reason.STOP_ACTIVE
    if tool.stage not in _SERVED:
        return Reason.SERVER_STAGE
    if tool.standing is not Standing.PINNED:
        return _STANDINGS[tool.standing]
    return None


@dataclass(frozen=True, slots=True)
class _Question:
    """A call as Cedar is shown it, but for the assurance."""

    principal: Mapping[str, str]
    resource: Mapping[str, str]
    context: Mapping[str, Any]
    entities: Entities


def _question(shown: Mapping[str, Fact]) -> _Question:
    """Build the question from the mentioned facts.

    Raises:
        ValueError: a name is not Unicode text.

    """
    workload, tenant = _names(shown, "principal", 2)
    server, name, owner = _names(shown, "resource", 3)
    principal, resource = _uid("Workload", workload), _uid("Tool", f"{_escaped(server)}/{name}")
    context = {name: as_json(value) for name, value in shown.items() if name in CONTEXT and value is not None}
    if "principal" not in shown and "resource" not in shown:
        return _Question(principal, resource, context, _NOBODY)
    home, theirs = _uid("Tenant", tenant), _uid("Tenant", owner)
    belongs = [
        _entity(principal, home),
        _entity(_uid("Server", server), theirs),
        _entity(resource, _uid("Server", server)),
    ]
    return _Question(principal, resource, context, Entities.from_json_str(canon.encode(belongs).decode()))


def _ask(engine: PolicySet, question: _Question, assurance: int) -> Answer:
    try:
        request = {
            "principal": question.principal,
            "action": _uid("Action", "call"),
            "resource": question.resource,
            "context": canon.encode({**question.context, "assurance": assurance}).decode(),
        }
        result = is_authorized(request, engine, question.entities)
    except ValueError as error:
        return _unasked(assurance, error)
    errors = tuple(result.diagnostics.errors)
    if result.decision is Ruling.NoDecision and not errors:
        errors = ("Cedar came to no decision",)
    permitted = result.decision is Ruling.Allow and not errors
    return Answer(assurance, permitted, tuple(sorted(result.diagnostics.reasons)), errors)


def _unasked(assurance: int, error: ValueError) -> Answer:
    """Return the answer to a question that could not be put to Cedar (a name is not Unicode text, say)."""
    return Answer(assurance, permitted=False, policies=(), errors=(f"the question could not be put: {error}",))


def _names(shown: Mapping[str, Fact], var: str, count: int) -> tuple[str, ...]:
    names = shown.get(var)
    # Where no policy mentions an identity, Cedar is shown none: all callers (or tools) share one question.
    return names if isinstance(names, tuple) else ("",) * count


def _escaped(server: str) -> str:
    """Escape a server's name so that the first "/" of a tool's id divides: "a/b" + "c" is not "a" + "b/c"."""
    return server.replace("%", "%25").replace("/", "%2F")


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{kind}", "id": name}


def _entity(uid: dict[str, str], *parents: dict[str, str]) -> dict[str, Any]:
    return {"uid": uid, "attrs": {}, "parents": list(parents)}
