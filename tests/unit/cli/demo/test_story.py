from contextlib import contextmanager
from pathlib import Path

import pytest

from interlock.cli.demo import story

ACTS = (
    "look",
    "read",
    "wait_for_a_person",
    "approve",
    "run_once",
    "repeat",
    "deny",
    "drift",
    "knock_and_pretend",
    "show_records",
    "forge",
)


def test_the_acts_come_in_order_and_the_gateway_is_gone_before_the_log_is_forged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    happened: list[object] = []

    class Stage:
        folder = Path("/scratch")

        @contextmanager
        def serving(self) -> object:
            happened.append("up")
            yield
            happened.append("down")

    def act(name: str) -> object:
        return lambda *given: happened.append((name, *given[1:])) or f"what {name} gave"

    for name in ACTS:
        monkeypatch.setattr(story, name, act(name))
    monkeypatch.setattr(story.Cast, "of", lambda _stage, _teller: "cast")
    stage = Stage()
    story.tell(stage)
    order = [each if isinstance(each, str) else each[0] for each in happened]
    assert order == ["look", "up", *ACTS[1:-1], "down", "forge"]
    assert ("approve", "what wait_for_a_person gave") in happened
    assert ("repeat", "what wait_for_a_person gave") in happened
    assert "/scratch" in capsys.readouterr().out
