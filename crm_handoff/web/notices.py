"""What this person was told: the list, and marking it read."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from crm_handoff.people.access import notices_visible_to
from crm_handoff.web.requests import PageRequest
from routing.enums import NoticeKind
from routing.models import Notice
from routing.notices import read as mark_read

SHOWN = 100

WORDS = {
    NoticeKind.ASSIGNED: ("handoff", "is yours"),
    NoticeKind.QUEUED: ("inbox", "waits in your queue: nobody is eligible"),
    NoticeKind.WARNING: ("soon", "still waits: half of the time to answer is used up"),
    NoticeKind.BREACHED: ("late", "was not answered in time"),
    NoticeKind.ESCALATED: ("flag", "was escalated to you"),
    NoticeKind.REASSIGNED_AWAY: ("handoff", "went to somebody else"),
    NoticeKind.ACCEPTED: ("met", "was accepted"),
    NoticeKind.REJECTED: ("no", "was rejected"),
    NoticeKind.EXPIRED: ("late", "expired untouched and was recycled"),
    NoticeKind.INVARIANT: ("late", "A health check failed"),
}
"""Icon and words of each kind, behind the lead's name."""


@require_GET
@cache_control(private=True, no_store=True)
def notices(request: PageRequest) -> HttpResponse:
    """List the latest notices; asked by htmx, only the bell's count."""
    mine = notices_visible_to(request.user)
    if request.htmx:
        return render(request, "web/partials/bell.html")
    latest = mine.select_related("handoff__lead__account").order_by("-at", "-pk")[:SHOWN]
    lines = [(notice, *_words(notice)) for notice in latest]
    return render(request, "web/notices.html", {"lines": lines})


@require_POST
def read_all(request: PageRequest) -> HttpResponse:
    """Mark every notice of this person read."""
    mark_read(notices_visible_to(request.user), at=timezone.now())
    return redirect("web:notices")


@require_POST
def read(request: PageRequest, pk: int) -> HttpResponse:
    """Mark one notice read and go to its handoff."""
    mine = notices_visible_to(request.user).filter(pk=pk)
    mark_read(mine, at=timezone.now())
    handoff = mine.values_list("handoff__public_id", flat=True).first()
    if handoff is None:
        return redirect("web:notices")
    return redirect("web:handoff", public_id=handoff)


def _words(notice: Notice) -> tuple[str, str]:
    return WORDS[NoticeKind(notice.kind)]
