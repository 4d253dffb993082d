"""Real stacks: started as `make run` starts them, found again by a mark in their environment."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher import postgres
from launcher.places import ROOT, Place

Start = Callable[..., "Launcher"]


class Launcher:
    """A launcher in a process of its own, with what it printed so far."""

    def __init__(
        self, command: str, *, folder: Path, root: Path = ROOT, **environment: str
    ) -> None:
        self.folder = folder
        self.mark = f"LAUNCHER_TEST={uuid.uuid4()}"
        name, value = self.mark.split("=")
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "launcher", command],
            cwd=root,
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "LANG": "C.UTF-8",
                "INSTALL": "false",
                "LOCAL_FOLDER": str(folder),
                name: value,
            }
            | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_until(self, text: str) -> None:
        """Read on until a text was printed; what comes instead is in the failure."""
        if text not in self.output:
            self.read_one(text)

    def read_one(self, text: str) -> None:
        """Read on to the next line with a text in it."""
        assert self.process.stdout is not None
        line = ""
        while text not in line:
            line = self.process.stdout.readline()
            assert line, f"It ended before {text!r}:\n{self.output}"
            self.output += line

    def ended(self) -> int:
        """Read what is left and return the exit code."""
        self.output += self.process.communicate(timeout=60)[0]
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the launcher alone."""
        self.process.send_signal(number)

    def living(self, *, but_itself: bool = False) -> dict[int, str]:
        """Find every process that descends from it, wherever it hangs now, with its command."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = self.mark.encode() in (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            if is_ours and command:
                found[int(folder.name)] = command
        if but_itself:
            found.pop(self.process.pid, None)
        return found

    def leaves_nothing(self, *, within_seconds: float = 30) -> bool:
        """Wait until none of its processes lives."""
        deadline = time.monotonic() + within_seconds
        while self.living() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.living()


@pytest.fixture
def launch() -> Iterator[Start]:
    """Start launchers; whatever of theirs is left when the test ends is killed."""
    launchers: list[Launcher] = []

    def start(command: str, **details: str) -> Launcher:
        launchers.append(Launcher(command, **details))
        return launchers[-1]

    yield start
    for launcher in launchers:
        for pid in launcher.living():
            os.kill(pid, signal.SIGKILL)
        launcher.process.wait()
        if launcher.process.stdout is not None:
            launcher.process.stdout.close()
        shutil.rmtree(postgres.outside(Place(launcher.folder)), ignore_errors=True)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A prepared, empty folder of a stack."""
    place = Place(tmp_path / "local")
    place.prepare()
    yield place
    shutil.rmtree(postgres.outside(place), ignore_errors=True)
