"""How the demo's reps answer: in time or late, by calls, acceptances and refusals."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from random import Random

from crm_handoff.demo import cast, words
from crm_handoff.demo.biographies import Biography
from crm_handoff.demo.cadences import Cadences
from crm_handoff.demo.cases import Case, holder
from crm_handoff.demo.comebacks import Comebacks
from crm_handoff.demo.deals import Deals
from crm_handoff.demo.journeys import DAY, HOUR, MINUTE, SECOND
from crm_handoff.demo.staff import Staff
from crm_handoff.demo.timeline import Timeline
from crm_handoff.models import User
from definitions.enums import AttemptKind
from definitions.vocabulary import Process
from leads import assertions, notes
from routing import attempts, calendar, followups, handoffs
from routing.calendar import BusinessHours
from routing.enums import AttemptOutcome, HandoffStatus, ReasonCategory, StepKind, TimerMilestone
from routing.hours import hours_of
from routing.models import Handoff, RejectionReason, SlaTimer

HABITS = {seller.email: seller for seller in cast.SELLERS}
FORGOTTEN_EVERY = 36
"""Of so many handoffs of small business one is left alone by everybody, and expires."""
NOTED = 0.4
"""Share of accepted leads about whom somebody writes a note."""
WAVERED = 0.03
"""Share of acceptances that are taken back at once, to be given again a little later."""
VOUCHED = 0.12
"""Share of accepted leads of target accounts whose place in the buying team is confirmed."""
CARE = {Process.CRITERIA_LED: 0.35, Process.SALES_CONFIRMED: 1.4}
"""How often reps are late by process, against their habit: the big ones come first."""
UNTOUCHED = handoffs.UNTOUCHED_FOR + MINUTE
REASONS = {
    ReasonCategory.BAD_TIMING: (26, 34),
    ReasonCategory.NO_INTENT: (44, 8),
    ReasonCategory.NO_FIT: (20, 13),
    ReasonCategory.WRONG_PERSON: (18, 12),
    ReasonCategory.UNREACHABLE: (14, 22),
    ReasonCategory.DUPLICATE: (4, 6),
    ReasonCategory.COMPETITOR: (4, 4),
    ReasonCategory.INTERNAL: (4, 3),
    ReasonCategory.OTHER: (3, 3),
}
"""How often each is the reason, for leads whom nobody wanted and for those whom sales liked."""


class Desk:
    """Sales at work on whatever is handed over."""

    def __init__(
        self, timeline: Timeline, leads: Mapping[str, Biography], people: Mapping[str, User]
    ) -> None:
        self.timeline = timeline
        self.leads = leads
        self.people = people
        self.comebacks = Comebacks(timeline)
        self.reasons = {reason.category: reason for reason in RejectionReason.objects.all()}
        self.staff = Staff(timeline)
        self.deals = Deals(timeline, self.staff)
        self.cadences = Cadences(timeline, self.staff)
        self._hours: dict[int, BusinessHours] = {}
        self._handoff_count = 0

    def take_up(self, handoff: Handoff, at: datetime) -> None:
        """Plan what becomes of a handoff that just opened."""
        lead = self.leads[handoff.lead.email]
        case = Case(handoff.pk, lead, Random(f"{lead.key}:{handoff.opened_at:%j}"))  # noqa: S311
        if lead.script == "waits":
            return
        when = self._answers_at(handoff, case, at)
        if when is None:
            self.timeline.put(handoff.opened_at + UNTOUCHED, self.timeline.tidy_up)
            return
        self.timeline.put(max(when, at + MINUTE), partial(self._answer, case))

    def hours(self, handoff: Handoff) -> BusinessHours:
        """Return the hours in which a handoff is worked on."""
        pk = handoff.calendar_id
        if pk not in self._hours:
            self._hours[pk] = hours_of(handoff.calendar)
        return self._hours[pk]

    def _answers_at(self, handoff: Handoff, case: Case, at: datetime) -> datetime | None:
        """Return when somebody answers first; None when nobody ever does."""
        hours, random = self.hours(handoff), case.random
        timer = SlaTimer.objects.get(handoff=handoff, milestone=TimerMilestone.FIRST_RESPONSE)
        if handoff.rep is None:
            given_at = calendar.add(hours, start=at, amount=random.uniform(1, 12) * MINUTE)
            self.timeline.put(given_at, self.timeline.on_waiting)
            return given_at + random.uniform(1, 3) * MINUTE
        self._handoff_count += handoff.version.process == Process.SALES_CONFIRMED
        if self._handoff_count % FORGOTTEN_EVERY == 1 and not case.lead.script:
            self._handoff_count += 1
            return None
        habit = HABITS[holder(handoff).email]
        roll = habit.ignored_pct if case.lead.script else random.random() * 100
        if roll < habit.ignored_pct:
            if random.random() < 0.3:
                return None
            taken_away = timer.steps.get(kind=StepKind.REASSIGN).due_at
            return calendar.add(hours, start=taken_away, amount=random.uniform(1, 30) * MINUTE)
        care = CARE[Process(handoff.version.process)]
        late_pct = (100 - habit.ignored_pct - habit.in_time_pct) * care
        is_late = not case.lead.script and roll > 100 - late_pct
        share = random.uniform(1.1, 2.6) if is_late else random.uniform(0.1, 0.92)
        return calendar.add(hours, start=timer.started_at, amount=timer.respond_within * share)

    def _answer(self, case: Case, at: datetime) -> None:
        """Call a lead for the first time, and decide."""
        handoff = self._held(case, at)
        if handoff is None:
            return
        is_reached = self._call(handoff, case, at)
        if not is_reached:
            self.cadences.follow(case, at)
        if self._is_wanted(case):
            when = case.after(at, MINUTE, 40 * MINUTE)
            self.timeline.put(when, partial(self._accept, case))
            return
        category = self._category(case)
        if category == ReasonCategory.UNREACHABLE:
            when = case.after(at, 3 * DAY, 6 * DAY)
            self._try_again(case, at, until=when)
        else:
            when = case.after(at, 3 * MINUTE, 9 * MINUTE if is_reached else 3 * DAY)
        self.timeline.put(when, partial(self._refuse, case, category))

    def _held(self, case: Case, at: datetime) -> Handoff | None:
        """Return a handoff if somebody can work on it; hand it to another if its rep is away."""
        handoff = Handoff.objects.select_related("rep__user", "lead", "version", "calendar").get(
            pk=case.handoff_id
        )
        if handoff.status not in HandoffStatus.OPEN:
            return None
        if handoff.rep is None:
            when = case.after(at, HOUR, 9 * HOUR)
            self.timeline.put(when, self.timeline.on_waiting)
            self.timeline.put(when + MINUTE, partial(self._answer, case))
            return None
        if handoff.status == HandoffStatus.ASSIGNED and self.staff.is_away(holder(handoff), at):
            handoffs.reassign(handoff.pk, by=self.people[cast.MANAGER], at=at)
            self.timeline.look_again()
            self.timeline.put(case.after(at, 2 * MINUTE, HOUR), partial(self._answer, case))
            return None
        return handoff

    def _call(
        self, handoff: Handoff, case: Case, at: datetime, *, is_in_vain: bool = False
    ) -> bool:
        """Log an attempt; says whether the lead was reached."""
        random = case.random
        is_reached = random.random() < 0.52 and not is_in_vain
        outcome = random.choice((AttemptOutcome.NO_ANSWER, AttemptOutcome.LEFT_MESSAGE))
        is_mail = case.calls > 0 and random.random() < 0.35
        handoffs.attempt(
            handoff.pk,
            by=holder(handoff),
            kind=AttemptKind.EMAIL if is_mail else AttemptKind.CALL,
            outcome=AttemptOutcome.REACHED if is_reached else outcome,
            note=random.choice(words.CALLS) if is_reached else "",
            at=at,
        )
        case.calls += 1
        self.timeline.look_again()
        return is_reached

    def _try_again(self, case: Case, at: datetime, *, until: datetime) -> None:
        for _ in range(case.random.randint(0, 1)):
            when = case.after(at, 4 * HOUR, until - at)
            if when < until:
                self.timeline.put(when, partial(self._keep_calling, case))

    def _keep_calling(self, case: Case, at: datetime) -> None:
        handoff = Handoff.objects.select_related("rep__user").get(pk=case.handoff_id)
        if handoff.status in HandoffStatus.HELD and not self.staff.is_away(holder(handoff), at):
            self._call(handoff, case, at)

    def _is_wanted(self, case: Case) -> bool:
        return (
            case.lead.script == "accepted"
            or case.random.random() < 0.14 + 0.92 * case.lead.quality
        )

    def _category(self, case: Case) -> ReasonCategory:
        place = 0 if case.lead.quality < 0.4 else 1
        weights = [weight[place] for weight in REASONS.values()]
        return case.random.choices(list(REASONS), weights=weights)[0]

    def _accept(self, case: Case, at: datetime) -> None:
        handoff = Handoff.objects.select_related("rep__user", "version").get(pk=case.handoff_id)
        if handoff.status != HandoffStatus.ASSIGNED:
            return
        handoffs.accept(handoff.pk, by=holder(handoff), at=at)
        self.timeline.look_again()
        if not (case.has_wavered or case.lead.script) and case.random.random() < WAVERED:
            case.has_wavered = True
            when = at + 17 * SECOND
            self.timeline.put(when, partial(self._take_back, case, holder(handoff)))
            return
        self._plan_task(handoff, case, at)
        if case.lead.company.is_target and case.random.random() < VOUCHED:
            self._vouch(handoff, case, at)
        if case.random.random() < NOTED:
            text = case.random.choice(words.NOTES)
            notes.add(handoff.lead_id, text=text, by=holder(handoff), at=at)
        fate_at = case.after(at, 2 * DAY, 17 * DAY)
        self._try_again(case, at, until=fate_at)
        if holder(handoff).email == cast.OLIVER and case.random.random() < 0.92:
            return  # He keeps what he has, and closes little of it.
        if case.random.random() < 0.3 + 0.5 * case.lead.quality:
            self.timeline.put(fate_at, partial(self.deals.win_over, case))
        else:
            self.timeline.put(fate_at + 6 * DAY, partial(self._refuse, case, self._category(case)))

    def _take_back(self, case: Case, by: User, at: datetime) -> None:
        """Undo an acceptance, and accept again after a look at the lead."""
        handoffs.undo(case.handoff_id, by=by, at=at)
        self.timeline.look_again()
        self.timeline.put(case.after(at, 2 * MINUTE, 25 * MINUTE), partial(self._accept, case))

    def _vouch(self, handoff: Handoff, case: Case, at: datetime) -> None:
        """Confirm that a lead belongs to those who decide at their company."""
        assertions.record(
            handoff.lead,
            what="buying_team_confirmed",
            value=True,
            evidence=case.random.choice(words.VOUCHERS),
            by=holder(handoff),
            at=at,
        )

    def _plan_task(self, handoff: Handoff, case: Case, at: datetime) -> None:
        due_at = case.after(at, 3 * HOUR, 4 * DAY)
        if case.lead.script == "accepted":
            # Somebody who looks at the demo finds tasks of this very hour.
            due_at = max(at + HOUR, case.after(self.timeline.until, -HOUR, 2 * HOUR))
        followups.add(
            handoff.pk,
            kind=case.random.choice((AttemptKind.CALL, AttemptKind.EMAIL)),
            what=case.random.choice(words.NEXT_STEPS),
            due_at=due_at.replace(minute=due_at.minute // 15 * 15, second=0, microsecond=0),
            by=holder(handoff),
            at=at,
        )

    def _refuse(self, case: Case, category: ReasonCategory, at: datetime) -> None:
        handoff = Handoff.objects.select_related("rep__user", "lead", "calendar").get(
            pk=case.handoff_id
        )
        if handoff.status not in HandoffStatus.HELD or self.staff.keeps(handoff, at):
            return
        if self.staff.is_away(holder(handoff), at):
            when = case.after(at, 3 * DAY, 6 * DAY)
            self.timeline.put(when, partial(self._refuse, case, category))
            return
        reason = self.reasons[category]
        if not attempts.tried(handoff, reason=reason).is_enough:
            self._call(handoff, case, at, is_in_vain=True)
            when = case.after(at, 20 * HOUR, 44 * HOUR)
            self.timeline.put(when, partial(self._refuse, case, category))
            return
        handoffs.reject(
            handoff.pk,
            reason=reason,
            comment=case.random.choice(words.REFUSALS[category]),
            by=holder(handoff),
            at=at,
        )
        self.timeline.look_again()
        self.comebacks.plan(handoff.lead_id, case.lead, category, random=case.random, at=at)
