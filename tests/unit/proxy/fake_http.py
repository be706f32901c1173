"""A stand-in for the pooled HTTP client: answers from a script, remembers what was sent. No socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from interlock.net.errors import ResponseFailed

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}


def compact(value: Any) -> bytes:
    """Return JSON as Interlock itself writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass
class FakeResponse:
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    chunks: list[bytes | BaseException | asyncio.Event] = field(default_factory=list)
    closed: bool = False

    async def read(self, limit: int | None = None) -> bytes:
        body = b"".join([chunk async for chunk in self.stream()])
        if limit is not None and len(body) > limit:
            raise ResponseFailed("too large")
        return body

    async def stream(self) -> AsyncIterator[bytes]:
        while self.chunks:
            chunk = self.chunks.pop(0)
            if isinstance(chunk, BaseException):
                raise chunk
            if isinstance(chunk, asyncio.Event):
                await chunk.wait()
            else:
                yield chunk

    def close(self) -> None:
        self.closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


@dataclass
class Sent:
    method: str
    headers: dict[str, str]
    message: Any
    lane: str


Answer = Callable[[Sent], FakeResponse | BaseException | Awaitable[FakeResponse]]


class FakeClient:
    """``answer`` is asked for every request but those that ``quiet`` methods make."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.sent: list[Sent] = []

    async def send(
        self, method: str, _url: object, headers: Iterable[tuple[str, str]] = (), body: bytes = b"", *, lane: str = ""
    ) -> FakeResponse:
        message = json.loads(body) if body else None
        self.sent.append(Sent(method, {name.lower(): value for name, value in headers}, message, lane))
        made = self.answer(self.sent[-1])
        if isinstance(made, BaseException):
            raise made
        return made if isinstance(made, FakeResponse) else await made

    def methods(self) -> list[str]:
        return [sent.message["method"] for sent in self.sent if sent.message]


def said(sent: Sent, result: Any, **headers: str) -> FakeResponse:
    """Answer a request with a result, as JSON."""
    body = compact({"jsonrpc": "2.0", "id": sent.message["id"], "result": result})
    return FakeResponse(
        headers=JSON | {name.replace("_", "-"): value for name, value in headers.items()}, chunks=[body]
    )


def events(*messages: Any) -> FakeResponse:
    """Answer with a stream of events; bytes go as they are, an exception is raised there."""
    chunks = [
        message
        if isinstance(message, bytes | BaseException | asyncio.Event)
        else f"data: {compact(message).decode()}\n\n".encode()
        for message in messages
    ]
    return FakeResponse(headers=dict(EVENTS), chunks=chunks)
