"""What a person is told by e-mail, and in which hours they are left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from crm_handoff.clock import database_now
from crm_handoff.integrations import preferences as wishes
from crm_handoff.integrations.models import NoticePreference, QuietHours
from crm_handoff.people import organization
from crm_handoff.people.models import User
from crm_handoff.web.requests import PageRequest
from routing.enums import NoticeKind

NIGHT = {"starts": time(20), "ends": time(7)}
"""Hours offered to whoever has none yet."""

GROUPS: Mapping[Any, Mapping[NoticeKind, tuple[Any, Any]]] = {
    gettext_lazy("Leads that you hold"): {
        NoticeKind.ASSIGNED: (
            gettext_lazy("A lead is yours"),
            gettext_lazy("It was handed to you, with why you and until when."),
        ),
        NoticeKind.WARNING: (
            gettext_lazy("Half of the time is gone"),
            gettext_lazy("Nobody has contacted the lead yet."),
        ),
        NoticeKind.BREACHED: (
            gettext_lazy("A first response is late"),
            gettext_lazy("The promised time is used up; also told to the manager."),
        ),
        NoticeKind.REMINDER: (
            gettext_lazy("A late lead still waits for you"),
            gettext_lazy("A reminder after the promised time, as the agreement has it."),
        ),
        NoticeKind.REASSIGNED_AWAY: (
            gettext_lazy("A lead went to somebody else"),
            gettext_lazy("You held it and need not do anything more."),
        ),
    },
    gettext_lazy("Leads of your team"): {
        NoticeKind.QUEUED: (
            gettext_lazy("A lead waits in your queue"),
            gettext_lazy("It qualified, and no rep could take it."),
        ),
        NoticeKind.ESCALATED: (
            gettext_lazy("A missed response is escalated to you"),
            gettext_lazy("The agreement names you as the one to answer for it."),
        ),
        NoticeKind.MANAGER_TOLD: (
            gettext_lazy("A promise of your team was missed"),
            gettext_lazy("The promised time is used up, and the rep was reminded before."),
        ),
        NoticeKind.SUSPENDED: (
            gettext_lazy("A rep leaves the rotation"),
            gettext_lazy("Too many first responses were missed; told to the rep and the manager."),
        ),
    },
    gettext_lazy("What became of leads"): {
        NoticeKind.REJECTED: (
            gettext_lazy("Sales rejected a lead"),
            gettext_lazy("With the reason and the comment."),
        ),
        NoticeKind.EXPIRED: (
            gettext_lazy("A lead expired untouched"),
            gettext_lazy("Nobody contacted it in seven days, and it was recycled."),
        ),
        NoticeKind.BULK_REJECTED: (
            gettext_lazy("Sales rejected leads of a batch together"),
            gettext_lazy("Too many of the batch were below the criteria floor."),
        ),
    },
    gettext_lazy("The agreement"): {
        NoticeKind.SIGNATURE_WANTED: (
            gettext_lazy("Your signature is wanted"),
            gettext_lazy("A version was submitted: you sign it or refuse it with a reason."),
        ),
        NoticeKind.SIGNATURE_REFUSED: (
            gettext_lazy("A signature was refused"),
            gettext_lazy("With who refused it, and why."),
        ),
        NoticeKind.VERSION_ACTIVE: (
            gettext_lazy("An agreement took effect"),
            gettext_lazy("With what becomes of leads that are under way."),
        ),
        NoticeKind.ACTIVATION_FAILED: (
            gettext_lazy("An agreement could not take effect"),
            gettext_lazy("It is tried again, and the one in force stays in force meanwhile."),
        ),
        NoticeKind.REVIEW_DUE: (
            gettext_lazy("A review is due"),
            gettext_lazy("Both sides look at what the agreement brought about."),
        ),
        NoticeKind.REVIEW_OVERDUE: (
            gettext_lazy("A review is overdue"),
            gettext_lazy("It still waits for a signature two weeks after it was due."),
        ),
        NoticeKind.QUESTION_ASKED: (
            gettext_lazy("A question about a lead is yours"),
            gettext_lazy("The lead waits for an answer that only a person can give."),
        ),
        NoticeKind.SLA_ALERT: (
            gettext_lazy("A signed limit is broken"),
            gettext_lazy("The agreement names you as the one to answer for it."),
        ),
    },
    gettext_lazy("The product"): {
        NoticeKind.INVARIANT: (
            gettext_lazy("A health check failed"),
            gettext_lazy("Something that must always hold does not."),
        ),
    },
}
"""Kinds that can be chosen, each with what happened and more of it, under whom they concern."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of notices as the page offers it."""

    kind: NoticeKind
    title: str
    more: str
    is_wanted: bool

    @property
    def is_fixed(self) -> bool:
        """Whether the agreement leaves no choice."""
        return self.kind in wishes.MANDATORY

    @property
    def is_escalation(self) -> bool:
        """Whether the agreement names who is told."""
        return self.kind == NoticeKind.ESCALATED

    @property
    def can_be_urgent(self) -> bool:
        """Whether it is told at once for a lead of high intent."""
        return self.kind in wishes.URGENT


class QuietForm(forms.Form):
    """Hours in which somebody wants no e-mail."""

    is_on = forms.BooleanField(label=gettext_lazy("Keep quiet hours"), required=False)
    starts = forms.TimeField(label=gettext_lazy("From"), required=False)
    ends = forms.TimeField(label=gettext_lazy("Until"), required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Beginning on"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        required=False,
    )
    lets_high_intent_through = forms.BooleanField(
        label=gettext_lazy("Except leads of high intent"), required=False
    )

    def clean(self) -> dict[str, Any]:
        """Refuse hours that are none; when they are off, nothing else matters."""
        said: dict[str, Any] = self.cleaned_data
        if not said.get("is_on"):
            self.errors.clear()
            return said
        for name in ("starts", "ends"):
            if said.get(name) is None and name not in self.errors:
                self.add_error(name, _("Say a time of day, for example 20:00."))
        if said.get("starts") is not None and said.get("starts") == said.get("ends"):
            self.add_error("ends", _("They begin and end at the same time: say another one."))
        if not said.get("weekdays"):
            self.add_error("weekdays", _("Choose at least one day."))
        return said

    def quiet(self) -> wishes.Quiet | None:
        """Return the hours of a valid form, None when they are off."""
        said = self.cleaned_data
        if not said["is_on"]:
            return None
        return wishes.Quiet(
            starts=said["starts"],
            ends=said["ends"],
            weekdays=tuple(sorted(said["weekdays"])),
            lets_high_intent_through=said["lets_high_intent_through"],
        )


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
def preferences(request: PageRequest) -> HttpResponse:
    """Show and change what one is told by e-mail, and when not."""
    if request.method != "POST":
        return _page(request, QuietForm(initial=_now_of(request.user)), _refused(request.user))
    offered = {kind for group in GROUPS.values() for kind in group} - wishes.MANDATORY
    refused = offered - set(request.POST.getlist("email"))
    form = QuietForm(request.POST)
    if not form.is_valid():
        return _page(request, form, refused, status=422)
    wishes.save(request.user, refused=refused, quiet=form.quiet(), at=database_now())
    messages.success(request, _("What you are told is saved."))
    return redirect("web:preferences")


def _page(
    request: PageRequest, form: QuietForm, refused: set[NoticeKind], *, status: int = 200
) -> HttpResponse:
    groups = [
        (
            title,
            [
                Choice(kind, str(what), str(more), kind not in refused)
                for kind, (what, more) in kinds.items()
            ],
        )
        for title, kinds in GROUPS.items()
    ]
    zone = organization.zone_for(request.user.time_zone)
    chosen = {str(day) for day in form["weekdays"].value() or ()}
    context = {
        "groups": groups,
        "form": form,
        "times": [(form[name], _clock(form[name].value())) for name in ("starts", "ends")],
        "days": [(day, name, str(day) in chosen) for day, name in WEEKDAYS.items()],
        "zone": zone.key,
    }
    return render(request, "web/preferences.html", context, status=status)


def _clock(value: object) -> str:
    """Write a time of day for its input; what somebody typed stays as it is."""
    return f"{value:%H:%M}" if isinstance(value, time) else str(value or "")


def _refused(person: User) -> set[NoticeKind]:
    rows = NoticePreference.objects.filter(person=person, is_wanted=False)
    return {NoticeKind(kind) for kind in rows.values_list("kind", flat=True)}


def _now_of(person: User) -> dict[str, Any]:
    hours = QuietHours.objects.filter(person=person).first()
    if hours is None:
        everyday = list(WEEKDAYS)
        return {**NIGHT, "weekdays": everyday, "lets_high_intent_through": True}
    return {
        "is_on": True,
        "starts": hours.starts,
        "ends": hours.ends,
        "weekdays": hours.weekdays,
        "lets_high_intent_through": hours.lets_high_intent_through,
    }
