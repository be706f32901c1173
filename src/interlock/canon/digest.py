"""Digests of JSON values, by their canonical form."""

from __future__ import annotations

import hashlib
from typing import Any

from interlock.canon.json import encode


def digest(value: Any) -> str:
    """Return ``sha256:<hex>`` over the canonical form of a JSON value (RFC 8785).

    Raises:
        EncodeError: the value has no canonical form.

    """
    return "sha256:" + hashlib.sha256(encode(value)).hexdigest()
