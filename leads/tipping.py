"""Which fact tipped a lead: the one whose receipt made its version reach the stage."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from definitions import engine
from definitions.agreement import Agreement
from leads import facts
from leads.enums import Cause
from leads.models import Evaluation, Lead, StageTransition

ONE_MOMENT = timedelta(seconds=1)
"""Facts received so close together count as received at once: with the last of them."""

_RECEIPTS = """
SELECT received_at FROM (
    SELECT received_at FROM leads_touchpoint WHERE lead_id = %(lead)s
    UNION SELECT received_at FROM leads_assertion WHERE lead_id = %(lead)s
    UNION SELECT received_at FROM leads_attributechange WHERE lead_id = %(lead)s
    UNION SELECT received_at FROM leads_attributechange WHERE account_id = %(account)s
) AS fact
WHERE received_at <= %(at)s AND (received_at > %(since)s OR %(since)s::timestamptz IS NULL)
ORDER BY received_at
"""


def fact_received_at(lead: Lead, agreement: Agreement, stage: str) -> datetime | None:
    """Return when the fact was received without which the lead had not reached `stage`.

    Looks at what was received between the judgement by which the lead reached the stage and the
    one before, judging by what was known at each receipt; three queries when there was only one,
    else judgements as many as the logarithm of the receipts. None when nothing was received
    meanwhile (time alone tipped it) or no judgement took the lead there.
    """
    reached = (
        StageTransition.objects.filter(
            lead=lead, to_stage=stage, cause__in=(Cause.EVALUATION, Cause.RECYCLE)
        )
        .order_by("-at", "-pk")
        .values_list("evaluation_id", "evaluation__at")
        .first()
    )
    if reached is None:
        return None
    evaluation_id, at = reached
    since = (
        Evaluation.objects.filter(lead=lead, pk__lt=evaluation_id)
        .order_by("-pk")
        .values_list("at", flat=True)
        .first()
    )
    receipts = _receipts(lead, since=since, at=at)
    if len(receipts) > 1 and since and _reaches(lead, agreement, stage, at=at, known_at=since):
        return None
    low, high = 0, len(receipts) - 1
    while low < high:
        middle = (low + high) // 2
        if _reaches(lead, agreement, stage, at=at, known_at=receipts[middle]):
            high = middle
        else:
            low = middle + 1
    return receipts[high] if receipts else None


def _receipts(lead: Lead, *, since: datetime | None, at: datetime) -> Sequence[datetime]:
    values = {"lead": lead.pk, "account": lead.account_id, "since": since, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_RECEIPTS, values)
        return _moments([received_at for (received_at,) in cursor.fetchall()])


def _moments(receipts: Sequence[datetime]) -> Sequence[datetime]:
    """Return the last receipt of each moment; a form's lead and touchpoint come in one."""
    moments: list[datetime] = []
    for received_at in reversed(receipts):
        if not moments or moments[-1] - received_at > ONE_MOMENT:
            moments.append(received_at)
    return moments[::-1]


def _reaches(
    lead: Lead, agreement: Agreement, stage: str, *, at: datetime, known_at: datetime
) -> bool:
    answers = facts.answer([lead.pk], agreement, at=at, known_at=known_at)
    verdict = engine.judge(
        agreement, answers.values[lead.pk], at=at, latest=answers.latest.get(lead.pk, ())
    )
    return any(reached == stage for reached, _ in verdict.reached)
