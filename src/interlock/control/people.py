"""Who acts at the terminal: a name that is claimed, and the operating-system user who claimed it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from interlock.core.errors import OperatorError

MAX_NAME = 256
MAX_REASON = 2000
"""Characters: a record is bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody who acts at the terminal, and why. Nobody has verified the name.

    Raises:
        OperatorError: the name or the reason is none that a log should hold.

    """

    name: str
    reason: str
    os_user: str

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise OperatorError(
                f"a person's name is printable text of 1 to {MAX_NAME} characters, without a comma",
                "give the name as people write it",
            )
        if not self.reason.strip() or len(self.reason) > MAX_REASON:
            raise OperatorError(f"a reason is a text of at most {MAX_REASON} characters", "say why in a sentence")

    def claim(self) -> dict[str, Any]:
        """Return who acted, as a record tells it."""
        return {"by": self.name, "verified": False, "os_user": self.os_user, "why": self.reason}


def is_name(text: str) -> bool:
    """Tell whether a text can name a person: nothing in it hides, and it is written in its one normal form.

    A name in full-width letters would be another name to a computer and the same to a reader.
    """
    return (
        0 < len(text) <= MAX_NAME
        and text.isprintable()
        and text == text.strip()
        and "," not in text
        and unicodedata.normalize("NFKC", text) == text
    )


def timestamp(at: float) -> str:
    """Return Unix seconds as RFC 3339 in UTC with microseconds, as the log writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
