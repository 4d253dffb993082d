"""A web site on this machine, under TLS, for tests of what reads the web."""

import http.server
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crm_handoff.integrations.fetching import Rules

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass
class Site:
    """A web site on this machine, and what it answers."""

    port: int
    rules: Rules
    status: int = 200
    body: bytes = b"BEGIN:VCALENDAR"
    headers: dict[str, str] = field(default_factory=dict)
    seconds_a_byte: float = 0.0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def address(self, host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.port}/rita.ics?key=1"

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.asked.append((handler.path, {k.lower(): v for k, v in handler.headers.items()}))
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        for start in range(0, len(self.body), 1 if self.seconds_a_byte else len(self.body)):
            piece = self.body[start : start + 1] if self.seconds_a_byte else self.body
            try:
                handler.wfile.write(piece)
            except OSError:
                return
            time.sleep(self.seconds_a_byte)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate that says `calendar.example` and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "calendar.example")])
    said = x509.SubjectAlternativeName(
        [
            x509.DNSName("calendar.example"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(said, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret, public = folder / "key.pem", folder / "certificate.pem"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return secret, public


@contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """A site that answers, on a port of its own, under a certificate that its rules trust."""
    secret, public = certificate(folder)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.answer(self)

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, secret)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=str(public))
    port = server.server_address[1]
    found = Site(
        port, Rules(ports=frozenset({port}), open_networks=LOOPBACK, context=trusting, within=5)
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()
