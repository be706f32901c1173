from __future__ import annotations

import pytest

from interlock.core.errors import CallerError, Fault, IntegrityError, InterlockError, OperatorError


@pytest.mark.parametrize(
    ("fault", "code"), [(CallerError, 1), (OperatorError, 2), (InterlockError, 3), (Fault, 3), (IntegrityError, 4)]
)
def test_each_fault_exits_with_its_own_code(fault: type[Fault], code: int) -> None:
    assert fault.exit_code == code
    assert issubclass(fault, Fault)


def test_a_fault_says_what_happened_and_what_to_do_next() -> None:
    fault = OperatorError("no such file", "name one that is there")
    assert (fault.what, fault.then, str(fault)) == ("no such file", "name one that is there", "no such file")
    assert fault.diagnostics() == "no such file\n  -> name one that is there"


def test_a_fault_that_asks_for_nothing_says_only_what_happened() -> None:
    fault = CallerError("not JSON")
    assert fault.then == ""
    assert fault.diagnostics() == "not JSON"
