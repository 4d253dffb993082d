"""Forms of the product's pages; what must never be untrue is held below them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_handoff.web import deadlines
from crm_handoff.web.checklists import SENTENCES, Known
from crm_handoff.web.criteria import ASKED_FOR, Choices
from definitions.enums import AttemptKind, Checklist
from definitions.words import is_blank
from leads.enums import OpportunityStage
from routing.attempts import TooFewAttempts, Tried
from routing.confirmations import QUESTIONS, ChecklistAnswer
from routing.enums import AttemptOutcome
from routing.followups import Plan
from routing.models import RejectionReason

AGAIN = {
    AttemptKind.CALL: gettext_lazy("Call again"),
    AttemptKind.CHAT: gettext_lazy("Chat again"),
    AttemptKind.EMAIL: gettext_lazy("Write again"),
    AttemptKind.MEETING: gettext_lazy("Meet"),
    AttemptKind.MESSAGE: gettext_lazy("Write again"),
}
"""The next step of whoever chooses a time and a way, but no words."""


class WhenForm(forms.Form):
    """A time that is still to come: a quick choice, or picked; `due_at` once it is valid."""

    when = forms.ChoiceField(
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose when.")},
    )
    pick = forms.DateTimeField(
        required=False,
        error_messages={"invalid": gettext_lazy("Pick a day and a time.")},
    )
    never: Any = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quick = deadlines.choices(at=timezone.now())
        none = [("", self.never)] if self.never else []
        self.fields["when"].choices = [*none, *quick, ("pick", _("Pick a time"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["due_at"] = self._instant(cleaned)
        return cleaned

    def _instant(self, cleaned: Mapping[str, Any]) -> datetime | None:
        at, when = timezone.now(), cleaned.get("when")
        if when != "pick":
            return deadlines.instants(at=at).get(when or "")
        picked: datetime | None = cleaned.get("pick")
        if picked is None and "pick" not in self.errors:
            self.add_error("pick", _("Pick a day and a time."))
        elif picked is not None and picked <= at:
            self.add_error("pick", _("Choose a time that is still to come."))
        elif picked is not None and not deadlines.is_in_reach(picked, at=at):
            self.add_error("pick", deadlines.TOO_FAR)
        return picked


class AttemptForm(WhenForm):
    """How somebody was contacted, what came of it, and what is next."""

    kind = forms.ChoiceField(
        choices=AttemptKind.choices, initial=AttemptKind.CALL, widget=forms.RadioSelect
    )
    outcome = forms.ChoiceField(
        choices=AttemptOutcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what came of it.")},
    )
    note = forms.CharField(required=False, max_length=4000)
    next_step = forms.CharField(required=False, max_length=200)
    next_kind = forms.ChoiceField(
        choices=AttemptKind.choices, initial=AttemptKind.CALL, required=False
    )
    never = gettext_lazy("No reminder")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["when"].required = False

    def said(self) -> dict[str, Any]:
        """Return what was said of the attempt, once the form is valid."""
        cleaned = self.cleaned_data
        step: str | Plan = cleaned["next_step"]
        if cleaned["due_at"] is not None:
            kind = AttemptKind(cleaned["next_kind"] or cleaned["kind"])
            step = Plan(cleaned["next_step"] or str(AGAIN[kind]), kind, cleaned["due_at"])
        return {name: cleaned[name] for name in ("kind", "outcome", "note")} | {"next_step": step}


class TaskForm(WhenForm):
    """What is to be done about a lead, how and when."""

    what = forms.CharField(
        max_length=200,
        error_messages={
            "required": gettext_lazy("Say what is to be done, for example “Send the offer”.")
        },
    )
    kind = forms.ChoiceField(
        choices=AttemptKind.choices, initial=AttemptKind.CALL, widget=forms.RadioSelect
    )

    def said(self) -> dict[str, Any]:
        """Return what was said of the task, once the form is valid."""
        return {name: self.cleaned_data[name] for name in ("what", "kind", "due_at")}


class RejectForm(forms.Form):
    """Why leads are refused: a reason and a comment, always."""

    reason = forms.ModelChoiceField(
        RejectionReason.objects.none(),
        error_messages={
            "required": gettext_lazy("Choose the reason that fits best."),
            "invalid_choice": gettext_lazy("This reason is no longer in use. Choose another."),
        },
    )
    comment = forms.CharField(
        max_length=4000,
        error_messages={
            "required": gettext_lazy("Say in a sentence what was wrong: marketing learns from it.")
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = RejectionReason.objects.filter(is_active=True)
        self.fields["reason"].queryset = reasons.order_by("position", "pk")  # type: ignore[attr-defined]

    def clean_comment(self) -> str:
        comment: str = self.cleaned_data["comment"]
        if is_blank(comment):
            raise forms.ValidationError(self.fields["comment"].error_messages["required"])
        return comment


class RejectLeadForm(RejectForm):
    """Why one lead is refused, and which criterion of its agreement it misses.

    criteria: those that the rejection may name, in groups. It is asked for one when the reason
        accuses what the agreement is about, and need not name any.
    lacking: reasons that take more attempts than were made, and what they still take.
    """

    criterion_key = forms.ChoiceField(
        required=False,
        error_messages={
            "invalid_choice": gettext_lazy("The agreement has no such criterion. Choose another.")
        },
    )

    def __init__(
        self,
        *args: Any,
        criteria: Choices,
        lacking: Mapping[RejectionReason, Tried],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.criteria, self.lacking = criteria, lacking
        self.fields["criterion_key"].choices = [("", ""), *criteria]  # type: ignore[attr-defined]

    def clean_reason(self) -> RejectionReason:
        reason: RejectionReason = self.cleaned_data["reason"]
        if reason in self.lacking:
            raise forms.ValidationError(str(TooFewAttempts(reason, self.lacking[reason])))
        return reason

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        reason = said.get("reason")
        # Whoever changed their mind about the reason has no criterion on the screen any more.
        if reason is not None and reason.category not in ASKED_FOR:
            said["criterion_key"] = ""
        return said


class ConfirmForm(forms.Form):
    """The questions of a checklist: for each an answer, and how it is known.

    `known` fills in what the product knows already, by question.
    """

    def __init__(
        self, *args: Any, checklist: str, known: Mapping[str, Known] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = QUESTIONS[Checklist(checklist)]
        self.known = known or {}
        for key in self.questions:
            self._ask(key)

    def _ask(self, key: str) -> None:
        known = self.known.get(key)
        self.fields[key] = forms.CharField(
            label=SENTENCES[key],
            max_length=500,
            initial=known.answer if known else "",
            error_messages={"required": _("Answer this one.")},
        )
        self.fields[f"{key}_evidence"] = forms.CharField(
            label=_("How you know"),
            max_length=1000,
            initial=known.evidence if known else "",
            error_messages={"required": _("Say how you know: a call, a mail, a name.")},
        )

    def items(self) -> list[dict[str, Any]]:
        """Return each question: its name, its two fields, and what is known of it."""
        return [
            {
                "key": key,
                "answer": self[key],
                "evidence": self[f"{key}_evidence"],
                "known": self.known.get(key),
            }
            for key in self.questions
        ]

    def answers(self) -> dict[str, ChecklistAnswer]:
        """Return the answers, once the form is valid."""
        return {
            key: ChecklistAnswer(
                value=self.cleaned_data[key], evidence=self.cleaned_data[f"{key}_evidence"]
            )
            for key in self.questions
        }


class OpportunityForm(forms.Form):
    """What a lead may become."""

    name = forms.CharField(
        max_length=200,
        error_messages={"required": gettext_lazy("Give the opportunity a name.")},
    )
    amount = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        localize=True,
        error_messages={"invalid": gettext_lazy("Write the amount in digits, for example 48000.")},
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}\Z",
        required=False,
        error_messages={"invalid": gettext_lazy("A currency is three letters, for example EUR.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["currency"] = (cleaned.get("currency") or "").upper()
        if cleaned.get("amount") is not None and not cleaned["currency"]:
            self.add_error("currency", _("Which currency? For example EUR."))
        return cleaned


class OutcomeForm(forms.Form):
    """How an opportunity ended."""

    outcome = forms.ChoiceField(
        choices=[
            (stage.value, stage.label) for stage in (OpportunityStage.WON, OpportunityStage.LOST)
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose won or lost.")},
    )
    loss_reason = forms.CharField(required=False, max_length=200)
