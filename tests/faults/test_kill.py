"""kill -9 at every step of a call, and at any time: the log still tells what happened, and each thing once."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.crashing import STEPS
from faults.victim import END_SECONDS, Victim, eventually

SOON = frozenset({"before_checkpoint_copy", "after_checkpoint_link"})
"""Met within a second of serving, load or none; a step of a call is met some calls into the load."""


@pytest.fixture
def victim(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Victim]:
    made = Victim(tmp_path, getattr(request, "param", "stdio"))
    yield made
    made.end()
    print(made.tally)  # noqa: T201 (pytest -rP shows what was survived)


over_http = pytest.mark.parametrize("victim", ["http"], indirect=True)


def test_killed_at_each_step_of_a_call(victim: Victim) -> None:
    for step in STEPS:
        soon = step in SOON
        assert victim.serve(step, 1 if soon else 12) or soon, victim.log()
        victim.check()
        with victim.load([] if soon else victim.approve_some(2)):
            assert victim.killed(), step
        survive(victim)
    assert victim.serve()
    victim.check()
    assert victim.tally.unknown > 0
    assert victim.tally.effects > 50
    goes_on(victim)


@pytest.mark.parametrize(
    "step", ["before_outcome_commit", pytest.param("after_outcome_commit", marks=pytest.mark.slow)]
)
def test_killed_while_it_recovers(victim: Victim, step: str) -> None:
    victim.serve("after_upstream_answered", 5)
    with victim.load([]):
        assert victim.killed()
    survive(victim)
    assert not victim.serve(step, 1)
    assert victim.killed()
    survive(victim)
    assert victim.serve()
    victim.check()
    assert victim.tally.unknown > 0
    goes_on(victim)


def any_time(victim: Victim, rounds: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (a schedule, no secret)
    for _ in range(rounds):
        assert victim.serve(), victim.log()
        victim.check()
        with victim.load(victim.approve_some(2)):
            time.sleep(chance.uniform(0.05, 1.0))
            victim.kill()
        survive(victim)
    assert victim.serve()
    victim.check()
    goes_on(victim)


def test_killed_at_any_time(victim: Victim) -> None:
    any_time(victim, 2, 1)


@over_http
def test_killed_at_any_time_before_a_server_that_lives_on(victim: Victim) -> None:
    """What the dead gateway had sent still happens, also after it was recovered as unknown."""
    any_time(victim, 1, 2)


@pytest.mark.slow
@over_http
def test_killed_at_any_time_before_a_server_that_lives_on_many_times(victim: Victim) -> None:
    any_time(victim, 15, 3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_time_many_times(victim: Victim, seed: int) -> None:
    any_time(victim, 15, seed)


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2, 40])
def test_killed_at_each_step_early_and_late(victim: Victim, at: int) -> None:
    for step in STEPS[:7]:
        assert victim.serve(step, at + victim.tally.unknown)
        victim.check()
        with victim.load([]):
            assert victim.killed(), step
        survive(victim)
    assert victim.serve()
    victim.check()


def test_told_to_end_under_load_it_ends_in_time_and_settles_everything(victim: Victim) -> None:
    assert victim.serve()
    with victim.load(victim.approve_some(2)):
        time.sleep(0.7)
        assert victim.terminate() < END_SECONDS
    assert eventually(lambda: not victim.orphans(), 2)
    victim.check()
    assert victim.tally.unknown == 0
    assert victim.tally.effects > 20


def test_told_to_end_it_signs_its_last_checkpoint_and_lets_its_lease_go(victim: Victim) -> None:
    assert victim.serve()
    with victim.connected() as client:
        victim.call(client, "create_note", "last")
    victim.terminate()
    assert not list((victim.directory / "var").glob(".owner-*"))
    sizes = [int(each.stem.partition("-")[2]) for each in (victim.directory / "second-place").iterdir()]
    assert max(sizes) == len(victim.records())


def survive(victim: Victim) -> None:
    """It is dead: nothing that it started may be left."""
    victim.tally.rounds += 1
    assert eventually(lambda: not victim.orphans(), 10), victim.orphans()


def goes_on(victim: Victim) -> None:
    """The gateway that took over works and ends as told."""
    with victim.connected() as client:
        assert not victim.call(client, "create_note", "afterwards").get("isError")
    assert victim.terminate() < END_SECONDS
    victim.check()
