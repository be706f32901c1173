"""Telling a secret from a setting, by the name it goes under and by its looks.

A configuration file is copied, committed and pasted; a secret in it is lost. What looks like one is
refused, so a mistake costs the operator a reference (``env:NAME``), never a key.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log2
from urllib.parse import parse_qsl, urlsplit

_SECRET_WORD = re.compile(
    r".*(key|token|secret|password|passwd|passphrase|credential)|(keys|secrets|passwords|credentials"
    r"|auth|authorization|authentication|oauth|bearer|cookie|pwd|pass|pat|pin|otp|jwt|dsn|private|signature|sig)"
)
_PLACE_WORDS = frozenset({"file", "path", "dir", "directory"})
_NEGATIONS = frozenset({"no", "not", "without", "skip", "disable"})
_MODES = frozenset(
    [
        "",
        "token",
        "none",
        "off",
        "on",
        "true",
        "false",
        "yes",
        "no",
        "auto",
        "oauth",
        "oauth2",
        "oidc",
        "basic",
        "bearer",
        "jwt",
        "required",
        "optional",
        "anonymous",
        "enabled",
        "disabled",
    ]
)
_PREFIXES = re.compile(
    r"""(?x) (?<![A-Za-z0-9]) (
      (sk|rk|pk)[-_](?=[\w-]{12}) | gh[oprsu]_\w{12} | github_pat_\w | glpat-[\w-]{8} | xox[a-z]-\w | xapp-\d
    | (AKIA|ASIA)[0-9A-Z]{12} | AIza[\w-]{20} | ya29\.[\w-] | eyJ[\w-]{8,}\.[\w-] | hf_\w{12} | npm_\w{12}
    | pypi-\w{12} | SG\.[\w-]{12} | shp(at|ca|pa|ss)_\w | do[opr]_v1_\w | whsec_\w | dckr_pat_\w | lin_api_\w
    | (secret|ntn)_\w{12} | figd_\w | ATATT\w | hv[sbr]\.[\w-]{12} | nvapi-\w | (gsk|xai|r8)[_-]\w{16}
    | AGE-SECRET-KEY-1 | sq0[a-z]{3}-\w ) | -----BEGIN\ [A-Z\ ]*PRIVATE
    | (?i: ^(bearer|basic)\ +\S{6} ) """
)
_USERINFO = re.compile(r"[A-Za-z0-9]://[^/\s?#@]*@")
_PIN = re.compile(r"\b(sha256|sha384|sha512)[:-][A-Za-z0-9+/=]+|(?<=@)[0-9a-f]{40}\b")  # an image's, a commit's
_EXPANSION = re.compile(r"\$\{[^{}]*\}|\$\w+")
_ASSIGNMENT = re.compile(r"-{0,2}([A-Za-z][\w.-]*)\s*[=:]\s*(.+)", re.DOTALL)
_NESTED_ASSIGNMENTS = 3
_NOISY_CHANGES, _NOISY_SWITCHING = 4, 0.42
_NOISY_ENTROPY = 3.0  # bits a character; 20 random hexadecimal digits have about 3.4
_FLAG = re.compile(r"-{1,2}[A-Za-z][\w.-]*")


def names_secret(name: str) -> bool:
    """Tell whether what goes under this name (a variable, header, flag, parameter) is a secret."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    if not words or words[0] in _NEGATIONS or words[-1] in _PLACE_WORDS:
        return False
    return any(_SECRET_WORD.fullmatch(word) for word in words)


def looks_secret(text: str) -> bool:
    """Tell whether the text is, or holds, something made to be a secret: a known token's shape, or noise."""
    if _PREFIXES.search(text) or _USERINFO.search(text):
        return True
    text = _PIN.sub("", text)
    words = re.findall(r"[A-Za-z0-9]{20,}", text)
    tokens = re.findall(r"[A-Za-z0-9_+=-]{20,}", text)
    return any(_changes(word) >= _NOISY_CHANGES and _entropy(word) > _NOISY_ENTROPY for word in words) or any(
        _switching(token) > _NOISY_SWITCHING for token in tokens
    )


def is_secret(name: str, text: str) -> bool:
    """Tell whether a literal ``text`` under ``name`` is a secret. ``${X}`` that the server expands is not."""
    rest = _EXPANSION.sub("", text)
    return looks_secret(rest) or (names_secret(name) and rest.strip().lower() not in _MODES)


def secret_arguments(command: Sequence[str]) -> list[int]:
    """Return the indexes of the arguments of a command line that are, or hold, a secret."""
    found = []
    for index, argument in enumerate(command):
        flag = command[index - 1] if index else ""
        follows = bool(_FLAG.fullmatch(flag)) and not argument.startswith("-")
        if is_secret(flag if follows else "", argument) or _assigns_secret(argument):
            found.append(index)
    return found


def url_secret(url: str) -> str | None:
    """Return where in the URL a secret is (``the user part``, ``the query``, ``the path``), or None.

    Raises:
        ValueError: the text is no URL. Its message may quote the text; do not show it.

    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "the user part"
    if any(is_secret(name, value) for name, value in parse_qsl(parts.query)) or looks_secret(parts.query):
        return "the query"
    return "the path" if _PREFIXES.search(parts.path) else None


def _assigns_secret(argument: str) -> bool:
    """Find ``--token=x``, ``API_KEY=x``, ``Authorization: x``, and one inside the other: ``--header=X-Key: x``."""
    rest = argument
    for _ in range(_NESTED_ASSIGNMENTS):
        match = _ASSIGNMENT.fullmatch(rest)
        if match is None:
            return False
        name, value = match.groups()
        if value.startswith("//"):  # a URL, whose scheme is no name
            return _url_holds_secret(rest)
        if is_secret(name, value):
            return True
        rest = value
    return False


def _url_holds_secret(text: str) -> bool:
    try:
        return url_secret(text) is not None
    except ValueError:
        return False


def _changes(word: str) -> int:
    """Count the changes between letters and digits: words have few, noise has many."""
    return len(re.findall(r"(?<=[A-Za-z])\d|(?<=\d)[A-Za-z]", word))


def _switching(token: str) -> float:
    """Return how often, a character, lower case, upper case and digits give way to each other.

    About 0.6 in random text; ``TenantReportsV2Final`` has 0.4, words in one case less.
    """
    kinds = [(a.islower(), a.isdigit()) != (b.islower(), b.isdigit()) for a, b in pairwise(token) if (a + b).isalnum()]
    return sum(kinds) / len(token)


def _entropy(word: str) -> float:
    return -sum(n / len(word) * log2(n / len(word)) for n in Counter(word).values())
