"""The two servers that everything needs: the operator's own, or embedded ones."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from launcher import postgres, valkey
from launcher.places import Place
from launcher.processes import Process


@dataclass
class Servers:
    """Where PostgreSQL and the broker are, and the processes of those that are embedded."""

    environment: dict[str, str]
    processes: list[Process] = field(default_factory=list)


@contextmanager
def servers(
    place: Place, *, is_fresh: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Servers]:
    """Run the embedded servers, except those that DATABASE_URL or BROKER_URL replace.

    Args:
        place: where their data is kept.
        is_fresh: start without the data of an earlier run.
        settings: of the embedded PostgreSQL, by name.

    Yields:
        Servers: with the environment that the product needs to reach them.
    """
    running = Servers(dict(os.environ))
    with ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            database = postgres.Server(place, way=postgres.the_way(place), settings=settings)
            stack.callback(database.process.stop)
            if is_fresh:
                database.forget()
            database.start()
            running.environment["DATABASE_URL"] = database.url
            running.processes.append(database.process)
        if not os.environ.get("BROKER_URL"):
            broker = valkey.Server(place)
            stack.callback(broker.process.stop)
            if is_fresh:
                broker.forget()
            broker.start()
            running.environment["BROKER_URL"] = broker.url
            running.processes.append(broker.process)
        yield running
