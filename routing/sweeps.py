"""What waits in queues handed out in bulk: as many leads at once as have somebody free."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from leads import bulk
from leads.models import Evaluation
from routing import (
    books,
    cadences,
    holders,
    pools,
    rotation,
    rules,
    timers,
    transfers,
    waiting,
)
from routing.books import Book
from routing.cases import Case, Turn
from routing.models import Handoff, RoomMark
from routing.pools import Market, Question
from routing.territories import inputs_of_many
from routing.transfers import Transfer
from routing.waiting import FIRST, Urgency, Waiting

logger = logging.getLogger(__name__)


ROOM = "SELECT min(marked_at) FROM routing_roommark WHERE marked_at <= clock_timestamp()"
"""SQL for the instant since which somebody may have room for what waits."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of one transaction: how many it looked at and gave to reps, and where it ended."""

    claimed: int
    given: int
    last: Urgency


def route_waiting(*, at: datetime, limit: int) -> int:
    """Give waiting leads to whoever is free for them by the rules, most urgent first.

    Up to `limit` in one transaction, in a number of queries that does not grow with them; while
    nobody turns out to be free for any of those, the next in urgency are looked at. Workers do so
    one after the other, so that a place goes to the most urgent; what somebody works on is left.
    A lead that was put into its queue by rules which are not in force any more is decided anew,
    though it may wait on. A new owner whose lead has waited past its response clock gets a clock
    of their own.

    Returns:
        How many were given to reps.
    """
    after = FIRST
    while True:
        swept = _sweep(at=at, limit=limit, after=after)
        if swept.given or swept.claimed < limit:
            return swept.given
        after = swept.last


def is_room_marked() -> bool:
    """Say whether somebody may have had room since what waits was last handed out. One query."""
    return _marks().exists()


def drain(*, at: datetime, limit: int) -> int:
    """Do `route_waiting`; when it gives nothing, the marks of room that were there are heeded.

    They go only then, so that a killed worker leaves them to the next.
    """
    marks = list(_marks().values_list("pk", flat=True))
    given = route_waiting(at=at, limit=limit)
    if not given:
        RoomMark.objects.filter(pk__in=marks).delete()
    return given


def _marks() -> QuerySet[RoomMark]:
    """Return the marks whose time has come, by the database's clock as they were written."""
    return RoomMark.objects.filter(marked_at__lte=Now())


@transaction.atomic
def _sweep(*, at: datetime, limit: int, after: Urgency) -> Swept:
    _wait_for_others()
    book = books.in_force()
    reach = waiting.reach(book, at=at)
    claims = waiting.claim(reach, book, at=at, limit=limit, after=after)
    if not claims:
        return Swept(0, 0, after)
    handoffs = _read(claims)
    market, questions = _ask(handoffs, book, at=at)
    moved, turns = _decide(claims, handoffs, questions, market)
    transfers.post(moved, at=at)
    rotation.charge(turns)
    _heed([transfer.handoff for transfer in moved], at=at)
    given = sum(1 for transfer in moved if transfer.rep is not None)
    logger.info("%s waiting leads looked at, %s given to reps", len(claims), given)
    return Swept(len(claims), given, claims[-1].urgency)


def _wait_for_others() -> None:
    """Let one sweep after the other be: of two at once, each would hold a part of what waits.

    A place would go to the most urgent of whoever came first, not of all. Held until the
    transaction ends, taken before any row is locked.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sweep'))")


_NOT_ASKED = (
    "packet",
    "public_id",
    "campaign",
    "source",
    "import_run",
    "floor_missed",
    "opened_at",
    "accepted_at",
    "closed_at",
    "updated_at",
)
"""What neither the rules nor the clocks look at."""


def _read(claims: Sequence[Waiting]) -> dict[int, Handoff]:
    rows = Handoff.objects.filter(pk__in=bulk.among(claim.handoff_id for claim in claims))
    return {handoff.pk: handoff for handoff in rows.defer(*_NOT_ASKED)}


def _ask(
    handoffs: dict[int, Handoff], book: Book, *, at: datetime
) -> tuple[Market, dict[int, Question]]:
    """Put the question of each handoff's owner; lock everybody in question."""
    leads = [handoff.lead_id for handoff in handoffs.values()]
    inputs = {one.lead_id: one for one in inputs_of_many(leads)}
    previous = holders.former(leads)
    judged = _evaluations(handoffs) if book.refs else {}
    questions = {
        pk: Question(
            inputs[handoff.lead_id],
            judged.get(handoff.evaluation_id),
            previous=previous.get(handoff.lead_id, frozenset()),
            territory=handoff.territory_id,
        )
        for pk, handoff in handoffs.items()
    }
    return pools.lock(list(questions.values()), at=at, book=book), questions


def _evaluations(handoffs: dict[int, Handoff]) -> dict[int, Evaluation]:
    ids = {handoff.evaluation_id for handoff in handoffs.values()}
    rows = Evaluation.objects.filter(pk__in=bulk.among(ids)).select_related("version")
    return {row.pk: row for row in rows.defer("results", "score")}


def _decide(
    claims: Sequence[Waiting],
    handoffs: dict[int, Handoff],
    questions: dict[int, Question],
    market: Market,
) -> tuple[list[Transfer], list[Turn]]:
    """Decide one after the other, in memory: what one lead takes, the next one sees.

    Returns what is to be written, and the turns that were taken.
    """
    moved: list[Transfer] = []
    turns: list[Turn] = []
    for claim in claims:
        handoff, question = handoffs[claim.handoff_id], questions[claim.handoff_id]
        case = market.case(question)
        outcome = rules.decide(case)
        stays = outcome.rep is None and outcome.queue in (None, handoff.queue_id)
        is_elsewhere = claim.is_redrawn and _territory(case) != handoff.territory_id
        if stays and (outcome.queue is None or not (claim.is_stale or is_elsewhere)):
            continue
        market.take(question, case, outcome)
        moved.append(transfers.prepare(handoff, outcome, case, question, market))
        if outcome.turn is not None:
            turns.append(outcome.turn)
    return moved, turns


def _territory(case: Case) -> int | None:
    return case.pool.territory if case.pool else None


def _heed(handoffs: Sequence[Handoff], *, at: datetime) -> None:
    """Start what is promised from here on: the wait in a queue, or a rep's tasks and clocks."""
    given = [handoff for handoff in handoffs if handoff.rep_id is not None]
    waiting_on = [handoff for handoff in handoffs if handoff.rep_id is None]
    if waiting_on:
        timers.start_waiting_many(waiting_on, at=at)
    if given:
        timers.stop_waiting_many(given, at=at)
        timers.restart_for_new_owners(given, at=at)
        timers.heed_assignments(given, at=at)
        cadences.begin_many(given, at=at)
