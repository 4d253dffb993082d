"""Several leads of the queue at once, where that is safe; never a rejection."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.access.handoffs import may_answer
from crm_handoff.web.answers import HOLDER
from crm_handoff.web.outcomes import REFUSALS, Outcome, say
from crm_handoff.web.requests import PageRequest
from definitions.enums import AttemptKind
from routing import handoffs
from routing.enums import AttemptOutcome
from routing.models import Handoff

MOST = 50
"""Leads in one go."""

Act = Callable[[Handoff], object]


@require_POST
@permission_required(HOLDER, raise_exception=True)
def accept(request: PageRequest) -> HttpResponse:
    """Accept the selected leads, each by itself; one undo takes back all that were accepted."""
    done, refused = _each(
        request,
        _chosen(request, request.POST),
        lambda one: handoffs.accept(
            one.pk, by=request.user, at=database_now(), held_by=one.rep_id
        ),
    )
    said = ngettext("%(count)s lead accepted.", "%(count)s leads accepted.", len(done))
    undo = _undo_address(done)
    return _say(request, said % {"count": len(done)}, refused, undo=undo, is_any=bool(done))


@require_POST
@permission_required(HOLDER, raise_exception=True)
def wrote(request: PageRequest) -> HttpResponse:
    """Log for each of the selected leads that they were sent an e-mail."""
    done, refused = _each(
        request,
        _chosen(request, request.POST),
        lambda one: handoffs.attempt(
            one.pk,
            by=request.user,
            kind=AttemptKind.EMAIL,
            outcome=AttemptOutcome.LEFT_MESSAGE,
            at=database_now(),
        ),
    )
    said = ngettext(
        "E-mail logged for %(count)s lead.", "E-mail logged for %(count)s leads.", len(done)
    )
    return _say(request, said % {"count": len(done)}, refused, is_any=bool(done))


@require_POST
@permission_required(HOLDER, raise_exception=True)
def undo(request: PageRequest) -> HttpResponse:
    """Take back what was accepted together, each by itself, within its 30 seconds."""
    done, refused = _each(
        request,
        _chosen(request, request.GET),
        lambda one: handoffs.undo(one.pk, by=request.user, at=database_now()),
    )
    said = ngettext(
        "%(count)s lead waits as before.", "%(count)s leads wait as before.", len(done)
    )
    return _say(request, said % {"count": len(done)}, refused, is_any=bool(done))


def _chosen(request: PageRequest, said: QueryDict) -> list[Handoff]:
    """Return the chosen handoffs that this person may see, in the order of their numbers."""
    try:
        visible = access.handoffs.visible_to(request.user).filter(
            public_id__in=said.getlist("handoff")[:MOST]
        )
        return list(visible.select_related("lead", "rep").defer("packet").order_by("pk"))
    except ValidationError:  # something that is no id at all
        return []


def _each(
    request: PageRequest, chosen: Sequence[Handoff], act: Act
) -> tuple[list[Handoff], list[str]]:
    """Act on each by itself; return those done, and a sentence for each refused."""
    done, refused = [], []
    for one in chosen:
        try:
            if may_answer(request.user, one):
                act(one)
                done.append(one)
            else:
                refused.append(_("%(lead)s: somebody else holds this lead.") % {"lead": one.lead})
        except REFUSALS as refusal:
            refused.append(f"{one.lead}: {refusal}")
    return done, refused


def _undo_address(done: Sequence[Handoff]) -> str:
    if not done:
        return ""
    chosen = urlencode([("handoff", str(one.public_id)) for one in done])
    return f"{reverse('web:undo_many')}?{chosen}"


def _left_out(count: int) -> str:
    said = ngettext(
        "%(count)s more lead was left as it is: choose %(most)s at most.",
        "%(count)s more leads were left as they are: choose %(most)s at most.",
        count,
    )
    return said % {"count": count, "most": MOST}


def _say(
    request: PageRequest, said: str, refused: Sequence[str], *, is_any: bool, undo: str = ""
) -> HttpResponse:
    left = len(request.POST.getlist("handoff")) - MOST
    if left > 0:
        refused = [*refused, _left_out(left)]
    if not is_any and not refused:
        said = _("Select leads first: with x, or by the box before their names.")
    outcome = Outcome(said, undo, is_refused=not is_any, details=tuple(refused))
    return say(request, outcome, back=reverse("web:queue"))
