from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interlock.settings.shape import fields_of, json_schema

PAGE = Path(__file__).parents[3] / "docs" / "spec" / "configuration.md"
DEPENDS = {  # keys whose absence means something else than one value
    "gateway.resource": "`http://<listen>`",
    "approvals.local_operator": "as `identity.development_issuer`",
    "servers.*.risk_owner": "the owner",
    "servers.*.credential.owner": "none",
    "servers.*.credential.expires": "none",
    "servers.*.credential.scope": "none",
}


def resolved(schema: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    """Every alternative that a part of the schema stands for."""
    for inner in ("anyOf", "oneOf"):
        if inner in part:
            return [each for alternative in part[inner] for each in resolved(schema, alternative)]
    if "$ref" in part:
        return resolved(schema, schema["$defs"][part["$ref"].rpartition("/")[2]])
    return [part]


def keys(schema: dict[str, Any], part: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key with its default as the page writes it."""
    for alternative in resolved(schema, part):
        for name, inner in alternative.get("properties", {}).items():
            path = f"{prefix}{name}"
            below = list(keys(schema, inner, f"{path}."))
            yield from below
            if not below or name == "servers":
                required = name in alternative.get("required", [])
                yield path, "required" if required else DEPENDS.get(path, written(inner.get("default")))
        patterns = alternative.get("patternProperties", {})
        for inner in patterns.values():
            yield from keys(schema, inner, f"{prefix}*.")


def written(default: Any) -> str:
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"


def rows() -> list[tuple[str, str]]:
    cells = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return [(row[0].strip("| `"), row[2]) for row in cells]


def test_the_page_has_every_key_with_its_default_and_no_other() -> None:
    schema = json_schema()
    expected = set(keys(schema, schema))
    assert len(expected) > 35
    assert set(rows()) == expected


def test_the_page_has_no_key_twice() -> None:
    names = [key for key, _ in rows()]
    assert len(names) == len(set(names))


def test_the_schema_knows_no_other_key() -> None:
    schema = json_schema()
    objects = [schema, *schema["$defs"].values()]
    assert all(each["additionalProperties"] is False for each in objects if "properties" in each)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["required"] == ["version", "servers"]


def test_the_schema_says_what_text_looks_like() -> None:
    wait = json_schema()["$defs"]["Approvals"]["properties"]["wait"]
    assert wait["type"] == "string"
    assert re.search(wait["pattern"], "15m")
    assert not re.search(wait["pattern"], "15")


@pytest.mark.parametrize(
    ("path", "transport", "some"),
    [
        ((), "", "servers"),
        (("gateway",), "", "listen"),
        (("servers", "x"), "stdio", "command"),
        (("servers", "x"), "http", "url"),
        (("servers", "x", "credential"), "http", "expires"),
    ],
)
def test_fields_of_each_place(path: tuple[str, ...], transport: str, some: str) -> None:
    assert some in fields_of(path, transport)
    assert "command" not in fields_of(("servers", "x"), "http")
