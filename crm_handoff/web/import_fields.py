"""What the columns of a file may mean, in people's words: the fields of each kind of thing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class Kind(StrEnum):
    """How a field is written, which decides what has to be said beside its column."""

    TEXT = "text"
    INSTANT = "instant"
    DAY = "day"
    NUMBER = "number"
    KEY = "key"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a thing; `is_main` ones are shown at once, the others on request."""

    name: str
    label: StrOrPromise
    kind: Kind = Kind.TEXT
    is_main: bool = True
    hint: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a description; `is_optional` ones may stay empty, then they are left out."""

    path: str
    title: StrOrPromise
    about: StrOrPromise
    fields: tuple[Field, ...]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """What a row of a file may be about."""

    label: StrOrPromise
    about: StrOrPromise
    parts: tuple[Part, ...]


def _more(
    name: str, label: StrOrPromise, kind: Kind = Kind.TEXT, hint: StrOrPromise = ""
) -> Field:
    """Return a field that is shown on request."""
    return Field(name, label, kind, is_main=False, hint=hint)


COUNTRY_HINT = _("Names and codes are both understood.")

LEAD_IDENTITY = (
    Field("external_id", _("Id in the other system")),
    Field("email", _("E-mail")),
)
LEAD = (
    *LEAD_IDENTITY,
    Field("first_name", _("First name")),
    Field("last_name", _("Last name")),
    Field("job_title", _("Job title")),
    Field("phone", _("Phone"), hint=_("Becomes an international number by the row's country.")),
    Field("country", _("Country"), hint=COUNTRY_HINT),
    _more("region", _("Region")),
    Field("language", _("Language")),
    _more("product_line", _("Product line asked for")),
    Field("source", _("Source"), Kind.KEY),
    Field("campaign", _("Campaign"), Kind.KEY),
    _more("persona", _("Persona"), Kind.KEY),
    _more("expected_acv", _("Expected annual value"), Kind.NUMBER),
    _more("currency", _("Currency"), hint=_("Three letters, like EUR.")),
    _more("effective_at", _("Since when this holds"), Kind.INSTANT),
    _more("stage", _("Stage"), Kind.WORD, hint=_("In history mode alone.")),
)
ACCOUNT = (
    Field("name", _("Company name")),
    Field("domain", _("Website or domain")),
    Field("country", _("Country of the company"), hint=COUNTRY_HINT),
    Field("industry", _("Industry")),
    Field("employee_count", _("Employees"), Kind.NUMBER),
    _more("region", _("Region")),
    _more("revenue", _("Revenue"), Kind.NUMBER),
    _more("expected_acv", _("Expected annual value"), Kind.NUMBER),
    _more("currency", _("Currency"), hint=_("Three letters, like EUR.")),
    _more("funding_stage", _("Funding stage")),
    _more("tier", _("Tier"), hint=_("How much the company matters, like A, B or strategic.")),
    _more("technologies", _("Technologies")),
    _more("is_target", _("Target account"), Kind.WORD),
    _more("parent_domain", _("Domain of the parent company")),
)
TOUCHPOINT = (
    Field("kind", _("What they did"), Kind.KEY),
    Field("occurred_at", _("When"), Kind.INSTANT),
    Field("external_id", _("Id of the touchpoint")),
    Field("channel", _("Channel")),
    Field("campaign", _("Campaign"), Kind.KEY),
    _more("asset", _("Asset"), Kind.KEY),
    _more("is_verified", _("Verified"), Kind.WORD),
    _more("is_bot", _("Done by a bot"), Kind.WORD),
)
OPPORTUNITY = (
    Field("external_id", _("Id of the deal")),
    Field("stage", _("Stage"), Kind.WORD, hint=_("open, won or lost.")),
    Field("closed_at", _("Closed on"), Kind.INSTANT),
    Field("name", _("Name of the deal")),
    Field("amount", _("Amount"), Kind.NUMBER),
    Field("currency", _("Currency"), hint=_("Three letters, like EUR.")),
    Field("opened_at", _("Opened on"), Kind.INSTANT),
    Field("owner", _("Owner")),
    _more("sourced_by", _("Sourced by")),
    _more("loss_reason", _("Reason of the loss")),
)
CAMPAIGN = (
    Field("key", _("Key of the campaign"), Kind.KEY),
    Field("name", _("Name")),
    Field("source", _("Source"), Kind.KEY),
    Field("starts_on", _("First day"), Kind.DAY),
    Field("ends_on", _("Last day"), Kind.DAY),
    Field("cost", _("Spend"), Kind.NUMBER),
    Field("currency", _("Currency"), hint=_("Three letters, like EUR.")),
)
PERSON = (
    Field("email", _("E-mail")),
    Field("full_name", _("Name")),
    Field("time_zone", _("Time zone"), hint=_("Like Europe/Berlin.")),
)

WHO = Part(
    "lead", _("Whose it is"), _("The lead that the row is about: by id, by e-mail, or both."), LEAD
)
COMPANY = Part(
    "account",
    _("Company"),
    _("Rows without a name and a domain say nothing about a company."),
    ACCOUNT,
    is_optional=True,
)
DID = Part(
    "touchpoints.0",
    _("Touchpoint"),
    _("Something that the lead did, on a day."),
    TOUCHPOINT,
    is_optional=True,
)
DEAL = Part("opportunity", _("Deal"), _("A deal with the lead."), OPPORTUNITY, is_optional=True)

THINGS: Mapping[str, Thing] = {
    "leads": Thing(
        _("Leads"),
        _("People, perhaps with their company"),
        (
            Part("lead", _("Lead"), _("Known by the id, else by the e-mail address."), LEAD),
            COMPANY,
            DID,
            DEAL,
        ),
    ),
    "accounts": Thing(
        _("Accounts"),
        _("Companies"),
        (Part("account", _("Company"), _("Known by the domain, else by the name."), ACCOUNT),),
    ),
    "touchpoints": Thing(
        _("Touchpoints"),
        _("What leads did, on a day"),
        (
            WHO,
            Part("touchpoints.0", _("Touchpoint"), _("Kind and instant are needed."), TOUCHPOINT),
        ),
    ),
    "opportunities": Thing(
        _("Deals"),
        _("Open, won or lost"),
        (WHO, Part("opportunity", _("Deal"), _("Id and stage are needed."), OPPORTUNITY)),
    ),
    "campaigns": Thing(
        _("Campaigns"),
        _("With what was spent on them"),
        (Part("campaign", _("Campaign"), _("Known by the key."), CAMPAIGN),),
    ),
    "people": Thing(
        _("People"),
        _("Colleagues; they cannot sign in before somebody lets them"),
        (Part("person", _("Person"), _("Known by the e-mail address."), PERSON),),
    ),
}
"""What a file may hold; the keys are those that a mapping answers to as `holds`."""


def parts_of(holds: str, document: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the parts in which a document is shown: one for each touchpoint that it has."""
    touchpoints = document.get("touchpoints")
    count = len(touchpoints) if isinstance(touchpoints, list) else 0
    for part in THINGS[holds].parts:
        yield part
        if part.path == "touchpoints.0":
            for place in range(1, count):
                title = f"{part.title} {place + 1}"
                yield replace(part, path=f"touchpoints.{place}", title=title)


def labels_of(document: Mapping[str, object]) -> dict[str, str]:
    """Return the labels of the fields that a document may speak of, by section and field.

    Of touchpoints by `touchpoint` as well, as rows are shown.
    """
    labels: dict[str, str] = {}
    for thing in THINGS.values():
        for part in thing.parts:
            section = part.path.partition(".")[0]
            if section in document:
                for field in part.fields:
                    labels.setdefault(field.name, str(field.label))
                    labels[f"{section}.{field.name}"] = str(field.label)
                    labels[f"{section.removesuffix('s')}.{field.name}"] = str(field.label)
    return labels
