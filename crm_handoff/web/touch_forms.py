"""The rows of a form for what somebody imagined did."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.web.portrait_offers import Choices, Offers
from leads import portraits

MOST_COLLEAGUES = 5
BLANK_ROWS = 2
"""Touchpoints that can be added before the form is sent, without a script."""

CHANNELS = ("web", "email", "event", "phone", "chat", "paid", "social", "organic", "partner")
"""Channels that are proposed; any other word may be written."""


class TouchForm(forms.Form):
    """One thing that somebody imagined did; a row without a kind is none."""

    kind = forms.ChoiceField(label=lazy("What"), required=False)
    channel = forms.CharField(
        label=lazy("Channel"),
        required=False,
        validators=[MaxLengthValidator(32)],
    )
    days_ago = forms.IntegerField(
        label=lazy("Days ago"),
        required=False,
        min_value=0,
        max_value=3_650,
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )
    campaign = forms.ChoiceField(label=lazy("Campaign"), required=False)
    colleague = forms.TypedChoiceField(label=lazy("Who"), required=False, coerce=int)
    asset = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    is_unverified = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, offers: Offers, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds, campaigns = (
            self._choices("kind", offers.kinds),
            self._choices("campaign", offers.campaigns),
        )
        self._field("kind").choices = [("", _("Nothing")), *kinds]
        self._field("campaign").choices = [("", _("No campaign")), *campaigns]
        self._field("colleague").choices = [
            ("", _("The lead")),
            *(
                (str(number), _("Colleague %(number)s") % {"number": number})
                for number in range(1, MOST_COLLEAGUES + 1)
            ),
        ]
        for name in ("kind", "channel", "days_ago", "campaign", "colleague"):
            self.fields[name].widget.attrs["class"] = "input"
        self.fields["channel"].widget.attrs |= {"list": "channels", "placeholder": CHANNELS[0]}
        self.fields["days_ago"].widget.attrs["placeholder"] = "0"

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def _choices(self, name: str, choices: Choices) -> Choices:
        chosen = self.initial.get(name)
        known = {key for key, _label in choices}
        return [*choices, *([(chosen, chosen)] if chosen and chosen not in known else [])]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("kind"):
            said["channel"] = (said.get("channel") or "").strip() or CHANNELS[0]
        return said

    def touchpoint(self) -> dict[str, Any] | None:
        """Return what was done, None when nothing was."""
        said = self.cleaned_data
        if not said.get("kind"):
            return None
        more = {name: said[name] for name in ("campaign", "asset", "is_unverified", "colleague")}
        done = {
            "kind": said["kind"],
            "channel": said["channel"],
            "days_ago": said["days_ago"] or 0,
        }
        return done | {name: value for name, value in more.items() if value}


class TouchForms(forms.BaseFormSet[TouchForm]):
    """What somebody imagined did; rows as many as were sent, up to a hundred."""

    def touchpoints(self) -> list[dict[str, Any]]:
        """Return what was done, latest first."""
        done = [one for form in self.forms if (one := form.touchpoint())]
        return sorted(done, key=lambda one: int(one["days_ago"]))


TOUCHES = forms.formset_factory(
    TouchForm,
    formset=TouchForms,
    extra=BLANK_ROWS,
    max_num=portraits.MOST_TOUCHPOINTS,
    absolute_max=portraits.MOST_TOUCHPOINTS + BLANK_ROWS,
    validate_max=True,
)
