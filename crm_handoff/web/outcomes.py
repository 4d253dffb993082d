"""What came of an act, said where the person is: a toast in the queue, else on the lead's page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event

from crm_handoff import reasons
from crm_handoff.web.requests import PageRequest
from leads.lifecycle import InvalidTransition
from routing import absences, assignment, followups, handoffs, pauses
from routing.bulk_rejections import BatchRefusal
from routing.floor import NotACriterion
from routing.opportunities import OpportunityAlreadyClosed

REFUSALS = (
    absences.AbsenceEndsBeforeItBegins,
    absences.AbsenceOverlaps,
    absences.CannotStandInForThemselves,
    assignment.NoRoom,
    assignment.PullNotAllowed,
    followups.DueInThePast,
    followups.FollowUpEnded,
    followups.WhatRequired,
    handoffs.AttemptRequired,
    handoffs.ChecklistIncomplete,
    handoffs.CommentRequired,
    handoffs.HandoffAlreadyDecided,
    handoffs.HandoffNotHeld,
    handoffs.NotYourAnswer,
    handoffs.NothingToConfirm,
    handoffs.NothingToUndo,
    handoffs.ReasonRetired,
    handoffs.TooFewAttempts,
    handoffs.UndoTooLate,
    BatchRefusal,
    InvalidTransition,
    NotACriterion,
    OpportunityAlreadyClosed,
    pauses.ClockNotRunning,
    pauses.PauseWithoutLimit,
)
"""What the domain answers when somebody was faster or a rule forbids; said as it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said of an act; `undo` is the address that takes it back for 30 seconds."""

    said: str
    undo: str = ""
    is_refused: bool = False
    details: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The tag of a toast."""
        return "error" if self.is_refused else "success"


def done(
    request: PageRequest, act: Callable[[], object], *, said: str, undo: str = "", back: str
) -> HttpResponse:
    """Do it and say so, or say why not; `back` is the page to go to, outside the queue."""
    try:
        act()
    except REFUSALS as refusal:
        return say(request, Outcome(reasons.said(str(refusal)), is_refused=True), back=back)
    return say(request, Outcome(said, undo), back=back)


def say(request: PageRequest, outcome: Outcome, *, back: str) -> HttpResponse:
    """Say what came of an act: in the queue as a toast, elsewhere on the page to go to."""
    if is_in_queue(request):
        return _toast(request, outcome)
    level = messages.ERROR if outcome.is_refused else messages.SUCCESS
    text = " ".join((outcome.said, *outcome.details))
    messages.add_message(request, level, text, extra_tags=outcome.undo)
    if request.htmx:
        return HttpResponseClientRedirect(back)
    return redirect(back)


def is_in_queue(request: PageRequest) -> bool:
    """Say whether the person sees the queue, which draws itself anew."""
    try:
        address = request.htmx.current_url_abs_path if request.htmx else None
    except ValueError:  # a header that no browser sends
        return False
    return (address or "").split("?")[0] == reverse("web:queue")


def _toast(request: PageRequest, outcome: Outcome) -> HttpResponse:
    context: dict[str, Any] = {
        "text": outcome.said,
        "undo": outcome.undo,
        "kind": outcome.kind,
        "details": outcome.details,
    }
    status = 409 if outcome.is_refused else 200
    response = render(request, "web/partials/toast.html", context, status=status)
    if request.htmx.target == "sheet":
        retarget(response, "#toasts")
        reswap(response, "beforeend")
    trigger_client_event(response, "answered", {})
    return trigger_client_event(response, "queue-changed", {})
