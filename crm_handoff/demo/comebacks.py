"""Recycled leads of the demo that come back: their reason to rest is over, and they ask again."""

from datetime import datetime
from functools import partial
from random import Random

from crm_handoff.demo import journeys, names
from crm_handoff.demo.biographies import Biography
from crm_handoff.demo.companies import SYSTEM
from crm_handoff.demo.journeys import DAY, HOUR
from crm_handoff.demo.timeline import Timeline
from leads import intake
from leads.companies import AccountFacts
from leads.enums import Stage
from leads.intake import LeadFacts
from leads.models import Lead
from routing.enums import ReasonCategory

COMES_BACK_PCT = 38
LATER = 500
"""Added to the number of what a lead did, so that nothing of a second visit has been told."""


class Comebacks:
    """Leads who rest, and what wakes them."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline

    def plan(
        self,
        lead_id: int,
        lead: Biography,
        category: ReasonCategory,
        *,
        random: Random,
        at: datetime,
    ) -> None:
        """Let some who were recycled come back after their rest, or sooner with a demand."""
        state = Lead.objects.get(pk=lead_id)
        if state.stage != Stage.RECYCLED or state.cool_off_until is None:
            return
        if random.random() * 100 > COMES_BACK_PCT:
            return
        is_early = random.random() < 0.2
        rested_at = max(state.cool_off_until, at + DAY)
        asks_at = rested_at + random.uniform(1, 20) * DAY
        if is_early:
            asks_at = at + (rested_at - at) * random.uniform(0.3, 0.8)
        self.timeline.put(asks_at - HOUR, partial(self._change, lead, category, random))
        again = [*journeys.warming_up(asks_at - 9 * DAY, random, until=asks_at)]
        again = [one for one in again if one.at > at]
        again.append(journeys.at_desk(journeys.ask(asks_at, random), random))
        self.timeline.follow(lead, again, first=LATER * (1 + state.recycle_count))

    def _change(
        self, lead: Biography, category: ReasonCategory, random: Random, at: datetime
    ) -> None:
        """Change what a refusal accused: they were promoted, or their company grew."""
        if category == ReasonCategory.WRONG_PERSON:
            language = names.language_in(lead.company.country)
            title = random.choice(names.DECIDERS[language])
            facts = LeadFacts(system=SYSTEM, external_id=lead.key, job_title=title)
            intake.record_lead(facts, received_at=at)
        elif category == ReasonCategory.NO_FIT:
            grown = round(lead.company.people * random.uniform(1.1, 1.4))
            company = AccountFacts(domain=lead.company.domain, employee_count=grown)
            intake.record_account(company, received_at=at, system=SYSTEM)
