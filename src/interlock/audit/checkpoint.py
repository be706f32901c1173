"""Checkpoints: a log's size and root, signed (C2SP signed-note and tlog-checkpoint, Ed25519).

Text that has not been through :func:`open_note` is nobody's word; :func:`parse_note` only takes it apart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from interlock.audit.merkle import EMPTY_ROOT, HASH_BYTES

SEED_BYTES = 32
MAX_NOTE_BYTES = 1 << 20
MAX_SIGNATURES = 100
ROTATION = "interlock/key-rotation/v1"
"""First line of the note with which an old key vouches for the next one."""

_ED25519 = b"\x01"
_ID_BYTES = 4
_DASH = "\u2014 "
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_SECRET = "PRIVATE+KEY+"  # noqa: S105 - the prefix of the format, not a secret


class MalformedNoteError(ValueError):
    """The bytes are no signed note, no checkpoint, or no key."""


class UnknownSignerError(ValueError):
    """No known key signed the note: it may be sound, but not for all we know."""


class ForgedNoteError(ValueError):
    """A signature that claims to be a known key's is not."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 public key (32 bytes) under the name it signs by. Raises :class:`MalformedNoteError`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise MalformedNoteError("a key's name is not empty and holds neither spaces nor plus signs")
        if len(self.public) != SEED_BYTES:
            raise MalformedNoteError("an Ed25519 key has 32 bytes")

    @property
    def id(self) -> bytes:
        """The four bytes that tell keys of one name apart (C2SP signed-note)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encode(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+hash+base64``. Raises :class:`MalformedNoteError`."""
        name, _, rest = text.partition("+")
        _, _, encoded = rest.partition("+")
        raw = _decode(encoded)
        key = cls(name, raw[1:])
        if str(key) != text:
            raise MalformedNoteError("this is no Ed25519 verifier key: its type or its hash is wrong")
        return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 seed (32 random bytes, given by the caller) under a name; never shown by ``repr``."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        """The public half. Raises :class:`MalformedNoteError` where the name or the seed is unfit."""
        if len(self.seed) != SEED_BYTES:
            raise MalformedNoteError("an Ed25519 seed has 32 bytes")
        return VerifierKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Return the key's id and its signature over the text."""
        return self.verifier.id + Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())

    def reveal(self) -> str:
        """Return the secret text to keep: ``PRIVATE+KEY+name+hash+base64``, as Go's sumdb/note writes it."""
        return f"{_SECRET}{self.name}+{self.verifier.id.hex()}+{_encode(_ED25519 + self.seed)}"

    @classmethod
    def parse(cls, secret: str) -> SigningKey:
        """Read what :meth:`reveal` wrote. Raises :class:`MalformedNoteError`, which never quotes it."""
        name, _, rest = secret.removeprefix(_SECRET).partition("+")
        _, _, encoded = rest.partition("+")
        key = cls(name, _decode(encoded)[1:])
        if key.reveal() != secret:
            raise MalformedNoteError("this is no Ed25519 signing key: its prefix, type or hash is wrong")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who says to have signed (a name, an id of 4 bytes), and the signature."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note taken apart; its text is not to be trusted yet."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its origin, how many records, the Merkle root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the note text (C2SP tlog-checkpoint)."""
        return "".join(f"{each}\n" for each in (self.origin, self.size, _encode(self.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note text. Raises :class:`MalformedNoteError`."""
        *lines, end = text.split("\n")
        if end or len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):  # noqa: PLR2004 - the three below
            raise MalformedNoteError("a checkpoint is an origin, a size, a root hash and no empty line")
        origin, size, root, *extensions = lines
        checkpoint = cls(origin, int(size), _decode(root), tuple(extensions))
        if len(checkpoint.root) != HASH_BYTES or (checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT):
            raise MalformedNoteError(
                "a checkpoint's root hash has 32 bytes, and over no records it is the empty tree's"
            )
        return checkpoint


def sign_note(text: str, *keys: SigningKey) -> bytes:
    """Return the text signed by each key (C2SP signed-note).

    Raises :class:`MalformedNoteError` where the text could not be read back.
    """
    lines = "".join(f"{_DASH}{key.name} {_encode(key.sign(text))}\n" for key in keys)
    note = f"{text}\n{lines}".encode()
    if parse_note(note).text != text:
        raise MalformedNoteError("the text of a note ends in one newline")
    return note


def parse_note(note: bytes) -> Note:
    """Take a signed note apart without trusting it. Raises :class:`MalformedNoteError`."""
    if len(note) > MAX_NOTE_BYTES:
        raise MalformedNoteError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise MalformedNoteError("a note is UTF-8 text") from None
    text, gap, block = whole.rpartition("\n\n")
    if not text or not gap or not block.endswith("\n") or _CONTROL.search(whole):
        raise MalformedNoteError("a note is a text, an empty line and signature lines, without control characters")
    lines = block.split("\n")[:-1]
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def open_note(note: bytes, keys: Iterable[VerifierKey]) -> str:
    """Return the text of a note that a known key signed.

    Raises :class:`MalformedNoteError`, :class:`UnknownSignerError`, or :class:`ForgedNoteError` where one known
    key's signature is wrong, whatever the others say.
    """
    parsed = parse_note(note)
    known = {(key.name, key.id): key for key in keys}
    signed = [
        (known[each.name, each.key_id], each.value) for each in parsed.signatures if (each.name, each.key_id) in known
    ]
    if not signed:
        names = ", ".join(each.name for each in parsed.signatures)
        raise UnknownSignerError(f"no known key signed this note; it is signed as {names}")
    for key, value in signed:
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(value, parsed.text.encode())
        except InvalidSignature:
            raise ForgedNoteError(f"the signature of {key.name} is not over this text") from None
    return parsed.text


def sign_checkpoint(checkpoint: Checkpoint, *keys: SigningKey) -> bytes:
    """Return the signed checkpoint. Raises :class:`MalformedNoteError` where it could not be read back."""
    text = checkpoint.text()
    if Checkpoint.parse(text) != checkpoint:
        raise MalformedNoteError("a checkpoint's origin and extensions are one line each")
    return sign_note(text, *keys)


def open_checkpoint(note: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Return the checkpoint that a known key of the log itself signed: one whose name is the origin.

    Raises as :func:`open_note` does.
    """
    checkpoint = Checkpoint.parse(parse_note(note).text)
    open_note(note, [key for key in keys if key.name == checkpoint.origin])
    return checkpoint


def sign_rotation(old: SigningKey, new: VerifierKey) -> bytes:
    """Return the note with which the old key vouches for the new one; a ``key`` record carries it."""
    return sign_note(f"{ROTATION}\n{new}\n", old)


def open_rotation(note: bytes, keys: Iterable[VerifierKey]) -> VerifierKey:
    """Return the key that a known one vouches for. Raises as :func:`open_note` does; the name must stay the same."""
    lines = parse_note(note).text.split("\n")
    if len(lines) != 3 or lines[0] != ROTATION:  # noqa: PLR2004 - two lines, each ended
        raise MalformedNoteError("this note vouches for no key")
    new = VerifierKey.parse(lines[1])
    open_note(note, [key for key in keys if key.name == new.name])
    return new


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    raw = _decode(encoded)
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(raw) <= _ID_BYTES:
        raise MalformedNoteError("a signature line is an em dash, a key name and a base64 signature")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decode(text: str) -> bytes:
    """Read the one base64 form of some bytes; other spellings of the same bytes are refused."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedNoteError("this is no base64") from None
    if _encode(raw) != text:
        raise MalformedNoteError("this is base64 with stray bits")
    return raw
