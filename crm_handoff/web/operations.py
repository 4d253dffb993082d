"""How the product does its work, for those who run it: each sign with the page to act on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff import health, reasons
from crm_handoff.checkups import Checkup
from crm_handoff.integrations.models import Delivery, InboundEvent
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from leads.enums import ImportState
from leads.models import ImportRun, PendingMark
from routing.models import Rep

JUDGED_WITHIN = timedelta(seconds=30)
"""A lead that waits longer to be judged is one that something keeps from it."""

FAILED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of health: `is_well`, or what is the matter and where to see to it."""

    explains: str
    name: str
    words: str
    address: str
    is_well: bool

    @property
    def icon(self) -> str:
        """The icon beside the words."""
        return "met" if self.is_well else "late"


def signs(*, at: datetime) -> list[Sign]:
    """Return every sign, those that need somebody first; a query each."""
    found = [ask(at) for ask in SIGNS]
    return sorted(found, key=lambda sign: sign.is_well)


def _work(at: datetime) -> Sign:
    found = (health.worker_fault(), health.relay_fault())
    faults = [reasons.said(fault) for fault in found if fault]
    return Sign(
        explains="signs_of_life",
        name=_("Relay and workers"),
        words="; ".join(faults) or _("both do their work"),
        address=reverse("web:health_checks"),
        is_well=not faults,
    )


def _invariants(at: datetime) -> Sign:
    count = Checkup.objects.filter(violated_count__gt=0).count()
    words = ngettext("%(count)s does not hold", "%(count)s do not hold", count)
    return _counted(
        explains="health_checks",
        name=_("Invariants"),
        count=count,
        trouble=words,
        calm=_("all hold"),
        address=reverse("web:health_checks"),
    )


def _pending(at: datetime) -> Sign:
    stuck = PendingMark.objects.filter(is_backlog=False, marked_at__lt=at - JUDGED_WITHIN)
    count = stuck.values("lead").distinct().count()
    words = ngettext(
        "%(count)s waits for more than 30 seconds",
        "%(count)s wait for more than 30 seconds",
        count,
    )
    return _counted(
        explains="pending_leads",
        name=_("Leads to be judged"),
        count=count,
        trouble=words,
        calm=_("none waits for long"),
        address=reverse("admin:leads_lead_changelist"),
    )


def _letters(at: datetime) -> Sign:
    count = Delivery.objects.filter(state=Delivery.State.DEAD).count()
    words = ngettext("%(count)s was given up", "%(count)s were given up", count)
    return _counted(
        explains="dead_letters",
        name=_("Messages"),
        count=count,
        trouble=words,
        calm=_("none was given up"),
        address=f"{reverse('admin:integrations_delivery_changelist')}?state__exact=dead",
    )


def _calls(at: datetime) -> Sign:
    count = InboundEvent.objects.filter(state=InboundEvent.State.QUARANTINED).count()
    words = ngettext("%(count)s was not understood", "%(count)s were not understood", count)
    return _counted(
        explains="quarantined_calls",
        name=_("Webhook calls"),
        count=count,
        trouble=words,
        calm=_("all were understood"),
        address=reverse("web:webhooks"),
    )


def _imports(at: datetime) -> Sign:
    failed = ImportRun.objects.filter(state=ImportState.FAILED, started_at__gte=at - FAILED_WITHIN)
    count = failed.count()
    words = ngettext("%(count)s failed in 7 days", "%(count)s failed in 7 days", count)
    return _counted(
        explains="failed_imports",
        name=_("Imports"),
        count=count,
        trouble=words,
        calm=_("none failed in 7 days"),
        address=reverse("web:imports"),
    )


def _versions(at: datetime) -> Sign:
    states = _states_of(DefinitionVersion.objects.all())
    address = reverse("admin:definitions_definitionversion_changelist")
    waiting = [
        (VersionState.DRAFT, _("drafts: %(count)s")),
        (VersionState.IN_REVIEW, _("in review: %(count)s")),
        (VersionState.SIGNED, _("signed, not in force: %(count)s")),
    ]
    said = [words % {"count": states.count(state)} for state, words in waiting if state in states]
    is_in_force = VersionState.ACTIVE in states
    if not is_in_force:
        said.insert(0, _("none is in force: no lead can qualify"))
    words = ", ".join(said) or _("all are in force")
    return Sign(
        explains="versions_waiting",
        name=_("Definitions"),
        words=words,
        address=address,
        is_well=is_in_force,
    )


def _reps(at: datetime) -> Sign:
    count = Rep.objects.filter(is_active=True, user__is_active=False).count()
    words = ngettext(
        "%(count)s still counts as active, though the person left",
        "%(count)s still count as active, though the people left",
        count,
    )
    return _counted(
        explains="reps_left",
        name=_("Reps"),
        count=count,
        trouble=words,
        calm=_("all active ones can sign in"),
        address=reverse("admin:routing_rep_changelist"),
    )


def _states_of(versions: QuerySet[DefinitionVersion]) -> list[str]:
    return list(versions.values_list("state", flat=True))


def _counted(
    *, explains: str, name: str, count: int, trouble: str, calm: str, address: str
) -> Sign:
    words = trouble % {"count": count} if count else calm
    return Sign(explains=explains, name=name, words=words, address=address, is_well=not count)


SIGNS: tuple[Callable[[datetime], Sign], ...] = (
    _work,
    _invariants,
    _pending,
    _letters,
    _calls,
    _imports,
    _versions,
    _reps,
)
"""Every sign of the RevOps page, in order."""
