"""`make run`, in earnest: real servers, real processes, real signals."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher import postgres
from launcher.places import Place
from launcher.ports import free_port, is_taken
from tests.launcher.conftest import Launcher, Start

READY = "Ctrl-C stops it"

pytestmark = pytest.mark.faults


def test_first_start_survives_deaths_and_ends_without_a_trace(
    launch: Start, tmp_path: Path
) -> None:
    port = free_port()
    first = launch("run", folder=tmp_path, PORT=str(port))
    first.read_until("auditor@demo.example")

    second = launch("run", folder=tmp_path, PORT=str(free_port()))
    assert second.ended() == 1
    assert "already runs" in second.output

    beside = launch("manage", folder=tmp_path, ARGS="demo_logins")
    assert beside.ended() == 0
    assert "auditor@demo.example" in beside.output

    before = services_of(first)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for _ in before:
        first.read_one("starting it again")
    wait_until(lambda: len(services_of(first) - before) == len(before) and is_ready(port))

    first.signal(signal.SIGINT)
    assert first.ended() == 0
    assert "Traceback" not in first.output
    assert first.living() == {}
    assert not is_taken("127.0.0.1", port)


def services_of(launcher: Launcher) -> set[int]:
    """The processes that the launcher started itself: each leads a session."""
    return {
        pid
        for pid, command in launcher.living(but_itself=True).items()
        if os.getsid(pid) == pid and not command.startswith("postgres:")
    }


def is_ready(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/readyz/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_second_start_keeps_the_data_and_a_kill_leaves_no_process(
    launch: Start, tmp_path: Path
) -> None:
    first = launch("run", folder=tmp_path, PORT=str(free_port()))
    first.read_until(READY)
    before = identity_of(tmp_path)
    first.signal(signal.SIGKILL)
    assert first.leaves_nothing(), first.living()
    pretend_to_be_running(tmp_path)

    second = launch("run", folder=tmp_path, PORT=str(free_port()))
    second.read_until(READY)
    assert identity_of(tmp_path) == before
    assert "Traceback" not in second.output

    second.signal(signal.SIGTERM)
    assert second.ended() == 0
    assert second.living() == {}


def identity_of(folder: Path) -> str:
    """What initdb drew by lot: the same as long as the data are."""
    server = postgres.Server(Place(folder), way=postgres.the_way(Place(folder)))
    result = subprocess.run(
        [server.home.binaries / "pg_controldata", server.data],
        capture_output=True,
        text=True,
        check=True,
    )
    return next(line for line in result.stdout.splitlines() if "system identifier" in line)


def pretend_to_be_running(folder: Path) -> None:
    """Leave a pid file that names a living process which is no PostgreSQL: this one."""
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")


def test_busy_port_is_a_sentence(launch: Start, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        launcher = launch("run", folder=tmp_path, PORT=str(port))

        assert launcher.ended() == 1
    assert f"Port {port} is taken" in launcher.output
    assert f"make run PORT={port + 1}" in launcher.output
    assert "Traceback" not in launcher.output


@pytest.mark.parametrize("port", ["none", "0", "65536", "-1"])
def test_malformed_port_is_a_sentence(launch: Start, tmp_path: Path, port: str) -> None:
    launcher = launch("run", folder=tmp_path, PORT=port)

    assert launcher.ended() == 1
    assert f"PORT='{port}': expected a number" in launcher.output
    assert "Traceback" not in launcher.output


def test_folder_that_cannot_be_written_is_a_sentence(launch: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    launcher = launch("run", folder=tmp_path / "file" / "local")

    assert launcher.ended() == 1
    assert "cannot be written" in launcher.output
    assert "Traceback" not in launcher.output


def test_database_that_is_not_there_is_a_sentence(launch: Start, tmp_path: Path) -> None:
    address = f"postgres://crm@127.0.0.1:{free_port()}/crm"

    launcher = launch("run", folder=tmp_path, PORT=str(free_port()), DATABASE_URL=address)

    assert launcher.ended() == 1
    assert "manage.py migrate failed" in launcher.output
    assert "Traceback" not in launcher.output
    assert launcher.leaves_nothing()


def test_malformed_setting_is_a_sentence(launch: Start, tmp_path: Path) -> None:
    launcher = launch("run", folder=tmp_path, PORT=str(free_port()), HTTPS_ONLY="perhaps")

    assert launcher.ended() == 1
    assert "HTTPS_ONLY='perhaps': expected true or false" in launcher.output
    assert "Traceback" not in launcher.output
    assert launcher.leaves_nothing()


def test_manage_without_a_running_product_is_a_sentence(launch: Start, tmp_path: Path) -> None:
    launcher = launch("manage", folder=tmp_path, ARGS="check_invariants")

    assert launcher.ended() == 1
    assert "start it first, with make run" in launcher.output
    assert "Traceback" not in launcher.output


def test_manage_without_a_command_is_a_sentence(launch: Start, tmp_path: Path) -> None:
    launcher = launch("manage", folder=tmp_path)

    assert launcher.ended() == 1
    assert 'make manage ARGS="check_invariants"' in launcher.output
