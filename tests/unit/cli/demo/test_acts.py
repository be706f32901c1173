from pathlib import Path
from types import SimpleNamespace

import pytest

from interlock.classify import classify
from interlock.cli.demo import acts
from interlock.cli.demo.acts import agent_of, look
from interlock.cli.demo.stage import Ran
from interlock.cli.demo.teller import Teller
from interlock.core.errors import InterlockError
from interlock.policy import shipped
from unit.cli.demo.scripted import ScriptedStage

READ = {"name": "read_text_file", "description": "Read a text file."}
WRITE = {"name": "write_file", "description": "Overwrite a file.", "annotations": {"destructiveHint": True}}
DELETE = {"name": "delete_entities", "description": "Delete multiple entities permanently."}
TIME = {"name": "get_current_time", "description": "Get the current time."}
FOUND = [("files", READ), ("files", WRITE), ("memory", DELETE), ("time", TIME)]


@pytest.fixture
def stage(tmp_path: Path) -> ScriptedStage:
    made = ScriptedStage(tmp_path, {"token --subject": Ran(0, "a-token\n", "")})
    (tmp_path / "default.cedar").write_text(shipped("default"))
    made.settings = SimpleNamespace(policy=SimpleNamespace(path=tmp_path), gateway=SimpleNamespace(listen="gate:1"))
    return made


def found(monkeypatch: pytest.MonkeyPatch, tools: list[tuple[str, dict[str, object]]]) -> None:
    class Desk:
        def __enter__(self) -> object:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def inventory(self) -> object:
            return SimpleNamespace(
                tools={
                    (server, tool["name"]): SimpleNamespace(
                        server=server, definition=tool, tool_class=classify(server, tool)
                    )
                    for server, tool in tools
                }
            )

    monkeypatch.setattr(acts, "open_desk", lambda _settings: Desk())


def test_it_accepts_what_is_found_and_tells_how_it_was_classed(
    stage: ScriptedStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, FOUND)
    look(stage, Teller())
    assert [words[:2] for words in stage.ran] == [("init",), ("inventory", "sync")]
    told = " ".join(capsys.readouterr().out.split())
    assert "files 2 tools 1 run unattended, 1 wait for a person" in told
    assert "run files/read_text_file read only" in told
    assert "two_persons memory/delete_entities" in told


@pytest.mark.parametrize("missing", range(4))
def test_a_tool_or_server_that_was_not_found_ends_the_story(
    stage: ScriptedStage, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    found(monkeypatch, [each for number, each in enumerate(FOUND) if number != missing])
    with pytest.raises(InterlockError, match="not"):
        look(stage, Teller())


def test_a_tool_of_another_tier_ends_the_story(stage: ScriptedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = WRITE | {"name": "write_file", "description": "List files."}
    found(monkeypatch, [*FOUND, ("files", harmless | {"annotations": {}, "name": "read_text_file"})])
    monkeypatch.setattr(acts, "TELLING", (("files", "read_text_file", "confirm"),))
    with pytest.raises(InterlockError, match="read_text_file is not in the tier confirm"):
        look(stage, Teller())


def test_an_agent_has_a_token_of_its_person_without_the_line_end(stage: ScriptedStage) -> None:
    agent = agent_of(stage, "ben")
    assert (agent.gateway, agent.token) == ("http://gate:1", "a-token")
    assert stage.ran[-1][:3] == ("token", "--subject", "ben")
