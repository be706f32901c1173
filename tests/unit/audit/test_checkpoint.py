"""Notes and checkpoints against the published vectors of C2SP and of Go's sumdb/note, and against misuse."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.audit import checkpoint
from interlock.audit.checkpoint import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Checkpoint,
    ForgedNoteError,
    MalformedNoteError,
    Note,
    Signature,
    SigningKey,
    UnknownSignerError,
    VerifierKey,
    open_checkpoint,
    open_note,
    open_rotation,
    parse_note,
    sign_checkpoint,
    sign_note,
    sign_rotation,
)
from interlock.audit.merkle import EMPTY_ROOT
from unit.core.sample import manner

# Go's sumdb/note documentation.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# The example of the C2SP signed-note specification.
SPEC_VERIFIER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

KEY = SigningKey("log.example/one", bytes(range(32)))
NEXT = SigningKey("log.example/one", bytes(range(1, 33)))
STRANGER = SigningKey("log.example/other", bytes(range(2, 34)))
ROOT = bytes(range(100, 132))
SIGNATURE = base64.b64encode(b"idid" + b"s" * 64).decode()


def test_go_vector() -> None:
    key = SigningKey.parse(GO_SECRET)
    assert str(key.verifier) == GO_VERIFIER
    assert key.verifier.id.hex() == "c74f20a3"
    assert sign_note(GO_TEXT, key) == GO_NOTE
    assert open_note(GO_NOTE, [VerifierKey.parse(GO_VERIFIER)]) == GO_TEXT
    assert key.reveal() == GO_SECRET


def test_c2sp_vector() -> None:
    assert open_note(SPEC_NOTE, [VerifierKey.parse(SPEC_VERIFIER)]) == "This is an example message.\n"


def test_a_signing_key_does_not_show_its_seed() -> None:
    assert repr(KEY) == "SigningKey(name='log.example/one')"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another hash
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # upper-case hash
        "PeterNewmann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another name
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # type 2
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",  # 31 bytes
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T*",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "secret",
    ["", GO_SECRET.removeprefix("PRIVATE+KEY+"), GO_SECRET.replace("c74f20a3", "c74f20a4"), GO_VERIFIER,
     GO_SECRET[:-4], GO_SECRET.replace("AYEK", "AoEK"), GO_SECRET + "\n"],
)  # fmt: skip
def test_what_is_no_signing_key_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(MalformedNoteError) as caught:
        SigningKey.parse(secret)
    assert "AYEK" not in str(caught.value)


def test_a_key_with_another_hash_says_so() -> None:
    with pytest.raises(
        MalformedNoteError, match=r"^this is no Ed25519 signing key: its prefix, type or hash is wrong$"
    ):
        SigningKey.parse(GO_SECRET.replace("c74f20a3", "c74f20a4"))
    with pytest.raises(MalformedNoteError, match=r"^this is no Ed25519 verifier key: its type or its hash is wrong$"):
        VerifierKey.parse(GO_VERIFIER.replace("c74f20a3", "c74f20a4"))


def test_refusals_to_sign_say_why() -> None:
    with pytest.raises(MalformedNoteError, match=r"^the text of a note ends in one newline$"):
        sign_note(f"text\n\n— a {SIGNATURE}", KEY)
    with pytest.raises(MalformedNoteError, match=r"^a checkpoint's origin and extensions are one line each$"):
        sign_checkpoint(Checkpoint("o", 1, ROOT, ("a\nb",)), KEY)
    with pytest.raises(MalformedNoteError, match=r"^a checkpoint is an origin, a size, a root hash and no empty line$"):
        sign_checkpoint(Checkpoint("", 1, ROOT), KEY)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\x00b"])
def test_key_names_hold_no_spaces_or_plus(name: str) -> None:
    with pytest.raises(
        MalformedNoteError, match=r"^a key's name is not empty and holds neither spaces nor plus signs$"
    ):
        VerifierKey(name, ROOT)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_have_32_bytes(length: int) -> None:
    with pytest.raises(MalformedNoteError, match="seed has 32 bytes"):
        _ = SigningKey("name", b"s" * length).verifier
    with pytest.raises(MalformedNoteError, match="key has 32 bytes"):
        VerifierKey("name", b"s" * length)


def test_a_note_is_taken_apart_at_its_last_empty_line() -> None:
    note = parse_note(f"one\n\ntwo\n\n— a {SIGNATURE}\n— b/c {SIGNATURE}\n".encode())
    signatures = (Signature("a", b"idid", b"s" * 64), Signature("b/c", b"idid", b"s" * 64))
    assert note == Note("one\n\ntwo\n", signatures)


SHAPE = "a note is a text, an empty line and signature lines, without control characters"
LINE = "a signature line is an em dash, a key name and a base64 signature"
NOT_BASE64 = "this is no base64"


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (b"", SHAPE),
        (b"text\n", SHAPE),
        (b"text\n\n", SHAPE),
        (f"\n\n— a {SIGNATURE}\n".encode(), SHAPE),
        (f"text\n— a {SIGNATURE}\n".encode(), SHAPE),
        (f"text\n\n— a {SIGNATURE}".encode(), SHAPE),
        (f"te\txt\n\n— a {SIGNATURE}\n".encode(), SHAPE),
        (f"te\rxt\n\n— a {SIGNATURE}\n".encode(), SHAPE),
        (f"te\x1fxt\n\n— a {SIGNATURE}\n".encode(), SHAPE),
        (f"text\n\n— a\x00 {SIGNATURE}\n".encode(), SHAPE),
        (b"te\xffxt\n\n\xe2\x80\x94 a aWRpZHM=\n", "a note is UTF-8 text"),
        (f"text\n\n- a {SIGNATURE}\n".encode(), NOT_BASE64),
        (f"text\n\na {SIGNATURE}\n".encode(), LINE),
        (f"text\n\n—  {SIGNATURE}\n".encode(), LINE),
        (f"text\n\n— a+b {SIGNATURE}\n".encode(), LINE),
        (f"text\n\n— a\u2003b {SIGNATURE}\n".encode(), LINE),
        ("text\n\n— a aWRpZA==\n".encode(), LINE),  # an id alone
        ("text\n\n— a\n".encode(), LINE),
        (f"text\n\n— a {SIGNATURE} more\n".encode(), NOT_BASE64),
        (f"text\n\n— a {SIGNATURE}=\n".encode(), NOT_BASE64),
        ("text\n\n— a aWRpZHN=\n".encode(), "this is base64 with stray bits"),
        ("text\n\n— a aWRpZH\u00e9=\n".encode(), NOT_BASE64),
    ],
)
def test_a_malformed_note_is_refused(note: bytes, why: str) -> None:
    with pytest.raises(MalformedNoteError, match=f"^{why}$"):
        parse_note(note)


def test_the_shortest_signature_is_read() -> None:
    assert parse_note("text\n\n— a aWRpZHM=\n".encode()).signatures == (Signature("a", b"idid", b"s"),)


def test_the_bounds_of_a_note() -> None:
    line = f"— a {SIGNATURE}\n"
    assert len(parse_note(("text\n\n" + line * MAX_SIGNATURES).encode()).signatures) == MAX_SIGNATURES
    with pytest.raises(MalformedNoteError, match="at most 100 signatures"):
        parse_note(("text\n\n" + line * (MAX_SIGNATURES + 1)).encode())
    tail = f"\n\n{line}".encode()
    filling = b"x" * (MAX_NOTE_BYTES - len(tail))
    assert parse_note(filling + tail).text == filling.decode() + "\n"
    with pytest.raises(MalformedNoteError, match="at most 1048576 bytes"):
        parse_note(b"x" + filling + tail)


@pytest.mark.parametrize("text", ["", "text", "te\txt\n"])
def test_a_text_that_could_not_be_read_back_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        sign_note(text, KEY)


def test_a_note_without_signature_is_not_written() -> None:
    with pytest.raises(MalformedNoteError):
        sign_note("text\n")


def test_signatures_of_unknown_keys_are_ignored() -> None:
    note = sign_note("text\n", STRANGER, KEY)
    assert open_note(note, [KEY.verifier]) == "text\n"
    assert open_note(note, [NEXT.verifier, KEY.verifier]) == "text\n"


def test_a_note_that_no_known_key_signed_is_not_opened() -> None:
    note = sign_note("text\n", STRANGER, KEY)
    same_name = NEXT.verifier
    same_key = VerifierKey("elsewhere", KEY.verifier.public)
    with pytest.raises(UnknownSignerError, match=r"^no known key .* signed as log.example/other, log.example/one$"):
        open_note(note, [same_name, same_key])
    with pytest.raises(UnknownSignerError):
        open_note(note, [])


def test_one_forged_signature_of_a_known_key_spoils_the_note() -> None:
    forged = sign_note("other\n", KEY).split(b"\n\n")[1]
    note = sign_note("text\n", STRANGER) + forged
    with pytest.raises(ForgedNoteError, match=r"^the signature of log.example/one is not over this text$"):
        open_note(note, [STRANGER.verifier, KEY.verifier])
    assert open_note(note, [STRANGER.verifier]) == "text\n"


@pytest.mark.parametrize("length", [1, 63, 65])
def test_a_signature_of_a_wrong_length_is_forged(length: int) -> None:
    value = base64.b64encode(KEY.verifier.id + KEY.sign("text\n")[4:][:length].ljust(length, b"\0")).decode()
    with pytest.raises(ForgedNoteError):
        open_note(f"text\n\n— {KEY.name} {value}\n".encode(), [KEY.verifier])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_never_opened(note: bytes) -> None:
    with pytest.raises((MalformedNoteError, UnknownSignerError)):
        open_note(note, [KEY.verifier])


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_byte_is_never_opened(where: int, change: int) -> None:
    note = bytearray(sign_checkpoint(Checkpoint("log.example/one", 7, ROOT), KEY))
    note[where % len(note)] ^= change
    with pytest.raises((MalformedNoteError, UnknownSignerError, ForgedNoteError)):
        open_checkpoint(bytes(note), [KEY.verifier])


def test_a_checkpoint_is_signed_and_opened() -> None:
    checkpoint = Checkpoint("log.example/one", 7, ROOT, ("more", "lines"))
    encoded = base64.b64encode(ROOT).decode()
    assert checkpoint.text() == f"log.example/one\n7\n{encoded}\nmore\nlines\n"
    assert open_checkpoint(sign_checkpoint(checkpoint, KEY, STRANGER), [STRANGER.verifier, KEY.verifier]) == checkpoint


def test_only_the_log_itself_signs_its_checkpoints() -> None:
    note = sign_checkpoint(Checkpoint("log.example/one", 7, ROOT), STRANGER)
    with pytest.raises(UnknownSignerError):
        open_checkpoint(note, [STRANGER.verifier])


@pytest.mark.parametrize("size", [1, 10, 999_999_999_999_999_999])
def test_sizes_of_checkpoints(size: int) -> None:
    assert Checkpoint.parse(Checkpoint("o", size, ROOT).text()) == Checkpoint("o", size, ROOT)


def test_the_empty_tree_has_one_root() -> None:
    assert Checkpoint.parse(Checkpoint("o", 0, EMPTY_ROOT).text()) == Checkpoint("o", 0, EMPTY_ROOT)
    with pytest.raises(MalformedNoteError, match=r"over no records it is the empty tree's$"):
        Checkpoint.parse(Checkpoint("o", 0, ROOT).text())
    assert Checkpoint.parse(Checkpoint("o", 1, EMPTY_ROOT).text()).size == 1


@pytest.mark.parametrize("size", ["", "00", "07", "-1", "+1", "1_0", " 1", "1.0", "\u0661", "x", "1" * 20])
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(MalformedNoteError):
        Checkpoint.parse(f"o\n{size}\n{base64.b64encode(ROOT).decode()}\n")


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, ROOT),
        Checkpoint("o", -1, ROOT),
        Checkpoint("o", 1, ROOT[1:]),
        Checkpoint("o", 1, ROOT + b"\0"),
        Checkpoint("o", 1, b""),
        Checkpoint("o", 1, ROOT, ("",)),
        Checkpoint("o", 1, ROOT, ("a", "", "b")),
        Checkpoint("o", 1, ROOT, ("a\nb",)),
        Checkpoint(Checkpoint("o", 1, ROOT).text()[:-1], 1, ROOT),
    ],
)
def test_a_checkpoint_that_could_not_be_read_back_is_not_signed(checkpoint: Checkpoint) -> None:
    with pytest.raises(MalformedNoteError):
        sign_checkpoint(checkpoint, KEY)


@pytest.mark.parametrize(
    "text", ["", "\n", "o\n1\n", "o\n1\n{root}", "o\n1\n{root}\n\n", "o\n1\n{root}=\n", "o\n1\n!\n"]
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        Checkpoint.parse(text.format(root=base64.b64encode(ROOT).decode()))


def test_the_old_key_vouches_for_the_new_one() -> None:
    assert open_rotation(sign_rotation(KEY, NEXT.verifier), [KEY.verifier]) == NEXT.verifier
    assert sign_rotation(KEY, NEXT.verifier).startswith(f"interlock/key-rotation/v1\n{NEXT.verifier}\n\n".encode())


def test_nobody_else_vouches_for_a_key() -> None:
    with pytest.raises(UnknownSignerError):
        open_rotation(sign_rotation(STRANGER, NEXT.verifier), [KEY.verifier, STRANGER.verifier])
    with pytest.raises(UnknownSignerError):
        open_rotation(sign_rotation(NEXT, NEXT.verifier), [KEY.verifier])


@pytest.mark.parametrize("text", ["{new}\n", "other\n{new}\n", "interlock/key-rotation/v1\n{new}\nmore\n"])
def test_another_note_vouches_for_no_key(text: str) -> None:
    with pytest.raises(MalformedNoteError, match=r"^this note vouches for no key$"):
        open_rotation(sign_note(text.format(new=NEXT.verifier), KEY), [KEY.verifier])


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(checkpoint)
    assert found
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}


def test_a_checkpoint_that_does_not_end_its_last_line_is_refused() -> None:
    text = Checkpoint("log.example/x", 7, bytes(32), ("extension",)).text()
    assert Checkpoint.parse(text).text() == text
    with pytest.raises(MalformedNoteError, match="no empty line"):
        Checkpoint.parse(text.removesuffix("\n"))
