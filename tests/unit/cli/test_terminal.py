from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cli import terminal


class Tty:
    """Standard output as a terminal of some width."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(terminal.shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))


def test_data_and_talk_go_their_own_ways(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.write("data\x07")
    terminal.talk("talk\x1b")
    assert capsys.readouterr() == ("data⟨U+0007⟩\n", "talk⟨U+001B⟩\n")


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.write_json({"a": "\u202eé"})
    terminal.write_json_line({"a": "\u202e"})
    assert capsys.readouterr().out == '{\n  "a": "\\u202e\\u00e9"\n}\n{"a": "\\u202e"}\n'


def test_a_table_is_aligned_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.write_table(("A", "NAME"), [("日本", "x"), ("e\u0301", None), (7, "a\x1b\nb")])
    assert capsys.readouterr().out == "A     NAME\n日本  x\ne\u0301\n7     a⟨U+001B⟩⟨U+000A⟩b\n"


def test_nothing_is_cut_where_no_person_looks(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.write_table(("A",), [("x" * 500,)], {"x" * 500: "red"})
    assert capsys.readouterr().out == "A\n" + "x" * 500 + "\n"


def test_a_narrow_terminal_cuts_the_widest_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Tty(monkeypatch, 20)
    terminal.write_table(("A", "B"), [("short", "x" * 50), ("short", "日" * 20)])
    out = capsys.readouterr().out.splitlines()
    assert out == ["A      B", "short  xxxxxxxxxxxx…", "short  日日日日日日…"]


def test_colours_are_for_terminals_that_want_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal.tint("x", "red") == "x"
    Tty(monkeypatch, 80)
    assert terminal.tint("x", "red") == "\x1b[31mx\x1b[0m"
    terminal.write_table(("A",), [("pending",)], {"pending": "yellow"})
    assert capsys.readouterr().out == "A\n\x1b[33mpending\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.tint("x", "red") == "x"


@given(st.lists(st.integers(0, 200), min_size=1, max_size=8), st.integers(20, 300))
def test_columns_fit_or_are_as_narrow_as_they_get(widths: list[int], room: int) -> None:
    fitted = terminal.fit(widths, room)
    assert all(now <= before for now, before in zip(fitted, widths, strict=True))
    assert sum(fitted) + 2 * (len(fitted) - 1) <= room or max(fitted) <= 8
    if sum(widths) + 2 * (len(widths) - 1) <= room:
        assert fitted == widths


def test_forgetting_an_output_that_is_no_file_is_harmless() -> None:
    terminal.forget_output()


def test_what_was_revealed_before_is_not_spelled_out_twice(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.write("frozen: a⟨U+202E⟩b, fresh: \u202e")
    assert capsys.readouterr().out == "frozen: a⟨U+202E⟩b, fresh: ⟨U+202E⟩\n"
