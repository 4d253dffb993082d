"""The virtual environment: made once, brought up to date when the pinned requirements change."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from launcher.console import say
from launcher.places import HOME, ROOT, VENV
from launcher.refusals import CannotGoOn

OLDEST_PYTHON = (3, 11)
PYTHON = VENV / "bin" / "python"
PIP_OPTIONS = ("--require-hashes", "--disable-pip-version-check", "--no-input")
NO_VENV = "Python cannot make a virtual environment with pip in it: apt-get install python3-venv"


def enter(requirements: str) -> None:
    """Go on inside the virtual environment with these requirements; made when it is not there.

    Replaces this process by the same command under the environment's interpreter. With
    INSTALL=false, for an interpreter that has everything already, nothing is done.

    Raises:
        CannotGoOn: when Python is too old or lacks venv, a package cannot be installed, or the
            folder cannot be written.
    """
    HOME.prepare()
    if os.environ.get("INSTALL") == "false":
        return
    if sys.version_info < OLDEST_PYTHON:
        raise CannotGoOn("CRM Handoff needs Python 3.11 or newer: install python3.11.")
    if not (ROOT / requirements).exists():
        raise CannotGoOn(f"{requirements} is missing: this clone is not whole; clone it again.")
    with (HOME.folder / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make test` beside a first `make run` waits for it
        _install(ROOT / requirements)
    if Path(sys.prefix) != VENV:
        os.execv(PYTHON, [str(PYTHON), "-m", "launcher", *sys.argv[1:]])


def _install(requirements: Path) -> None:
    stamp = VENV / f".installed-{requirements.name}"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    # The interpreter that the environment was made with may have gone since.
    is_whole = _works("-c", "")
    if is_whole and stamp.exists() and stamp.read_text() == wanted:
        return
    log = HOME.log_of("install")
    if not is_whole:
        say("Creating the Python environment in .venv …")
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], log, NO_VENV)
    if not _works("-m", "pip", "--version"):
        _run([str(PYTHON), "-m", "ensurepip"], log, NO_VENV)
    say(f"Installing the packages of {requirements.name} (once, about half a minute) …")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", *PIP_OPTIONS]
    _run(
        [*pip, "-r", str(requirements)],
        log,
        "The packages could not be installed: check the connection to PyPI and try again",
    )
    stamp.write_text(wanted)


def _works(*arguments: str) -> bool:
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, *arguments], capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], log: Path, failure: str) -> None:
    with log.open("w") as output:
        code = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    if code:
        raise CannotGoOn(f"{failure} (details: {log}).")
