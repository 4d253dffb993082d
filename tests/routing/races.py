"""What tests of races share: threads that start at one instant, dice, and what must hold after."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from random import Random
from threading import Barrier
from typing import Any

from django.db import connection

from crm_handoff import invariants
from routing.invariants import violations

ROUNDS = int(os.environ.get("RACE_ROUNDS", "60"))
"""Rounds of a race; thousands of them by command."""

SEED = int(os.environ.get("RACE_SEED", "0")) or Random().randrange(1, 10**9)

HEAD_START = 0.01
"""Seconds by which one may start before another, so that each wins now and then."""

SOUND = (
    "two_open_handoffs",
    "open_handoff_without_owner",
    "owner_not_in_history",
    "owner_outside_territory",
    "handed_back_unsaid",
    "floor_disagrees",
    "load_not_counted",
    "territory_load_not_counted",
    "rep_over_capacity",
    "territory_over_capacity",
    "not_one_response_clock",
    "step_fired_early",
    "step_not_in_ledger",
    "step_without_effect",
    "breach_disagrees",
    "rejection_without_comment",
)
"""The invariants that hold whatever runs beside."""

Race = Callable[[Mapping[str, Callable[[], Any]]], dict[str, Any]]


def dice() -> Random:
    """Dice whose seed is shown when the test fails; `RACE_SEED` throws the same again."""
    print(f"RACE_SEED={SEED} RACE_ROUNDS={ROUNDS}")
    return Random(SEED)


@contextmanager
def racing(count: int, thrown: Random) -> Iterator[Race]:
    """Threads with a connection each, kept from race to race.

    A race takes as many acts by name, starts them at the same instant in any order, and returns
    what came of each; exceptions are results.
    """
    barrier = Barrier(count)

    def run(act: Callable[[], Any], delay: float) -> Any:
        barrier.wait(60)
        time.sleep(delay)
        try:
            return act()
        except Exception as error:
            return error

    def leave() -> None:
        barrier.wait(60)
        connection.close()

    with ThreadPoolExecutor(count) as pool:

        def race(acts: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
            assert len(acts) == count
            names = thrown.sample(list(acts), count)
            started: dict[str, Future[Any]] = {
                name: pool.submit(
                    run, acts[name], thrown.choice((0, thrown.random() * HEAD_START))
                )
                for name in names
            }
            return {name: one.result(60) for name, one in started.items()}

        yield race
        for last in [pool.submit(leave) for _ in range(count)]:
            last.result(60)


def flaws(*, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return what violates an invariant, by its name."""
    found = {name: violations(invariants.BY_NAME[name], at=at) for name in SOUND}
    return {name: rows for name, rows in found.items() if rows}
