from hypothesis import given
from hypothesis import strategies as st

from interlock.classify import effects
from interlock.classify.effects import ADD, HALT, READ, REMOVE, SEND, Effect, join
from interlock.core.words import Impact, Reversibility

ALL = [value for value in vars(effects).values() if isinstance(value, Effect)]


def test_each_axis_is_joined_by_its_worst() -> None:
    assert join([ADD, REMOVE, SEND]) == (Impact.EXTERNAL_SIDE_EFFECT, True, Reversibility.IRREVERSIBLE)
    assert join([READ, HALT]) == (Impact.EXTERNAL_SIDE_EFFECT, True, Reversibility.RECOVERABLE)


@given(st.lists(st.sampled_from(ALL)), st.sampled_from(ALL))
def test_more_evidence_never_lowers_and_the_result_is_consistent(some: list[Effect], more: Effect) -> None:
    before, after = join(some), join([*some, more])
    assert list(Impact).index(after[0]) >= list(Impact).index(before[0])
    assert after[1] >= before[1]
    assert list(Reversibility).index(after[2]) >= list(Reversibility).index(before[2])
    for impact, destructive, back in (before, after):
        assert (impact is Impact.READ_ONLY) == (back is Reversibility.NONE_NEEDED)
        assert not (impact is Impact.READ_ONLY and destructive)
