"""The page that each role starts from."""

from django.http import HttpResponseRedirect
from django.shortcuts import redirect

from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web.navigation import is_rep
from crm_handoff.web.requests import PageRequest


def home(request: PageRequest) -> HttpResponseRedirect:
    """Send reps to their queue, managers to the team, marketing to the funnel."""
    user = request.user
    if is_rep(request):
        return redirect("web:queue")
    if user.has_perm("routing.answer_any_handoff"):
        return redirect("web:team")
    if user.has_perm(SEE_EVERYONES_LEADS):
        return redirect("web:funnel")
    return redirect("web:notices")
