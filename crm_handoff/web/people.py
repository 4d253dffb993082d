"""Inviting people, one or many, and the invitations that wait."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import Group
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import invitations, rosters
from crm_handoff.people.access.people import invitations_visible_to
from crm_handoff.people.models import Invitation, User
from crm_handoff.people.roles import Role
from crm_handoff.web.people_forms import InviteForm
from crm_handoff.web.requests import PageRequest
from routing.models import Territory

ADD = "crm_handoff.add_invitation"
CHANGE = "crm_handoff.change_invitation"

MOST_LINES = 200
"""People invited at once; more are pasted in another go."""
SHOWN = 200
"""Invitations on the page, the latest first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one pasted line; `refusal` is blank for somebody who is invited now."""

    line: rosters.Line
    refusal: str


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(ADD, raise_exception=True)
def invite(request: PageRequest) -> HttpResponse:
    """Invite one person, and show the invitations that wait for an answer."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form=form, status=422 if form.errors else 200)
    try:
        invitation = invitations.invite(form.invitee(), by=request.user, at=database_now())
    except invitations.InvitationRefused as refusal:
        form.add_error("email", str(refusal))
        return _page(request, form=form, status=422)
    said = _("%(address)s is invited. The link works for %(days)s days.")
    days = settings.PASSWORD_RESET_TIMEOUT // 86_400
    messages.success(request, said % {"address": invitation.person.email, "days": days})
    return redirect("web:invite")


@require_POST
@cache_control(private=True, no_store=True)
@permission_required(ADD, raise_exception=True)
def invite_many(request: PageRequest) -> HttpResponse:
    """Invite a person a line; say of each line what became of it, and keep those refused."""
    lines = rosters.lines_of(request.POST.get("lines", ""))
    at = database_now()
    territories = rosters.known_territories()
    outcomes = [
        Outcome(line, _invite_line(line, territories, by=request.user, at=at))
        for line in lines[:MOST_LINES]
    ]
    left = [outcome.line.text for outcome in outcomes if outcome.refusal]
    left += [line.text for line in lines[MOST_LINES:]]
    invited = sum(1 for outcome in outcomes if not outcome.refusal)
    context = {
        "outcomes": outcomes,
        "lines": "\n".join(left),
        "is_empty": not lines,
        "invited_count": invited,
        "left_out_count": max(0, len(lines) - MOST_LINES),
    }
    return _page(request, form=InviteForm(), status=200 if invited else 422, **context)


@require_POST
@permission_required(CHANGE, raise_exception=True)
def resend(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Send an invitation again."""
    invitation = _invitation(request, public_id)
    try:
        invitations.resend(invitation, at=database_now())
    except invitations.InvitationRefused as refusal:
        messages.error(request, str(refusal))
    else:
        address = invitation.person.email
        messages.success(request, _("A new link is on its way to %s.") % address)
    return redirect("web:invite")


@require_POST
@permission_required(CHANGE, raise_exception=True)
def revoke(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation = _invitation(request, public_id)
    try:
        invitations.revoke(invitation, by=request.user, at=database_now())
    except invitations.InvitationRefused as refusal:
        messages.error(request, str(refusal))
    else:
        said = _("The invitation of %s is taken back; its link no longer works.")
        messages.success(request, said % invitation.person.email)
    return redirect("web:invite")


def _invite_line(
    line: rosters.Line, territories: dict[str, Territory], *, by: User, at: datetime
) -> str:
    """Invite whom a line names; return why not, else a blank."""
    try:
        invitations.invite(rosters.read(line, territories=territories), by=by, at=at)
    except (rosters.LineUnreadable, invitations.InvitationRefused) as refusal:
        return str(refusal)
    return ""


def _invitation(request: PageRequest, public_id: UUID) -> Invitation:
    visible = invitations_visible_to(request.user).select_related("person")
    return get_object_or_404(visible, public_id=public_id)


def _pending(request: PageRequest) -> QuerySet[Invitation]:
    roles = Prefetch("person__groups", queryset=Group.objects.filter(name__in=Role.values))
    return (
        invitations_visible_to(request.user)
        .filter(accepted_at=None, revoked_at=None)
        .select_related("person", "invited_by")
        .prefetch_related(roles)
        .order_by("-invited_at", "-pk")
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invitation that waits; `is_stale` when the link that was sent last works no more."""

    invitation: Invitation
    roles: str
    is_stale: bool


def _waiting(invitation: Invitation, *, at: datetime) -> Waiting:
    groups = invitation.person.groups.all()
    roles = ", ".join(sorted(str(Role(group.name).label) for group in groups))
    age = at - invitation.sent_at
    return Waiting(invitation, roles, age.total_seconds() > settings.PASSWORD_RESET_TIMEOUT)


def _page(request: PageRequest, *, form: InviteForm, status: int, **more: object) -> HttpResponse:
    at = database_now()
    pending = list(_pending(request)[: SHOWN + 1])
    context = {
        "form": form,
        "waiting": [_waiting(invitation, at=at) for invitation in pending[:SHOWN]],
        "has_more": len(pending) > SHOWN,
        "shown": SHOWN,
        "most_lines": MOST_LINES,
        **more,
    }
    return render(request, "web/invite.html", context, status=status)
