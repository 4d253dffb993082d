"""What stands behind a criterion, in words: touchpoints, the field and its system, an answer."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.web import tags
from leads.citations import Citation
from leads.models import Touchpoint

MOST_TOUCHPOINTS = 12
"""Touchpoints that are written out behind one criterion; the rest are counted."""

FIELDS: dict[str, str | Promise] = {
    "account.country": lazy("Country of the company"),
    "account.employee_count": lazy("Size of the company"),
    "account.expected_acv": lazy("Expected contract value of the company"),
    "account.funding_stage": lazy("Funding stage of the company"),
    "account.industry": lazy("Industry of the company"),
    "account.is_target": lazy("Target account"),
    "account.region": lazy("Region of the company"),
    "account.revenue": lazy("Revenue of the company"),
    "account.tier": lazy("Tier of the company"),
    "account.technologies": lazy("Technologies of the company"),
    "lead.account": lazy("Company"),
    "lead.country": lazy("Country"),
    "lead.email": lazy("E-mail"),
    "lead.expected_acv": lazy("Expected contract value"),
    "lead.job_title": lazy("Job title"),
    "lead.language": lazy("Language"),
    "lead.persona": lazy("Persona"),
    "lead.phone": lazy("Phone"),
    "lead.product_line": lazy("Product line asked for"),
    "lead.region": lazy("Region"),
    "lead.source": lazy("Source"),
}
"""Attributes in words; total over those that facts are read off."""

SAID_BY_ID = frozenset({"lead.account", "lead.persona", "lead.source"})
"""Attributes whose value is kept as an id, which nobody wants to read."""


@dataclass(frozen=True, slots=True)
class Cited:
    """What stands behind a criterion; at most one of touchpoints, field and answer.

    `touchpoints` are the latest, `more` how many there are beside. An attribute has its `field`
    in words with its `value`, the `system` that said it, and since when (`at`); an answer who
    gave it (`by`), how they know (`evidence`), and `at`.
    """

    touchpoints: tuple[Touchpoint, ...] = ()
    more: int = 0
    field: str = ""
    value: str = ""
    system: str = ""
    by: str = ""
    evidence: str = ""
    at: datetime | None = None


def cited_of(citation: Citation) -> Cited:
    """Put a citation in words."""
    if citation.touchpoints:
        more = max(len(citation.touchpoints) - MOST_TOUCHPOINTS, 0)
        return Cited(touchpoints=citation.touchpoints[:MOST_TOUCHPOINTS], more=more)
    if citation.change:
        change = citation.change
        shown = "" if citation.field in SAID_BY_ID else _value(change.new)
        return Cited(
            field=str(FIELDS[citation.field]),
            value=shown,
            system=change.source,
            at=change.effective_at,
        )
    if citation.answer:
        answer = citation.answer
        return Cited(by=str(answer.asserted_by), evidence=answer.evidence, at=answer.asserted_at)
    return Cited()


def _value(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return tags.figure(value) if isinstance(value, int | float) else str(value)
