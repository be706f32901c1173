"""The shape of enforcement; its stories are in tests/playbooks, its laws in tests/properties."""

from __future__ import annotations

import ast
import inspect

import pytest

from interlock.core import enforcement
from interlock.core.enforcement import enforce
from interlock.core.reasons import Reason
from interlock.core.requests import Forward, RecordDecision, Refused, StepFailed, Stopped
from unit.core.sample import CALL


def test_forward_is_asked_for_in_one_place_inside_perform() -> None:
    tree = ast.parse(inspect.getsource(enforcement))
    places = [
        function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == Forward.__name__
    ]
    assert places == ["_perform"]


def test_nothing_is_asked_before_the_first_step() -> None:
    steps = enforce(CALL)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_a_failure_that_cannot_be_recorded_keeps_no_detail_of_the_failure() -> None:
    steps = enforce(CALL)
    next(steps)
    assert isinstance(steps.throw(StepFailed(Reason.UPSTREAM_UNREACHABLE, "x")), RecordDecision)
    with pytest.raises(StopIteration) as end:
        steps.throw(StepFailed(Reason.LOG_UNAVAILABLE, "y"))
    assert end.value.value == Refused(Stopped(Reason.LOG_UNAVAILABLE))
