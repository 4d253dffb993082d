"""A whole stack in a folder of its own, whose parts can be killed and started again."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import redis

from launcher import postgres, valkey
from launcher.places import Place
from launcher.ports import free_port
from launcher.processes import Process

SKEW = Path(__file__).with_name("skew")
WORKER = ("--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat")


@dataclass
class Stack:
    """Servers and processes by name; `environment` is what a process of the product needs."""

    place: Place
    database: postgres.Server
    broker: valkey.Server
    environment: dict[str, str]
    port: int
    processes: dict[str, Process] = field(default_factory=dict)
    wrong_clocks: dict[str, int] = field(default_factory=dict)
    """Seconds by which the clock of a process is ahead, by its name."""

    def start(self, name: str) -> None:
        """Start a process of the product, under a log of its own."""
        commands = {
            "web": (
                *("-m", "gunicorn", "crm_handoff.wsgi", "--bind", f"127.0.0.1:{self.port}"),
                *("--workers", "1", "--threads", "4", "--worker-class", "gthread"),
            ),
            "worker": ("-m", "celery", "-A", "crm_handoff", "worker", "-n", f"{name}@h", *WORKER),
            "relay": ("manage.py", "relay", "--name", name),
        }
        command = commands[name.split("-")[0]]
        environment = self.environment
        if name in self.wrong_clocks:
            skew = {"PYTHONPATH": str(SKEW), "SKEW_SECONDS": str(self.wrong_clocks[name])}
            environment = environment | skew
        self.processes[name] = Process(
            name, (sys.executable, *command), self.place.log_of(name), environment
        )
        self.processes[name].start()

    def kill(self, name: str) -> None:
        """Kill a process with everything that it started, at once."""
        running = self.processes[name].running
        assert running is not None
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()

    def halt(self, name: str) -> None:
        """Let a process with everything that it started stand still."""
        self._signal(name, signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """Let a process that stood still go on."""
        self._signal(name, signal.SIGCONT)

    def _signal(self, name: str, what: signal.Signals) -> None:
        running = self.processes[name].running
        assert running is not None
        with suppress(ProcessLookupError):
            os.killpg(running.pid, what)

    def restart_ended(self) -> list[str]:
        """Start what ended by itself, as a supervisor would; returns the names."""
        ended = [name for name, process in self.processes.items() if process.has_ended()]
        for name in ended:
            self.start(name)
        return ended

    def crash_database(self) -> None:
        """Stop PostgreSQL as a power cut would, and start it again on its data."""
        running = self.database.process.running
        assert running is not None
        pid = int((self.database.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        running.wait()
        self.database.start()

    def flush_broker(self) -> None:
        """Empty the broker."""
        redis.Redis.from_url(self.broker.url).flushall()

    def hang_broker(self, seconds: float) -> None:
        """Let the broker answer nobody for a while."""
        running = self.broker.process.running
        assert running is not None
        os.killpg(running.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.killpg(running.pid, signal.SIGCONT)

    def kill_broker(self) -> None:
        """Kill the broker at once and forget its data."""
        running = self.broker.process.running
        assert running is not None
        running.kill()
        running.wait()
        self.broker.forget()


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """Start the servers in `folder`; everything is stopped at the end."""
    place = Place(folder)
    place.prepare()
    with ExitStack() as cleaning:
        database = postgres.Server(place, way=postgres.the_way(place))
        cleaning.callback(database.process.stop)
        database.start()
        broker = valkey.Server(place)
        cleaning.callback(broker.process.stop)
        broker.start()
        port = free_port()
        stack = Stack(place, database, broker, _environment(folder, database, broker, port), port)
        cleaning.callback(lambda: [process.stop() for process in stack.processes.values()])
        yield stack


def _environment(
    folder: Path, database: postgres.Server, broker: valkey.Server, port: int
) -> dict[str, str]:
    mail = folder / "mail"
    mail.mkdir()
    inherited = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return inherited | {
        "DATABASE_URL": database.url,
        "BROKER_URL": broker.url,
        "SECRET_KEY": "a key for this stack alone, of no use to anybody anywhere else",
        "HTTPS_ONLY": "false",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "EMAIL_BACKEND": "tests.faults.mail.SlowServer",
        "EMAIL_FILE_PATH": str(mail),
        "STATIC_ROOT": str(folder / "static"),
        "LOG_LEVEL": "WARNING",
    }
