from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.policy.source import Misread, Statement, invisible, parse, split

GOOD = '@id("{}")\npermit (principal, action, resource);'


def read(text: str) -> list[str]:
    """Parse every statement; return the names, or what is said of the misread."""
    said = []
    for statement in split("p.cedar", text):
        try:
            said.append(parse(statement).name)
        except Misread as misread:
            said.append(str(misread))
    return said


def test_statements_know_their_lines() -> None:
    text = f"// a; b\n\n{GOOD.format('one')} // tail; \n{GOOD.format('two')}\n"
    assert [(s.line, s.text.splitlines()[0]) for s in split("p.cedar", text)] == [(3, '@id("one")'), (5, '@id("two")')]


@pytest.mark.parametrize("text", ["", " \n\t", "// only; a comment", "// one\n// two\n"])
def test_a_file_without_policies_has_no_statements(text: str) -> None:
    assert list(split("p.cedar", text)) == []


def test_semicolons_in_strings_and_comments_end_nothing() -> None:
    text = 'permit (principal, action, resource) // one;\nwhen { ";" == "\\";" };'
    assert [s.text for s in split("p.cedar", text)] == [text]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "// c; \n", "\n\n", " "]), st.sampled_from(['"a;\\"b"', '"//"', '""', '"\\\\"'])
        ),
        max_size=5,
    )
)
def test_every_policy_is_found_whatever_stands_between(parts: list[tuple[str, str]]) -> None:
    text = "".join(
        f'{gap}@id("p{n}") permit (principal, action, resource) when {{ {string} == "x" }};{gap}'
        for n, (gap, string) in enumerate(parts)
    )
    assert read(text) == [f"p{n}" for n in range(len(parts))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('@id("a")\npermit (principal,\n action resource);', "p.cedar:3: unexpected token `resource`"),
        ('\n@id("a")\npermit (principal, action, resource)\nwhen { true };;', "p.cedar:4: unexpected token `;`"),
        ('@id("a")\npermit (principal, action, resource)', "p.cedar:1: unexpected end of input"),
        (f"{GOOD.format('a')[:-1]}\n{GOOD.format('b')}", "p.cedar:3: unexpected token `@`"),
        ('@id("a")\npermit (principal, action, resource)\nwhen { ~ };\n', "p.cedar:3: invalid token"),
        ('@id("a")\npermit (principl, action, resource);', "p.cedar:1: found an invalid variable"),
        ("// c\npermit (principal, action, resource);", "p.cedar:2: the policy has no name"),
        ("@id\npermit (principal, action, resource);", "p.cedar:1: the policy has no name"),
        ('@id("")\npermit (principal, action, resource);', "p.cedar:1: the policy has no name"),
        ('@id("a") permit (principal == ?principal, action, resource);', "p.cedar:1: a template decides nothing"),
        ('@id("a") @id("b") permit (principal, action, resource);', "p.cedar:1: duplicate annotation"),
    ],
)
def test_a_misread_names_file_and_line(text: str, said: str) -> None:
    assert read(text)[-1].startswith(said)


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 100_000 + "true" + ")" * 100_000,
        "(" * 65 + "true" + ")" * 65,
        "[" * 65 + "]" * 65 + " == 1",
        "if true then true else " * 5_000 + "true",
        " && ".join(["context.destructive"] * 100),
        " && ".join(["context.destructive"] * 20_000),
        "context has a" + ".a" * 5_000,
    ],
    ids=["many_parentheses", "parentheses", "sets", "ifs", "ands", "many_ands", "paths"],
)
def test_what_would_overflow_the_parser_is_refused(condition: str) -> None:
    text = f'@id("a") permit (principal, action, resource) when {{ {condition} }};'
    assert read(text) == ["p.cedar:1: the policy is too long or nested too deep; split it"]


def test_long_lists_of_names_are_no_excess() -> None:
    names = ", ".join(f'"a-rather-long-name-{n}"' for n in range(500))
    text = f'@id("a") permit (principal, action, resource) when {{ [{names}].contains(context.subject) }};'
    assert read(text) == ["a"]


def test_a_policy_knows_its_place() -> None:
    assert parse(Statement("p.cedar", 7, GOOD.format("one"))).place == "p.cedar:7: one"


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\ufeff", "\x00", "\ue000", "\u2028"])
def test_characters_nobody_sees_are_named_with_their_line(character: str) -> None:
    (complaint,) = invisible("p.cedar", f"// one\n// t{character}o\n")
    assert complaint.startswith(f"p.cedar:2: invisible character U+{ord(character):04X}")


def test_tabs_line_ends_and_letters_of_any_script_are_seen() -> None:
    assert list(invisible("p.cedar", "// é 字\r\n\t//\n")) == []
