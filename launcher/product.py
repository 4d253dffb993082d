"""`make run`: the whole product on this machine, from nothing to a page in the browser."""

import http.client
import json
import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import ExitStack

from launcher import packages, steps, supervisor
from launcher.console import say
from launcher.places import HOME, Place
from launcher.ports import is_taken
from launcher.processes import Process
from launcher.refusals import CannotGoOn
from launcher.stack import servers
from launcher.supervisor import Watched

READY_WITHIN_SECONDS = 90
NOTE = "settings.json"
POSTGRES_ENDS_AT_MOST = 5
"""In a row; then something is wrong that starting again does not cure."""
WEB_OPTIONS = (
    *("--workers", "2", "--threads", "4", "--worker-class", "gthread"),
    *("--graceful-timeout", "8", "--no-control-socket"),
)
WORKER_OPTIONS = (
    *("--concurrency", "2", "--loglevel", "INFO"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)


def run() -> None:
    """Run the product until it is stopped.

    Raises:
        CannotGoOn: when it cannot start, or PostgreSQL cannot be kept up.
    """
    place = HOME
    host, port = _address()
    packages.enter("requirements.txt")
    with place.claim(), ExitStack() as stack:
        if is_taken(host, port):
            raise CannotGoOn(
                f"Port {port} is taken by another program: stop that one, or choose another "
                f"port: make run PORT={port + 1}"
            )
        running = stack.enter_context(servers(place))
        environment = _defaults(place, port) | running.environment
        _note(place, environment)
        _prepare_database(environment)
        services = _services(place, environment, host, port)
        stack.callback(supervisor.stop, services)
        stack.callback(say, "Stopping …")
        supervisor.start(services)
        _wait_until_ready(services, host, port, environment)
        _announce(environment)
        supervisor.watch(
            [
                Watched(each, POSTGRES_ENDS_AT_MOST if each.name == "postgres" else None)
                for each in (*running.processes, *services)
            ]
        )


def manage() -> int:
    """Run `manage.py` with the settings of the stack that runs; ARGS has the command.

    Raises:
        CannotGoOn: nothing runs, or nothing was asked.
    """
    arguments = shlex.split(os.environ.get("ARGS", ""))
    if not arguments:
        raise CannotGoOn('Say what to run: make manage ARGS="check_invariants"')
    packages.enter("requirements.txt")
    note = HOME.folder / NOTE
    if not HOME.is_claimed() or not note.exists():
        raise CannotGoOn("The product does not run here: start it first, with make run.")
    environment = os.environ | json.loads(note.read_text())
    return steps.run(environment, [sys.executable, "manage.py", *arguments])


def _note(place: Place, environment: Mapping[str, str]) -> None:
    """Write down what `make manage` needs; for this account's eyes alone, as the passwords are."""
    own = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    note = place.folder / NOTE
    note.touch(mode=0o600)
    note.write_text(json.dumps(own))


def _address() -> tuple[str, int]:
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise CannotGoOn(f"PORT={port!r}: expected a number from 1 to 65535.")
    return host, int(port)


def _defaults(place: Place, port: int) -> dict[str, str]:
    """Return the settings of a first look; the environment overrides each."""
    defaults = {
        "DEMO": "true",
        "SECRET_KEY": place.secret("secret-key"),
        "SITE_URL": f"http://localhost:{port}",
        "STATIC_ROOT": str(place.folder / "static"),
    }
    if "EMAIL_HOST" not in os.environ:
        defaults["EMAIL_BACKEND"] = "django.core.mail.backends.filebased.EmailBackend"
        mail = place.folder / "mail"
        mail.mkdir(mode=0o700, exist_ok=True)
        defaults["EMAIL_FILE_PATH"] = str(mail)
    return defaults


def _prepare_database(environment: Mapping[str, str]) -> None:
    say("Preparing the database …")
    steps.manage(environment, "migrate", "--verbosity=0")
    steps.manage(environment, "collectstatic", "--noinput", "--verbosity=0")
    steps.manage(environment, "load_defaults")
    if environment["DEMO"] == "true":
        steps.manage(environment, "load_demo")


def _services(place: Place, environment: Mapping[str, str], host: str, port: int) -> list[Process]:
    """List the product's own processes, in the order in which they start."""
    commands = {
        "web": ("-m", "gunicorn", "crm_handoff.wsgi", "--bind", f"{host}:{port}", *WEB_OPTIONS),
        "worker": ("-m", "celery", "-A", "crm_handoff", "worker", *WORKER_OPTIONS),
        "relay-1": ("manage.py", "relay", "--name", "relay-1"),
        "relay-2": ("manage.py", "relay", "--name", "relay-2"),
    }
    return [
        Process(name, (sys.executable, *command), place.log_of(name), environment)
        for name, command in commands.items()
    ]


def _wait_until_ready(
    services: list[Process], host: str, port: int, environment: Mapping[str, str]
) -> None:
    say("Starting web, worker and two relays …")
    name = environment.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    headers = {"Host": "localhost" if name == "*" else name.removeprefix(".")}
    missing: list[str] = []

    def is_ready() -> bool:
        missing[:] = _what_is_missing(host, port, headers)
        return not missing

    if not supervisor.wait_until(is_ready, services, within_seconds=READY_WITHIN_SECONDS):
        raise CannotGoOn(
            f"Not ready after {READY_WITHIN_SECONDS} seconds: {'; '.join(missing)} "
            f"(logs: {services[0].log.parent})."
        )


def _what_is_missing(host: str, port: int, headers: Mapping[str, str]) -> list[str]:
    """Ask `/readyz/` what is not at work yet; nothing when everything is."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/readyz/", headers=dict(headers))
        answer = connection.getresponse()
        parts = json.loads(answer.read())["parts"]
    except (OSError, http.client.HTTPException):
        return ["web does not answer"]
    except (ValueError, KeyError):
        return ["web answers with an error"]
    finally:
        connection.close()
    return [f"{name}: {part['reason']}" for name, part in parts.items() if not part["ok"]]


def _announce(environment: Mapping[str, str]) -> None:
    say(f"\nCRM Handoff runs at {environment['SITE_URL']} (Ctrl-C stops it).")
    if environment["DEMO"] == "true":
        say("Sign in as one of the demo's people (role, e-mail, password):\n")
        say(steps.manage(environment, "demo_logins"))
