import pytest

from interlock.core.errors import InterlockError
from interlock.net import errors


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        (errors.RequestRefused, False),
        (errors.ConnectFailed, False),
        (errors.AddressRefused, False),
        (errors.SendFailed, True),
        (errors.ResponseFailed, True),
        (errors.TooLarge, True),
    ],
)
def test_every_failure_says_whether_the_call_may_have_happened(kind: type[errors.NetFailed], may: bool) -> None:  # noqa: FBT001 - a parametrised case
    failure = kind("what", "then")
    assert failure.may_have_happened is may
    assert isinstance(failure, InterlockError)
