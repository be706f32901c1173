from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.cli import main as main_module
from interlock.core.errors import CallerError, IntegrityError, InterlockError, OperatorError
from unit.cli.conftest import Terminal


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(_arguments: object) -> int:
        raise error

    monkeypatch.setattr(main_module, "resolve", lambda _target: fail)


@pytest.mark.parametrize(
    ("error", "code"), [(CallerError, 1), (OperatorError, 2), (InterlockError, 3), (IntegrityError, 4)]
)
def test_a_fault_becomes_words_and_its_exit_code(
    interlock: Terminal, monkeypatch: pytest.MonkeyPatch, error: type[CallerError], code: int
) -> None:
    raising(monkeypatch, error("it broke", "mend it"))
    said = interlock("init")
    assert (said.code, said.out, said.err) == (code, "", "interlock: it broke\n  -> mend it\n")


def test_what_a_fault_quotes_cannot_move_the_cursor(interlock: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, CallerError("tool \x1b[2J\u202e"))
    assert interlock("init").err == "interlock: tool ⟨U+001B⟩[2J⟨U+202E⟩\n"


def test_a_bug_is_told_without_its_text(interlock: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERLOCK_DEBUG", raising=False)
    raising(monkeypatch, RuntimeError("a secret"))
    said = interlock("init")
    assert said.code == 3
    assert "a bug in Interlock: RuntimeError at test_main.py:" in said.err
    assert "CONTRIBUTING.md" in said.err
    assert "secret" not in said.err


def test_a_bug_is_traced_on_request(interlock: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_DEBUG", "1")
    raising(monkeypatch, RuntimeError("the whole story"))
    said = interlock("init")
    assert (said.code, "Traceback" in said.err, "the whole story" in said.err) == (3, True, True)


def test_a_failing_file_is_named(interlock: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, OSError(28, "No space left on device", "/data/x"))
    said = interlock("init")
    assert (said.code, said.err) == (3, "interlock: /data/x: No space left on device\n")


def test_an_error_of_the_system_that_names_no_file_is_a_bug(
    interlock: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, OSError(9, "Bad file descriptor"))
    assert "a bug in Interlock: OSError" in interlock("init").err


def test_ctrl_c_ends_without_a_word(interlock: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    said = interlock("init")
    assert (said.code, said.out, said.err) == (130, "", "")


def test_a_reader_that_went_away_ends_it_without_a_word(interlock: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[bool] = []
    monkeypatch.setattr(main_module, "forget_output", lambda: forgotten.append(True))
    raising(monkeypatch, BrokenPipeError())
    said = interlock("init")
    assert (said.code, said.err, forgotten) == (3, "", [True])


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("inventory",),
        ("inventory", "reviews"),
        ("nonsense",),
        ("init", "--nonsense"),
        ("audit", "ls", "--lim", "3"),
        ("audit", "ls", "-o", "yaml"),
        ("approvals", "approve", "a-1", "--as", "bob"),
        ("approvals", "deny", "a-1", "--reason", "no"),
        ("token", "--subject", "u", "--workload", "w"),
        ("stop", "--all"),
    ],
)
def test_wrong_usage_is_2(interlock: Terminal, words: tuple[str, ...]) -> None:
    said = interlock(*words)
    assert (said.code, said.out) == (2, "")
    assert "usage: interlock" in said.err


def test_help_is_data(interlock: Terminal) -> None:
    said = interlock("--help")
    assert said.code == 0
    assert "inventory" in said.out
    assert interlock("inventory", "reviews", "import", "--help").code == 0


def test_every_command_takes_a_configuration(interlock: Terminal, folder: Path) -> None:
    said = interlock("approvals", "ls", "-c", "other.yaml")
    assert said.code == 2
    assert "other.yaml: there is no such file" in said.err
    assert "run `interlock init`" in said.err
    assert list(folder.iterdir()) == []


def test_help_imports_no_room_but_the_core() -> None:
    script = (
        "import sys\n"
        "from interlock.cli.main import main\n"
        "main(['--help'])\n"
        "heavy = {'pydantic', 'cedarpy', 'joserfc', 'cryptography', 'sqlglot', 'sqlite3', 'yaml', 'asyncio'}\n"
        "rooms = {name for name in sys.modules if name.startswith('interlock.')} \n"
        "allowed = ('interlock.cli', 'interlock.core')\n"
        "print(sorted(heavy & set(sys.modules)), [r for r in rooms if not r.startswith(allowed)], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "[] []\n"


def test_output_that_cannot_be_flushed_is_a_reader_that_went_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(main_module, "resolve", lambda _target: lambda _arguments: 0)
    assert main_module.main(["init"]) == 3
    assert list(folder.iterdir()) == []
