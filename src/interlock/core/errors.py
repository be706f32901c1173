"""Errors by whose fault they are. Raised anywhere, turned into words once, at the face.

A refusal is not an error: it is a value (:mod:`interlock.core.requests`).
"""

from __future__ import annotations


class Fault(Exception):
    """A failure that names its culprit. Never raised itself.

    ``what`` says what happened, ``then`` what to do next; neither ever holds a secret.
    """

    exit_code = 3

    def __init__(self, what: str, then: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.then = then

    def diagnostics(self) -> str:
        """Return what happened and what to do next, for a person to read."""
        return f"{self.what}\n  -> {self.then}" if self.then else self.what


class OperatorError(Fault):
    """The operator's configuration, files or command line are at fault."""

    exit_code = 2


class CallerError(Fault):
    """The request is at fault."""

    exit_code = 1


class IntegrityError(Fault):
    """The log, or something pinned by digest, is not what it was."""

    exit_code = 4


class InterlockError(Fault):
    """We are at fault, or the machine below us is."""

    exit_code = 3
