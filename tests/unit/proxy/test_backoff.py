import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.proxy.backoff import Backoff


def test_nothing_failed_nothing_waits() -> None:
    assert Backoff().delay(lambda: 0.9) == 0


def test_the_wait_doubles_up_to_the_cap() -> None:
    backoff = Backoff(first=1, cap=5)
    waits = []
    for _ in range(5):
        backoff = backoff.after(0)
        waits.append(backoff.delay(lambda: 1))
    assert waits == [1, 2, 4, 5, 5]


@pytest.mark.parametrize(("ran", "failures"), [(59.9, 4), (60, 1), (1e9, 1)])
def test_a_healthy_run_wipes_the_slate(ran: float, failures: int) -> None:
    assert Backoff(healthy=60, failures=3).after(ran).failures == failures


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_the_wait_is_between_half_and_all_of_the_full_one(failures: int, chance: float) -> None:
    backoff = Backoff(failures=failures)
    full = min(60, 0.5 * 2 ** min(failures - 1, 100))
    assert full / 2 <= backoff.delay(lambda: chance) < full or chance > 0.999999
    assert backoff.delay(lambda: 0) == full / 2
