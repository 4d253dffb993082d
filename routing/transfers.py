"""Owners given to many handoffs at once: the rows of an assignment, a statement a table."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection

from leads import bulk
from routing import choices
from routing.cases import Case, Look, Outcome
from routing.enums import HandoffStatus, NoticeKind
from routing.models import Handoff, Queue, Rep, Territory
from routing.notices import Answerable
from routing.pools import Market, Question

LINES = 200
"""So many decisions are sent at once."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the rules said of a handoff; `inputs` as its decision keeps them."""

    handoff: Handoff
    outcome: Outcome
    inputs: dict[str, Any]
    plan_id: int | None
    territory: Territory | None
    rep: Rep | None
    queue: Queue | None


def prepare(
    handoff: Handoff, outcome: Outcome, case: Case, question: Question, market: Market
) -> Transfer:
    """Put what the rules said of a handoff together with the rows that it names."""
    owner = choices.owner_of(outcome, case, market)
    return Transfer(
        handoff,
        outcome,
        choices.inputs_of(question, case, outcome),
        market.book.plan_id,
        *owner,
    )


def post(transfers: Sequence[Transfer], *, at: datetime) -> None:
    """Write what was decided of locked handoffs, and bring them up to date; six statements.

    Ends the running segments, keeps the decisions, begins the new segments, gives the handoffs
    to their owners and owes the notices; one statement more reads the queues of those that go
    to one. Turns and clocks are left to the caller.
    """
    if not transfers:
        return
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [len(transfers)])
        ids = [pk for (pk,) in cursor.fetchall()]
        with cursor.copy(_DECISIONS) as copy:
            lines = (_line(pk, each, at=at) for pk, each in zip(ids, transfers, strict=True))
            while some := "".join(islice(lines, LINES)):
                copy.write(some)
        columns = _columns(ids, transfers)
        for statement in (_END, _BEGIN, _OWN, _TELL):
            cursor.execute(statement, columns | {"at": at})
    for transfer in transfers:
        _bring_up_to_date(transfer, at=at)


def _columns(ids: list[int], transfers: Sequence[Transfer]) -> dict[str, Any]:
    return {
        "decisions": bulk.array(ids),
        "handoffs": bulk.array(transfer.handoff.pk for transfer in transfers),
        "reps": bulk.array(each.rep.pk if each.rep else None for each in transfers),
        "queues": bulk.array(each.queue.pk if each.queue else None for each in transfers),
        "territories": bulk.array(
            each.territory.pk if each.territory else None for each in transfers
        ),
        "recipients": bulk.array(_recipients(transfers)),
        "reasons": [transfer.outcome.why for transfer in transfers],
        "assigned": NoticeKind.ASSIGNED.value,
        "queued": NoticeKind.QUEUED.value,
    }


def _recipients(transfers: Sequence[Transfer]) -> Iterator[int]:
    """Yield who is told: the rep, or who answers for the queue; a query where some go to one."""
    ids = {each.queue.pk for each in transfers if each.rep is None and each.queue is not None}
    queues = Queue.objects.select_related("manager").in_bulk(ids)
    answerable = Answerable()
    for each in transfers:
        if each.rep is not None:
            yield each.rep.user_id
            continue
        if each.queue is None:
            raise ValueError("A transfer is to a rep or to a queue.")
        queue = queues[each.queue.pk]
        yield (answerable.manager(rep=None, queue=queue) or queue.manager).pk


def _bring_up_to_date(transfer: Transfer, *, at: datetime) -> None:
    handoff = transfer.handoff
    handoff.status = HandoffStatus.ASSIGNED if transfer.rep else HandoffStatus.QUEUED
    handoff.rep, handoff.queue = transfer.rep, transfer.queue
    handoff.territory = transfer.territory
    handoff.is_over_capacity = False
    handoff.assigned_at = at if transfer.rep else None


def _line(pk: int, transfer: Transfer, *, at: datetime) -> str:
    outcome = transfer.outcome
    values: Iterable[Any] = (
        pk,
        transfer.handoff.pk,
        at.isoformat(),
        outcome.rule,
        transfer.plan_id,
        transfer.territory.pk if transfer.territory else None,
        2,
        _dumped(transfer.inputs),
        _dumped(outcome.lines),
        _candidates(outcome),
        transfer.rep.pk if transfer.rep else None,
        transfer.queue.pk if transfer.queue else None,
        outcome.why,
    )
    return "\t".join(_escaped(value) for value in values) + "\n"


def _candidates(outcome: Outcome) -> str:
    """Write candidates as JSON; what was said of a rep is encoded once, however often it is so."""
    return f"[{','.join(_candidate(look, credit) for look, credit in outcome.seen)}]"


def _candidate(look: Look, credit: int) -> str:
    if not look.text:
        look.text = _dumped(look.row)
    return f'{look.text[:-1]},"credit":{credit}}}' if credit else look.text


_dumped = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _escaped(value: Any) -> str:
    """Write a value as COPY reads it."""
    if value is None:
        return r"\N"
    text = str(value)
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
        text = text.replace("\\", "\\\\").replace("\t", "\\t")
        text = text.replace("\n", "\\n").replace("\r", "\\r")
    return text


_IDS = """
SELECT nextval(pg_get_serial_sequence('routing_routingdecision', 'id'))
FROM generate_series(1, %s)
"""
_DECISIONS = """
COPY routing_routingdecision (
    id, handoff_id, at, rule, plan_id, territory_id, schema, inputs, outcomes, candidates,
    rep_id, queue_id, why
) FROM STDIN
"""
# Clocks of two machines differ a little: a segment still does not end before it began.
_END = """
UPDATE routing_assignment SET ended_at = greatest(began_at, %(at)s)
WHERE handoff_id = ANY(%(handoffs)s::bigint[]) AND ended_at IS NULL
"""
_BEGIN = """
INSERT INTO routing_assignment (handoff_id, decision_id, rep_id, queue_id, began_at)
SELECT handoff, decision, rep, queue, %(at)s
FROM unnest(%(handoffs)s::bigint[], %(decisions)s::bigint[], %(reps)s::bigint[],
            %(queues)s::bigint[]) AS moved (handoff, decision, rep, queue)
"""
_OWN = """
UPDATE routing_handoff AS handoff SET
    status = CASE WHEN rep IS NULL THEN 'queued' ELSE 'assigned' END,
    rep_id = rep, queue_id = queue, territory_id = territory, is_over_capacity = false,
    assigned_at = CASE WHEN rep IS NOT NULL THEN %(at)s::timestamptz END
FROM unnest(%(handoffs)s::bigint[], %(reps)s::bigint[], %(queues)s::bigint[],
            %(territories)s::bigint[]) AS moved (id, rep, queue, territory)
WHERE handoff.id = moved.id
"""
_TELL = """
INSERT INTO routing_notice (key, kind, recipient_id, handoff_id, at, detail)
SELECT 'decision:' || decision || ':owner',
       CASE WHEN rep IS NULL THEN %(queued)s ELSE %(assigned)s END,
       recipient, handoff, %(at)s, jsonb_build_object('why', reason)
FROM unnest(%(decisions)s::bigint[], %(handoffs)s::bigint[], %(reps)s::bigint[],
            %(recipients)s::bigint[], %(reasons)s::text[])
    AS moved (decision, handoff, rep, recipient, reason)
ON CONFLICT DO NOTHING
"""
