"""The Merkle tree of RFC 6962 / RFC 9162 section 2.1: hashes, the frontier, proofs and their checks.

A proof and its check walk the same path: :func:`_siblings` is the only place that knows the tree's shape
beside :class:`Frontier`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
_SIZE_BYTES = 8

LeafAt = Callable[[int], bytes]
"""Gives the leaf hash at an index; a list's ``__getitem__`` will do."""


class MalformedTreeError(ValueError):
    """A frontier's bytes, or an index or size asked for, cannot be of any tree."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to append to a tree: the roots of its perfect subtrees, largest first.

    One subtree for each bit set in ``size``. Raises :class:`MalformedTreeError` where the two disagree.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        wrong = any(len(each) != HASH_BYTES for each in self.hashes)
        if wrong or self.size < 0 or self.size.bit_count() != len(self.hashes):
            raise MalformedTreeError(f"a frontier of size {self.size} does not have these {len(self.hashes)} hashes")

    def append(self, leaf: bytes) -> Frontier:
        """Return the frontier after one more leaf, given its hash."""
        hashes, node, rest = list(self.hashes), leaf, self.size
        while rest & 1:
            node, rest = node_hash(hashes.pop(), node), rest >> 1
        return Frontier(self.size + 1, (*hashes, node))

    def root(self) -> bytes:
        """Return the root hash of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *larger, node = self.hashes
        for each in reversed(larger):
            node = node_hash(each, node)
        return node

    def to_bytes(self) -> bytes:
        """Return the stored form: the size as 8 big-endian bytes, then the hashes."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Frontier:
        """Read what :meth:`to_bytes` wrote. Raises :class:`MalformedTreeError`."""
        if len(stored) < _SIZE_BYTES:
            raise MalformedTreeError("a stored frontier begins with a size of 8 bytes")
        cuts = [*range(_SIZE_BYTES, len(stored), HASH_BYTES), len(stored)]
        hashes = tuple(stored[start:stop] for start, stop in pairwise(cuts))
        return cls(int.from_bytes(stored[:_SIZE_BYTES], "big"), hashes)


def root_of(leaf_at: LeafAt, start: int, stop: int) -> bytes:
    """Return the root over the leaves ``start <= i < stop`` taken as a tree of their own."""
    frontier = Frontier()
    for index in range(start, stop):
        frontier = frontier.append(leaf_at(index))
    return frontier.root()


def inclusion_proof(leaf_at: LeafAt, index: int, size: int) -> tuple[bytes, ...]:
    """Return the audit path of a leaf in the tree of ``size`` leaves (RFC 9162 section 2.1.3.1).

    Raises :class:`MalformedTreeError` where there is no such leaf.
    """
    if not 0 <= index < size:
        raise MalformedTreeError(f"a tree of {size} leaves has no leaf {index}")
    return tuple(root_of(leaf_at, *sibling) for sibling in _siblings(index, size))


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether ``proof`` shows the leaf hash at ``index`` of the tree with this root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, *proof):
        return False
    siblings = _siblings(index, size)
    if len(siblings) != len(proof):
        return False
    node = leaf
    for (start, _), sibling in zip(siblings, proof, strict=True):
        node = node_hash(node, sibling) if start > index else node_hash(sibling, node)
    return node == root


def consistency_proof(leaf_at: LeafAt, old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of ``new`` leaves begins with that of ``old`` (RFC 9162 section 2.1.4.1).

    From the empty tree, where the RFC defines none, the proof is empty.
    Raises :class:`MalformedTreeError` unless ``0 <= old <= new``.
    """
    if not 0 <= old <= new:
        raise MalformedTreeError(f"a tree of {new} leaves does not grow from one of {old}")
    base, outside = _common(old, new)
    ranges = [(base, old), *outside] if base else outside
    return tuple(root_of(leaf_at, *each) for each in ranges)


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether ``proof`` shows that the new tree begins with the old one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new or not _are_hashes(old_root, new_root, *proof):
        return False
    if old == 0:
        return old_root == EMPTY_ROOT and not proof
    base, outside = _common(old, new)
    hashes = list(proof) if base else [old_root, *proof]
    if len(hashes) != len(outside) + 1:
        return False
    before = after = hashes[0]
    for (start, _), sibling in zip(outside, hashes[1:], strict=True):
        if start < old:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    return (before, after) == (old_root, new_root)


def _siblings(index: int, size: int) -> list[tuple[int, int]]:
    """Return the ranges of leaves under the siblings on the way from a leaf up to the root."""
    start, stop, siblings = 0, size, []
    while stop - start > 1:
        middle = start + (1 << (stop - start - 1).bit_length() - 1)
        if index < middle:
            siblings.append((middle, stop))
            stop = middle
        else:
            siblings.append((start, middle))
            start = middle
    return siblings[::-1]


def _common(old: int, new: int) -> tuple[int, list[tuple[int, int]]]:
    """Return where the largest node of the new tree that ends with the old one starts, and the siblings above it."""
    if old in (0, new):
        return 0, []
    base = old & (old - 1)
    return base, [(start, stop) for start, stop in _siblings(old - 1, new) if stop <= base or start >= old]


def _are_hashes(*values: bytes) -> bool:
    return all(len(each) == HASH_BYTES for each in values)
