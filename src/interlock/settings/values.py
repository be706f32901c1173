"""The small languages inside the file: durations, sizes, addresses, URLs, references. Text in, value out.

Every function raises ValueError with a sentence that says what is expected and never quotes the text.
"""

from __future__ import annotations

import os.path
import re
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from pathlib import Path
from urllib.parse import urlsplit

from interlock.settings.secrets import is_secret, looks_secret, names_secret, url_secret
from interlock.settings.types import Address, FromEnvironment, FromFile, Literal, Value

DURATION = r"^[0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h)$"
SIZE = r"^[1-9][0-9]{0,8}(B|KiB|MiB|GiB)$"
LISTEN = r"^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$"
SERVER_NAME = r"^[a-z0-9][a-z0-9_.-]{0,62}$"
STORE = r"^sqlite:///.+$"
FILE_TARGET = r"^file:.+$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
HOST = r"^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_MAX_PORT = 65535
_LATER = re.compile(r"(keyring|vault):")
_REFERENCE = "write a reference, env:NAME or file:PATH"
_OURS = frozenset(  # headers that are the connection's or the protocol's, so the proxy's to set
    [
        "host",
        "connection",
        "content-length",
        "content-type",
        "accept",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "keep-alive",
        "expect",
        "proxy-authorization",
        "mcp-session-id",
        "mcp-protocol-version",
        "mcp-method",
        "mcp-name",
    ]
)


def parse_duration(text: object) -> float:
    """``500ms``, ``3s``, ``15m``, ``1h`` -> seconds."""
    if not isinstance(text, str) or not re.fullmatch(DURATION, text):
        raise ValueError("must be a duration with its unit (ms, s, m, h), such as 500ms, 3s, 15m, 1h")
    number, unit = re.findall(r"[0-9.]+|[a-z]+", text)
    return float(number) * _SECONDS[unit]


def parse_size(text: object) -> int:
    """``4MiB`` -> bytes."""
    if not isinstance(text, str) or not re.fullmatch(SIZE, text):
        raise ValueError("must be a size with its unit (B, KiB, MiB, GiB), such as 4MiB")
    number, unit = re.findall(r"[0-9]+|[A-Za-z]+", text)
    return int(number) * _BYTES[unit]


def parse_listen(text: object) -> Address:
    """``127.0.0.1:8700``, ``localhost:8700``, ``[::1]:8700`` -> where to listen."""
    if not isinstance(text, str) or not re.fullmatch(LISTEN, text):
        raise ValueError('must be host:port, such as 127.0.0.1:8700 or "[::1]:8700"')
    host, _, port = text.rpartition(":")
    if int(port) > _MAX_PORT:
        raise ValueError(f"a port is at most {_MAX_PORT}")
    return Address(_check_host(host), int(port))


def _check_host(host: str) -> str:
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1]))
        if host.replace(".", "").isdigit():
            return str(IPv4Address(host))
    except AddressValueError:
        raise ValueError("the host is not an IP address") from None
    return host


def parse_date(text: object) -> date:
    """``2027-03-31`` -> that day."""
    wrong = ValueError("must be a date, such as 2027-03-31")
    if not isinstance(text, str) or not re.fullmatch(DATE, text):
        raise wrong
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong from None


def check_store(text: str) -> str:
    """``sqlite:///PATH``, relative to the file; a fourth slash makes it absolute."""
    if not text.startswith("sqlite:///") or text.endswith("/"):
        raise ValueError("only SQLite is supported yet; write sqlite:///PATH (a fourth slash makes PATH absolute)")
    check_path(text.removeprefix("sqlite:///"))
    return text


def check_path(text: str) -> str:
    """Refuse an empty path, and one that asks for a home directory nobody will look up."""
    if not text.strip() or text.startswith("~"):
        raise ValueError("must be a path, relative to this file or absolute (~ is not expanded)")
    return text


def check_target(text: str) -> str:
    """``file:PATH``: where checkpoints are copied to."""
    if not text.startswith("file:"):
        raise ValueError("only files are supported as checkpoint targets yet; write file:PATH")
    check_path(_file_path(text))
    return text


def _file_path(text: str) -> str:
    """Return the path of ``file:PATH`` or ``file:///PATH`` (RFC 8089, which would let a host stand there)."""
    path = text.removeprefix("file:")
    if path.startswith("//") and not path.startswith("///"):
        raise ValueError("file: takes a path, without a host: file:PATH or file:/PATH")
    return path.removeprefix("//")


def check_host_name(text: str) -> str:
    """Check a ``Host`` header's value, with or without a port; no pattern."""
    if not re.fullmatch(HOST, text):
        raise ValueError("must be a host name, with or without a port, as clients send it in Host (no * patterns)")
    return text.lower()


def check_origin(text: str) -> str:
    """Check an ``Origin`` header's value (RFC 6454): scheme, host, port, nothing more."""
    scheme, _, host = text.partition("://")
    if scheme not in {"http", "https"} or not re.fullmatch(HOST, host):
        raise ValueError("must be an origin as browsers send it, such as https://console.example (no path, no *)")
    return text.lower()


def check_resource(text: str) -> str:
    """Check the gateway's own identifier (RFC 8707, section 2): an absolute URL without query or fragment."""
    check_url(text)
    if "?" in text or "#" in text:
        raise ValueError("must have no query and no fragment (RFC 8707)")
    return text.rstrip("/")


def check_url(text: str) -> str:
    """Check an absolute http(s) URL without a secret. Only syntax; the dialer checks where it leads."""
    wrong = ValueError("must be a URL such as https://host/mcp (http or https; no spaces, no backslashes)")
    if not re.fullmatch(r"https?://[!-~]+", text) or "\\" in text:
        raise wrong
    try:
        parts = urlsplit(text)
        secret = url_secret(text)
        _ = parts.port
    except ValueError:
        raise wrong from None
    if secret:
        raise ValueError(f"a secret in {secret} of the URL; send it in headers, as a reference (env:NAME, file:PATH)")
    if not parts.hostname or parts.fragment:
        raise ValueError("the URL must name a host, and no fragment (#)")
    return text


def check_value(name: str, text: str) -> str:
    """Check the value of a variable or header: a reference, or a literal that is no secret."""
    if _LATER.match(text):
        raise ValueError("keyring: and vault: are not read yet; use env:NAME or file:PATH")
    if text.startswith("env:"):
        if not re.fullmatch(ENV_NAME, text.removeprefix("env:")):
            raise ValueError("env: takes the name of one environment variable, such as env:FILES_KEY")
        return text
    if text.startswith("file:"):
        check_path(_file_path(text))
        return text
    if is_secret(name, text):
        why = "looks like a secret" if looks_secret(text) or not names_secret(name) else "is named like a secret"
        raise ValueError(f"{why}, and secrets do not stand in this file; {_REFERENCE}, as the whole value")
    if "${" in text:
        raise ValueError("${...} is not expanded; write env:NAME as the whole value")
    return text


def check_variable(name: str, text: str) -> str:
    """Check one environment variable of a stdio server."""
    if not re.fullmatch(ENV_NAME, name):
        raise ValueError("not a variable's name; is a space missing after the colon?")
    return check_value(name, text)


def check_header(name: str, text: str) -> str:
    """Check one HTTP header (RFC 9110, section 5), which must not be one that Interlock itself sets."""
    if not re.fullmatch(HEADER_NAME, name):
        raise ValueError("not a header's name; is a space missing after the colon?")
    if name.lower() in _OURS:
        raise ValueError("this header is set by Interlock itself; leave it out")
    if not re.fullmatch(r"[ -~]*", text):
        raise ValueError("a header's value is one line of ASCII")
    return check_value(name, text)


def resolve_path(text: str, directory: Path) -> Path:
    """Return the absolute path; ``directory`` must be absolute. Nothing is looked up."""
    return Path(os.path.normpath(directory / text))


def resolve_target(text: str, directory: Path) -> Path:
    """``file:PATH`` -> the absolute path."""
    return resolve_path(_file_path(text), directory)


def resolve_value(text: str, directory: Path) -> Value:
    """Return a checked value as what it is: a literal, or where to fetch the secret."""
    if text.startswith("env:"):
        return FromEnvironment(text.removeprefix("env:"))
    return FromFile(resolve_target(text, directory)) if text.startswith("file:") else Literal(text)
