"""The handover packet and its company as a page shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from operator import itemgetter
from typing import Any

from babel import Locale, UnknownLocaleError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.web.tags import day_of, figure, weekday_of
from crm_handoff.web.tags import words as words_of
from definitions.vocabulary import FACTS, Authority
from leads.enums import Motion
from leads.models import Asset, Lead
from routing.interests import HALF_LIFE, JOURNEY
from routing.models import Handoff
from routing.packet import MONEY

Text = str | Promise

LABELS: dict[str, Text] = {
    "campaign": lazy("Campaign"),
    "country": lazy("Country"),
    "domain": lazy("Domain"),
    "email": lazy("E-mail"),
    "employee_count": lazy("Company size"),
    "expected_acv": lazy("Expected yearly value"),
    "funding_stage": lazy("Funding stage"),
    "industry": lazy("Industry"),
    "is_target": lazy("Target account"),
    "job_title": lazy("Job title"),
    "language": lazy("Language"),
    "name": lazy("Company"),
    "phone": lazy("Phone"),
    "product_line": lazy("Product line asked for"),
    "region": lazy("Region"),
    "revenue": lazy("Yearly revenue"),
    "source": lazy("Source"),
    "technologies": lazy("Technologies in use"),
    "tier": lazy("Tier"),
}
"""Lines of a packet in words, by key."""

AUTHORITY: dict[str, Text] = {
    Authority.UNKNOWN.value: lazy("Not known"),
    Authority.RESEARCHER.value: lazy("Researcher"),
    Authority.END_USER.value: lazy("End user"),
    Authority.INFLUENCER.value: lazy("Influencer"),
    Authority.SENIOR_INFLUENCER.value: lazy("Senior influencer"),
    Authority.DECISION_MAKER.value: lazy("Decision maker"),
}
"""Levels of authority in words; total."""

FIRST_FACTS = ("product_line", "source", "campaign", "language", "expected_acv", "tier")
"""Lines that are shown at once, in this order; those of `MORE_FACTS` on demand."""

MORE_FACTS = ("domain", "revenue", "region", "funding_stage", "technologies")

TOP = 3
"""Talking points shown at once."""

FIRST_ROWS = 8
"""Days of the timeline are open until so many lines are shown; earlier days on demand."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company in a line."""

    name: str
    facts: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the packet in words."""

    label: Text
    value: str


@dataclass(frozen=True, slots=True)
class Did:
    """One thing that a lead did once or several times on a day; `touches` are (id, instant)."""

    row: Mapping[str, Any]
    touches: tuple[tuple[int, datetime], ...]
    is_new: bool

    @property
    def first_at(self) -> datetime:
        """When it happened first."""
        return self.touches[0][1]

    @property
    def times(self) -> str:
        """Every time of the day at which it happened."""
        return ", ".join(date_format(timezone.localtime(at), "H:i") for _pk, at in self.touches)


@dataclass(frozen=True, slots=True)
class Day:
    """What a lead did on one day of the reader's zone, earliest first."""

    on: date
    name: str
    did: list[Did]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a lead did, latest day first: days shown at once, and those shown on demand."""

    recent: list[Day]
    earlier: list[Day]
    intent_count: int
    new_count: int


@dataclass(frozen=True, slots=True)
class TalkingPoint:
    """What to make of an asset that the lead touched, and why it stands where it does."""

    row: Mapping[str, Any]
    why: list[str]


def company_of(lead: Lead) -> Company:
    """Return the company of a lead: name, then size, industry and country where known."""
    account = lead.account
    if account is None:
        return Company("", lead.country)
    facts = (people(account.employee_count), account.industry, account.country or lead.country)
    return Company(account.name, ", ".join(filter(None, facts)))


def people(count: int | None) -> str:
    """Write the size of a company; blank when it is not known."""
    if not count:
        return ""
    return ngettext("%(n)s person", "%(n)s people", count) % {"n": figure(count)}


def why_lead(handoff: Handoff, promise: str, *, motion: str = "") -> str:
    """Say in a line why a lead is here: its promise, its stage, and by which path.

    motion: whether product use speaks of new business or of expansion, blank when of neither.
    """
    evaluation = handoff.evaluation
    stage = evaluation.stage.upper()
    path = evaluation.path.replace("_", "-")
    reached = stage if path == "standard" else f"{path} {stage}"
    said = str(Motion(motion).label) if motion else ""
    return " · ".join(filter(None, (promise, reached, said)))


def latest_intent_of(packet: Mapping[str, Any]) -> str:
    """Return what the lead did last that speaks of buying; blank when it did nothing such."""
    return str(packet["intent"][0]["label"]) if packet["intent"] else ""


def first_facts_of(packet: Mapping[str, Any]) -> list[Fact]:
    """Return the lines that a rep reads at once."""
    return _facts([*packet["who"], *packet["company"]], FIRST_FACTS)


def more_facts_of(packet: Mapping[str, Any]) -> list[Fact]:
    """Return the lines about the company that a rep reads on demand."""
    return _facts(packet["company"], MORE_FACTS)


def _facts(lines: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> list[Fact]:
    by_key = {line["key"]: line["value"] for line in reversed([*lines])}
    return [Fact(LABELS[key], _value(key, by_key[key])) for key in keys if key in by_key]


def _value(key: str, value: Any) -> str:
    if key in MONEY:
        return _money(str(value))
    if key == "language":
        return language_name(str(value))
    return ", ".join(value) if isinstance(value, list) else str(value)


def _money(said: str) -> str:
    amount, _space, currency = said.partition(" ")
    try:
        return f"{figure(Decimal(amount))} {currency}"
    except InvalidOperation:
        return said


def language_name(code: str) -> str:
    """Return the name of an ISO 639-1 language for the reader; the code when it has none."""
    try:
        return Locale.parse(code).get_display_name(get_language() or "en") or code
    except (UnknownLocaleError, ValueError):
        return code


def authority_of(packet: Mapping[str, Any]) -> Text:
    """Return the authority of the packet's lead in words."""
    level = authority_level(packet)
    return AUTHORITY.get(level, words_of(level))


def authority_level(packet: Mapping[str, Any]) -> str:
    """Return how much say the packet's lead has: by title, or by what was confirmed beyond it.

    The level that was reached says no more than the version asks for.
    """
    known = packet.get("authority", {})
    reached: str = known.get("level", "")
    by_title: str = known.get("by_title", "")
    order = list(AUTHORITY)
    if reached not in order:
        return reached or by_title
    return max(reached, by_title, key=lambda level: order.index(level) if level in order else -1)


def missing_of(packet: Mapping[str, Any]) -> list[Text]:
    """Return what the agreement wants in every packet and nobody knows, in words."""
    return [LABELS.get(fact) or _fact_label(fact) for fact in packet["missing"]]


def _fact_label(key: str) -> str:
    return _(FACTS[key].label) if key in FACTS else words_of(key)


def journey_of(
    packet: Mapping[str, Any], later: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return the furthest journey stage in words, of the packet and of what came `later`."""
    known = [journey for journey in (later, packet.get("journey")) if journey]
    if not known:
        return None
    furthest = max(known, key=lambda journey: JOURNEY.index(journey["value"]))
    return {**furthest, "name": Asset.JourneyStage(furthest["value"]).label}


def talking_points_of(
    packet: Mapping[str, Any], later: Iterable[Mapping[str, Any]], *, at: datetime
) -> list[TalkingPoint]:
    """Return the packet's talking points with those that came `later`, what weighs most first.

    Each says why it ranks as of `at`.
    """
    age = at - datetime.fromisoformat(packet["built_at"])
    faded = 0.5 ** (age / HALF_LIFE)
    points: dict[str, Mapping[str, Any]] = {
        row["asset"]: {**row, "weight": row["weight"] * faded} if "weight" in row else row
        for row in packet["talking_points"]
    }
    for row in later:
        known = points.get(row["asset"])
        points[row["asset"]] = _together(known, row) if known and "weight" in known else row
    ranked = sorted(points.values(), key=lambda row: row.get("weight", 0), reverse=True)
    return [TalkingPoint(row, _why(row, at=at)) for row in ranked]


def _together(known: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return a talking point of the packet with what came of its asset later."""
    deepest = max(known, later, key=_deepest)
    cited = {name: deepest[name] for name in ("label", "occurred_at", "depth", "source")}
    return {
        **known,
        **cited,
        "touched_count": known["touched_count"] + later["touched_count"],
        "last_at": max(known["last_at"], later["last_at"], key=datetime.fromisoformat),
        "weight": known["weight"] + later["weight"],
    }


def _deepest(row: Mapping[str, Any]) -> tuple[int, datetime]:
    return row["depth"], datetime.fromisoformat(row["occurred_at"])


def _why(row: Mapping[str, Any], *, at: datetime) -> list[str]:
    if "weight" not in row:
        return []
    deepest_at = datetime.fromisoformat(row["occurred_at"])
    last_at = datetime.fromisoformat(row["last_at"])
    count: int = row["touched_count"]
    why = [str(row["label"]), ago(deepest_at, at=at)]
    if count == 2:
        why.append(_("touched twice"))
    elif count > 2:
        why.append(_("touched %(n)s times") % {"n": figure(count)})
    if ago(last_at, at=at) != why[1]:
        why.append(_("last %(when)s") % {"when": ago(last_at, at=at)})
    return why


def ago(then: datetime, *, at: datetime) -> str:
    """Say how long ago an instant was, in days of the reader's zone, then weeks, then months."""
    days = (timezone.localtime(at).date() - timezone.localtime(then).date()).days
    if days < 1:
        return _("today")
    if days == 1:
        return _("yesterday")
    if days < 14:
        return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}
    if days < 61:
        return ngettext("%(n)s week ago", "%(n)s weeks ago", days // 7) % {"n": days // 7}
    return ngettext("%(n)s month ago", "%(n)s months ago", days // 30) % {"n": days // 30}


def timeline_of(
    packet: Mapping[str, Any], later: Iterable[Mapping[str, Any]], *, at: datetime
) -> Timeline:
    """Return the packet's timeline by day of the reader's zone, with what came `later`."""
    told = [row for day in packet.get("timeline", []) for row in day["touchpoints"]]
    known = {row["source"]["touchpoint"] for row in told}
    new = [row for row in later if row["source"]["touchpoint"] not in known]
    rows = [(row, False) for row in told] + [(row, True) for row in new]
    days = _days(rows, today=timezone.localtime(at).date())
    first = _first_days(days)
    return Timeline(
        recent=days[:first],
        earlier=days[first:],
        intent_count=sum(bool(row["is_intent"]) for row, _is_new in rows),
        new_count=len(new),
    )


def _days(rows: Iterable[tuple[Mapping[str, Any], bool]], *, today: date) -> list[Day]:
    dated = sorted(
        ((_instant(row), is_new, row) for row, is_new in rows), key=itemgetter(slice(0, 2))
    )
    days = groupby(dated, key=lambda each: timezone.localtime(each[0]).date())
    return [Day(on, _day_name(on, today), _merged(list(each))) for on, each in days][::-1]


def _merged(each: list[tuple[datetime, bool, Mapping[str, Any]]]) -> list[Did]:
    """Return a day's rows, of which those that tell the same stand as one."""
    same: dict[tuple[Any, ...], list[tuple[datetime, bool, Mapping[str, Any]]]] = {}
    for one in each:
        _at, is_new, row = one
        told = (row["key"], row["asset"], row["channel"], row["campaign"], row["is_verified"])
        same.setdefault((is_new, *told), []).append(one)
    return [
        Did(
            row=ones[0][2],
            touches=tuple((row["source"]["touchpoint"], at) for at, _is_new, row in ones),
            is_new=ones[0][1],
        )
        for ones in same.values()
    ]


def _first_days(days: list[Day]) -> int:
    """Return how many days are shown at once."""
    shown = 0
    for place, day in enumerate(days):
        if shown >= FIRST_ROWS:
            return place
        shown += len(day.did)
    return len(days)


def _day_name(on: date, today: date) -> str:
    if on == today:
        return _("Today")
    if (today - on).days == 1:
        return _("Yesterday")
    return weekday_of(on) if on.year == today.year else day_of(on)


def _instant(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["occurred_at"])
