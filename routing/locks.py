"""Row locks in the one order that every operation keeps.

Lead, then question, then handoff, then territory, then reps by ascending id, then timer. All are
`FOR NO KEY UPDATE`, so that rows that point at them can still be inserted.
"""

from django.utils.translation import gettext as _

from leads.models import Lead
from routing.enums import HandoffStatus
from routing.models import Handoff


class HandoffAlreadyDecided(Exception):
    """A handoff was answered, closed or converted before; `status` says which.

    advice: what the person can do about it, a sentence.
    """

    def __init__(self, handoff: Handoff, *, advice: str = "") -> None:
        self.handoff = handoff
        self.status = HandoffStatus(handoff.status)
        said = _("This handoff is %(status)s already.") % {"status": self.status.label.lower()}
        super().__init__(f"{said} {advice}".strip())


def lock_lead(lead_id: int) -> Lead:
    """Lock a lead and return it with what its packet tells of it: account, source, and the like.

    Raises:
        Lead.DoesNotExist: there is none of that id.
    """
    leads = Lead.objects.select_related("account", "source", "campaign", "persona")
    return leads.select_for_update(of=("self",), no_key=True).get(pk=lead_id)


def lock_handoff(handoff_id: int, *, skip_locked: bool = False) -> Handoff:
    """Lock a handoff alone: for what leaves its lead as it is.

    Raises:
        Handoff.DoesNotExist: there is none of that id; or another transaction has it locked,
            and `skip_locked`.
    """
    handoffs = Handoff.objects.select_for_update(no_key=True, skip_locked=skip_locked)
    return handoffs.get(pk=handoff_id)


def lock_open_handoff(handoff_id: int) -> Handoff:
    """Lock an open handoff alone.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is not open.
    """
    handoff = lock_handoff(handoff_id)
    return _only_open(handoff)


def lock_with_lead(handoff_id: int) -> Handoff:
    """Lock a handoff's lead, then the handoff; return it with the locked lead.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
    """
    lead_id = Handoff.objects.values_list("lead_id", flat=True).get(pk=handoff_id)
    lead = lock_lead(lead_id)
    handoff = lock_handoff(handoff_id)
    handoff.lead = lead
    return handoff


def lock_open_with_lead(handoff_id: int) -> Handoff:
    """Lock a handoff's lead, then the handoff, which must be open.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is not open.
    """
    return _only_open(lock_with_lead(handoff_id))


def _only_open(handoff: Handoff) -> Handoff:
    if handoff.status not in HandoffStatus.OPEN:
        raise HandoffAlreadyDecided(handoff)
    return handoff
