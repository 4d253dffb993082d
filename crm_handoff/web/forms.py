"""Forms of the product's pages; what must never be untrue is held below them."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from definitions.enums import AttemptKind, Checklist
from leads.enums import OpportunityStage
from routing.answers import QUESTIONS, ChecklistAnswer, is_blank
from routing.enums import AttemptOutcome
from routing.models import RejectionReason


class SignInForm(AuthenticationForm):
    """E-mail and password."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "This e-mail address and password do not belong together. "
        "Check both; capital letters count in the password.",
        "inactive": "This account is not active. Ask your RevOps team.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail"
        self.fields["username"].widget = forms.EmailInput(
            {"class": "input", "autocomplete": "username", "autofocus": True}
        )
        self.fields["password"].widget.attrs["class"] = "input"


class AttemptForm(forms.Form):
    """How somebody was contacted, and what came of it."""

    kind = forms.ChoiceField(
        choices=AttemptKind.choices, initial=AttemptKind.CALL, widget=forms.RadioSelect
    )
    outcome = forms.ChoiceField(
        choices=AttemptOutcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what came of it."},
    )
    note = forms.CharField(required=False, max_length=4000)
    next_step = forms.CharField(required=False, max_length=200)


class RejectForm(forms.Form):
    """Why a lead is refused: a reason and a comment, always."""

    reason = forms.ModelChoiceField(
        RejectionReason.objects.none(),
        error_messages={
            "required": "Choose the reason that fits best.",
            "invalid_choice": "This reason is no longer in use. Choose another.",
        },
    )
    comment = forms.CharField(
        max_length=4000,
        error_messages={"required": "Say in a sentence what was wrong: marketing learns from it."},
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


class ConfirmForm(forms.Form):
    """The questions of a checklist: for each an answer, and how it is known."""

    def __init__(self, *args: Any, checklist: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = QUESTIONS[Checklist(checklist)]
        for key in self.questions:
            label = key.replace("_", " ").capitalize()
            self.fields[key] = forms.CharField(
                label=label, max_length=500, error_messages={"required": "Answer this one."}
            )
            self.fields[f"{key}_evidence"] = forms.CharField(
                label=f"{label}: how you know",
                max_length=1000,
                error_messages={"required": "Say how you know: a call, a mail, a name."},
            )

    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return each question's two fields."""
        return [(self[key], self[f"{key}_evidence"]) for key in self.questions]

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
        max_length=200, error_messages={"required": "Give the opportunity a name."}
    )
    amount = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        error_messages={"invalid": "Write the amount in digits, for example 48000."},
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}\Z",
        required=False,
        error_messages={"invalid": "A currency is three letters, for example EUR."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["currency"] = (cleaned.get("currency") or "").upper()
        if cleaned.get("amount") is not None and not cleaned["currency"]:
            self.add_error("currency", "Which currency? For example EUR.")
        return cleaned


class OutcomeForm(forms.Form):
    """How an opportunity ended."""

    outcome = forms.ChoiceField(
        choices=[
            (stage.value, stage.label) for stage in (OpportunityStage.WON, OpportunityStage.LOST)
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose won or lost."},
    )
    loss_reason = forms.CharField(required=False, max_length=200)
