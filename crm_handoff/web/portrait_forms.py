"""The form by which people imagine a lead: what is known, what it did, what people answered."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from crm_handoff.agreements import values
from definitions.agreement import Agreement, CompiledCriterion, CompiledScoreRule
from definitions.models import TouchpointKind
from definitions.vocabulary import Operator
from leads import evaluations, portraits
from leads.models import Campaign, Persona, Source
from leads.portraits import COMPANY_FACTS, PERSON_FACTS, Portrait

Choices = list[tuple[str, Any]]

MOST_CHOICES = 300
"""Campaigns, sources and personas that are offered."""

MOST_COLLEAGUES = 5
BLANK_ROWS = 2
"""Touchpoints that can be added before the form is sent, without a script."""

CHANNELS = ("web", "email", "event", "phone", "chat", "paid", "social", "organic", "partner")
"""Channels that are proposed; any other word may be written."""

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


@dataclass(frozen=True, slots=True)
class Offers:
    """What the form offers to choose from; `asked` are answers by what is asked.

    `fields` are those that the agreement looks at; all of them while there is none.
    """

    kinds: Choices
    sources: Choices
    personas: Choices
    campaigns: Choices
    asked: Mapping[str, "Asked"]
    industries: tuple[str, ...]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that people answer: in words, with the answers that count."""

    words: str
    answers: tuple[Any, ...]


def offers_of(agreement: Agreement | None, *, answered: Iterable[str] = ()) -> Offers:
    """Return what to offer for trying an agreement; four queries.

    answered: what has an answer already, whether or not the agreement asks for it.
    """
    kinds = dict(TouchpointKind.objects.order_by("name").values_list("key", "name"))
    if agreement:
        kinds |= {key: values.plain(key) for key in sorted(agreement.kinds.keys() - kinds.keys())}
    asked = _asked(agreement) if agreement else {}
    for what in answered:
        asked.setdefault(what, Asked(values.plain(what), (True, False)))
    return Offers(
        kinds=list(kinds.items()),
        sources=_named(Source),
        personas=_named(Persona),
        campaigns=_named(Campaign),
        asked=asked,
        industries=_industries(agreement) if agreement else (),
        fields=_looked_at(agreement) if agreement else COMPANY_FACTS | PERSON_FACTS,
    )


def _named(model: type[Source] | type[Persona] | type[Campaign]) -> Choices:
    rows = model._default_manager.order_by("name", "pk").values_list("key", "name")
    return list(rows[:MOST_CHOICES])


def _asked(agreement: Agreement) -> dict[str, Asked]:
    """Return what an agreement wants answered by people, with the answers that it names."""
    words = {question.key: question.question for question in agreement.questions}
    found: dict[str, list[Any]] = {key: [] for key in words}
    for criterion in agreement.criteria:
        if criterion.ref.fact in ("asserted", "buying_team_confirmed"):
            what = str(criterion.ref.parameter("what", criterion.ref.fact))
            wanted = criterion.wanted if isinstance(criterion.wanted, list) else [criterion.wanted]
            found.setdefault(what, []).extend(wanted)
    return {
        what: Asked(
            words.get(what) or values.plain(what),
            tuple(dict.fromkeys([*(one for one in wanted if isinstance(one, str)), True, False])),
        )
        for what, wanted in found.items()
    }


READ_OFF = {
    "title_authority": "job_title",
    "title_confidence": "job_title",
    "email_is_known": "email",
    "email_is_free_mail": "email",
}
"""Fields by the facts that are read off them, where they are called otherwise."""


def _looked_at(agreement: Agreement) -> frozenset[str]:
    """Return the fields by which an agreement judges, or chooses whom."""
    asked = (ref.fact for ref in (*agreement.refs, *agreement.segment_refs))
    return frozenset(READ_OFF.get(fact, fact) for fact in asked)


def _industries(agreement: Agreement) -> tuple[str, ...]:
    rows: list[CompiledCriterion | CompiledScoreRule] = []
    rows += agreement.criteria
    rows += agreement.score_rules
    named = [
        one.wanted if isinstance(one.wanted, list) else [one.wanted]
        for one in rows
        if one.ref.fact == "industry" and one.operator not in (Operator.KNOWN, Operator.UNKNOWN)
    ]
    return tuple(sorted({str(name) for names in named for name in names}))


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
