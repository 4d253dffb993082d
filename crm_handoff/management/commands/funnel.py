"""Print the funnel."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_handoff.people import organization
from crm_handoff.reports.funnel import Funnel, FunnelSlice, funnel, systems
from definitions import shapes


class Command(BaseCommand):
    help = "Print how many leads were met and won: by source, by month, and how fast."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--system", default="", help="Only leads that this system knows.")
        parser.add_argument("--from", dest="start", type=date.fromisoformat, help="YYYY-MM-DD")
        parser.add_argument("--to", dest="end", type=date.fromisoformat, help="YYYY-MM-DD")
        parser.add_argument("--zone", default="", help="Default: the organization's.")

    def handle(self, *args: Any, system: str, zone: str, **options: Any) -> None:
        if system and system not in systems():
            raise CommandError(f"No lead is known by “{system}”, only by: {', '.join(systems())}.")
        if zone and shapes.zone(zone):
            raise CommandError(f"“{zone}” {shapes.zone(zone)}.")
        zone = zone or organization.time_zone()
        self._print(funnel(zone=zone, system=system, start=options["start"], end=options["end"]))

    def _print(self, found: Funnel) -> None:
        self._line("All leads", found)
        self._table("Source", found.by_source)
        self._table(f"First contact ({found.zone})", found.by_month)
        self.stdout.write("")
        for anomaly in found.anomalies:
            self.stdout.write(f"{anomaly.label}: {anomaly.count:,}")
        for deal in found.flagged:
            self.stdout.write(
                f"  {deal.system}:{deal.external_id} of {deal.lead}: won {deal.won_at:%Y-%m-%d}, "
                f"first contact {deal.first_contact_at:%Y-%m-%d}"
            )

    def _table(self, title: str, slices: tuple[FunnelSlice, ...]) -> None:
        self.stdout.write(f"\n{title}")
        for one in slices:
            self._line(one.label, one)

    def _line(self, label: str, one: Funnel | FunnelSlice) -> None:
        days = "" if one.median_days_to_won is None else f"{one.median_days_to_won:.2f} days"
        self.stdout.write(
            f"{label:<28}{one.lead_count:>8,} leads{one.won_count:>8,} won{one.won_pct:>9} %"
            f"{days:>14}"
        )
