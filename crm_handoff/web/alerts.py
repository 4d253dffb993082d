"""A broken limit: who answers for it, what is done about it; and reps out of rotation."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff import alerts
from crm_handoff.people.access.handoffs import alerts_visible_to
from crm_handoff.people.access.people import suspensions_visible_to
from crm_handoff.reports.rates import Rate
from crm_handoff.web.misses import share_of
from crm_handoff.web.requests import PageRequest
from definitions.enums import Side
from routing import suspensions
from routing.models import SlaAlert

MOST_CHARACTERS = 2000


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def sla_alert(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Show a broken limit; a POST keeps what is done about it."""
    visible = alerts_visible_to(request.user).select_related(
        "definition", "told", "acknowledged_by"
    )
    alert = get_object_or_404(visible, public_id=public_id)
    if request.method == "POST":
        return _acknowledge(request, alert)
    return _page(request, alert)


@require_POST
@permission_required("routing.change_suspension", raise_exception=True)
def end_suspension(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Put a rep back into the rotation, and go back to the team."""
    visible = suspensions_visible_to(request.user).select_related("rep__user")
    suspension = get_object_or_404(visible, public_id=public_id)
    try:
        suspensions.end(suspension, by=request.user, at=timezone.now())
    except suspensions.SuspensionAlreadyEnded as error:
        messages.info(request, str(error))
    else:
        said = {"rep": suspension.rep}
        messages.success(request, _("%(rep)s is in the rotation again.") % said)
    return redirect("web:team")


def _acknowledge(request: PageRequest, alert: SlaAlert) -> HttpResponse:
    if not alerts.may_acknowledge(request.user, alert):
        raise PermissionDenied
    comment = request.POST.get("comment", "").replace("\0", "")[:MOST_CHARACTERS]
    try:
        alerts.acknowledge(alert, by=request.user, at=timezone.now(), comment=comment)
    except alerts.NothingSaid as error:
        return _page(request, alert, problem=str(error), status=422)
    except alerts.AlertAlreadyAcknowledged as error:
        messages.info(request, str(error))
    else:
        messages.success(request, _("Kept: reminders end, and both sides see what is done."))
    return redirect("web:sla_alert", public_id=alert.public_id)


def _page(
    request: PageRequest, alert: SlaAlert, *, problem: str = "", status: int = 200
) -> HttpResponse:
    rate = Rate(alert.missed_count, alert.counted)
    context = {
        "alert": alert,
        "share": share_of(rate, limit=float(alert.limit_pct)),
        "is_sales": alert.side == Side.SALES,
        "may_acknowledge": alert.acknowledged_at is None
        and alerts.may_acknowledge(request.user, alert),
        "problem": problem,
        "most": MOST_CHARACTERS,
    }
    return render(request, "web/sla/alert.html", context, status=status)
