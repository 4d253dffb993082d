"""The launcher's command line: `python3 -m launcher run|test|check|bench|…`."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from launcher import development, product
from launcher.console import say
from launcher.processes import stop_with_parent
from launcher.refusals import CannotGoOn, Stopped

STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COMMANDS: dict[str, Callable[[], int | None]] = {
    "run": product.run,
    "manage": product.manage,
    "test": development.test,
    "check": development.check,
    "bench": development.bench,
    "faults": development.faults,
    "mutants": development.mutants,
    "screenshots": development.screenshots,
    "messages": development.messages,
    "format": development.reformat,
    "requirements": development.requirements,
}


def main() -> int:
    """Run one command; return the exit code."""
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        say(f"Usage: python3 -m launcher {'|'.join(COMMANDS)}")
        return 2
    for number in STOPPING_SIGNALS:
        signal.signal(number, _stop)
    if "MAKELEVEL" in os.environ:
        stop_with_parent(signal.SIGTERM)  # a killed make takes the stack along
    try:
        return COMMANDS[sys.argv[1]]() or 0
    except CannotGoOn as refusal:
        say(f"\n{refusal}")
        return 1
    except Stopped:
        say("Stopped.")
        return 0


def _stop(number: int, frame: FrameType | None) -> None:
    # Once: a second Ctrl-C must not interrupt the orderly stop, which is bounded in time.
    for each in STOPPING_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
