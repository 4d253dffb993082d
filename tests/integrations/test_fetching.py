"""Reading addresses that people enter: never our own network, never more than is wanted."""

import ipaddress
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from crm_handoff.integrations import fetching
from crm_handoff.integrations.fetching import AddressRefused, FetchFailed, Rules
from tests.integrations.websites import Site, serving

CLOSED = [
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "198.18.0.1",
    "192.0.0.8",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "::",
    "ff02::1",
    "2001::1",
    "64:ff9b:1::1",
    "168.63.129.16",
    "100.100.100.200",
    "192.88.99.1",
    "255.255.255.255",
]
OPEN = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::200e"]


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_the_internet_is_closed(address: str) -> None:
    assert fetching.is_closed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_the_internet_is_open(address: str) -> None:
    assert not fetching.is_closed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://calendar.example/rita.ics", "begins with https"),
        ("file:///etc/passwd", "begins with https"),
        ("https://", "begins with https"),
        ("https:///rita.ics", "begins with https"),
        ("https://rita:secret@calendar.example/", "without a name"),
        ("https://calendar.example:22/", "port"),
        ("https://calendar.example:99999/", "not an address"),
        ("https://calendar.example/a b\r\nHost: c", "begins with https"),
        ("https://①②⑦.0.0.1/", "begins with https"),
        ("https://[::1/", "not an address"),
        (f"https://calendar.example/{'a' * 2_000}", "begins with https"),
    ],
)
def test_an_address_that_cannot_be_a_calendar_is_refused_as_text(address: str, said: str) -> None:
    with pytest.raises(AddressRefused, match=said):
        fetching.checked(address)


@pytest.mark.parametrize(
    "host",
    [
        *(f"[{address}]" if ":" in address else address for address in CLOSED),
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "localhost",
        "[fe80::1%25eth0]",
    ],
)
def test_no_connection_is_made_into_a_closed_network(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    with pytest.raises((AddressRefused, FetchFailed)):
        fetching.get(f"https://{host}/", headers={})


def resolving(*answers: list[str]) -> Any:
    """A resolver whose answers change from one question to the next."""
    left = list(answers)

    def getaddrinfo(_name: str, port: int, **_options: object) -> list[Any]:
        found = left.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    return getaddrinfo


def test_a_name_that_stands_for_one_closed_address_among_open_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(["1.1.1.1", "169.254.169.254"]))

    with pytest.raises(AddressRefused, match="closed"):
        fetching.get("https://calendar.example/", headers={})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path) as found:
        yield found


def test_a_calendar_is_read_with_what_the_reader_says(site: Site) -> None:
    site.headers = {"ETag": '"7"'}

    answer = fetching.get(site.address(), headers={"If-None-Match": '"6"'}, rules=site.rules)

    assert (answer.status, answer.body) == (200, b"BEGIN:VCALENDAR")
    assert answer.headers["etag"] == '"7"'
    ((path, said),) = site.asked
    assert path == "/rita.ics?key=1"
    assert said["if-none-match"] == '"6"'
    assert said["accept-encoding"] == "identity"


def test_the_connection_goes_to_the_address_that_was_checked_under_the_name(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second answer would lead elsewhere: a name is asked for once.
    monkeypatch.setattr(socket, "getaddrinfo", resolving(["127.0.0.1"], ["10.0.0.1"]))

    answer = fetching.get(site.address("calendar.example"), headers={}, rules=site.rules)

    assert answer.status == 200
    assert site.asked[0][1]["host"] == f"calendar.example:{site.port}"


def test_an_address_that_does_not_answer_gives_way_to_the_next(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(["127.0.0.2", "127.0.0.1"]))

    assert fetching.get(site.address("calendar.example"), headers={}, rules=site.rules).body


def test_a_certificate_of_another_name_or_of_nobody_is_not_trusted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(["127.0.0.1"], ["127.0.0.1"]))

    for address, rules in (
        (site.address("other.example"), site.rules),
        (site.address("calendar.example"), replace(site.rules, context=None)),
    ):
        with pytest.raises(FetchFailed, match="certificate"):
            fetching.get(address, headers={}, rules=rules)
    assert site.asked == []


def test_nothing_is_followed(site: Site) -> None:
    site.status = 302
    site.headers = {"Location": "https://169.254.169.254/latest/meta-data/"}

    with pytest.raises(FetchFailed, match=r"sends elsewhere \(169\.254\.169\.254\)"):
        fetching.get(site.address(), headers={}, rules=site.rules)

    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [204, 403, 404, 500])
def test_anything_but_a_calendar_is_a_failure(site: Site, status: int) -> None:
    site.status = status

    with pytest.raises(FetchFailed, match=str(status)):
        fetching.get(site.address(), headers={}, rules=site.rules)


def test_nothing_new_has_no_body(site: Site) -> None:
    site.status, site.body = 304, b""

    assert fetching.get(site.address(), headers={}, rules=site.rules).status == 304


def test_a_body_is_cut_off(site: Site) -> None:
    site.body = b"x" * 101

    assert len(fetching.get(site.address(), headers={}, rules=site.rules).body) == 101
    with pytest.raises(FetchFailed, match="larger"):
        fetching.get(site.address(), headers={}, rules=replace(site.rules, most_bytes=100))


def test_whoever_writes_slowly_is_cut_off_too(site: Site) -> None:
    site.body, site.seconds_a_byte = b"x" * 100, 0.1
    begun = time.monotonic()

    with pytest.raises(FetchFailed, match="in time"):
        fetching.get(site.address(), headers={}, rules=replace(site.rules, within=0.5))

    assert time.monotonic() - begun < 2


def test_who_looks_up_names_may_not_keep_the_reader_waiting_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hung = Event()

    def hangs(*_asked: object, **_options: object) -> list[Any]:
        hung.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    began = time.monotonic()

    with pytest.raises(FetchFailed, match="did not answer in time"):
        fetching.get("https://calendar.example/", headers={}, rules=Rules(within=0.3))

    assert time.monotonic() - began < 2
    hung.set()


def test_a_name_that_nobody_knows_is_said_to_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_asked: object, **_options: object) -> list[Any]:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(FetchFailed, match="Nobody knows this address"):
        fetching.get("https://calendar.example/", headers={})


def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    assert fetching.get(site.address(), headers={}, rules=site.rules).status == 200
