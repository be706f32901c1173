import argparse

import pytest

from interlock.cli.demo import command
from interlock.cli.table import resolve
from interlock.core.errors import OperatorError


def test_without_the_sdk_it_says_make_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _name: None)
    with pytest.raises(OperatorError) as failure:
        command.demo(argparse.Namespace(serve=False))
    assert "make setup" in failure.value.then


def test_what_it_names_is_there() -> None:
    assert all(callable(resolve(target)) for target in (command.STORY, command.STAY))


@pytest.mark.parametrize(("serve", "play", "wait"), [(False, command.STORY, "500ms"), (True, command.STAY, "3s")])
def test_it_tells_or_stays(monkeypatch: pytest.MonkeyPatch, *, serve: bool, play: str, wait: str) -> None:
    happened: list[object] = []

    class Scratch:
        def __init__(self, programs: str, wait: str) -> None:
            happened.append((programs, wait))

        def __enter__(self) -> str:
            return "scratch"

        def __exit__(self, *_: object) -> None:
            happened.append("cleaned up")

    monkeypatch.setattr(command, "find_programs", lambda: "programs")
    monkeypatch.setattr(command, "stage", Scratch)
    monkeypatch.setattr(command, "resolve", lambda target: lambda scratch: happened.append((target, scratch)))
    assert command.demo(argparse.Namespace(serve=serve)) == 0
    assert happened == [("programs", wait), (play, "scratch"), "cleaned up"]
