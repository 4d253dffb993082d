"""The handover packet and its company as a page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.utils import timezone

from leads.models import Lead
from routing.models import Handoff


@dataclass(frozen=True, slots=True)
class Company:
    """A company in a line."""

    name: str
    facts: str


@dataclass(frozen=True, slots=True)
class Day:
    """What a lead did on one day of the reader's zone, earliest first."""

    on: date
    touchpoints: list[dict[str, Any]]


def company_of(lead: Lead) -> Company:
    """Return the company of a lead: name, then size, industry and country where known."""
    account = lead.account
    if account is None:
        return Company("", lead.country)
    size = f"{account.employee_count:,} people" if account.employee_count else ""
    facts = (size, account.industry, account.country or lead.country)
    return Company(account.name, ", ".join(filter(None, facts)))


def why_lead(handoff: Handoff, promise: str) -> str:
    """Say in a line why a lead is here: its promise, its stage, and by which path."""
    evaluation = handoff.evaluation
    stage = evaluation.stage.upper()
    path = evaluation.path.replace("_", "-")
    reached = stage if path == "standard" else f"{path} {stage}"
    return " · ".join(filter(None, (promise, reached)))


def days_of(packet: Mapping[str, Any]) -> list[Day]:
    """Return the packet's timeline by day of the reader's zone, latest day first."""
    touchpoints = [row for day in packet.get("timeline", []) for row in day["touchpoints"]]
    dated = sorted(({**row, "at": _instant(row)} for row in touchpoints), key=itemgetter("at"))
    days = groupby(dated, key=lambda row: timezone.localtime(row["at"]).date())
    return [Day(on, list(rows)) for on, rows in days][::-1]


def _instant(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["occurred_at"])
