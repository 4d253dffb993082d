"""What developers run: tests, checks, benchmarks, formatting, pinning."""

import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from launcher import chromium, packages, postgres
from launcher.console import say
from launcher.places import HOME, Place
from launcher.refusals import CannotGoOn
from launcher.stack import servers
from launcher.steps import run

DEVELOPMENT = "requirements-dev.txt"
RUNTIME = "requirements.txt"
EVERY_PAGE = "tests/browser/test_every_page.py"
OF_THE_DOCUMENTATION = "tests/browser/screenshots.py"
FAULT_DRIVE = "tests.faults.drive"
PARALLEL = ("-n", "2", "--dist", "loadfile")
DEPLOYED = {
    "DEBUG": "false",
    "DEMO": "false",
    "SECRET_KEY": "checked as deployed, with a key of sixty characters, used nowhere",
    "ALLOWED_HOSTS": "crm.example.com",
    "SITE_URL": "https://crm.example.com",
}
"""The settings that the checks suppose, whatever the developer's own environment says."""

CHECKS = {
    "lint": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "import contracts": ("lint-imports",),
    "types": ("mypy",),
    "migrations": ("python", "manage.py", "makemigrations", "--check", "--dry-run"),
    "lifecycle diagram": ("python", "manage.py", "lifecycle_diagram", "--check"),
    "translations": ("python", "manage.py", "update_messages", "--check"),
    "deployment": ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"),
}


def test() -> int:
    """Run the tests on servers of their own; return pytest's exit code.

    `ARGS` chooses tests as for pytest; all of them run side by side on two cores.
    """
    packages.enter(DEVELOPMENT)
    place = _place("test")
    arguments = shlex.split(os.environ.get("ARGS", "")) or PARALLEL
    with place.claim():
        chromium.ensure()
        settings = postgres.THROW_AWAY_SETTINGS | {"max_connections": "200"}
        with servers(place, is_fresh=True, settings=settings) as running:
            return run(running.environment, [sys.executable, "-m", "pytest", *arguments])


def check() -> int:
    """Run every check, also after one has failed; return 1 when one has."""
    packages.enter(DEVELOPMENT)
    place = _place("check")
    with place.claim(), servers(place, settings=postgres.THROW_AWAY_SETTINGS) as running:
        environment = running.environment | DEPLOYED
        failed = [name for name, command in CHECKS.items() if _check(name, command, environment)]
    say(f"\nFailed: {', '.join(failed)}." if failed else "\nAll checks passed.")
    return 1 if failed else 0


def screenshots() -> int:
    """Take the documentation's pictures anew, and one of every page of the demo.

    Of every page there is one wide and one narrow, light and dark; `ARGS` names their folder,
    `.local/screenshots` without it.
    """
    packages.enter(DEVELOPMENT)
    place = _place("screenshots")
    folder = Path(os.environ.get("ARGS") or HOME.folder / "screenshots").absolute()
    with place.claim():
        chromium.ensure()
        with servers(place, is_fresh=True, settings=postgres.THROW_AWAY_SETTINGS) as running:
            environment = running.environment | {"SCREENSHOTS": str(folder)}
            tests = (OF_THE_DOCUMENTATION, EVERY_PAGE)
            code = run(environment, [sys.executable, "-m", "pytest", *tests])
    say(f"The pictures are in docs/images and {folder}.")
    return code


def messages() -> int:
    """Bring the catalogs of translations up to the texts, and compile them."""
    packages.enter(DEVELOPMENT)
    # Neither is asked: texts are in files.
    nowhere = {"DATABASE_URL": "postgres://localhost/none", "BROKER_URL": "redis://localhost"}
    environment = os.environ | DEPLOYED | nowhere
    return run(environment, [sys.executable, "manage.py", "update_messages"])


def bench() -> int:
    """Run the benchmarks on servers of their own, as durable as in production."""
    packages.enter(DEVELOPMENT)
    place = _place("bench")
    arguments = shlex.split(os.environ.get("ARGS", ""))
    settings = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
    with place.claim(), servers(place, is_fresh=True, settings=settings) as running:
        environment = running.environment | DEPLOYED | {"HTTPS_ONLY": "false"}
        return run(environment, [sys.executable, "-m", "benchmarks", *arguments])


def faults() -> int:
    """Drive leads through a stack of its own while its parts are killed.

    `ARGS` as for the drive, such as "--leads 10000 --faults 200 --seed 21".
    """
    packages.enter(DEVELOPMENT)
    place = _place("faults")
    arguments = shlex.split(os.environ.get("ARGS", "")) or ("--leads", "2000", "--faults", "40")
    with place.claim(), tempfile.TemporaryDirectory(dir=place.folder) as folder:
        return run(os.environ, [sys.executable, "-m", FAULT_DRIVE, folder + "/stack", *arguments])


def mutants() -> int:
    """Drive every wrong way to build the product that we know; each must be found."""
    packages.enter(DEVELOPMENT)
    arguments = shlex.split(os.environ.get("ARGS", ""))
    return run(os.environ, [sys.executable, "-m", "tests.faults.mutants", *arguments])


def reformat() -> int:
    """Format the code and mend what the linter can."""
    packages.enter(DEVELOPMENT)
    run(os.environ, [_program("ruff"), "check", "--fix", "--quiet", "."])
    return run(os.environ, [_program("ruff"), "format", "."])


def requirements() -> int:
    """Pin the requirements anew, with hashes.

    Raises:
        CannotGoOn: without uv.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise CannotGoOn("Pinning needs uv: pip install uv")
    options = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header")
    codes = [
        run(
            os.environ,
            [uv, "pip", "compile", "-q", *options, name.replace(".txt", ".in"), "-o", name],
        )
        for name in (RUNTIME, DEVELOPMENT)
    ]
    return max(codes)


def _place(name: str) -> Place:
    place = Place(HOME.folder / name)
    place.prepare()
    return place


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _check(name: str, command: Sequence[str], environment: dict[str, str]) -> bool:
    """Run one check; True when it failed."""
    say(f"\n== {name}")
    began = time.monotonic()
    code = run(environment, [_program(command[0]), *command[1:]])
    say(f"== {name}: {'failed' if code else 'passed'} in {time.monotonic() - began:.1f} s")
    return code != 0
