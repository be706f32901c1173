import pytest

from interlock.cli.demo.teller import Teller, expect
from interlock.core.errors import InterlockError


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")


def test_acts_are_numbered_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller()
    teller.title("Story")
    teller.act("First")
    teller.act("Second")
    assert capsys.readouterr().out == "Story\n=====\n\n\n1. First\n\n2. Second\n"


def test_paragraphs_are_wrapped_and_indented(capsys: pytest.CaptureFixture[str]) -> None:
    Teller().say("word " * 30)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("   word") and len(line) <= 60 for line in lines)


def test_a_quoted_text_keeps_its_words_and_is_marked_on_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = "PENDING, not performed: " + "call-0123456789 " * 9
    Teller().quote(text)
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("     | ") for line in lines)
    assert " ".join(line.removeprefix("     | ") for line in lines).split() == text.split()


def test_a_command_is_shown_so_that_it_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    Teller().command("approvals", "approve", "apr-1", "--reason", "it's fine")
    assert capsys.readouterr().out == "     $ interlock approvals approve apr-1 --reason 'it'\"'\"'s fine'\n"


def test_columns_line_up_and_the_last_one_is_wrapped_below_itself(capsys: pytest.CaptureFixture[str]) -> None:
    Teller().rows([["run", "a", "word " * 20], ["confirm", "abc", "end"]])
    lines = capsys.readouterr().out.splitlines()
    column = lines[0].index("word")
    assert [line.index("word") for line in lines[:-1]] == [column] * (len(lines) - 1)
    assert lines[-1].index("end") == column
    assert len(lines) > 3


def test_there_is_no_colour_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    Teller().status("pending", "a call")
    assert capsys.readouterr().out == "     ->  pending  a call\n"


def test_a_terminal_has_colours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    Teller().status("denied", "a call")
    assert "\x1b[31mdenied\x1b[0m" in capsys.readouterr().out


def test_what_a_server_says_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller()
    teller.rows([["->", "ran", "Launch\x1b[2Jplan"]])
    teller.rows([["\x1b[2J", "x"]])
    teller.quote("a\x1b[2Jb")
    teller.lines(["c\x1b[2Jd"])
    assert "\x1b" not in capsys.readouterr().out


def test_what_did_not_happen_ends_the_story() -> None:
    expect(True, "it happened")
    with pytest.raises(InterlockError, match="the call ran twice") as failure:
        expect(False, "the call ran twice")
    assert failure.value.exit_code == 3
