"""How long to wait before a stdio server that ended is started again. Pure: the caller brings time and chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

_MOST_DOUBLINGS = 32  # beyond this every sensible cap is reached; 2.0 ** n must stay finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential back-off with jitter. All times in seconds.

    ``first`` is the wait after one failure, doubled for each further one up to ``cap``. A run of at least
    ``healthy`` seconds wipes the slate.
    """

    first: float = 0.5
    cap: float = 60.0
    healthy: float = 60.0
    failures: int = 0

    def after(self, ran: float) -> Backoff:
        """Return the state after a run that lasted ``ran`` seconds and ended unbidden."""
        return replace(self, failures=1 if ran >= self.healthy else self.failures + 1)

    def delay(self, chance: Callable[[], float]) -> float:
        """Return how long to wait: between half of the full wait and all of it, as ``chance`` in [0, 1) says.

        The half that is never given up keeps a crashing server from being started in a tight loop.
        """
        if not self.failures:
            return 0.0
        full = min(self.cap, self.first * 2.0 ** min(self.failures - 1, _MOST_DOUBLINGS))
        return full * (1 + chance()) / 2
