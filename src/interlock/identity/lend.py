"""The broker of upstream credentials: resolves a reference, lends the secret by handle, says what was lent.

This is its first step: a static secret by reference (``env:NAME``, ``file:PATH``), the last resort of identity.md.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from interlock.core.errors import InterlockError, OperatorError
from interlock.core.requests import Credential
from interlock.identity.private_files import read_private
from interlock.identity.shelf import Shelf

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MIN_KEY = 16
_MAX_LENT = 4096
_LENT_LIFETIME = 600
_REMEDY = "give env:NAME or file:PATH, never the secret itself"


class Secret:
    """A secret that does not show: not as text, not in a format, not pickled, not copied.

    The value leaves by :meth:`reveal` alone, which is called where the request to the upstream is built and nowhere
    else; so a search for ``reveal`` finds every place where a secret is in the open.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        msg = "a Secret is neither copied nor pickled"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lend:
    """What was lent, for the audit record; holds nothing secret. The core sees ``credential``, a handle.

    ``fingerprint`` is the same for the same secret under the same broker key, and tells nothing of it.
    ``age_seconds`` is how long ago a file was written, None where nobody knows.
    """

    credential: Credential
    reference: str
    fingerprint: str
    age_seconds: int | None


class Broker:
    """Lends upstream credentials.

    ``fingerprint_key`` (16 bytes or more) keeps fingerprints from being guessed back to weak secrets; ``now`` gives
    Unix seconds; ``environment`` is where ``env:`` references are looked up.
    """

    def __init__(self, fingerprint_key: bytes, now: Callable[[], float], environment: Mapping[str, str]) -> None:
        if len(fingerprint_key) < _MIN_KEY:
            raise InterlockError(f"a fingerprint key has at least {_MIN_KEY} bytes")
        self._key = fingerprint_key
        self._now = now
        self._environment = environment
        self._lent: Shelf[Secret] = Shelf(_MAX_LENT, _LENT_LIFETIME, now)

    def lend(self, reference: str, scope: str) -> Lend:
        """Resolve ``reference`` and lend what it names for ``scope`` (the upstream, as the audit record should say).

        Raises:
            OperatorError: as :func:`resolve`.

        """
        secret, written_at = resolve(reference, self._environment)
        lend_id = secrets.token_urlsafe(16)
        self._lent.put(lend_id, secret)
        return Lend(
            credential=Credential(lend_id, "static", scope),
            reference=reference,
            fingerprint=hmac.digest(self._key, secret.reveal().encode(), "sha256").hex()[:16],
            age_seconds=None if written_at is None else max(0, int(self._now() - written_at)),
        )

    def open(self, credential: Credential) -> Secret:
        """Return the secret behind ``credential``, once.

        Raises:
            InterlockError: it was opened or given back before, or lay unused for ten minutes.

        """
        secret = self._lent.take(credential.lend_id)
        if secret is None:
            raise InterlockError(f"the credential lent for {credential.scope!r} is not out", "retry the call")
        return secret

    def give_back(self, credential: Credential) -> None:
        """End the lend, opened or not."""
        self._lent.take(credential.lend_id)


def resolve(reference: str, environment: Mapping[str, str]) -> tuple[Secret, float | None]:
    """Return the secret that ``reference`` names and, for a file, when it was last written (Unix seconds).

    One line break at a file's end is not part of the secret.

    Raises:
        OperatorError: names the reference: not one, not there, empty, not text, or a file open to others.

    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env" and _NAME.fullmatch(rest):
        return _secret_of(environment.get(rest, ""), reference), None
    if scheme == "file" and rest:
        found = read_private(Path(rest).expanduser(), "the secret at")
        try:
            text = found.content.decode("utf-8")
        except UnicodeDecodeError:
            raise OperatorError(f"the secret {reference} is not text", "write it as UTF-8") from None
        return _secret_of(text.removesuffix("\n").removesuffix("\r"), reference), found.modified_at
    # Not quoted: whoever wrote the secret itself in the reference's place must not find it in a log.
    raise OperatorError("a secret reference is of no known form", _REMEDY)


def _secret_of(value: str, reference: str) -> Secret:
    if not value.strip():
        raise OperatorError(f"the secret {reference} is not set or empty", "set it, or correct the reference")
    return Secret(value)
