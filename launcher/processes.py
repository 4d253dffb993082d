"""Starting and stopping processes so that none is left behind, whatever ends this one."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from launcher.places import ROOT

PR_SET_PDEATHSIG = 1
IS_LINUX = sys.platform.startswith("linux")
LIBC = ctypes.CDLL(None) if IS_LINUX else None
LOG_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Account:
    """The operating system's account that a process runs as, when it is not our own."""

    uid: int
    gid: int


@dataclass
class Process:
    """One process of the stack, in a session of its own: Ctrl-C in the terminal is ours alone."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    folder: Path = ROOT
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_seconds: float = 15
    account: Account | None = None
    running: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; its output goes to its log."""
        _rotate(self.log)
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                list(self.command),
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent(self.stop_signal),
                **as_account(self.account),
            )

    def has_ended(self) -> bool:
        """Tell whether it was started and runs no more."""
        return self.running is not None and self.running.poll() is not None

    def ask_to_stop(self) -> None:
        """Send it its stop signal, without waiting."""
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Stop it and everything that it started; kill what does not stop in time."""
        self.ask_to_stop()
        if self.running is not None:
            try:
                self.running.wait(self.stop_within_seconds)
            except subprocess.TimeoutExpired:
                self.running.kill()
        self.sweep()

    def sweep(self) -> None:
        """Kill what is left of its session, and collect it."""
        if self.running is None:
            return
        # macOS says "permission" of a group in which only a zombie is left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()

    def last_words(self) -> str:
        """Return the last line of its log, which usually names the trouble."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "it wrote nothing"


def command_of(pid: int) -> str:
    """Return a process's command line; empty when there is no such process."""
    if IS_LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return ""
    answer = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout


class AccountArguments(TypedDict, total=False):
    """Popen's arguments for running as another account."""

    user: int
    group: int
    extra_groups: list[int]


def as_account(account: Account | None) -> AccountArguments:
    """Return Popen's arguments for running as another account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def stop_with_parent(stop_signal: signal.Signals) -> None:
    """Have Linux signal this very process when the one that started it dies."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what a child does before exec: ask Linux to signal it when this process dies.

    The request is tied to the thread that starts the child, so only the main thread may. It
    survives exec and `unshare`, but no change of account: Popen changes that first.
    """
    if not IS_LINUX:
        return None
    parent = os.getpid()

    def prepare() -> None:
        stop_with_parent(stop_signal)
        if os.getppid() != parent:
            os._exit(1)  # the parent died before the request was made

    return prepare


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
