"""The shipped profiles against the table of tiers, over the whole finite space of what they look at."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from interlock.core.words import (
    Blast,
    Impact,
    Reversibility,
    Sensitivity,
    TenantBinding,
    Tier,
)
from interlock.policy import load, shipped
from unit.policy.calls import case

# Each axis in rising severity. EXTRACTED and BOUND are equally well known.
AXES: dict[str, tuple[Any, ...]] = {
    "impact": tuple(Impact),
    "destructive": (False, True),
    "reversibility": tuple(Reversibility),
    "sensitivity": tuple(Sensitivity),
    "blast": tuple(Blast),
    "open_ended": (False, True),
    "classified": (True, False),
    "cross_tenant": (False, True),
    "tenant_binding": (TenantBinding.BOUND, TenantBinding.EXTRACTED, TenantBinding.UNKNOWN),
    "within_budget": (True, False),
    "repeats_unknown": (False, True),
}
NEAR = 3
Cell = tuple[Any, ...]
Extent = Callable[[str], dict[Cell, Tier]]
CLIMB = {
    Tier.RUN: Tier.CONFIRM,
    Tier.NOTIFY: Tier.CONFIRM,
    Tier.CONFIRM: Tier.CONFIRM_STRONGLY,
    Tier.CONFIRM_STRONGLY: Tier.TWO_PERSONS,
    Tier.TWO_PERSONS: Tier.BLOCK,
    Tier.BLOCK: Tier.BLOCK,
}


def oracle(cell: Cell, *, strict: bool) -> Tier:
    """Read the table as its authors wrote it: the most severe matching row, then the budget."""
    it = SimpleNamespace(**dict(zip(AXES, cell, strict=True)))
    writes = it.impact is not Impact.READ_ONLY
    lasting = it.reversibility is Reversibility.IRREVERSIBLE
    rows = [
        (Tier.RUN, True),
        (Tier.NOTIFY, writes),
        (Tier.CONFIRM, it.destructive),
        (Tier.CONFIRM, it.reversibility is Reversibility.RECOVERABLE),
        (Tier.CONFIRM, it.sensitivity is Sensitivity.RESTRICTED),
        (Tier.CONFIRM, it.impact is Impact.EXTERNAL_SIDE_EFFECT),
        (Tier.CONFIRM, not it.classified),
        (Tier.CONFIRM, it.open_ended),
        (Tier.CONFIRM, writes and it.repeats_unknown),
        (Tier.CONFIRM, writes and it.tenant_binding is TenantBinding.UNKNOWN),
        (Tier.CONFIRM, writes and strict),
        (Tier.CONFIRM_STRONGLY, lasting),
        (Tier.CONFIRM_STRONGLY, it.cross_tenant),
        (Tier.TWO_PERSONS, lasting and it.blast in {Blast.MANY, Blast.SYSTEM}),
        (Tier.TWO_PERSONS, it.cross_tenant and writes),
        (Tier.BLOCK, it.cross_tenant and lasting),
    ]
    tier = max(tier for tier, matches in rows if matches)
    return tier if it.within_budget else CLIMB[tier]


@cache
def everything(profile: str) -> dict[Cell, Tier]:
    """Judge every cell of the space, about 27,000."""
    return judged(profile, itertools.product(*AXES.values()))


@cache
def near(profile: str) -> dict[Cell, Tier]:
    """Judge the cells that are harmless but for at most three axes: every row, every pair of rows that are short."""
    harmless = tuple(steps[0] for steps in AXES.values())
    cells = itertools.product(*AXES.values())
    return judged(profile, (cell for cell in cells if sum(a != b for a, b in zip(cell, harmless, strict=True)) <= NEAR))


def judged(profile: str, cells: Iterable[Cell]) -> dict[Cell, Tier]:
    snapshot = load({"shipped.cedar": shipped(profile)})
    return {cell: snapshot.judge(*case(**dict(zip(AXES, cell, strict=True)))).tier for cell in cells}


EXTENTS = [
    pytest.param(near, "default", id="near-default"),
    pytest.param(near, "strict", id="near-strict"),
    pytest.param(everything, "default", id="everything-default", marks=pytest.mark.slow),
    pytest.param(everything, "strict", id="everything-strict", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("extent", "profile"), EXTENTS)
def test_every_cell_gets_the_tier_of_its_most_severe_row(extent: Extent, profile: str) -> None:
    expected = {cell: oracle(cell, strict=profile == "strict") for cell in extent(profile)}
    wrong = {cell: (tier, expected[cell]) for cell, tier in extent(profile).items() if tier is not expected[cell]}
    assert not wrong, f"{len(wrong)} cells, the first: {next(iter(wrong.items()))}"


@pytest.mark.parametrize(("extent", "profile"), EXTENTS)
def test_raising_an_axis_never_lowers_the_tier(extent: Extent, profile: str) -> None:
    tiers = extent(profile)
    compared = 0
    for cell, tier in tiers.items():
        for position, steps in enumerate(AXES.values()):
            for higher in steps[steps.index(cell[position]) + 1 :][:1]:
                raised = (*cell[:position], higher, *cell[position + 1 :])
                assert tiers.get(raised, Tier.BLOCK) >= tier, (cell, raised)
                compared += raised in tiers
    assert compared > len(tiers)


@pytest.mark.parametrize(("extent", "_profile"), EXTENTS[::2])
def test_strict_is_never_cheaper_and_never_lets_a_change_run(extent: Extent, _profile: str) -> None:
    default, strict = extent("default"), extent("strict")
    assert all(strict[cell] >= tier for cell, tier in default.items())
    assert all(tier > Tier.NOTIFY for cell, tier in strict.items() if cell[0] is not Impact.READ_ONLY)


@pytest.mark.parametrize(
    ("facts", "tier", "policies"),
    [
        ({}, Tier.RUN, ("run.own-server",)),
        (
            {"impact": Impact.INTERNAL_MODIFICATION, "reversibility": Reversibility.REVERSIBLE},
            Tier.NOTIFY,
            ("run.notify-owner", "run.own-server"),
        ),
        ({"sensitivity": Sensitivity.RESTRICTED}, Tier.CONFIRM, ("run.own-server", "confirm.restricted")),
        (
            {"impact": Impact.EXTERNAL_SIDE_EFFECT, "reversibility": Reversibility.IRREVERSIBLE},
            Tier.CONFIRM_STRONGLY,
            ("run.own-server", "strongly.irreversible", "confirm.external"),
        ),
        ({"cross_tenant": True}, Tier.CONFIRM_STRONGLY, ("run.own-server", "strongly.cross-tenant")),
        (
            {"reversibility": Reversibility.IRREVERSIBLE, "blast": Blast.MANY},
            Tier.TWO_PERSONS,
            ("run.own-server", "two-persons.irreversible-for-many", "strongly.irreversible"),
        ),
        (
            {"cross_tenant": True, "reversibility": Reversibility.IRREVERSIBLE},
            Tier.BLOCK,
            ("block.cross-tenant-irreversible", "strongly.cross-tenant", "strongly.irreversible"),
        ),
        ({"within_budget": False}, Tier.CONFIRM, ("run.own-server", "confirm.over-budget")),
    ],
)
def test_a_decision_names_its_permits_then_its_forbids_the_weightiest_first(
    facts: dict[str, Any], tier: Tier, policies: tuple[str, ...]
) -> None:
    decision = load({"shipped.cedar": shipped("default")}).judge(*case(**facts))
    assert (decision.tier, decision.policies) == (tier, policies)


@pytest.mark.parametrize("profile", ["default", "strict"])
def test_a_server_of_another_tenants_inventory_is_not_permitted_at_any_assurance(profile: str) -> None:
    decision = load({"shipped.cedar": shipped(profile)}).judge(*case(tool={"tenant": "globex"}))
    assert (decision.tier, decision.reason, decision.policies) == (Tier.BLOCK, "policy.no_match", ())


def test_a_binding_to_no_tenant_counts_as_unknown() -> None:
    snapshot = load({"shipped.cedar": shipped("default")})
    write = case(impact=Impact.INTERNAL_MODIFICATION, resource_tenant=None)
    assert snapshot.judge(*write).policies == ("run.own-server", "confirm.unbound-write")
