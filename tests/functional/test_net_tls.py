"""The HTTP client against real sockets: scripted servers on the loopback."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functional.net_server import OK, always, client, serving
from interlock.net.client import HttpClient, tls_context
from interlock.net.connection import ClientLimits
from interlock.net.dial import Dialer
from interlock.net.errors import ConnectFailed
from interlock.net.url import parse_upstream_url


def certificate(folder: Path, name: x509.GeneralName) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


def server_tls(folder: Path, name: x509.GeneralName, seen: list[str | None]) -> tuple[ssl.SSLContext, str]:
    cert_file, key_file = certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.sni_callback = lambda _sock, asked, _context: seen.append(asked)
    return context, str(cert_file)


def test_tls_checks_the_name_while_the_address_is_pinned(run: Callable[..., None], tmp_path: Path) -> None:
    seen: list[str | None] = []

    async def loopback(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def main() -> None:
        context, ca_file = server_tls(tmp_path, x509.DNSName("mcp.example.com"), seen)
        dialer = Dialer(networks=(ip_network("127.0.0.1/32"),), resolve=loopback)
        async with (
            serving(always(OK), context) as server,
            HttpClient(dial=dialer, limits=ClientLimits(), tls=tls_context(ca_file)) as http,
        ):
            port = server.url.port
            url = parse_upstream_url(f"https://mcp.example.com:{port}/")
            for _ in range(5):
                assert await (await http.send("POST", url, body=bytes(300_000))).read() == b"ok"
            assert server.connections == 1
            for host in ("other.example.com", "127.0.0.1"):
                with pytest.raises(ConnectFailed):
                    await http.send("GET", parse_upstream_url(f"https://{host}:{port}/"))
            assert len(server.requests) == 5
        assert seen == ["mcp.example.com", "other.example.com", None]

    run(main())


def test_tls_trusts_nobody_unknown(run: Callable[..., None], tmp_path: Path) -> None:
    async def main() -> None:
        context, _ = server_tls(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")), [])
        async with serving(always(OK), context) as server, client() as http:
            with pytest.raises(ConnectFailed):
                await http.send("GET", server.url)
            assert not server.requests

    run(main())
