"""The folders and files that the launcher keeps: everything of a stack is under `.local/`."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.refusals import CannotGoOn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


@dataclass(frozen=True)
class Place:
    """One stack's folder, private to the account that runs it."""

    folder: Path

    @property
    def logs(self) -> Path:
        """Where each process writes its log."""
        return self.folder / "logs"

    def prepare(self) -> None:
        """Create the folders.

        Raises:
            CannotGoOn: when they cannot be written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
            (self.folder / "lock").touch(mode=0o600)
        except OSError as error:
            raise CannotGoOn(
                f"{self.folder} cannot be written ({error.strerror}): make the folder writable "
                "for this account, or clone the product into one that is."
            ) from error

    def log_of(self, name: str) -> Path:
        """Name a process's log file."""
        return self.logs / f"{name}.log"

    def secret(self, name: str) -> str:
        """Return the secret kept under a name; the first call makes it up (256 bits)."""
        path = self.folder / name
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()

    def is_claimed(self) -> bool:
        """Tell whether a process holds the folder."""
        try:
            with self.claim():
                return False
        except CannotGoOn:
            return True

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the folder for this process; the lock goes with the process, however it ends.

        Raises:
            CannotGoOn: when another process holds it.
        """
        with (self.folder / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "another process"
                raise CannotGoOn(
                    f"A stack already runs on {self.folder} ({holder}): use that one, or stop it "
                    "with Ctrl-C first."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
            yield
            file.truncate(0)


HOME = Place(Path(os.environ.get("LOCAL_FOLDER", ROOT / ".local")).absolute())
"""The folder of `make run`; the other commands have one each inside it."""
