"""Somebody who watches the clocks: later nobody can tell what was early from what was in time."""

import threading

import psycopg

EARLY = """
SELECT id FROM routing_slatimerstep WHERE state = 'fired' AND due_at > clock_timestamp()
UNION ALL
SELECT id FROM routing_slatimer WHERE state = 'breached' AND due_at > clock_timestamp()
"""
EVERY_SECONDS = 0.2


class Watcher(threading.Thread):
    """Notes what had fired while the database's own clock said that it was not due."""

    def __init__(self, database: str) -> None:
        super().__init__(daemon=True)
        self.database = database
        self.early: set[int] = set()
        self.looks = 0
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(EVERY_SECONDS):
            try:
                with psycopg.connect(self.database, connect_timeout=2) as connection:
                    self.early |= {row[0] for row in connection.execute(EARLY)}
                self.looks += 1
            except psycopg.Error:
                continue  # the database is away

    def finish(self) -> list[str]:
        """Stop; returns what was seen too early."""
        self._is_over.set()
        self.join()
        problems = [] if self.looks else ["nobody could watch the clocks"]
        if self.early:
            problems.append(f"{len(self.early)} steps or breaches came before they were due")
        return problems
