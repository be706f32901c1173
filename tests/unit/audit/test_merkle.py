"""The tree against the RFC's own recursive definitions, and against published roots."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.audit import merkle
from interlock.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    MalformedTreeError,
    consistency_proof,
    consistent,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)
from unit.core.sample import manner

# The eight leaves and roots of the certificate-transparency reference tests.
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(str(index).encode()) for index in range(70)]
OTHER = leaf_hash(b"other")
at = HASHES.__getitem__

sizes = st.integers(0, len(HASHES))


def split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), mth(leaves[k:])]
    return [*path(index - k, leaves[k:]), mth(leaves[:k])]


def subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:  # noqa: FBT001 - the RFC's own signature
    if old == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(old - k, leaves[k:], False), mth(leaves[:k])]


def grown(size: int) -> Frontier:
    frontier = Frontier()
    for each in HASHES[:size]:
        frontier = frontier.append(each)
    return frontier


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    hashes = [leaf_hash(each) for each in LEAVES]
    assert root_of(hashes.__getitem__, 0, size).hex() == ROOTS[size - 1]


def test_published_inclusion_proof() -> None:
    hashes = [leaf_hash(each) for each in LEAVES]
    assert [each.hex() for each in inclusion_proof(hashes.__getitem__, 5, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_leaf_and_node_hashes_are_apart() -> None:
    assert leaf_hash(b"ab") == hashlib.sha256(b"\x00ab").digest()
    assert node_hash(b"a", b"b") == hashlib.sha256(b"\x01ab").digest()


@pytest.mark.parametrize("size", range(len(HASHES) + 1))
def test_the_frontier_has_the_defined_root(size: int) -> None:
    frontier = grown(size)
    assert frontier.size == size
    assert frontier.root() == mth(HASHES[:size])


@given(sizes)
def test_a_stored_frontier_is_read_back(size: int) -> None:
    frontier = grown(size)
    stored = frontier.to_bytes()
    assert stored[:8] == size.to_bytes(8, "big")
    assert len(stored) == 8 + 32 * size.bit_count()
    assert Frontier.from_bytes(stored) == frontier


def test_the_stored_form_is_size_then_hashes_largest_first() -> None:
    assert grown(3).to_bytes() == b"\0\0\0\0\0\0\0\x03" + node_hash(HASHES[0], HASHES[1]) + HASHES[2]


@pytest.mark.parametrize(
    "stored",
    [b"", b"\0" * 7, b"\0" * 9, b"\0" * 7 + b"\1", b"\0" * 7 + b"\1" + b"h" * 31, b"\0" * 7 + b"\1" + b"h" * 33,
     b"\0" * 7 + b"\1" + b"h" * 64, b"\0" * 8 + b"h" * 32],
)  # fmt: skip
def test_a_stored_frontier_of_no_tree_is_refused(stored: bytes) -> None:
    with pytest.raises(MalformedTreeError):
        Frontier.from_bytes(stored)


def test_a_refused_frontier_says_why() -> None:
    with pytest.raises(MalformedTreeError, match=r"^a stored frontier begins with a size of 8 bytes$"):
        Frontier.from_bytes(b"")
    with pytest.raises(MalformedTreeError, match=r"^a frontier of size -1 does not have these 1 hashes$"):
        Frontier(-1, (OTHER,))
    with pytest.raises(MalformedTreeError, match=r"^a frontier of size 1 does not have these 0 hashes$"):
        Frontier(1)


def test_a_leaf_of_a_wrong_length_is_refused() -> None:
    with pytest.raises(MalformedTreeError):
        Frontier().append(b"short")


@pytest.mark.parametrize("size", range(1, 34))
def test_inclusion_is_the_defined_path_and_checks(size: int) -> None:
    root = mth(HASHES[:size])
    for index in range(size):
        proof = inclusion_proof(at, index, size)
        assert list(proof) == path(index, HASHES[:size])
        assert includes(root, size, index, HASHES[index], proof)
        assert not includes(root, size, index, OTHER, proof)
        assert not includes(OTHER, size, index, HASHES[index], proof)
        assert not includes(root, size, index, HASHES[index], (*proof, OTHER))
        assert not includes(root, size, index, HASHES[index], proof[1:]) or not proof
        for other in range(size):
            assert includes(root, size, other, HASHES[index], proof) == (other == index)


@given(st.data(), st.integers(2, len(HASHES)))
def test_an_altered_inclusion_proof_fails(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(at, index, size))
    broken = data.draw(st.integers(0, len(proof) - 1))
    proof[broken] = data.draw(st.sampled_from([OTHER, b"", proof[broken] + b"\0"]))
    assert not includes(mth(HASHES[:size]), size, index, HASHES[index], proof)


def test_a_pair_of_nodes_cannot_pose_as_a_leaf() -> None:
    root = mth(HASHES[:2])
    assert not includes(root, 2, 0, b"", (HASHES[0] + HASHES[1],))
    assert not includes(root, 2, 0, HASHES[0] + HASHES[1], (b"",))
    assert not includes(b"x", 1, 0, b"x", ())


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (4, 3), (0, 0)])
def test_there_is_no_proof_of_a_leaf_outside(index: int, size: int) -> None:
    with pytest.raises(MalformedTreeError, match=f"^a tree of {size} leaves has no leaf {index}$"):
        inclusion_proof(at, index, size)
    assert not includes(mth(HASHES[:size]), size, index, HASHES[0], ())


def test_an_outside_index_does_not_pass_for_the_last_or_first_leaf() -> None:
    root = mth(HASHES[:3])
    assert not includes(root, 3, 3, HASHES[2], inclusion_proof(at, 2, 3))
    assert not includes(root, 3, -1, HASHES[0], inclusion_proof(at, 0, 3))


@pytest.mark.parametrize("new", range(34))
def test_consistency_is_the_defined_proof_and_checks(new: int) -> None:
    new_root = mth(HASHES[:new])
    for old in range(1, new + 1):
        old_root = mth(HASHES[:old])
        proof = consistency_proof(at, old, new)
        assert list(proof) == subproof(old, HASHES[:new], True)
        assert consistent(old, old_root, new, new_root, proof)
        assert not consistent(old, OTHER, new, new_root, proof)
        assert not consistent(old, old_root, new, OTHER, proof)
        assert not consistent(old, old_root, new, new_root, (*proof, OTHER))
        assert not proof or not consistent(old, old_root, new, new_root, proof[:-1])


@given(st.data(), st.integers(2, len(HASHES)))
def test_an_altered_consistency_proof_fails(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = list(consistency_proof(at, old, new))
    broken = data.draw(st.integers(0, len(proof) - 1))
    proof[broken] = data.draw(st.sampled_from([OTHER, b"", proof[broken] + b"\0"]))
    assert not consistent(old, mth(HASHES[:old]), new, mth(HASHES[:new]), proof)


def test_every_tree_grows_from_the_empty_one() -> None:
    assert consistency_proof(at, 0, 5) == ()
    assert consistent(0, EMPTY_ROOT, 5, mth(HASHES[:5]), ())
    assert not consistent(0, OTHER, 5, mth(HASHES[:5]), ())
    assert not consistent(0, EMPTY_ROOT, 5, mth(HASHES[:5]), (OTHER,))
    assert consistency_proof(at, 0, 0) == ()
    assert consistent(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_no_tree_shrinks(old: int, new: int) -> None:
    with pytest.raises(MalformedTreeError, match=f"^a tree of {new} leaves does not grow from one of {old}$"):
        consistency_proof(at, old, new)
    assert not consistent(old, mth(HASHES[: max(old, 0)]), new, mth(HASHES[:new]), ())


def test_roots_that_are_no_hashes_are_not_consistent() -> None:
    assert not consistent(2, b"", 2, b"", ())
    assert not consistent(0, EMPTY_ROOT, 2, b"short", ())


def test_every_word_is_frozen_and_slotted() -> None:
    found = manner(merkle)
    assert found
    assert {(frozen, slotted) for frozen, slotted, _ in found.values()} == {(True, True)}


def test_a_tree_that_shrank_is_consistent_with_nothing_whatever_is_proved() -> None:
    same = mth(HASHES[:3])
    for old in range(1, 9):
        for new in range(-1, old):
            for proof in ((), (same,), (same, same), (same, OTHER), (OTHER, same)):
                assert not consistent(old, same, new, same, proof)
    assert not consistent(-1, same, 3, same, ())
