from __future__ import annotations

import pytest
from pydantic import ValidationError

from interlock.settings.document import Mark, Path, Problem, read_document
from interlock.settings.problems import describe, in_order, shape_problems
from interlock.settings.shape import File, Stdio


def told(text: str) -> list[str]:
    document = read_document(text.encode())
    with pytest.raises(ValidationError) as raised:
        File.model_validate(document.data)
    return [describe(problem) for problem in in_order(shape_problems(raised.value, document))]


def test_problems_are_in_the_order_of_the_file() -> None:
    later, sooner, beside = (
        Problem((name,), name, Mark(*at)) for name, at in (("b", (9, 1)), ("a", (2, 7)), ("c", (2, 9)))
    )
    assert in_order([later, beside, sooner]) == [sooner, beside, later]


def test_of_several_problems_with_one_thing_the_first_is_told() -> None:
    first, second = Problem(("a",), "first", Mark(1, 1)), Problem(("a",), "second", Mark(1, 1))
    other = Problem(("b",), "other", Mark(1, 1))
    assert in_order([first, second, other]) == [first, other]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "1:2: wrong"),
        (("a", "b-c.d_e@f", 0, "G"), "1:2: a.b-c.d_e@f[0].G: wrong"),
        (("a", "b c"), "1:2: a.<key>: wrong"),
        (("a", "API_KEY:hunter2"), "1:2: a.<key>: wrong"),
        (("a", "ghp_0123456789abcdefghij"), "1:2: a.<key>: wrong"),
        (("a", "x" * 65), "1:2: a.<key>: wrong"),
        (("\x1b[2J",), "1:2: <key>: wrong"),
    ],
)
def test_places_are_written_plainly(path: Path, text: str) -> None:
    assert describe(Problem(path, "wrong", Mark(1, 2))) == text


SERVER = "version: 1\nservers: {a: {transport: %s, tenant: t, owner: o, command: [x]%s}}\n"


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("comands: 1", "servers.a.comands: unknown key; did you mean 'command'?"),
        ("OWNERS: 1", "servers.a.OWNERS: unknown key; did you mean 'owner'?"),
        ("url: 1", "servers.a.url: belongs to a server with transport http; this one has stdio"),
        ("credential: {expire: 1}", "servers.a.credential.expire: unknown key; did you mean 'expires'?"),
        ("credential: {zz: 1}", "servers.a.credential.zz: unknown key; known are owner, expires, scope"),
        ("credential: {url: 1}", "servers.a.credential.url: unknown key; known are owner, expires, scope"),
        ("env: {A: 1}", "servers.a.env.A: must be text; put it in quotes"),
        ("env: [A]", "servers.a.env: must be a mapping, such as {key: value}"),
    ],
)
def test_a_server_is_held_to_its_own_keys(more: str, line: str) -> None:
    (problem,) = told(SERVER % ("stdio", f", {more}"))
    assert problem.partition(" ")[2] == line


def test_names_that_pydantic_uses_itself_do_not_confuse() -> None:
    assert told(SERVER.replace("{a:", "{stdio:") % ("stdio", ", stdio: 1")) == [
        f"2:72: servers.stdio.stdio: unknown key; known are {', '.join(Stdio.model_fields)}"
    ]


def test_a_section_of_the_wrong_kind() -> None:
    assert told("version: 1\nservers: []\nlimits: [1]\naudit: {checkpoints: x}\n") == [
        "2:10: servers: must be a mapping, such as {key: value}",
        "3:9: limits: must be a mapping, such as {key: value}",
        "4:22: audit.checkpoints: must be a list, such as [a, b]",
    ]
