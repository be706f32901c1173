"""Effects: the few kinds of thing that a call can do, and how they are joined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from interlock.core.words import Impact, Reversibility, Sensitivity

IMPACTS = tuple(Impact)
REVERSIBILITIES = tuple(Reversibility)
SENSITIVITIES = tuple(Sensitivity)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one kind of act does. ``restricted`` says that the act itself touches access or secrets."""

    word: str
    impact: Impact
    destructive: bool
    reversibility: Reversibility
    restricted: bool = False

    @property
    def severity(self) -> tuple[int, bool, int]:
        """Impact, destruction and reversibility as one sortable value."""
        return IMPACTS.index(self.impact), self.destructive, REVERSIBILITIES.index(self.reversibility)

    @property
    def reads(self) -> bool:
        """Whether nothing durable changes."""
        return self.impact is Impact.READ_ONLY


_READ, _IN, _OUT = Impact.READ_ONLY, Impact.INTERNAL_MODIFICATION, Impact.EXTERNAL_SIDE_EFFECT
_NONE, _REVERSIBLE = Reversibility.NONE_NEEDED, Reversibility.REVERSIBLE
_RECOVERABLE, _IRREVERSIBLE = Reversibility.RECOVERABLE, Reversibility.IRREVERSIBLE

READ = Effect("read", _READ, False, _NONE)
ADD = Effect("add", _IN, False, _REVERSIBLE)
EDIT = Effect("edit", _IN, False, _REVERSIBLE)
REPLACE = Effect("replace", _IN, True, _RECOVERABLE)
REMOVE = Effect("remove", _IN, True, _IRREVERSIBLE)
SEND = Effect("send", _OUT, False, _IRREVERSIBLE)
PUBLISH = Effect("publish", _OUT, False, _IRREVERSIBLE)
PROVISION = Effect("provision", _OUT, False, _REVERSIBLE)
OPERATE = Effect("operate", _OUT, False, _REVERSIBLE)
HALT = Effect("halt", _OUT, True, _RECOVERABLE)
DESTROY = Effect("destroy", _OUT, True, _IRREVERSIBLE)
RUN = Effect("run", _OUT, False, _IRREVERSIBLE)
ARBITRARY = Effect("arbitrary", _OUT, True, _IRREVERSIBLE)
GRANT = Effect("grant", _OUT, False, _REVERSIBLE, restricted=True)
REGRANT = Effect("regrant", _OUT, True, _RECOVERABLE, restricted=True)
REVOKE = Effect("revoke", _OUT, True, _IRREVERSIBLE, restricted=True)
PAY = Effect("pay", _OUT, False, _IRREVERSIBLE)
UNKNOWN = Effect("unknown", _OUT, False, _REVERSIBLE)
TOUCH = Effect("touch", _OUT, False, _IRREVERSIBLE)
REVEAL = Effect("reveal", _READ, False, _NONE, restricted=True)


def join(effects: Iterable[Effect]) -> tuple[Impact, bool, Reversibility]:
    """Return the worst impact, destruction and reversibility of ``effects``, axis by axis.

    The result is consistent: what only reads needs no undoing and destroys nothing.
    """
    impact, destructive, back = 0, False, 0
    for effect in effects:
        impact = max(impact, IMPACTS.index(effect.impact))
        destructive = destructive or effect.destructive
        back = max(back, REVERSIBILITIES.index(effect.reversibility))
    if impact == 0:
        return Impact.READ_ONLY, False, Reversibility.NONE_NEEDED
    return IMPACTS[impact], destructive, REVERSIBILITIES[max(back, 1)]
