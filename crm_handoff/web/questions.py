"""Questions that leads wait for: who is asked, until when, and the page on which to answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from crm_handoff.clock import database_now
from crm_handoff.pages import LookAhead
from crm_handoff.people import access
from crm_handoff.people.access.leads import questions_for, questions_visible_to
from crm_handoff.web import packets
from crm_handoff.web.clocks import Clock, clock_of_timer
from crm_handoff.web.requests import PageRequest
from definitions.queries import agreement_of
from definitions.words import is_blank
from leads.models import Touchpoint
from routing import review_tasks
from routing.calendar import BusinessHours
from routing.enums import ReviewTaskState
from routing.hours import AROUND_THE_CLOCK, default_hours
from routing.models import ReviewTask, SlaTimer
from routing.review_tasks import AnswerHoldsTooLong, QuestionClosed

SHOWN = 50
"""Questions of one page."""

RECENT, ALL_RECENT = 3, 10
"""Touchpoints shown of a lead: in the list, and beside its question."""

MINE, EVERYBODYS, ANSWERED = "mine", "all", "answered"


@dataclass(frozen=True, slots=True)
class Row:
    """A question with its clock and whom it is about."""

    task: ReviewTask
    clock: Clock | None
    company: packets.Company
    recent: Sequence[Touchpoint]
    is_mine: bool


class AnswerForm(forms.Form):
    """Yes or no, how that is known, and the last day on which it counts."""

    answer = forms.ChoiceField(
        choices=(("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose yes or no.")},
    )
    evidence = forms.CharField(
        max_length=4000,
        error_messages={"required": gettext_lazy("Say in a sentence how you know.")},
    )
    until = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={
            "required": gettext_lazy("Choose the last day on which the answer counts."),
            "invalid": gettext_lazy("Choose the last day on which the answer counts."),
        },
    )

    def __init__(self, *args: Any, at: datetime, valid_days: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.latest = timezone.localtime(at + timedelta(days=valid_days)).date()
        self.first = timezone.localtime(at).date()
        self.valid_days = valid_days
        self.fields["until"].initial = self.latest

    def clean_evidence(self) -> str:
        said: str = self.cleaned_data["evidence"]
        if is_blank(said):
            raise forms.ValidationError(self.fields["evidence"].error_messages["required"])
        return said

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not self.first <= until <= self.latest:
            raise forms.ValidationError(
                _("The agreement lets an answer count for up to %(days)s days.")
                % {"days": self.valid_days}
            )
        return until

    def said(self) -> dict[str, Any]:
        """Return what was answered, once the form is valid."""
        until: date = self.cleaned_data["until"]
        ends_at = timezone.make_aware(datetime.combine(until + timedelta(days=1), time()))
        return {
            "is_yes": self.cleaned_data["answer"] == "yes",
            "evidence": self.cleaned_data["evidence"],
            # On the last day that the agreement allows, the answer ends with the allowed time.
            "expires_at": None if until == self.latest else ends_at,
        }


@require_GET
@cache_control(private=True, no_store=True)
@permission_required("routing.view_reviewtask", raise_exception=True)
def questions(request: PageRequest) -> HttpResponse:
    """List open questions, due first: one's own, or everybody's; or those answered."""
    shown = _shown(request)
    page = LookAhead(_listed(request, shown), SHOWN).get_page(request.GET.get("page"))
    context = {
        "rows": _rows(request, page),
        "page": page,
        "shown": shown,
        "counts": _counts(request),
        "now": str(timezone.now().timestamp()),
    }
    return render(request, "web/questions.html", context)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required("routing.view_reviewtask", raise_exception=True)
def question_answer(request: PageRequest, question: UUID) -> HttpResponse:
    """Show a question with what was seen of the lead; answer it, and go on to the next."""
    task = get_object_or_404(_told(questions_visible_to(request.user)), public_id=question)
    may_answer = questions_for(request.user).filter(pk=task.pk).exists()
    days, at = task.valid_days, timezone.now()
    if request.method == "GET":
        return _show(request, task, AnswerForm(at=at, valid_days=days), may_answer=may_answer)
    if not may_answer:
        raise PermissionDenied
    form = AnswerForm(request.POST, at=at, valid_days=days)
    if not form.is_valid():
        return _show(request, task, form, may_answer=True, status=422)
    try:
        review_tasks.answer(task.pk, by=request.user, at=database_now(), **form.said())
    except QuestionClosed as refusal:
        messages.error(request, str(refusal))
        return redirect("web:questions")
    except AnswerHoldsTooLong as refusal:
        form.add_error("until", str(refusal))
        return _show(request, task, form, may_answer=True, status=422)
    return _next(request, task)


def _shown(request: PageRequest) -> str:
    said = request.GET.get("show", "")
    if said in (MINE, EVERYBODYS, ANSWERED):
        return said
    return MINE if request.user.has_perm("routing.answer_reviewtask") else EVERYBODYS


def _listed(request: PageRequest, shown: str) -> QuerySet[ReviewTask]:
    if shown == ANSWERED:
        closed = questions_visible_to(request.user).filter(state=ReviewTaskState.ANSWERED)
        return _told(closed).order_by("-closed_at", "-pk")
    ask = questions_for if shown == MINE else questions_visible_to
    waiting = ask(request.user).filter(state=ReviewTaskState.OPEN)
    return _told(waiting).order_by(F("timers__due_at").asc(nulls_last=True), "pk")


def _told(tasks: QuerySet[ReviewTask]) -> QuerySet[ReviewTask]:
    """Fetch what a page says of questions; a few queries for any number."""
    recent = Touchpoint.objects.filter(is_bot=False).select_related("kind", "asset")
    return tasks.select_related(
        "lead__account",
        "lead__latest_evaluation",
        "owner",
        "answered_by",
        "assertion",
        "version__definition",
    ).prefetch_related(
        "timers",
        Prefetch(
            "lead__touchpoints",
            recent.order_by("-occurred_at", "-pk")[:ALL_RECENT],
            to_attr="recent",
        ),
    )


def _counts(request: PageRequest) -> dict[str, int]:
    is_open = Q(state=ReviewTaskState.OPEN)
    counted = questions_visible_to(request.user).aggregate(all=Count("pk", filter=is_open))
    mine = questions_for(request.user).filter(is_open)
    return {MINE: mine.count(), EVERYBODYS: counted["all"]}


def _rows(request: PageRequest, tasks: Sequence[ReviewTask]) -> list[Row]:
    at, hours = timezone.now(), default_hours()
    return [_row(task, request.user.pk, hours, at=at) for task in tasks]


def _row(task: ReviewTask, viewer_id: int, hours: BusinessHours, *, at: datetime) -> Row:
    timer = next(iter(task.timers.all()), None)
    return Row(
        task=task,
        clock=_clock(timer, hours, at=at) if timer else None,
        company=packets.company_of(task.lead),
        recent=task.lead.recent[:RECENT],  # type: ignore[attr-defined]  # prefetched
        is_mine=task.owner_id == viewer_id,
    )


def _clock(timer: SlaTimer, hours: BusinessHours, *, at: datetime) -> Clock:
    counted = hours if timer.is_business_time else AROUND_THE_CLOCK
    return clock_of_timer(timer, hours=counted, at=at)


def _show(
    request: PageRequest,
    task: ReviewTask,
    form: AnswerForm,
    *,
    may_answer: bool,
    status: int = 200,
) -> HttpResponse:
    row = _row(task, request.user.pk, default_hours(), at=timezone.now())
    can_open = access.leads.visible_to(request.user).filter(pk=task.lead_id).exists()
    context = {
        "row": row,
        "task": task,
        "lead": task.lead,
        "recent": task.lead.recent,  # type: ignore[attr-defined]  # prefetched
        "evaluation": task.lead.latest_evaluation,
        "criteria": _criteria(task),
        "form": form,
        "may_answer": may_answer and task.state == ReviewTaskState.OPEN,
        "can_open_lead": can_open,
        "now": str(timezone.now().timestamp()),
    }
    return render(request, "web/question.html", context, status=status)


def _criteria(task: ReviewTask) -> list[str]:
    """Return the labels of the criteria that wait for the answer."""
    return [
        criterion.label
        for criterion in agreement_of(task.version).criteria
        if criterion.ref.fact == task.key or criterion.ref.parameter("what") == task.key
    ]


def _next(request: PageRequest, task: ReviewTask) -> HttpResponse:
    """Thank, and go on to the next question that waits for this person."""
    messages.success(request, _("Answered: %(lead)s.") % {"lead": task.lead})
    waiting = questions_for(request.user).filter(state=ReviewTaskState.OPEN)
    following = waiting.order_by(F("timers__due_at").asc(nulls_last=True), "pk").first()
    if following is None:
        return redirect("web:questions")
    return redirect("web:question_answer", question=following.public_id)
