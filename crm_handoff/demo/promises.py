"""What becomes of broken promises at the demo's company: alarms, batches refused, turns lost."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from crm_handoff import alerts
from crm_handoff.demo import cast
from crm_handoff.demo.companies import SYSTEM
from crm_handoff.demo.journeys import DAY, HOUR, MINUTE
from crm_handoff.demo.present import NOW
from crm_handoff.demo.timeline import Timeline
from crm_handoff.models import User
from crm_handoff.reports import criteria
from definitions.enums import Side
from leads import intake
from leads.companies import AccountFacts
from leads.models import Account
from routing import bulk_rejections, pauses, suspensions
from routing.batches import BatchRate
from routing.enums import (
    BatchKind,
    HandoffStatus,
    PauseReason,
    ReasonCategory,
    TimerMilestone,
    TimerState,
)
from routing.models import Handoff, RejectionReason, RoutingPolicy, SlaAlert, Suspension

MONDAY, SATURDAY = 0, 5
OFFICE_OPENS = 7
"""UTC."""
WATCHED = 8 * 7 * DAY
"""For so long before the end somebody looks at the signed limits each week."""
STRICT_FROM, STRICT_UNTIL = 7 * 7 * DAY, 4 * 7 * DAY
"""So long before the end RevOps tried a strict rule for repeated misses, which is looser now."""
STRICT, LENIENT = 2, 12
"""First responses missed within two weeks that cost a rep their turns, then and now."""
SOURCE = "paid_search"
"""By which most leads of the last weeks came, and whose company sizes were wrong."""
WRONG_BEFORE, WRONG_NOW = 3, 3
"""Companies whose size turned out wrong some minutes ago, and just now."""
PAUSED = "nele.petersen@weserblick.example"
MEASURES = {
    Side.SALES: "Two hours each morning belong to new leads alone; Samir looks at noon.",
    Side.MARKETING: "The form asks for the company's size again, and the bought data is checked.",
}
REFUSAL = "The bought company data was wrong: by the register these have fewer than 50 people."


class Promises:
    """Both sides' promises, looked after."""

    def __init__(self, timeline: Timeline, people: Mapping[str, User]) -> None:
        self.timeline = timeline
        self.people = people

    def keep(self, *, began_at: datetime) -> None:
        """Plan what happens between two instants."""
        until, put = self.timeline.until, self.timeline.put
        self._try_strictness(began_at=began_at)
        for instant in _mornings(max(began_at, until - WATCHED), until, weekday=MONDAY):
            put(instant, self._look)
        put(until - 5 * MINUTE, lambda at: self._correct_sizes(WRONG_BEFORE, at=at))
        put(until - 4 * MINUTE, self._refuse_batch)
        paused_at = until - min(one.ago for one in NOW if _is(one.first_name, PAUSED)) * MINUTE
        put(paused_at + 6 * MINUTE, self._pause)
        put(until - 2 * MINUTE, lambda at: self._correct_sizes(WRONG_NOW, at=at, is_now=True))
        put(until - MINUTE, self._look)

    def _try_strictness(self, *, began_at: datetime) -> None:
        until, put = self.timeline.until, self.timeline.put
        begins_at = max(began_at, until - STRICT_FROM)
        put(begins_at, lambda at: _decide(STRICT))
        for instant in _mornings(begins_at, until - STRICT_UNTIL):
            put(instant, self._take_turns)
        put(max(begins_at, until - STRICT_UNTIL), lambda at: _decide(LENIENT))

    def _look(self, at: datetime) -> None:
        """Raise what is broken; what was raised in a week before is answered two days later."""
        alerts.attend(at=at)
        if self.timeline.until - at > 7 * DAY:
            self.timeline.put(at + 2 * DAY + 3 * HOUR, self._acknowledge)

    def _acknowledge(self, at: datetime) -> None:
        for alert in SlaAlert.objects.filter(acknowledged_at=None).order_by("pk"):
            side = Side(alert.side)
            by = self.people[cast.MANAGER if side == Side.SALES else cast.MARKETING]
            alerts.acknowledge(alert, by=by, at=at, comment=MEASURES[side])

    def _take_turns(self, at: datetime) -> None:
        if suspensions.attend(at=at):
            self.timeline.put(at + 3 * DAY, self._give_turns_back)

    def _give_turns_back(self, at: datetime) -> None:
        for suspension in Suspension.objects.filter(ended_at=None, began_at__lt=at - DAY):
            suspensions.end(suspension, by=self.people[cast.MANAGER], at=at)

    def _pause(self, at: datetime) -> None:
        """Halt the clock of a lead who asked to be called later."""
        running = Handoff.objects.filter(
            status=HandoffStatus.ASSIGNED,
            timers__milestone=TimerMilestone.FIRST_RESPONSE,
            timers__state=TimerState.RUNNING,
            timers__due_at__gt=at,
        )
        # Nele, or while she has an owner no more whoever came last.
        waiting = running.filter(lead__email=PAUSED).first() or running.order_by("-pk").first()
        if waiting is not None:
            pauses.pause(
                waiting.pk,
                reason=PauseReason.LEAD_ASKED,
                until=self.timeline.until + 20 * HOUR,
                by=self.people[cast.MANAGER],
                note="At a trade fair until tomorrow noon.",
                at=at,
            )
            self.timeline.look_again()

    def _correct_sizes(self, count: int, *, at: datetime, is_now: bool = False) -> None:
        """Let the register correct how many people some companies have."""
        for account in _wrongly_sized(at, is_now=is_now)[:count]:
            people = 21 + account.pk % 25
            facts = AccountFacts(domain=account.domain, employee_count=people)
            intake.record_account(facts, received_at=at, system=SYSTEM)
        self.timeline.judge(at)

    def _refuse_batch(self, at: datetime) -> None:
        """Let sales refuse what the source has below the floor, now that the limit is broken."""
        reason = RejectionReason.objects.filter(category=ReasonCategory.NO_FIT).order_by("pk")[0]
        for rate in _broken(at):
            bulk_rejections.reject(
                rate.batch, reason=reason, comment=REFUSAL, by=self.people[cast.MANAGER], at=at
            )
        self.timeline.look_again()


def _decide(misses: int) -> None:
    RoutingPolicy.objects.update_or_create(
        defaults={"suspend_after_misses": misses, "suspend_window_days": 14}
    )


def _broken(at: datetime) -> list[BatchRate]:
    """Return the batches of the source that sales may refuse."""
    rates = criteria.by_batch(at=at, kinds=(BatchKind.SOURCE,))
    return [rate for rate in rates if rate.is_broken and rate.open_count]


def _wrongly_sized(at: datetime, *, is_now: bool) -> list[Account]:
    """Return companies with open leads of the source whose size may turn out to be wrong.

    Those of today's leads stay as they are until everybody is there, and those that somebody
    works by name, for good.
    """
    of_today = {f"{one.domain}.example" for one in NOW if one.rep or not is_now}
    handed_over = Handoff.objects.filter(
        source__key=SOURCE,
        version__definition__key="mid-market",
        opened_at__gt=at - 27 * DAY,
        status__in=sorted(HandoffStatus.OPEN),
        floor_missed=False,
        rep__isnull=False,
        lead__account__employee_count__range=(50, 1_000),
    )
    handed_over = handed_over.exclude(rep__user__email=cast.OLIVER).exclude(
        evaluation__path="account_based"
    )
    found = handed_over.exclude(lead__account__domain__in=of_today)
    accounts = Account.objects.filter(pk__in=found.values("lead__account"))
    return list(accounts.order_by("employee_count", "pk"))


def _mornings(
    begins_at: datetime, ends_at: datetime, *, weekday: int | None = None
) -> Iterator[datetime]:
    """Yield the mornings of working days, or of one weekday, between two instants."""
    at = begins_at.replace(hour=OFFICE_OPENS, minute=30, second=0, microsecond=0)
    while (at := at + timedelta(days=1)) <= ends_at:
        if at.weekday() < SATURDAY and weekday in (None, at.weekday()):
            yield at


def _is(first_name: str, email: str) -> bool:
    return email.startswith(f"{first_name.lower()}.")
