"""Checklists as a rep sees them: questions in sentences, what is known, and what speaks for it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_handoff.web.packets import authority_level
from crm_handoff.web.tags import figure, near, words
from leads.models import Assertion, Lead

MOST_HINTS = 3
SALT = "crm_handoff.web.checklists"

SENTENCES = {
    "budget": gettext_lazy("What budget is there, or who would release one?"),
    "authority": gettext_lazy("Who decides about the purchase, and which part is theirs?"),
    "need": gettext_lazy("Which problem do they want solved?"),
    "timing": gettext_lazy("By when do they want it solved, and why then?"),
    "challenges": gettext_lazy("Which challenges stand in their way?"),
    "money": gettext_lazy("What does the challenge cost them, and what would they spend?"),
    "prioritization": gettext_lazy("How high does it stand among their projects?"),
    "metrics": gettext_lazy("Which figure has to improve, and by how much?"),
    "economic_buyer": gettext_lazy("Who releases the money?"),
    "decision_criteria": gettext_lazy("By what will they choose?"),
    "decision_process": gettext_lazy("Which steps lead to the signature, and by when?"),
    "identified_pain": gettext_lazy("What hurts today, and whom?"),
    "champion": gettext_lazy("Who over there wants us to win, and has a say?"),
}
"""What is asked, by key of a checklist's question; total."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the product knows of a question already, and from where in words."""

    answer: str
    evidence: str
    origin: str


@dataclass(frozen=True, slots=True)
class Hint:
    """Something that speaks for an answer; `touchpoint` is its key in the timeline, if any."""

    text: str
    touchpoint: int | None = None


def known_of(
    lead: Lead, packet: Mapping[str, Any], questions: Sequence[str], *, at: datetime
) -> dict[str, Known]:
    """Return what is known of questions: the latest answers given, else facts; one query."""
    given = (
        Assertion.objects.filter(lead=lead, what__in=questions)
        .exclude(expires_at__lte=at)
        .select_related("asserted_by")
        .order_by("what", "-asserted_at", "-pk")
        .distinct("what")
    )
    said = {assertion.what: _said(assertion) for assertion in given}
    return _facts(packet, questions) | said


def hints_of(packet: Mapping[str, Any], question: str) -> list[Hint]:
    """Return what a packet holds that speaks for an answer, most telling first."""
    found = dict.fromkeys(hint for find in HINTS[question] for hint in find(packet))
    return list(found)[:MOST_HINTS]


def stamp(handoff_id: int, *, at: datetime) -> str:
    """Return a signed text that says when somebody opened the checklist of a handoff."""
    return signing.dumps([handoff_id, at.isoformat()], salt=SALT)


def began_at(said: str, handoff_id: int) -> datetime | None:
    """Return when the checklist was opened; None when the text is not ours, or of another lead."""
    try:
        stamped, instant = signing.loads(said, salt=SALT)
    except signing.BadSignature:
        return None
    return parse_datetime(instant) if stamped == handoff_id else None


def _said(assertion: Assertion) -> Known:
    value = assertion.value
    answer = {True: _("Yes"), False: _("No")}[value] if isinstance(value, bool) else str(value)
    origin = _("%(person)s, %(when)s") % {
        "person": assertion.asserted_by,
        "when": near(timezone.localtime(assertion.asserted_at)),
    }
    return Known(answer, assertion.evidence, origin)


def _facts(packet: Mapping[str, Any], questions: Sequence[str]) -> dict[str, Known]:
    origin = _("from the packet: check it")
    value, authority = _deal_value(packet), _authority(packet)
    facts: dict[str, Known] = {}
    if value:
        evidence = _("Expected annual contract value on record")
        facts |= dict.fromkeys(("budget", "money"), Known(value, evidence, origin))
    if authority:
        evidence = _("Job title on record")
        facts |= dict.fromkeys(("authority", "economic_buyer"), Known(authority, evidence, origin))
    return {key: known for key, known in facts.items() if key in questions}


def _deal_value(packet: Mapping[str, Any]) -> str:
    lines = [*packet.get("who", ()), *packet.get("company", ())]
    value = next((line["value"] for line in lines if line["key"] == "expected_acv"), "")
    amount, __, currency = value.partition(" ")
    return f"{figure(Decimal(amount))} {currency}".strip() if amount else ""


def _authority(packet: Mapping[str, Any]) -> str:
    lines = packet.get("who", ())
    title = next((line["value"] for line in lines if line["key"] == "job_title"), "")
    level = authority_level(packet)
    if not title or level in ("", "unknown"):
        return ""
    return _("%(title)s: %(level)s") % {"title": title, "level": words(level)}


def _touched(packet: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [row for day in packet.get("timeline", ()) for row in day["touchpoints"]]


def _as_hint(row: Mapping[str, Any]) -> Hint:
    instant = parse_datetime(row["occurred_at"])
    text = _("%(what)s, %(when)s") % {
        "what": row.get("asset") or row["label"],
        "when": near(timezone.localtime(instant)) if instant else "",
    }
    return Hint(text, row["source"].get("touchpoint"))


def _prices(packet: Mapping[str, Any]) -> Iterable[Hint]:
    return [_as_hint(row) for row in _touched(packet) if "pricing" in row["key"]]


def _asked(packet: Mapping[str, Any]) -> Iterable[Hint]:
    return [_as_hint(row) for row in _touched(packet) if row["is_direct_intent"]]


def _pains(packet: Mapping[str, Any]) -> Iterable[Hint]:
    return _points(packet, "pain")


def _proofs(packet: Mapping[str, Any]) -> Iterable[Hint]:
    return _points(packet, "proof")


def _points(packet: Mapping[str, Any], part: str) -> list[Hint]:
    return [
        Hint(f"{point[part]} ({point['title']})", point["source"].get("touchpoint"))
        for point in packet.get("talking_points", ())
        if point.get(part)
    ]


def _title(packet: Mapping[str, Any]) -> Iterable[Hint]:
    authority = _authority(packet)
    return [Hint(authority)] if authority else []


def _persona(packet: Mapping[str, Any]) -> Iterable[Hint]:
    lines = [line for line in packet.get("who", ()) if line["key"] == "persona"]
    return [Hint(_("Persona: %(name)s") % {"name": line["value"]}) for line in lines]


HINTS: dict[str, tuple[Callable[[Mapping[str, Any]], Iterable[Hint]], ...]] = {
    "budget": (_prices, _asked),
    "authority": (_title, _persona),
    "need": (_pains, _asked),
    "timing": (_asked,),
    "challenges": (_pains,),
    "money": (_prices, _proofs),
    "prioritization": (_asked,),
    "metrics": (_proofs,),
    "economic_buyer": (_title,),
    "decision_criteria": (_proofs, _prices),
    "decision_process": (_asked,),
    "identified_pain": (_pains,),
    "champion": (_persona, _title),
}
"""Where to look for what speaks for each question's answer, most telling first; total."""
