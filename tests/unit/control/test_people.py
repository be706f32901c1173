from __future__ import annotations

import pytest

from interlock.control.people import Operator, is_name, timestamp
from interlock.core.errors import OperatorError


@pytest.mark.parametrize(
    "name", ["", " ada", "ada ", "ada,bob", "a\u200bda", "a\x1bda", "\u202eada", "\uff41da", "x" * 257, "a\nb"]
)
def test_a_name_that_could_pass_for_another_is_refused(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(OperatorError, match="a person's name"):
        Operator(name=name, reason="because", os_user="root")


@pytest.mark.parametrize("name", ["ada", "Ada Lovelace", "Ada L\u00f6we", "x" * 256])
def test_people_have_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2001])
def test_a_reason_is_a_sentence(reason: str) -> None:
    with pytest.raises(OperatorError, match="a reason"):
        Operator(name="ada", reason=reason, os_user="root")


def test_a_claim_says_that_nobody_verified_it() -> None:
    claim = Operator(name="ada", reason="because", os_user="root").claim()
    assert claim == {"by": "ada", "verified": False, "os_user": "root", "why": "because"}


def test_times_are_as_the_log_writes_them() -> None:
    assert timestamp(1_800_000_000.25) == "2027-01-15T08:00:00.250000Z"
