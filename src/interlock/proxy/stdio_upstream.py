"""An upstream that is our child: JSON-RPC, a line a message, over its standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from interlock.core.errors import Fault, InterlockError
from interlock.net.errors import NetFailed
from interlock.proxy.children import Child, ChildSpec
from interlock.proxy.upstream import Introduction, Lost, Notice, TimedOut, Unsent
from interlock.wire import handshake, jsonrpc
from interlock.wire.versions import Era

STOP_GRACE = 1.0


class StdioUpstream:
    """A child that has been introduced."""

    def __init__(self, child: Child) -> None:
        self.introduction = Introduction("", Era.LEGACY, {})
        self.on_event: Notice = _ignore
        self._child = child
        self._next_id = 0
        self._waiting: dict[jsonrpc.Id, tuple[asyncio.Future[jsonrpc.Response], Notice | None]] = {}
        self._reader = asyncio.create_task(self._read())
        self._background: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(
        cls, spec: ChildSpec, on_stderr: Callable[[bytes], None], protocol: str, within: float
    ) -> StdioUpstream:
        """Spawn the child and introduce ourselves.

        Raises:
            Unsent: it does not start, or does not introduce itself in time.

        """
        try:
            child = await Child.start(spec, on_stderr)
        except (Fault, OSError) as error:
            raise Unsent(f"the server does not start: {error}") from None
        upstream = cls(child)
        try:
            async with asyncio.timeout(within):
                upstream.introduction = await upstream.introduce(protocol)
        except (Lost, Unsent, InterlockError, TimeoutError) as error:
            await upstream.close()
            raise Unsent(f"the server does not introduce itself: {str(error) or 'it took too long'}") from None
        except asyncio.CancelledError:
            await upstream.close()
            raise
        return upstream

    async def introduce(self, protocol: str) -> Introduction:
        """Find out how the child speaks. Every child answers ``initialize``, if only to say that it is modern."""
        if protocol != "modern":
            response = await self._exchange("initialize", handshake.initialize_params(), 3600.0, None)
            version = handshake.initialized_version(response)
            if version is not None and response.result is not None:
                await self.notify("notifications/initialized", {})
                return Introduction(version, Era.LEGACY, jsonrpc.open_object(response.result) or {})
            if protocol == "legacy":
                raise InterlockError("it refuses initialize")
        response = await self._exchange("server/discover", handshake.modern_params({}), 3600.0, None)
        version = handshake.discovered_version(response)
        if version is None or response.result is None:
            raise InterlockError("it speaks no protocol revision that Interlock speaks")
        return Introduction(version, Era.MODERN, jsonrpc.open_object(response.result) or {})

    @property
    def alive(self) -> bool:
        """Whether the child still talks."""
        return not self._reader.done()

    async def request(
        self, method: str, params: jsonrpc.RawParams, *, within: float, on_notice: Notice | None = None
    ) -> jsonrpc.Response:
        """Send a request and return its answer."""
        outgoing = handshake.outgoing(self.introduction.era, params)
        return await self._exchange(method, outgoing, within, on_notice)

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification."""
        await self._send(jsonrpc.notification(method, params))

    async def close(self) -> None:
        """End the child and all of its children."""
        await self._child.stop(STOP_GRACE)
        self._reader.cancel()
        await asyncio.wait([self._reader])
        self._fail_waiting()

    async def _exchange(
        self, method: str, params: jsonrpc.RawParams, within: float, on_notice: Notice | None
    ) -> jsonrpc.Response:
        if not self.alive:
            raise Unsent("the server has ended")
        self._next_id += 1
        identifier = self._next_id
        if on_notice is not None:
            params = handshake.with_progress_token(params, identifier)
        future: asyncio.Future[jsonrpc.Response] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = (future, on_notice)
        try:
            async with asyncio.timeout(within):  # of sending, too: a server that does not read blocks the pipe
                await self._send(jsonrpc.request(identifier, method, params))
                return await future
        except TimeoutError:
            self._cancel(identifier)
            raise TimedOut(f"the server did not answer within {within:g} s") from None
        except asyncio.CancelledError:
            self._cancel(identifier)
            raise
        finally:
            self._waiting.pop(identifier, None)

    def _cancel(self, identifier: jsonrpc.Id) -> None:
        params = {"requestId": identifier, "reason": "cancelled"}
        task = asyncio.create_task(self.notify("notifications/cancelled", params))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _send(self, message: bytes) -> None:
        line = message.replace(b"\n", b" ").replace(b"\r", b" ")  # only white space: a string has them escaped
        try:
            await self._child.send(line)
        except NetFailed as error:
            raise (Lost if error.may_have_happened else Unsent)(error.what, error.then) from None

    async def _read(self) -> None:
        try:
            async for line in self._child.lines():
                message = jsonrpc.parse_answer(line)
                if isinstance(message, jsonrpc.Response):
                    self._answer(message)
                elif isinstance(message, jsonrpc.Rejection):
                    self._refuse(message)
                elif isinstance(message, jsonrpc.Notification):
                    self._tell(message)
                elif isinstance(message, jsonrpc.Request):
                    await self._send(handshake.answer_upstream(message))
        except (Fault, OSError):
            pass
        finally:
            self._fail_waiting()

    def _answer(self, message: jsonrpc.Response) -> None:
        future, _ = self._waiting.get(message.id or 0, (None, None))
        if future is not None and not future.done():
            future.set_result(message)

    def _refuse(self, message: jsonrpc.Rejection) -> None:
        """Fail the request whose answer cannot be read; noise that answers nothing is passed over."""
        future, _ = self._waiting.get(message.id or 0, (None, None))
        if future is not None and not future.done():
            future.set_exception(Lost("the server's answer is not JSON"))

    def _tell(self, message: jsonrpc.Notification) -> None:
        token = message.params.get("progressToken")
        _, on_notice = self._waiting.get(token, (None, None)) if isinstance(token, int | str) else (None, None)
        (on_notice or self.on_event)(message.method, message.raw)

    def _fail_waiting(self) -> None:
        for future, _ in list(self._waiting.values()):
            if not future.done():
                future.set_exception(Lost("the server ended before it answered"))


def _ignore(method: str, params: Mapping[str, msgspec.Raw]) -> None:
    del method, params
