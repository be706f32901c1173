"""From policy texts to a snapshot, or to everything that is wrong with them. There is nothing in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from cedarpy import PolicySet, validate_policies

from interlock import canon
from interlock.core.errors import OperatorError
from interlock.policy.decide import PolicySnapshot
from interlock.policy.facts import attribute, mentioned, nodes
from interlock.policy.schema import FINITE, schema, schema_digest
from interlock.policy.source import Misread, Policy, invisible, one_line, parse, split

_ANNOTATIONS = ("id", "description", "tier")

# Cedar's validator notices a policy that can never apply, but its Python binding does not pass the warning on. Type
# checking stops where a condition is known to be false: if a type error put behind the policy goes unseen, the
# policy can never apply.
_CANARY = " when { !1 };"


def load(files: Mapping[str, str]) -> PolicySnapshot:
    """Return the snapshot of the policies in ``files``, a mapping of file name to Cedar text.

    Every policy is parsed, named, and validated strictly against the shipped schema. No files at all make a snapshot
    that blocks every call.

    Raises:
        OperatorError: something is wrong with a policy; says what and where, all that was found.

    """
    _refuse(complaint for file in sorted(files) for complaint in invisible(file, files[file]))
    policies = _parse_all(files)
    _refuse(_repeated(policies))
    _refuse(complaint for policy in policies for complaint in (*_misannotated(policy), *_misspelt(policy)))
    _refuse(_invalid(policies))
    _refuse(_impossible(policies))
    return _snapshot({policy.name: policy for policy in policies})


def _parse_all(files: Mapping[str, str]) -> list[Policy]:
    policies, complaints = [], []
    for file in sorted(files):
        for statement in split(file, files[file]):
            try:
                policies.append(parse(statement))
            except Misread as misread:
                complaints.append(str(misread))
    _refuse(complaints)
    return policies


def _refuse(complaints: Iterable[str]) -> None:
    found = list(complaints)
    if found:
        raise OperatorError(
            "the policies were not loaded:\n  " + "\n  ".join(found), "correct the files and load again"
        )


def _repeated(policies: Sequence[Policy]) -> Iterator[str]:
    first: dict[str, Policy] = {}
    for policy in policies:
        twin = first.setdefault(policy.name, policy)
        if twin is not policy:
            yield f"{policy.place}: the @id is taken by {twin.statement.file}:{twin.statement.line}"


def _misannotated(policy: Policy) -> Iterator[str]:
    annotations = policy.body["annotations"]
    for name in sorted(annotations.keys() - set(_ANNOTATIONS)):
        near = get_close_matches(name, _ANNOTATIONS, n=1)
        hint = f"did you mean @{near[0]}?" if near else "known are " + ", ".join(f"@{known}" for known in _ANNOTATIONS)
        yield f"{policy.place}: unknown annotation @{name}; {hint}"
    if "tier" in annotations and (annotations["tier"] != "notify" or policy.body["effect"] != "permit"):
        yield f'{policy.place}: @tier can only be @tier("notify"), and only of a permit'


def _misspelt(policy: Policy) -> Iterator[str]:
    for node in nodes(policy.body["conditions"]):
        for operator, operands in node.items():
            if operator in ("==", "!=", "contains") and isinstance(operands, dict):
                yield from _misspelt_in(policy, operands.get("left"), operands.get("right"))
                yield from _misspelt_in(policy, operands.get("right"), operands.get("left"))


def _misspelt_in(policy: Policy, compared: object, literal: object) -> Iterator[str]:
    """Complain of strings that a finite attribute can never be: such a forbid would never hold."""
    name = attribute(compared)
    known = FINITE.get(name or "")
    if known is None or not isinstance(literal, dict):
        return
    for item in literal.get("Set", [literal]):
        value = item.get("Value")
        if isinstance(value, str) and value not in known:
            yield f"{policy.place}: context.{name} is never {value!r}; it is one of {', '.join(known)}"


def _invalid(policies: Sequence[Policy]) -> Iterator[str]:
    result = validate_policies("\n".join(policy.statement.text for policy in policies), schema())
    for error in result.errors:
        if not error.policy_id:
            yield one_line(error.error)
            continue
        says = one_line(error.error.removeprefix(f"for policy `{error.policy_id}`, "))
        yield f"{policies[_position(error.policy_id)].place}: {says}"
    if not result.validation_passed and not result.errors:
        yield "the policies do not fit the schema"


def _impossible(policies: Sequence[Policy]) -> Iterator[str]:
    marked = "\n".join(policy.statement.text.removesuffix(";") + _CANARY for policy in policies)
    reached = {_position(error.policy_id) for error in validate_policies(marked, schema()).errors}
    for position, policy in enumerate(policies):
        if position not in reached:
            yield f"{policy.place}: the policy can never apply: its conditions are always false"


def _position(policy_id: str) -> int:
    """Return which policy of a text is meant: Cedar names them policy0, policy1 and so on."""
    return int(policy_id.removeprefix("policy"))


def _snapshot(policies: Mapping[str, Policy]) -> PolicySnapshot:
    bodies = {name: dict(policies[name].body) for name in sorted(policies)}
    whole = {"staticPolicies": bodies, "templates": {}, "templateLinks": []}
    return PolicySnapshot(
        digest=canon.digest({"policies": bodies, "schema": schema_digest()}),
        policies=tuple(bodies),
        mentioned=tuple(sorted(set().union(*map(mentioned, bodies.values())))),
        notifying=frozenset(name for name, body in bodies.items() if "tier" in body["annotations"]),
        engine=PolicySet.from_json_str(canon.encode(whole).decode()),
    )
