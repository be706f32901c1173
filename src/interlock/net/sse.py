"""Server-sent events, read and written incrementally (WHATWG HTML, section 9.2, "Server-sent events").

One deliberate difference: ``data`` stays bytes, exactly as sent. What is forwarded is what was decided
upon, and strict UTF-8 is checked where the JSON inside is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from interlock.net.errors import TooLarge

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event. ``id`` is the last event id in force; ``retry`` (ms) is set if this event set it."""

    data: bytes
    event: str = "message"
    id: str = ""
    retry: int | None = None


class Parser:
    """Takes bytes in any pieces, gives events. ``limit`` bounds what one event makes us hold, in bytes."""

    __slots__ = ("_after_cr", "_data", "_kept", "_line", "_name", "_retry", "_start", "last_event_id", "limit")

    def __init__(self, *, limit: int = 1 << 20) -> None:
        self.limit = limit
        self.last_event_id = ""
        self._start: bytes | None = b""  # while the first three bytes may still be a byte order mark
        self._line = bytearray()
        self._after_cr = False
        self._kept = 0
        self._data: list[bytes] = []
        self._name = ""
        self._retry: int | None = None

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield the events that ``data`` completes. A generator: bytes count as fed once it is run to its end.

        Raises TooLarge at the event that passes the limit, after yielding those before it.
        """
        if self._start is not None:
            data = self._start + data
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._start = data
                return
            self._start = None
            data = data.removeprefix(_BOM)
        at = 0
        for end in _LINE_END.finditer(data):
            if self._after_cr and end.span() == (0, 1) and end.group() == b"\n":
                at = 1  # the second half of a CRLF that was cut in two
                continue
            self._grow(data[at : end.start()])
            at = end.end()
            line = bytes(self._line)
            self._line.clear()
            event = self._take(line)
            if event is not None:
                yield event
        self._after_cr = data.endswith(b"\r") or (self._after_cr and not data)
        self._grow(data[at:])

    def _grow(self, piece: bytes) -> None:
        if self._kept + len(self._line) + len(piece) > self.limit:
            raise TooLarge(f"a server-sent event passed {self.limit} bytes", "raise the limit if this upstream may")
        self._line += piece

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        self._field(name, value.removeprefix(b" "))
        return None

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._data.append(value)
            self._kept += len(value) + 1
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self.last_event_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) < len(str(1 << 63)):
            self._retry = int(value)

    def _dispatch(self) -> Event | None:
        data, name, retry = self._data, self._name, self._retry
        self._data, self._name, self._retry, self._kept = [], "", None, 0
        if not data:
            return None
        return Event(b"\n".join(data), name or "message", self.last_event_id, retry)


def encode_event(event: Event) -> bytes:
    """Write one event. Line ends inside ``data`` become LF, as the format has no way to keep them.

    Raises ValueError for a line end in ``event`` or ``id``, or NUL in ``id``: they would forge fields.
    """
    if _LINE_END.search(event.event.encode()) or re.search("[\r\n\0]", event.id):
        raise ValueError("a server-sent event's name or id holds a line end or NUL")
    lines = []
    if event.event != "message":
        lines.append(b"event: " + event.event.encode())
    if event.id:
        lines.append(b"id: " + event.id.encode())
    if event.retry is not None:
        lines.append(b"retry: %d" % event.retry)
    lines += [b"data: " + line for line in _LINE_END.split(event.data)]
    return b"\n".join(lines) + b"\n\n"
