"""How conversations begin, up to where a story starts."""

from __future__ import annotations

from interlock.core.requests import BorrowCredential, Decide, Dispatch, FindTool, Forward, GatherFacts, Judged, Refine
from interlock.core.words import Tier
from playbooks.playbook import Playbook
from unit.core.sample import CALL, CREDENTIAL, DELETES, FACTS, TICKET, TOOL, decision

RUNS = Judged(TOOL, FACTS, decision(Tier.RUN))


def look(book: Playbook, tier: Tier, *, fresh: bool = False, reason: str = "policy.confirm") -> Playbook:
    """Go as far as the decision."""
    return (
        book.expects(FindTool, fresh=fresh)
        .reply(TOOL)
        .expects(Refine, tool=TOOL)
        .reply(DELETES)
        .expects(GatherFacts, tool=TOOL, effect=DELETES)
        .reply(FACTS)
        .expects(Decide, tool=TOOL, facts=FACTS)
        .reply(decision(tier, reason))
    )


def dispatched(book: Playbook) -> Playbook:
    """Go as far as the ticket of a call that runs unattended."""
    looked = look(book, Tier.RUN, reason="policy.permitted")
    return looked.expects(Dispatch, call=CALL, judged=RUNS, approved=None).reply(TICKET)


def lent(book: Playbook) -> Playbook:
    """Go as far as being asked to forward."""
    book = dispatched(book).expects(BorrowCredential, call=CALL, ticket=TICKET).reply(CREDENTIAL)
    return book.expects(Forward, call=CALL, ticket=TICKET, credential=CREDENTIAL)
