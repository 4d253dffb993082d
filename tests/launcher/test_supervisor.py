"""What happens to a process that ends."""

import sys
import time
from pathlib import Path

import pytest

from launcher import supervisor
from launcher.processes import Process, command_of
from launcher.refusals import CannotGoOn
from launcher.supervisor import Watched


def shell(tmp_path: Path, script: str, **details: float) -> Process:
    return Process(
        "it", ("sh", "-c", script), tmp_path / "it.log", {"PATH": "/usr/bin:/bin"}, **details
    )


def let_it_end(process: Process) -> None:
    assert process.running is not None
    process.running.wait()


def test_look_pauses_longer_after_each_end(tmp_path: Path) -> None:
    process = shell(tmp_path, "echo no reason; exit 3")
    watched = Watched(process)
    process.start()
    now, pauses = 100.0, []

    for _ in range(7):
        let_it_end(process)
        watched.look(now)
        assert watched.start_again_at is not None
        pauses.append(watched.start_again_at - now)
        now = watched.start_again_at
        watched.look(now)

    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    let_it_end(process)


def test_look_forgets_ends_of_a_process_that_was_steady(tmp_path: Path) -> None:
    process = shell(tmp_path, "exit 3")
    watched = Watched(process, ends=5, started_at=100.0)
    process.start()
    let_it_end(process)

    watched.look(161.0)

    assert watched.ends == 1


def test_look_gives_up_with_the_last_words(tmp_path: Path) -> None:
    process = shell(tmp_path, "echo the disk is full; exit 3")
    watched = Watched(process, ends_at_most=2, ends=2, started_at=100.0)
    process.start()
    let_it_end(process)

    with pytest.raises(CannotGoOn, match=r"the disk is full.*3 times"):
        watched.look(101.0)


def test_wait_until_refuses_what_ends_while_starting(tmp_path: Path) -> None:
    process = shell(tmp_path, "echo No module named crm; exit 1")
    process.start()

    with pytest.raises(CannotGoOn, match="No module named crm"):
        supervisor.wait_until(lambda: False, [process], within_seconds=20)


def test_stop_kills_the_stubborn_with_its_children(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "it.log"
    process = Process(
        "it", (sys.executable, "-c", script), log, {"PATH": "/bin"}, stop_within_seconds=0.5
    )
    process.start()
    while not log.exists() or not log.read_text().strip():
        time.sleep(0.05)
    child = int(log.read_text())
    assert "sleep" in command_of(child)

    supervisor.stop([process])

    assert process.has_ended()
    while command_of(child):
        time.sleep(0.05)


def test_log_is_kept_within_bounds(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    log.write_bytes(b"x" * (11 * 1024 * 1024))
    process = shell(tmp_path, "echo new")

    process.start()
    let_it_end(process)

    assert log.read_text() == "new\n"
    assert log.with_suffix(".log.1").exists()
