"""Reading what an address of the internet answers, without being sent into our own network.

The address is one that somebody entered: it must not reach what only this machine can reach. Its
name is resolved once, every address that it stands for is checked, and the connection is made to
the very address that was checked, under the name's certificate. Nothing is followed, no proxy of
the environment is used, and an answer is cut off by size and by time.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
"""Networks that are not the internet: private, of providers, of clouds, translated, reserved."""

GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")

LONGEST_ADDRESS = 2_000


class AddressRefused(Exception):
    """The address is not one that may be read; says why."""


class FetchFailed(Exception):
    """The address was not read; says why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be read, and how much of it.

    ports: to which a connection is made. within: seconds for all of it, from the name to the last
    byte. most_bytes: of the body. open_networks: closed ones that may be reached all the same.
    context: whose certificates are trusted; None: those of the system.
    """

    ports: frozenset[int] = frozenset({443, 8443})
    within: float = 10.0
    most_bytes: int = 2_000_000
    open_networks: tuple[Network, ...] = ()
    context: ssl.SSLContext | None = None


STRICT = Rules()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered: 200 with a body, or 304 without."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def checked(address: str, *, rules: Rules = STRICT) -> SplitResult:
    """Return the parts of an address of the web that may be read, as far as its text tells.

    Raises:
        AddressRefused: it is no https address, names a port that is closed, or carries a
            password.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or http.client.HTTPS_PORT
    except ValueError as error:
        raise AddressRefused(_("This is not an address of the web.")) from error
    if parts.scheme != "https" or not parts.hostname or not _is_plain(address):
        raise AddressRefused(_("Give an address that begins with https://."))
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(_("Give an address without a name and a password in it."))
    if port not in rules.ports:
        raise AddressRefused(_("The port of this address is closed for calendars."))
    return parts


def get(address: str, *, headers: Mapping[str, str], rules: Rules = STRICT) -> Answer:
    """Read an https address; a 304 answers what `headers` know already.

    Raises:
        AddressRefused: the address, or what its name stands for, may not be reached.
        FetchFailed: it could not be reached in time, or answered anything but 200 or 304.
    """
    parts = checked(address, rules=rules)
    deadline = time.monotonic() + rules.within
    connection = _Connection(parts, rules=rules, deadline=deadline)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    try:
        connection.request("GET", target, headers={"Accept-Encoding": "identity", **headers})
        return _read(connection.getresponse(), rules=rules)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise FetchFailed(_said(error)) from error
    finally:
        connection.close()


def is_closed(address: Address, *, open_networks: Iterable[Network] = ()) -> bool:
    """Say whether an address lies in a network that is not the internet."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_closed(address.ipv4_mapped, open_networks=open_networks)
        is_outside = address not in GLOBAL_IPV6
    else:
        is_outside = False
    if any(address in network for network in open_networks):
        return False
    return is_outside or any(address in network for network in CLOSED)


class Place(NamedTuple):
    """What a socket connects to."""

    family: int
    address: tuple[Any, ...]


class _TimedSocket(ssl.SSLSocket):
    """A socket whose every read ends by one instant, however slowly the other side writes."""

    deadline: float = 0.0

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Receive bytes until the deadline."""
        self.settimeout(_left(self.deadline))
        return super().recv_into(*args, **options)


class _Connection(http.client.HTTPSConnection):
    """A connection to an address that was checked, under the name that stands for it."""

    def __init__(self, parts: SplitResult, *, rules: Rules, deadline: float) -> None:
        self._rules, self._deadline = rules, deadline
        port = parts.port or http.client.HTTPS_PORT
        super().__init__(parts.hostname or "", port, timeout=_left(deadline))

    def connect(self) -> None:
        """Connect to the first of the checked addresses that answers."""
        found = _looked_up(self.host, self.port, deadline=self._deadline)
        raw = self._reached(_checked(found, rules=self._rules))
        try:
            raw.settimeout(_left(self._deadline))
            self.sock = self._secured(raw)
        except BaseException:
            raw.close()
            raise

    def _reached(self, places: Sequence[Place]) -> socket.socket:
        failure: OSError | None = None
        for place in places:
            raw = socket.socket(place.family, socket.SOCK_STREAM)
            raw.settimeout(_left(self._deadline))
            try:
                raw.connect(place.address)
            except OSError as error:
                raw.close()
                failure = error
            else:
                return raw
        raise failure or TimeoutError

    def _secured(self, raw: socket.socket) -> _TimedSocket:
        context = self._rules.context or ssl.create_default_context()
        context.sslsocket_class = _TimedSocket
        secured = context.wrap_socket(raw, server_hostname=self.host)
        assert isinstance(secured, _TimedSocket)  # noqa: S101 - what the context was told to make
        secured.deadline = self._deadline
        return secured


def _looked_up(name: str, port: int, *, deadline: float) -> Sequence[Place]:
    """Return what a name stands for, or stop waiting at the deadline.

    The system's look-up knows no time limit: it is left behind in a thread that keeps nobody from
    ending, until the system itself gives up.
    """
    answer: Future[Sequence[Place]] = Future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)
        else:
            answer.set_result([Place(family, address) for family, *_rest, address in found])

    Thread(target=ask, name="name look-up", daemon=True).start()
    return answer.result(timeout=_left(deadline))


def _checked(places: Sequence[Place], *, rules: Rules) -> Sequence[Place]:
    """Return the addresses that a name stands for, every one of which may be reached."""
    for place in places:
        address = ipaddress.ip_address(str(place.address[0]).partition("%")[0])
        if is_closed(address, open_networks=rules.open_networks):
            raise AddressRefused(_("This address leads into a network that is closed."))
    return places


def _read(response: http.client.HTTPResponse, *, rules: Rules) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    if response.status == http.client.NOT_MODIFIED:
        return Answer(response.status, headers=headers)
    if response.status != http.client.OK:
        raise FetchFailed(_refusal(response.status, headers))
    body = response.read(rules.most_bytes + 1)
    if len(body) > rules.most_bytes:
        raise FetchFailed(_("The answer is larger than a calendar is."))
    return Answer(response.status, body, headers)


def _refusal(status: int, headers: Mapping[str, str]) -> str:
    if 300 <= status < 400:
        host = urlsplit(headers.get("location", "")).netloc[:100]
        said = _("The address sends elsewhere (%(host)s): enter the address where it ends.")
        return said % {"host": host or "?"}
    if status in (401, 403, 404, 410):
        return _("The calendar is not to be had any more: its address answers %(status)s.") % {
            "status": status
        }
    return _("The address answers %(status)s.") % {"status": status}


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _("The address did not answer in time.")
    if isinstance(error, socket.gaierror):
        return _("Nobody knows this address.")
    if isinstance(error, ssl.SSLError):
        return _("The certificate of the address is not to be trusted.")
    return _("The address cannot be reached.")


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


def _is_plain(address: str) -> bool:
    return len(address) <= LONGEST_ADDRESS and address.isascii() and address.isprintable()
