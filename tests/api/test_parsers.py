"""What is too much, too deep or unreadable is refused quickly and in little memory."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

from crm_handoff.api import parsers
from crm_handoff.models import User
from crm_handoff.people import keys
from crm_handoff.people.roles import Role
from launcher.ports import free_port
from leads.models import Lead, Touchpoint
from tests.api.problems import faults_of, problem_of

MIB = 1024 * 1024
LEAD = b'{"external_id": "1"}'
QUICKLY = 1.0
"""Seconds, on a machine that is busy with other things."""
LITTLE = 50 * 1024
"""KiB by which the server may grow."""


def raw(caller, body, **headers):
    return caller.generic(
        "POST", "/api/v1/leads/", body, content_type="application/json", headers=headers
    )


def test_a_large_body_is_refused_by_its_length_alone(website, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    problem_of(raw(website, LEAD + b" " * 100), 413, "body_too_large")


def test_the_largest_body_is_read(website, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    assert raw(website, LEAD.ljust(100)).status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
def test_a_compressed_body_is_refused_unread(website, encoding):
    response = raw(website, b"\x1f\x8b", **{"content-encoding": encoding})

    problem_of(response, 415, "unsupported_encoding")


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
def test_a_body_as_it_is_may_say_so(website, encoding):
    assert raw(website, LEAD, **{"content-encoding": encoding}).status_code == 201


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "nonsense"]
)
def test_another_kind_of_body_is_refused_before_anybody_is_known(anonymous, kind):
    response = anonymous.generic("POST", "/api/v1/leads/", b"a=b", content_type=kind)

    problem_of(response, 415, "unsupported_media_type")


def test_a_form_of_many_fields_is_no_way_around_the_limits(signed_in):
    form = "&".join(f"f{number}=1" for number in range(2_000))

    response = signed_in(Role.REVOPS).generic(
        "POST", "/api/v1/leads/", form, content_type="application/x-www-form-urlencoded"
    )

    problem_of(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "detail",
    [
        b'{"a": "\xed\xa0\x80"}',
        b'{"\xed\xb0\x80": 1}',
        '{"a": "\\u0000"}'.encode("utf-16"),
        '{"a": "\\ud800"}'.encode("utf-16-le"),
        '{"a": "\\u0000"}'.encode("utf-32"),
    ],
    ids=repr,
)
def test_what_cannot_be_stored_is_refused_however_it_is_encoded(website, detail):
    problem_of(raw(website, detail), 400, "parse_error")


@pytest.mark.parametrize(
    "body",
    [
        b'{"external_id": "1", "external_id": "2"}',
        b'{"\\ud800": "1", "\\ud800": "2"}',
        b'{"external_id": "1", "account": {"name": "Acme", "n\\u0061me": "Other"}}',
    ],
    ids=repr,
)
def test_what_a_body_says_twice_is_not_guessed(website, body):
    assert "twice" in problem_of(raw(website, body), 400, "parse_error")["detail"]
    assert not Lead.objects.exists()


def test_a_body_may_begin_with_a_byte_order_mark(website):
    assert raw(website, b"\xef\xbb\xbf" + LEAD).status_code == 201


@pytest.mark.parametrize("bracket", [b"[]", b"{}"], ids=repr)
def test_a_body_is_nested_no_deeper_than_that(website, bracket):
    opening, closing = (b"[", b"]") if bracket == b"[]" else (b'{"a":', b"}")

    def of_depth(depth):
        return raw(website, opening * (depth - 1) + bracket + closing * (depth - 1))

    assert "deep" in problem_of(of_depth(parsers.MOST_DEEP + 1), 400, "parse_error")["detail"]
    assert of_depth(parsers.MOST_DEEP).json()["code"] == "invalid"


def test_a_body_of_more_parts_than_that_is_refused(website):
    # The bracket and 199,999 commas.
    many = b"[" + b"1," * (parsers.MOST_PARTS - 1) + b"1]"

    assert faults_of(raw(website, many)) == {("", "invalid")}
    too_many = raw(website, b"[1," + many[1:])
    assert "parts" in problem_of(too_many, 400, "parse_error")["detail"]


def test_commas_and_brackets_in_texts_are_no_parts(website):
    text = json.dumps({"external_id": "1", "first_name": '\\,[{"' * parsers.MOST_PARTS}).encode()

    assert faults_of(raw(website, text)) == {("first_name", "max_length")}


@pytest.mark.parametrize(
    "body",
    [b'"\\' * 2 * MIB, b'"' * MIB + b"," * 2 * MIB, b'[",' * MIB, b"[" * 4 * MIB, b'{"a":' * MIB],
    ids=lambda body: repr(body[:9]),
)
def test_a_hostile_body_is_refused_quickly(website, body):
    began = time.perf_counter()

    problem_of(raw(website, body), 400, "parse_error")

    assert time.perf_counter() - began < QUICKLY


# A real server.


class Server:
    """Gunicorn on the test's database; one worker, so that its memory is the server's."""

    def __init__(self, port: int, log: Path, token: str) -> None:
        self.port, self.token = port, token
        options = (
            *("--bind", f"127.0.0.1:{port}", "--no-control-socket"),
            *("--workers", "1", "--threads", "4", "--worker-class", "gthread"),
        )
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "crm_handoff.wsgi", *options],
                env=os.environ | {"DATABASE_URL": database(), "HTTPS_ONLY": "false"},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.log = log

    def wait(self) -> None:
        for _ in range(300):
            try:
                if self.send("GET", None, path="/healthz/").status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def send(self, method: str, body, *, path="/api/v1/leads/", chunked=False, **headers):
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        known = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        # It may answer before it has read all of it.
        with suppress(BrokenPipeError, ConnectionResetError):
            asking.request(method, path, body, known | headers, encode_chunked=chunked)
        answer = asking.getresponse()
        answer.body = answer.read()
        asking.close()
        return answer

    def peak(self) -> int:
        """KiB that the worker ever held at once since its peak was forgotten."""
        return int(re.search(r"VmHWM:\s+(\d+)", self.status())[1])

    def forget_peak(self) -> None:
        Path(f"/proc/{self.worker()}/clear_refs").write_text("5")

    def status(self) -> str:
        return Path(f"/proc/{self.worker()}/status").read_text()

    def worker(self) -> int:
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(task.read_text().split()[0])


def database() -> str:
    said = connection.settings_dict
    return f"postgres://{said['USER']}:{said['PASSWORD']}@{said['HOST']}:{said['PORT']}/" + str(
        said["NAME"]
    )


@pytest.fixture
def server(transactional_db, tmp_path) -> Iterator[Server]:
    operator = User.objects.create_user("ops@example.com")
    token = keys.issue("Website", system="website", created_by=operator).token
    running = Server(free_port(), tmp_path / "web.log", token)
    try:
        running.wait()
        # What a first request imports and prepares is no growth.
        assert running.send("POST", LEAD).status == 201
        yield running
    finally:
        os.killpg(running.process.pid, signal.SIGTERM)
        running.process.wait(20)
    assert token not in running.log.read_text()


def endless(total: int) -> Iterator[bytes]:
    piece = b"[" + b"1," * (MIB // 2)
    for _ in range(total // len(piece)):
        yield piece


def test_a_server_refuses_what_is_too_much_quickly_and_stays_small(server):
    bomb = zlib.compress(b" " * 100 * MIB)
    tries = [
        # Announced, and never read to its end.
        (413, b"1", {"Content-Length": str(2**40)}),
        (413, b" " * 30 * MIB, {}),
        # Without a length, for as long as somebody reads.
        (413, endless(60 * MIB), {"Transfer-Encoding": "chunked", "chunked": True}),
        (415, bomb, {"Content-Encoding": "deflate"}),
        (400, b"[" * 5 * MIB, {}),
        (400, b"[" + b"{}," * (MIB - 1) + b"{}]", {}),
        (400, b'{"a":' * MIB, {}),
        (415, b"x" * 5 * MIB, {"Content-Type": "text/csv"}),
    ]
    server.forget_peak()
    before = server.peak()

    for status, body, headers in tries:
        began = time.perf_counter()
        answer = server.send("POST", body, **headers)
        took = time.perf_counter() - began
        assert answer.status == status, (answer.status, answer.body, headers)
        assert answer.getheader("Content-Type") == "application/problem+json"
        assert took < QUICKLY, (took, status, answer.body, headers)

    assert server.peak() - before < LITTLE
    assert Lead.objects.count() == 1


def test_a_server_reads_a_body_that_comes_in_chunks(server):
    pieces = (LEAD.replace(b"1", b"2")[at : at + 3] for at in range(0, len(LEAD), 3))

    answer = server.send(
        "POST", pieces, chunked=True, **{"Transfer-Encoding": "chunked", "Idempotency-Key": "k"}
    )

    assert (answer.status, json.loads(answer.body)["is_created"]) == (201, True)
    again = server.send("POST", LEAD.replace(b"1", b"2"), **{"Idempotency-Key": "k"})
    assert (again.status, again.body) == (201, answer.body)


def test_a_server_goes_on_after_it_refused(server):
    server.send("POST", b" " * 30 * MIB)

    assert server.send("POST", b'{"external_id": "3"}').status == 201
    assert not Touchpoint.objects.exists()
