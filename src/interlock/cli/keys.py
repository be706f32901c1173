"""The keys that lie beside the store: the log's, which signs checkpoints, and the development issuer's."""

from __future__ import annotations

import secrets
from pathlib import Path

from interlock.audit.checkpoint import SEED_BYTES, MalformedNoteError, SigningKey, VerifierKey
from interlock.core.errors import OperatorError
from interlock.identity.private_files import create_private, read_private
from interlock.settings import Settings

_PURPOSE = "the log's key"


def directory(settings: Settings) -> Path:
    """Return where the keys lie."""
    return settings.store.path.parent / "keys"


def issuer_path(settings: Settings) -> Path:
    """Return the file of the development issuer's key."""
    return directory(settings) / "issuer.jwk"


def log_path(settings: Settings) -> Path:
    """Return the file of the log's private key."""
    return directory(settings) / "log.key"


def verifier_path(settings: Settings) -> Path:
    """Return the file of the log's public key: what a verifier needs, and may be known to anybody."""
    return directory(settings) / "log.pub"


def create_log_key(path: Path) -> bool:
    """Make the log's key under a name, its log's origin, that no other log has; False if there is one already.

    Raises:
        OperatorError: the directory does not take it.

    """
    key = SigningKey(f"interlock/{secrets.token_hex(8)}", secrets.token_bytes(SEED_BYTES))
    return create_private(path, f"{key.reveal()}\n".encode(), _PURPOSE)


def load_log_key(settings: Settings) -> SigningKey:
    """Return the log's signing key.

    Raises:
        OperatorError: it is missing, open to others, or no key.

    """
    path = log_path(settings)
    try:
        return SigningKey.parse(read_private(path, _PURPOSE).content.decode().strip())
    except (MalformedNoteError, UnicodeDecodeError):
        raise OperatorError(f"{path} does not hold the log's key", "restore it from its backup") from None


def load_verifier(settings: Settings) -> VerifierKey:
    """Return the log's public key.

    Raises:
        OperatorError: it is missing or no key.

    """
    path = verifier_path(settings)
    if not path.exists():
        raise OperatorError(f"{path}: the log's public key is not there", "run `interlock init`, or give it by --key")
    return read_verifier(str(path))


def read_verifier(text: str) -> VerifierKey:
    """Return a verifier key, given itself or as the name of its file.

    Raises:
        OperatorError: it is neither.

    """
    try:
        if "+" not in text or Path(text).is_file():
            text = Path(text).read_text(encoding="utf-8").strip()
        return VerifierKey.parse(text)
    except (MalformedNoteError, OSError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"this is no verifier key, nor a file that holds one: {error}", "give name+hash+base64, or its file's name"
        ) from None
