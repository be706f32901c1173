from __future__ import annotations

import hashlib

from interlock.canon import digest


def test_digest_is_of_the_canonical_form() -> None:
    assert digest({"b": 1.0, "a": "x"}) == "sha256:" + hashlib.sha256(b'{"a":"x","b":1}').hexdigest()
    assert digest({"a": 1}) != digest({"a": "1"})
