"""The mutation run: change the heart of Interlock in one place at a time and see a test die of it.

A mutation that survives is a test that is missing, or says that the code could be simpler. How to read and use it:
docs/howto/mutation.md.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
from mutations import Mutation, mutations

ROOT = Path(__file__).parent.parent
SOURCES = Path("src", "interlock")
COPIED = ("src", "tests", "pyproject.toml")
"""What the run works on: as it was when the run began, whoever goes on writing."""
ROOMS = {
    "core": (
        "tests/playbooks",
        "tests/unit/core",
        "tests/properties/test_approval.py",
        "tests/properties/test_enforcement.py",
    ),
    "canon": ("tests/unit/canon", "tests/properties/test_canon.py"),
    "audit": ("tests/unit/audit",),
}
"""The rooms that are mutated, and the tests that have to notice: each is begun when the one before has not."""
MEMORY = 2**31
CPU_SECONDS = 300
"""Bounds of one attempt, also where nobody is left to end it."""
SLOWER = 6
"""How many times longer than the unchanged code a mutation may take; then it counts as noticed."""
KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A mutation under test in a process of its own. ``until`` is on the monotonic clock, in seconds."""

    mutation: Mutation
    until: float


class Mutant(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module another source than its file has."""

    def __init__(self, path: Path, source: str) -> None:
        """``path`` is the module's file, ``source`` what to run in its stead."""
        package = path.parent.parent.name
        self.name = f"{package}.{path.parent.name}.{path.stem}".removesuffix(".__init__")
        self.path, self.source = path, source

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find the mutated module, and nothing else."""
        if fullname != self.name:
            return None
        package = self.path.name == "__init__.py"
        spec = importlib.util.spec_from_loader(fullname, self, origin=str(self.path), is_package=package)
        if spec is not None:
            spec.has_location = True
            spec.submodule_search_locations = [str(self.path.parent)] if package else None
        return spec

    def get_source(self, _fullname: str) -> str:
        """Return the mutated source."""
        return self.source


def main() -> int:
    """Run what was asked for, print it, and return how to exit."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as place:
        return _judge(asked, _snapshot(Path(place)))


def _judge(asked: argparse.Namespace, tree: Path) -> int:
    chosen = _chosen(asked, tree)
    needed = {path: _baseline(path) for path in dict.fromkeys(each.path for each in chosen)}
    started, tally = time.monotonic(), Counter[str]()
    for mutation, result in _run(chosen, needed, asked.workers, started + asked.seconds):
        tally[result] += 1
        if result is not KILLED:
            print(f"{result}  {mutation.path.relative_to(tree)}:{mutation.line}: {mutation.change}", flush=True)
    return _report(tally, len(chosen), asked.at_least, time.monotonic() - started)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", nargs="+", type=Path, help="only these source files or folders")
    parser.add_argument("--limit", type=int, help="only the first so many mutations")
    parser.add_argument("--sample", type=int, help="only so many mutations, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default 0)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no mutation after this time")
    parser.add_argument("--workers", type=int, default=2, help="processes at once (default 2)")
    parser.add_argument("--at-least", type=float, default=95.0, help="exit with 1 below this score (default 95)")
    return parser.parse_args()


def _snapshot(place: Path) -> Path:
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / name)
    return place


def _chosen(asked: argparse.Namespace, tree: Path) -> list[Mutation]:
    wanted = [path.resolve().relative_to(ROOT) for path in asked.files or [ROOT / SOURCES / room for room in ROOMS]]
    places = [tree / path for path in wanted]
    files = [file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    chosen = [each for file in files for each in mutations(file)]
    if asked.sample is not None:
        draw = random.Random(asked.seed)  # noqa: S311 (a sample, not a secret)
        chosen = draw.sample(chosen, min(asked.sample, len(chosen)))
    return chosen[: asked.limit]


def _tests(path: Path) -> list[str]:
    """Return the tests that have to notice a change of this file, its own first."""
    room = path.parent.name
    own = f"tests/unit/{room}/test_{path.name}"
    return [*([own] if (_tree(path) / own).exists() else []), *ROOMS[room]]


def _tree(path: Path) -> Path:
    return path.parents[len(SOURCES.parts) + 1]


def _baseline(path: Path) -> float:
    """Return how many seconds the unchanged file's tests take. They have to pass."""
    source = ast.unparse(ast.parse(path.read_text(encoding="utf-8")))
    began = time.monotonic()
    child = _fork(lambda: _try(path, source))
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise SystemExit(f"{path}: its tests fail before anything is changed; run them with pytest")
    return time.monotonic() - began


def _run(
    chosen: Sequence[Mutation], needed: dict[Path, float], workers: int, until: float
) -> Iterator[tuple[Mutation, str]]:
    """Try the mutations, ``workers`` at once, and yield what became of each."""
    waiting, running = iter(chosen), dict[int, Attempt]()
    while True:
        while len(running) < workers and time.monotonic() < until:
            mutation = next(waiting, None)
            if mutation is None:
                break
            child = _fork(lambda it=mutation: _try(it.path, it.source))  # type: ignore[misc]
            running[child] = Attempt(mutation, time.monotonic() + 10 + SLOWER * needed[mutation.path])
        if not running:
            return
        time.sleep(0.01)
        yield from _ended(running)


def _ended(running: dict[int, Attempt]) -> Iterator[tuple[Mutation, str]]:
    """Take out of ``running`` what has ended or has taken too long."""
    for child, attempt in list(running.items()):
        pid, status = os.waitpid(child, os.WNOHANG)
        late = pid == 0 and time.monotonic() > attempt.until
        if late:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if late or pid != 0:
            del running[child]
            yield attempt.mutation, TIMEOUT if late else SURVIVED if status == 0 else KILLED


def _fork(work: Callable[[], int]) -> int:
    """Start ``work`` in a process of its own, which inherits pytest already imported; return its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        code = work()
    finally:
        os._exit(code)


def _try(path: Path, source: str) -> int:
    """Run the tests with ``source`` in place of the file and return 0 if they pass."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.chdir(_tree(path))
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(_tree(path) / SOURCES.parts[0]))
    sys.meta_path.insert(0, Mutant(path, source))
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a dead mutant needs no smallest example
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None, phases=phases)
    hypothesis.settings.load_profile("mutation")
    options = ["-x", "-q", "--assert=plain", "-p", "no:randomly", "-p", "no:xdist", "-m", "not slow"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return next((1 for tests in _tests(path) if pytest.main([*options, tests])), 0)


def _report(tally: Counter[str], wanted: int, at_least: float, seconds: float) -> int:
    tried = tally.total()
    score = 100 * (tried - tally[SURVIVED]) / tried if tried else 100.0
    counts = ", ".join(f"{tally[name]} {name}" for name in (KILLED, TIMEOUT, SURVIVED))
    print(f"{tried} of {wanted} mutations in {seconds:.0f} s: {counts}; score {score:.1f} %")
    return 0 if score >= at_least else 1


if __name__ == "__main__":
    sys.exit(main())
