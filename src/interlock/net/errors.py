"""What can go wrong on the way to an upstream, split by whether the call may have happened.

House rule: before the first byte of a request has left, a failure refuses the call; from then on the
call is unsettled. ``may_have_happened`` carries that answer, so nobody has to guess it from a message.
"""

from __future__ import annotations

from typing import ClassVar

from interlock.core.errors import InterlockError


class NetFailed(InterlockError):
    """A request that got no usable answer. Never raised itself."""

    may_have_happened: ClassVar[bool]


class RequestRefused(NetFailed):
    """The request cannot be put on the wire safely (a line break in a header). Nothing has left."""

    may_have_happened = False


class ConnectFailed(NetFailed):
    """No connection: no address, no answer, no TLS, no free slot. Nothing has left."""

    may_have_happened = False


class AddressRefused(ConnectFailed):
    """The name leads where it must not: loopback, a private network, a metadata service. Nothing has left."""


class SendFailed(NetFailed):
    """The connection broke with part of the request still unsent; the upstream may have acted on the rest."""

    may_have_happened = True


class ResponseFailed(NetFailed):
    """The request has left, and no whole, well-formed answer came back."""

    may_have_happened = True


class TooLarge(ResponseFailed):
    """The answer passed a size limit: headers, body, or one event."""
