"""Keeps the product's processes running: starts again what dies, and stops everything in order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from launcher.console import say
from launcher.processes import Process
from launcher.refusals import CannotGoOn

LOOK_EVERY_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_AFTER_SECONDS = 60.0


@dataclass
class Watched:
    """A process with the memory of its ends; each in quick succession doubles the next pause."""

    process: Process
    ends_at_most: int | None = None
    ends: int = 0
    started_at: float = 0.0
    start_again_at: float | None = None

    def look(self, now: float) -> None:
        """Notice an end, or start the process again when its pause is over.

        Raises:
            CannotGoOn: when it has ended too often in a row.
        """
        if self.start_again_at is not None:
            if now >= self.start_again_at:
                self._start_again(now)
        elif self.process.has_ended():
            self._note_end(now)

    def _start_again(self, now: float) -> None:
        self.start_again_at = None
        self.started_at = now
        self.process.start()

    def _note_end(self, now: float) -> None:
        self.process.sweep()
        if now - self.started_at > STEADY_AFTER_SECONDS:
            self.ends = 0
        self.ends += 1
        if self.ends_at_most is not None and self.ends > self.ends_at_most:
            raise CannotGoOn(f"{_end_of(self.process)}, {self.ends} times in a row.")
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (self.ends - 1), LONGEST_PAUSE_SECONDS)
        self.start_again_at = now + pause
        say(f"{_end_of(self.process)}; starting it again in {pause:.0f} s.")


def start(processes: Sequence[Process]) -> None:
    """Start processes, in order."""
    for process in processes:
        process.start()


def stop(processes: Sequence[Process]) -> None:
    """Ask all of them to stop, then wait for each; they may finish their work side by side."""
    for process in processes:
        process.ask_to_stop()
    for process in processes:
        process.stop()


def wait_until(
    is_ready: Callable[[], bool], processes: Sequence[Process], *, within_seconds: float
) -> bool:
    """Wait for readiness; False when it did not come in time.

    Raises:
        CannotGoOn: when a process ends meanwhile: what cannot start once will not start twice.
    """
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        if is_ready():
            return True
        for process in processes:
            if process.has_ended():
                raise CannotGoOn(f"{_end_of(process)} while starting.")
        time.sleep(LOOK_EVERY_SECONDS)
    return False


def watch(watched: Sequence[Watched]) -> None:
    """Keep the processes running until a signal stops this one."""
    while True:
        for each in watched:
            each.look(time.monotonic())
        time.sleep(LOOK_EVERY_SECONDS)


def _end_of(process: Process) -> str:
    return f"{process.name} ended ({process.last_words()}; log: {process.log})"
