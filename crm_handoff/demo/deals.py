"""Deals of the demo: leads that sales accepted are confirmed, won over, and their deals closed."""

from datetime import datetime
from decimal import Decimal
from functools import partial

from crm_handoff.demo import words
from crm_handoff.demo.cases import Case, holder
from crm_handoff.demo.journeys import DAY, MINUTE
from crm_handoff.demo.library import CURRENCY
from crm_handoff.demo.staff import Staff
from crm_handoff.demo.timeline import Timeline
from definitions.enums import Checklist
from definitions.vocabulary import Process
from routing import handoffs
from routing.confirmations import QUESTIONS, ChecklistAnswer
from routing.enums import HandoffStatus
from routing.models import Handoff


class Deals:
    """What becomes of leads that were accepted and stay so."""

    def __init__(self, timeline: Timeline, staff: Staff) -> None:
        self.timeline = timeline
        self.staff = staff

    def win_over(self, case: Case, at: datetime) -> None:
        """Confirm a lead where sales does that, and open a deal."""
        handoff = Handoff.objects.select_related("rep__user", "version", "lead__account").get(
            pk=case.handoff_id
        )
        if handoff.status != HandoffStatus.ACCEPTED or self.staff.keeps(handoff, at):
            return
        if self.staff.is_away(holder(handoff), at):
            when = case.after(at, 3 * DAY, 6 * DAY)
            self.timeline.put(when, partial(self.win_over, case))
            return
        if handoff.version.process == Process.SALES_CONFIRMED and not case.is_confirmed:
            self._confirm(handoff, case, at)
            when = case.after(at, DAY, 6 * DAY)
            self.timeline.put(when, partial(self.win_over, case))
            return
        deal = handoffs.open_opportunity(
            handoff.pk,
            name=case.random.choice(words.DEALS).format(company=case.lead.company.name),
            amount=self._amount(case),
            currency=CURRENCY,
            by=holder(handoff),
            at=at,
        )
        self.timeline.look_again()
        when = case.after(at, 9 * DAY, 62 * DAY)
        self.timeline.put(when, partial(self._close, case, deal.pk))

    def _confirm(self, handoff: Handoff, case: Case, at: datetime) -> None:
        answered = {
            key: ChecklistAnswer(*case.random.choice(words.CHECKLIST[key]))
            for key in QUESTIONS[Checklist(handoff.version.checklist)]
        }
        took = case.random.uniform(1.2, 4.5) * MINUTE
        handoffs.confirm(
            handoff.pk, answers=answered, by=holder(handoff), began_at=at - took, at=at
        )
        case.is_confirmed = True

    def _amount(self, case: Case) -> Decimal:
        company = case.lead.company
        if company.is_small:
            return Decimal(case.lead.acv or company.acv)
        low, high = (90, 240) if company.people > 1_000 else (32, 96)
        return Decimal(case.random.randint(low, high) * 1_000)

    def _close(self, case: Case, deal_id: int, at: datetime) -> None:
        is_won = case.random.random() < 0.16 + 0.38 * case.lead.quality
        handoffs.close_opportunity(
            deal_id,
            is_won=is_won,
            loss_reason="" if is_won else case.random.choice(words.LOSSES),
            at=at,
        )
