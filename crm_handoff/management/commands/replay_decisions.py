"""Decide stored routing decisions again, on what they stored."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from routing import replay

SHOWN = 20
"""So many differences are named."""


class Command(BaseCommand):
    """Say how many of the stored decisions give the same owner when they are decided again."""

    help = "Replay routing decisions on their stored inputs; exits 1 when an owner differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=_instant, help="Only decisions since then, ISO 8601.")
        parser.add_argument("--limit", type=int, help="Only so many, latest first.")

    def handle(self, *args: Any, **options: Any) -> None:
        decisions = replay.decided_by_rules(since=options["since"])[: options["limit"]]
        count, different = 0, []
        for one in replay.replay_all(decisions):
            count += 1
            if not one.is_same:
                different.append(one)
        for one in different[:SHOWN]:
            found = one.outcome.why if one.outcome else "its record is not complete"
            self.stdout.write(f"Decision {one.decision.pk}: {one.decision.why} | now: {found}")
        same = count - len(different)
        self.stdout.write(f"{same:,} of {count:,} the same")
        if different:
            raise CommandError(f"{len(different):,} decisions give another owner.")


def _instant(text: str) -> datetime:
    found = parse_datetime(text) or parse_datetime(f"{text}T00:00:00")
    if found is None:
        raise ValueError(text)
    return make_aware(found) if is_naive(found) else found
