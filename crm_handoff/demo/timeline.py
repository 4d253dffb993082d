"""A year passes: what happens, in order, and what falls due meanwhile."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from crm_handoff import pipeline
from crm_handoff.demo.biographies import Biography
from crm_handoff.demo.companies import SYSTEM
from crm_handoff.demo.journeys import DAY, DETAILS, HOUR, MINUTE, Did
from leads import batches, touchpoints
from leads.batches import Item
from leads.touchpoints import Identity, TouchpointFacts
from routing import handoffs, sweeps
from routing.models import Handoff, SlaTimerStep

FRIDAY, SATURDAY = 4, 5
LIVE_FOR, PROMPT_FOR = 26 * HOUR, 8 * 7 * DAY
"""For how long before the end a question is told at once, and for how long every few hours."""
EVERY_HOURS = 3
OPENS, CLOSES = 7, 14
"""UTC; between them the website told what it knew, so that somebody was there to answer."""

Happening = Callable[[datetime], None]

ALL = 1_000
"""More than a day ever brings."""


@dataclass(order=True, slots=True)
class _Entry:
    at: datetime
    order: int
    happen: Happening = field(compare=False)


class Timeline:
    """What is still to happen, until an instant at which all ends.

    Whoever puts something in names its instant; later ones than `until` never happen. Leads and
    what they did wait until the next synchronization. A question brings one forward: the website
    told of questions once a day, every few hours in the last weeks, and at once by now.
    `on_handoff` is told of every handoff that opens, `on_waiting` a little after one that waits in
    a queue.
    """

    def __init__(self, *, until: datetime) -> None:
        self.until = until
        self.on_handoff: Callable[[Handoff, datetime], None] = lambda handoff, at: None
        self.on_waiting: Happening = lambda at: None
        self._entries: list[_Entry] = []
        self._order = count()
        self._arrivals: list[Biography] = []
        self._did: list[tuple[Biography, int, Did]] = []
        self._is_urgent = False
        self._planned_at: datetime | None = None
        self._last_handoff_id = 0
        self._next_due: datetime | None = None
        self._is_due_known = False

    def put(self, at: datetime, happen: Happening) -> None:
        """Let something happen at an instant, unless that is past the end."""
        if at <= self.until:
            heapq.heappush(self._entries, _Entry(at, next(self._order), happen))

    def follow(self, lead: Biography, did: Sequence[Did], *, first: int = 0) -> None:
        """Let a lead do things, each at its instant. first: the number of the first of them."""
        for number, one in enumerate(did, start=first):
            self.put(one.at, self._doing(lead, number, one))

    def arrive(self, lead: Biography) -> None:
        """Let a lead come, and do what they do."""
        self.put(lead.arrives_at, lambda at: self._arrivals.append(lead))
        self.follow(lead, lead.did)

    def run(self) -> None:
        """Let everything happen, and time pass until the end."""
        while self._entries:
            entry = heapq.heappop(self._entries)
            self._pass_time(until=entry.at)
            entry.happen(entry.at)
        self._pass_time(until=self.until)
        self.judge(self.until)

    def synchronize(self, at: datetime) -> None:
        """Tell what was not told yet, have it judged, and take up what came of it."""
        self._is_urgent = False
        arrivals, self._arrivals = self._arrivals, []
        if arrivals:
            batches.record([Item(lead.facts) for lead in arrivals], received_at=at)
        did, self._did = self._did, []
        if did:
            touchpoints.record([_told(*one) for one in did], system=SYSTEM, received_at=at)
        self.judge(at)

    def judge(self, at: datetime) -> None:
        """Judge who waits, and take up the handoffs that opened."""
        while pipeline.judge_pending(limit=ALL, at=at) >= ALL:
            pass
        self.look_again()
        new = Handoff.objects.filter(pk__gt=self._last_handoff_id).order_by("pk")
        for handoff in new:
            self._last_handoff_id = handoff.pk
            self.on_handoff(handoff, at)

    def look_again(self) -> None:
        """Ask anew when the next step of a clock falls due: some clock changed."""
        self._is_due_known = False

    def keep_house(self, at: datetime) -> None:
        """Tidy up and synchronize on Fridays, and whenever somebody asked something."""
        if self.until - at <= LIVE_FOR or self._is_urgent or at.weekday() == FRIDAY:
            self.tidy_up(at)

    def tidy_up(self, at: datetime) -> None:
        """Hand out what waits in queues, recycle what nobody touched, and synchronize."""
        sweeps.route_waiting(at=at, limit=ALL)
        handoffs.expire_untouched(at=at, limit=ALL)
        self.synchronize(at)

    def _doing(self, lead: Biography, number: int, did: Did) -> Happening:
        def happen(at: datetime) -> None:
            self._did.append((lead, number, did))
            if did.is_live:
                self._hurry(at)

        return happen

    def _hurry(self, at: datetime) -> None:
        """Tell soon, or at once, of what somebody asked."""
        self._is_urgent = True
        if self.until - at <= LIVE_FOR:
            self.synchronize(at + timedelta(seconds=2))
        elif self.until - at <= PROMPT_FOR and (soon := _next_round(at)) != self._planned_at:
            self._planned_at = soon
            self.put(soon, self.synchronize)

    def _pass_time(self, *, until: datetime) -> None:
        """Let every step that falls due fire at its own instant."""
        while (due_at := self._due()) and due_at <= until:
            pipeline.fire_due_steps(at=due_at)
            self.look_again()

    def _due(self) -> datetime | None:
        if not self._is_due_known:
            armed = SlaTimerStep.objects.filter(state="armed").order_by("due_at")
            self._next_due = armed.values_list("due_at", flat=True).first()
            self._is_due_known = True
        return self._next_due


def rounds(*, began_at: datetime, until: datetime) -> Iterable[datetime]:
    """Yield an instant of every working day, and several of the last day."""
    at = began_at
    while at <= until:
        if at.weekday() < SATURDAY or until - at < LIVE_FOR:
            yield at + Random(at.isoformat()).randrange(170) * MINUTE  # noqa: S311
        at += DAY if until - at > LIVE_FOR else EVERY_HOURS * HOUR


def _next_round(at: datetime) -> datetime:
    """Return the next instant at which the website tells what it knows."""
    soon = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    soon += (EVERY_HOURS - soon.hour % EVERY_HOURS) * HOUR
    while soon.weekday() >= SATURDAY or not OPENS <= soon.hour <= CLOSES:
        soon += HOUR
    return soon + Random(soon.isoformat()[:10]).randrange(55) * MINUTE  # noqa: S311


def _told(lead: Biography, number: int, did: Did) -> TouchpointFacts:
    is_bound = did.channel in ("web", "event") and number < 3
    return TouchpointFacts(
        lead=Identity(system=SYSTEM, external_id=lead.key),
        kind=did.kind,
        channel=did.channel,
        occurred_at=did.at,
        external_id=f"{lead.key}-{number}",
        campaign=lead.drive.key if is_bound else "",
        asset=did.asset,
        is_verified=did.is_verified,
        is_bot=did.is_bot,
        detail=DETAILS.get(did.kind, {}),
    )
