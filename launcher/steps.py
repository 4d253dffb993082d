"""Commands that run to their end, one after the other."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from launcher.places import ROOT
from launcher.refusals import CannotGoOn

EXCEPTION_NAME = re.compile(r"^\w+(\.\w+)+: ")


def manage(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a management command and return what it printed.

    Raises:
        CannotGoOn: when it fails; with its last line, which names the trouble.
    """
    result = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["it wrote nothing"]
        reason = EXCEPTION_NAME.sub("", lines[-1])
        raise CannotGoOn(f"manage.py {arguments[0]} failed: {reason}")
    return result.stdout


def run(environment: Mapping[str, str], command: Sequence[str]) -> int:
    """Run a command on this terminal and return its exit code."""
    return subprocess.run(list(command), cwd=ROOT, env=dict(environment), check=False).returncode
