"""Canonical JSON, digests and strict parsing: what "the same" means everywhere in Interlock."""

from interlock.canon.digest import digest
from interlock.canon.json import MAX_DEPTH, EncodeError, ParseError, encode, is_exact, parse

__all__ = ["MAX_DEPTH", "EncodeError", "ParseError", "digest", "encode", "is_exact", "parse"]
