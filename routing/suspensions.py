"""Reps who miss first responses again and again, out of rotation until a manager ends it."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.utils.translation import gettext as _

from routing import notices
from routing.enums import NoticeKind, TimerMilestone, TimerState
from routing.models import Rep, RoutingPolicy, SlaTimer, Suspension


class SuspensionAlreadyEnded(Exception):
    """Somebody has put the rep back into the rotation already."""

    def __init__(self, suspension: Suspension) -> None:
        said = {"person": suspension.ended_by, "rep": suspension.rep}
        super().__init__(_("%(person)s has put %(rep)s back into the rotation already.") % said)


def attend(*, at: datetime) -> list[Suspension]:
    """Take reps out of rotation who missed as often as the policy says; tell them and managers.

    Misses before the end of an earlier suspension do not count again. One query when there is no
    such policy, two when nobody is to be taken out. Two workers take somebody out once.
    """
    policy = RoutingPolicy.objects.first()
    if policy is None or policy.suspend_after_misses is None:
        return []
    since = at - timedelta(days=policy.suspend_window_days)
    repeaters = _repeaters(policy.suspend_after_misses, since=since, at=at)
    began = (_begin(rep, missed, policy=policy, at=at) for rep, missed in repeaters)
    return [suspension for suspension in began if suspension is not None]


@transaction.atomic
def end(suspension: Suspension, *, by: AbstractBaseUser, at: datetime) -> Suspension:
    """Put a rep back into the rotation; misses are counted anew from now.

    What waits in queues is looked at again at once, by the trigger that marks room.

    Raises:
        SuspensionAlreadyEnded: somebody was sooner.
    """
    locked = Suspension.objects.select_for_update(no_key=True).get(pk=suspension.pk)
    if locked.ended_at is not None:
        raise SuspensionAlreadyEnded(locked)
    locked.ended_at = max(at, locked.began_at)
    locked.ended_by_id = by.pk
    locked.save(update_fields=["ended_at", "ended_by"])
    return locked


def _repeaters(least: int, *, since: datetime, at: datetime) -> list[tuple[Rep, int]]:
    """Return active reps in rotation who missed `least` times, with how often; two queries."""
    former = Suspension.objects.filter(rep=OuterRef("missed_by_rep"))
    missed = (
        SlaTimer.objects.filter(
            milestone=TimerMilestone.FIRST_RESPONSE,
            state=TimerState.BREACHED,
            due_at__gt=since,
            due_at__lte=at,
            missed_by_rep__is_active=True,
            missed_by_rep__user__is_active=True,
        )
        .annotate(last_ended_at=Max("missed_by_rep__suspensions__ended_at"))
        .filter(~Exists(former.filter(ended_at=None)))
        .filter(Q(last_ended_at=None) | Q(due_at__gt=F("last_ended_at")))
    )
    counts = (
        SlaTimer.objects.filter(pk__in=missed.values("pk"))
        .values_list("missed_by_rep")
        .annotate(count=Count("pk"))
        .filter(count__gte=least)
    )
    counted = {rep_id: count for rep_id, count in counts if rep_id is not None}
    reps = Rep.objects.filter(pk__in=counted).select_related("user", "manager").order_by("pk")
    return [(rep, counted[rep.pk]) for rep in reps]


def _begin(rep: Rep, missed: int, *, policy: RoutingPolicy, at: datetime) -> Suspension | None:
    people = (rep.user, notices.manager(rep=rep, queue=None))
    try:
        with transaction.atomic():
            suspension = Suspension.objects.create(rep=rep, began_at=at, missed_count=missed)
            notices.tell_people(
                NoticeKind.SUSPENDED,
                [person for person in people if person and person.is_active],
                at=at,
                key=f"suspended:{suspension.pk}",
                detail={
                    "rep": str(rep),
                    "missed": missed,
                    "days": policy.suspend_window_days,
                },
            )
    except IntegrityError:
        return None
    return suspension
