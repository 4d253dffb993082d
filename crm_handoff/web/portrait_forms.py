"""The form by which people imagine a lead: what is known, what it did, what people answered."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from crm_handoff.agreements import values
from crm_handoff.web.portrait_offers import Asked, Choices, Offers
from crm_handoff.web.touch_forms import CHANNELS, TOUCHES, TouchForms
from leads import evaluations
from leads.portraits import Portrait

UNKNOWN = lazy("Not known")
TEXTS = frozenset(
    {
        "job_title",
        "region",
        "language",
        "product_line",
        "industry",
        "funding_stage",
        "account_tier",
    }
)
FLAGS = frozenset({"is_target_account", "is_customer", "has_account", "phone_is_known"})
AMOUNTS = frozenset({"revenue", "expected_acv"})
KEYS = frozenset({"source", "persona", "country"})
FIELDS = (
    "job_title",
    "employee_count",
    "industry",
    "country",
    "region",
    "expected_acv",
    "revenue",
    "funding_stage",
    "account_tier",
    "technologies",
    "product_line",
    "source",
    "persona",
    "email",
    "language",
    "is_target_account",
    "is_customer",
    "has_account",
    "phone_is_known",
)
"""What is known of somebody imagined, in the order in which it is asked."""


class ProfileForm(forms.Form):
    """What is known of somebody imagined, and what people answered about them."""

    job_title = forms.CharField(label=lazy("Job title"), required=False, max_length=200)
    source = forms.ChoiceField(label=lazy("Source"), required=False)
    persona = forms.ChoiceField(label=lazy("Persona"), required=False)
    country = forms.ChoiceField(label=lazy("Country"), required=False)
    region = forms.CharField(label=lazy("Region"), required=False, max_length=64)
    language = forms.RegexField(
        "^[A-Za-z]{2}$",
        label=lazy("Language"),
        required=False,
        help_text=lazy("Two letters, for example de."),
        error_messages={"invalid": lazy("Write two letters, for example de.")},
    )
    product_line = forms.CharField(
        label=lazy("Product line asked for"), required=False, max_length=64
    )
    email = forms.ChoiceField(
        label=lazy("E-mail"),
        required=False,
        choices=[
            ("", pgettext_lazy("e-mail address", "None")),
            ("company", lazy("At the company")),
            ("free", lazy("At a free provider")),
        ],
    )
    phone_is_known = forms.BooleanField(label=lazy("Phone number is known"), required=False)
    expected_acv = forms.DecimalField(
        label=lazy("Expected yearly value"),
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
    )
    has_account = forms.BooleanField(label=lazy("Belongs to a known company"), required=False)
    industry = forms.CharField(label=lazy("Industry"), required=False, max_length=64)
    employee_count = forms.IntegerField(
        label=lazy("People in the company"), required=False, min_value=0, max_value=2_000_000_000
    )
    revenue = forms.DecimalField(
        label=lazy("Yearly revenue"), required=False, min_value=0, max_digits=14, decimal_places=2
    )
    funding_stage = forms.CharField(label=lazy("Funding stage"), required=False, max_length=32)
    account_tier = forms.CharField(label=lazy("Account tier"), required=False, max_length=32)
    technologies = forms.CharField(
        label=lazy("Technologies"),
        required=False,
        max_length=500,
        help_text=lazy("Separated by commas."),
    )
    is_target_account = forms.BooleanField(label=lazy("Target account"), required=False)
    is_customer = forms.BooleanField(label=lazy("Is a customer already"), required=False)

    def __init__(self, *args: Any, offers: Offers, **options: Any) -> None:
        super().__init__(*args, **options)
        self.offers = offers
        self._offer("source", offers.sources)
        self._offer("persona", offers.personas)
        self._offer("country", values.countries())
        for what, asked in offers.asked.items():
            self._ask(_answer(what), asked)
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs["class"] = "input"
        self.fields["industry"].widget.attrs["list"] = "industries"

    def _ask(self, name: str, asked: Asked) -> None:
        """Offer the answers that count, and the one that was given."""
        answers = [json.dumps(one) for one in asked.answers]
        given = self.initial.get(name)
        answers += [given] if given and given not in answers else []
        self.fields[name] = forms.ChoiceField(
            label=capfirst(asked.words),
            required=False,
            choices=[
                ("", _("Nobody answered")),
                *((answer, values.words(json.loads(answer))) for answer in answers),
            ],
        )

    def _offer(self, name: str, choices: Choices) -> None:
        """Offer choices, and what was chosen before although it is not among them any more."""
        chosen = self.initial.get(name)
        known = {key for key, _label in choices}
        more = [(chosen, chosen)] if chosen and chosen not in known else []
        field: Any = self.fields[name]
        field.choices = [("", UNKNOWN), *choices, *more]

    @property
    def looked_at(self) -> list[forms.BoundField]:
        """The fields that the agreement looks at."""
        return [self[name] for name in FIELDS if name in self.offers.fields]

    @property
    def further(self) -> list[forms.BoundField]:
        """The fields that it does not look at, but another version may."""
        return [self[name] for name in FIELDS if name not in self.offers.fields]

    @property
    def about_answers(self) -> list[forms.BoundField]:
        """The fields for what people answered."""
        return [self[_answer(what)] for what in self.offers.asked]

    def profile(self) -> dict[str, Any]:
        """Return what is known, by fact; nothing that is blank."""
        said = self.cleaned_data
        known = {
            name: evaluations.plain(said[name])
            for name in (*TEXTS, *KEYS, *FLAGS, *AMOUNTS, "employee_count")
        }
        known["language"] = str(known["language"]).lower()
        known["technologies"] = [
            word.strip() for word in said["technologies"].split(",") if word.strip()
        ]
        known["email_is_known"] = bool(said["email"])
        known["email_is_free_mail"] = said["email"] == "free"
        return {name: known[name] for name in sorted(known) if not _is_blank(known[name])}

    def answers(self) -> dict[str, Any]:
        """Return what people answered, by what was asked."""
        given = {what: self.cleaned_data[_answer(what)] for what in self.offers.asked}
        return {what: json.loads(answer) for what, answer in given.items() if answer}


def _answer(what: str) -> str:
    return f"answer_{what}"


def _is_blank(value: Any) -> bool:
    # Nobody works at a company of no people, so zero says something.
    return value is None or value is False or value in ("", [])


class PortraitForm:
    """The whole form: `profile` with the answers, and `touches`."""

    def __init__(
        self, offers: Offers, data: QueryDict | None = None, *, initial: Portrait | None = None
    ) -> None:
        portrait = initial or Portrait()
        self.offers = offers
        self.is_bound = data is not None
        self.profile = ProfileForm(data, offers=offers, initial=_initial(portrait))
        self.touches = cast(
            TouchForms,
            TOUCHES(
                data,
                prefix="did",
                initial=_rows(portrait.touchpoints),
                form_kwargs={"offers": offers},
            ),
        )
        self.channels = CHANNELS

    def is_valid(self) -> bool:
        """Say whether everything that was sent can be understood."""
        return all([self.profile.is_valid(), self.touches.is_valid()])

    def portrait(self) -> Portrait:
        """Return whom the form describes, once it is valid."""
        return Portrait(self.profile.profile(), self.touches.touchpoints(), self.profile.answers())


def _initial(portrait: Portrait) -> dict[str, Any]:
    said = portrait.profile
    email = "free" if said.get("email_is_free_mail") else "company"
    return {
        **said,
        "technologies": ", ".join(said.get("technologies") or ()),
        "email": email if said.get("email_is_known") or email == "free" else "",
        **{_answer(what): json.dumps(value) for what, value in portrait.answers.items()},
    }


def _rows(touchpoints: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**done, "colleague": str(done.get("colleague") or "")} for done in touchpoints]
