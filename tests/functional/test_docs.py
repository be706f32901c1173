"""What the pages refer to is there: files, headings, commands, targets, every number of a decision record."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from interlock.cli.main import build_parser
from interlock.core.requests import Request
from interlock.settings import load

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:interlock|make) [^`]+)`")
PLACEHOLDER = re.compile(r"[A-Z_|]+")
SHELL = {"sh", "bash", "console"}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = FENCE.sub("", text)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        inside = found.resolve().is_relative_to(ROOT)
        if not inside or not found.exists() or (anchor and anchor not in anchors(found.read_text(encoding="utf-8"))):
            yield target


def commands(text: str) -> Iterator[str]:
    """Yield the commands of ours that a page gives: lines of shell blocks, and those in running text."""
    for language, body in FENCE.findall(text):
        if language in SHELL:
            joined = body.replace("\\\n", " ")
            yield from (line.strip().removeprefix("$ ") for line in joined.splitlines())
    yield from INLINE.findall(FENCE.sub("", text))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def is_there(line: str) -> bool:
    """Whether a line of shell is none of our commands, or one that there is; a command's arguments may be left out."""
    words = shlex.split(line, comments=True)
    if words[:1] and words[0].endswith("/interlock"):
        words[0] = "interlock"
    if words[:1] == ["make"]:
        return set(words[1:]) <= make_targets()
    if words[:1] != ["interlock"]:
        return True
    return _named(build_parser(), words[1:])


def _named(parser: argparse.ArgumentParser, words: list[str]) -> bool:
    """Whether the words lead to a command, and its options are options of it."""
    while words and (below := _below(parser)) and words[0] in below:
        parser, words = below[words[0]], words[1:]
    if "--" in words:
        words = words[: words.index("--")]
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    takes = parser.get_default("target") is not None
    return (takes or not words) and options <= set(parser._option_string_actions)


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


@by_page
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page, page.read_text(encoding="utf-8"))) == []


@by_page
def test_every_command_that_is_given_exists(page: Path) -> None:
    assert [line for line in commands(page.read_text(encoding="utf-8")) if not is_there(line)] == []


@by_page
def test_no_page_refers_to_what_a_reader_does_not_have(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:work|tmp|root|home)/", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "line", ["interlock approve x", "interlock demo --stay", "make tests", "interlock approvals", "x/interlock nothing"]
)
def test_a_command_that_is_not_there_is_noticed(line: str) -> None:
    assert is_there(line) is (line == "interlock approvals")


@pytest.mark.parametrize("link", ["missing.md", "README.md#no-such-heading", "../outside.md", "#nowhere"])
def test_a_link_that_leads_nowhere_is_noticed(link: str) -> None:
    assert list(broken_links(ROOT / "SECURITY.md", f"see [it]({link})")) == [link]


def test_every_decision_record_is_listed_and_has_its_parts() -> None:
    folder = ROOT / "docs" / "adr"
    records = sorted(folder.glob("0*.md"))
    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for _, name in listed] == [record.name for record in records]
    for number, (told, record) in enumerate(zip(listed, records, strict=True), start=1):
        text = record.read_text(encoding="utf-8")
        assert told[0] == f"{number:04}" == record.name[:4] == text[2:6]
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Rejected"]


def test_decision_records_that_the_code_names_are_there() -> None:
    named = set()
    for path in [ROOT / "pyproject.toml", *(ROOT / "src").rglob("*.py")]:
        named |= set(re.findall(r"docs/adr/(\d{4})", path.read_text(encoding="utf-8")))
    assert named
    assert all(list((ROOT / "docs" / "adr").glob(f"{number}-*.md")) for number in named)


def test_the_quickstarts_server_is_a_valid_configuration(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    (servers,) = [body for language, body in FENCE.findall(text) if language == "yaml"]
    (tmp_path / "interlock.yaml").write_text("version: 1\n" + servers)
    assert list(load(tmp_path / "interlock.yaml").servers) == ["files"]


def test_the_architecture_page_names_every_request_of_a_call() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    requests = [request.__name__ for request in Request.__subclasses__()]
    assert "Forward" in requests
    assert [name for name in requests if f"`{name}`" not in text] == []


@pytest.mark.parametrize("fragment", sorted((ROOT / "docs" / "changelog.d").glob("*.*.md")), ids=lambda path: path.name)
def test_a_changelog_fragment_has_a_known_type(fragment: Path) -> None:
    assert re.fullmatch(r"(?:\d+|\+[\w-]+)\.(?:added|changed|fixed|removed|security)\.md", fragment.name)


def test_the_hooks_run_what_is_installed_and_fetch_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
