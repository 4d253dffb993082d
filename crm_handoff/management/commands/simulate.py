"""Let leads arrive while somebody watches."""

import re
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm_handoff.clock import database_now
from crm_handoff.demo import simulation
from crm_handoff.models import Organization

UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def duration(text: str) -> timedelta:
    """Read a length of time such as 90s, 10m or 2h.

    Raises:
        ArgumentTypeError: it is not of that form.
    """
    found = re.fullmatch(r"(\d+)([smh])", text)
    if found is None:
        raise ArgumentTypeError(f"“{text}” is no duration: write 90s, 10m or 2h.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def rate(text: str) -> float:
    """Read how many leads arrive a minute.

    Raises:
        ArgumentTypeError: it is no number above zero.
    """
    try:
        number = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is no number.") from error
    if not 0 < number <= 600:
        raise ArgumentTypeError("Leads a minute: above 0, and 600 at most.")
    return number


class Command(BaseCommand):
    help = "Keep new leads arriving through intake, as a website would (DEMO=true only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rate", type=rate, default=6.0, help="leads a minute (6)")
        parser.add_argument(
            "--for", dest="length", type=duration, help="for how long: 90s, 10m, 2h (until Ctrl-C)"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same leads for the same seed")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("These leads are made up: set DEMO=true to let them arrive.")
        if not Organization.objects.exists():
            raise CommandError("There is no organization yet: run load_demo first.")
        length = options["length"]
        happened = simulation.run(
            rate=options["rate"],
            seed=options["seed"],
            now=database_now,
            wait=time.sleep,
            ends_at=database_now() + length if length else None,
        )
        try:
            for line in happened:
                self.stdout.write(line)
        except KeyboardInterrupt:
            self.stdout.write("No more leads arrive.")
