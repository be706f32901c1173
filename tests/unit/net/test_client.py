import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from interlock.net.client import HttpClient, tls_context
from interlock.net.connection import ClientLimits
from interlock.net.dial import Dialer
from interlock.net.errors import AddressRefused, ConnectFailed, RequestRefused
from interlock.net.url import parse_upstream_url

URL = parse_upstream_url("https://a.example/")


async def inside(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def test_the_tls_context_verifies() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_no_session_key_is_logged_for_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert tls_context().keylog_filename is None


def test_a_request_that_cannot_be_written_is_refused_before_anything_is_dialled() -> None:
    async def main() -> None:
        client = HttpClient(dial=Dialer(resolve=inside), limits=ClientLimits())
        with pytest.raises(RequestRefused):
            await client.send("GET", URL, [("x", "a\r\nb")])
        assert not client.origins

    asyncio.run(main())


def test_a_refused_address_leaves_no_slot_behind() -> None:
    async def main() -> None:
        client = HttpClient(dial=Dialer(resolve=inside), limits=ClientLimits(connections=1))
        for _ in range(2):
            with pytest.raises(AddressRefused):
                await client.send("GET", URL)
        assert not client.origins

    asyncio.run(main())


def test_a_closed_client_sends_nothing() -> None:
    async def main() -> None:
        async with HttpClient(dial=Dialer(resolve=inside), limits=ClientLimits()) as client:
            pass
        with pytest.raises(ConnectFailed, match="closed"):
            await client.send("GET", URL)

    asyncio.run(main())
