"""The decision that somebody must be told; how they are told is decided above."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.db.models import QuerySet

from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from routing.enums import NoticeKind, StepKind
from routing.models import Handoff, Notice, Queue, Rep, SlaTimer


def tell(
    kind: NoticeKind,
    *,
    recipient: AbstractBaseUser,
    handoff: Handoff | None,
    at: datetime,
    key: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Owe a person a notice; a second one of the same key changes nothing. One statement.

    key: names the cause and the recipient, for example "timer:7:warn:3"; at most 120 characters.
    detail: what the text needs, as JSON.
    """
    notice = Notice(
        key=key,
        kind=kind,
        recipient_id=recipient.pk,
        handoff=handoff,
        at=at,
        detail=dict(detail or {}),
    )
    write([notice])


def tell_people(
    kind: NoticeKind,
    people: Iterable[AbstractBaseUser],
    *,
    at: datetime,
    key: str,
    detail: Mapping[str, Any],
) -> None:
    """Owe each person one notice that is about no handoff. One statement.

    key: names the cause; each person's notice adds theirs, and tells once. At most 100 characters.
    detail: what the text needs, as JSON; the same for all.
    """
    told = {person.pk for person in people}
    write(
        Notice(key=f"{key}:{pk}", kind=kind, recipient_id=pk, at=at, detail=dict(detail))
        for pk in sorted(told)
    )


def read(notices: QuerySet[Notice], *, at: datetime) -> int:
    """Mark those of the notices read that are not yet; return how many. One statement."""
    return notices.filter(read_at=None).update(read_at=at)


def unread(notices: QuerySet[Notice]) -> int:
    """Mark those of the notices unread that were read; return how many. One statement."""
    return notices.exclude(read_at=None).update(read_at=None)


def first_active(*people: AbstractBaseUser | None) -> AbstractBaseUser | None:
    """Return the first person who has not left: an operator, else the deputy."""
    return next((person for person in people if person and person.is_active), None)


class Answerable:
    """Who answers for reps and queues; who stands in for people who left is looked up once."""

    def holder(self, *, rep: Rep | None, queue: Queue | None) -> AbstractBaseUser | None:
        """Return who holds what a rep or a queue holds: a queue's is who answers for it."""
        return rep.user if rep is not None else self.manager(rep=None, queue=queue)

    def manager(self, *, rep: Rep | None, queue: Queue | None) -> AbstractBaseUser | None:
        """Return the person who answers for a rep or a queue, or who stands in for them.

        For one who has left: whoever manages the fallback queue; if they have left, too, the
        operator of sales in a version in force, or the deputy. Two queries at most for all.
        """
        holds = rep or queue
        named = holds.manager if holds is not None else None
        if named is None or named.is_active:
            return named
        return self._stand_in or named

    @cached_property
    def _stand_in(self) -> AbstractBaseUser | None:
        fallback = Queue.objects.filter(is_fallback=True, manager__is_active=True)
        found = fallback.select_related("manager").first()
        if found is not None:
            return found.manager
        active = DefinitionVersion.objects.filter(state=VersionState.ACTIVE).order_by("pk")
        versions = active.select_related("sales_operator", "sales_deputy").defer("content")
        return first_active(
            *(person for one in versions for person in (one.sales_operator, one.sales_deputy))
        )


def holder(*, rep: Rep | None, queue: Queue | None) -> AbstractBaseUser | None:
    """Return the person who holds what a rep or a queue holds, as `Answerable` does."""
    return Answerable().holder(rep=rep, queue=queue)


def manager(*, rep: Rep | None, queue: Queue | None) -> AbstractBaseUser | None:
    """Return the person who answers for a rep or a queue, as `Answerable` does."""
    return Answerable().manager(rep=rep, queue=queue)


def tell_of_step(
    timer: SlaTimer,
    step: StepKind,
    kind: NoticeKind,
    people: Iterable[AbstractBaseUser | None],
    *,
    at: datetime,
    level: int = 1,
) -> None:
    """Owe each person (None is skipped) one notice of a step. One statement.

    level: which of the timer's steps of this kind.
    """
    write(of_step(timer, step, kind, people, at=at, level=level))


def of_step(
    timer: SlaTimer,
    step: StepKind,
    kind: NoticeKind,
    people: Iterable[AbstractBaseUser | None],
    *,
    at: datetime,
    level: int = 1,
) -> list[Notice]:
    """Return the unsaved notices of `tell_of_step`, for `write`."""
    detail = {
        "milestone": timer.milestone,
        "due_at": timer.due_at.isoformat(),
        "is_high_intent": timer.is_high_intent,
    } | ({"level": level} if level > 1 else {})
    name = str(step) if level == 1 else f"{step}.{level}"
    told = {person.pk for person in people if person is not None}
    return [
        Notice(
            key=f"timer:{timer.pk}:{name}:{pk}",
            kind=kind,
            recipient_id=pk,
            handoff=timer.handoff,
            at=at,
            detail=detail,
        )
        for pk in sorted(told)
    ]


def write(notices: Iterable[Notice]) -> None:
    """Owe notices; one whose key was told before changes nothing. One statement."""
    rows = [
        (one.key, one.kind, one.recipient_id, one.handoff_id, one.at, json.dumps(one.detail))
        for one in notices
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_OWE, [list(column) for column in zip(*rows, strict=True)])


# Thousands come due at once as an office opens: the driver would prepare each value alone.
_OWE = """
INSERT INTO routing_notice (key, kind, recipient_id, handoff_id, at, detail)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[],
                     %s::text[]::jsonb[])
ON CONFLICT DO NOTHING
"""


def tell_of_question(
    timer: SlaTimer,
    step: StepKind | None = None,
    others: Iterable[AbstractBaseUser] = (),
    *,
    at: datetime,
) -> None:
    """Owe the owner of a question, and others, a notice: that it was asked, or of a step.

    Owners who have left are not told.

    The lead is named by its public id, so that nothing about the person is kept in the notice.
    One statement, beside those that read the question's lead, owner and version.
    """
    task = timer.review_task
    if task is None:
        raise ValueError("The clock is not of a question.")
    version = task.version
    tell_people(
        NoticeKind.QUESTION_ASKED,
        [person for person in (task.owner, *others) if person.is_active],
        at=at,
        key=f"question:{task.pk}:{step or 'asked'}",
        detail={
            "definition": version.definition.key,
            "name": version.definition.name,
            "number": version.number,
            "task": str(task.public_id),
            "lead": str(task.lead.public_id),
            "question": task.question,
            "due_at": timer.due_at.isoformat(),
            "event": step or "asked",
        },
    )
