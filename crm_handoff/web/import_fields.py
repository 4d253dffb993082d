"""What the columns of a file may mean, in people's words: the fields of each kind of thing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


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
    label: str
    kind: Kind = Kind.TEXT
    is_main: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a description; `is_optional` ones may stay empty, then they are left out."""

    path: str
    title: str
    about: str
    fields: tuple[Field, ...]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """What a row of a file may be about."""

    label: str
    about: str
    parts: tuple[Part, ...]


def _more(name: str, label: str, kind: Kind = Kind.TEXT, hint: str = "") -> Field:
    """Return a field that is shown on request."""
    return Field(name, label, kind, is_main=False, hint=hint)


COUNTRY_HINT = "Names and codes are both understood."

LEAD_IDENTITY = (
    Field("external_id", "Id in the other system"),
    Field("email", "E-mail"),
)
LEAD = (
    *LEAD_IDENTITY,
    Field("first_name", "First name"),
    Field("last_name", "Last name"),
    Field("job_title", "Job title"),
    Field("phone", "Phone", hint="Becomes an international number by the row's country."),
    Field("country", "Country", hint=COUNTRY_HINT),
    _more("region", "Region"),
    Field("language", "Language"),
    Field("source", "Source", Kind.KEY),
    Field("campaign", "Campaign", Kind.KEY),
    _more("persona", "Persona", Kind.KEY),
    _more("expected_acv", "Expected annual value", Kind.NUMBER),
    _more("currency", "Currency", hint="Three letters, like EUR."),
    _more("effective_at", "Since when this holds", Kind.INSTANT),
    _more("stage", "Stage", Kind.WORD, hint="In history mode alone."),
)
ACCOUNT = (
    Field("name", "Company name"),
    Field("domain", "Website or domain"),
    Field("country", "Country of the company", hint=COUNTRY_HINT),
    Field("industry", "Industry"),
    Field("employee_count", "Employees", Kind.NUMBER),
    _more("region", "Region"),
    _more("revenue", "Revenue", Kind.NUMBER),
    _more("expected_acv", "Expected annual value", Kind.NUMBER),
    _more("currency", "Currency", hint="Three letters, like EUR."),
    _more("funding_stage", "Funding stage"),
    _more("technologies", "Technologies"),
    _more("is_target", "Target account", Kind.WORD),
    _more("parent_domain", "Domain of the parent company"),
)
TOUCHPOINT = (
    Field("kind", "What they did", Kind.KEY),
    Field("occurred_at", "When", Kind.INSTANT),
    Field("external_id", "Id of the touchpoint"),
    Field("channel", "Channel"),
    Field("campaign", "Campaign", Kind.KEY),
    _more("asset", "Asset", Kind.KEY),
    _more("is_verified", "Verified", Kind.WORD),
    _more("is_bot", "Done by a bot", Kind.WORD),
)
OPPORTUNITY = (
    Field("external_id", "Id of the deal"),
    Field("stage", "Stage", Kind.WORD, hint="open, won or lost."),
    Field("closed_at", "Closed on", Kind.INSTANT),
    Field("name", "Name of the deal"),
    Field("amount", "Amount", Kind.NUMBER),
    Field("currency", "Currency", hint="Three letters, like EUR."),
    Field("opened_at", "Opened on", Kind.INSTANT),
    Field("owner", "Owner"),
    _more("sourced_by", "Sourced by"),
    _more("loss_reason", "Reason of the loss"),
)
CAMPAIGN = (
    Field("key", "Key of the campaign", Kind.KEY),
    Field("name", "Name"),
    Field("source", "Source", Kind.KEY),
    Field("starts_on", "First day", Kind.DAY),
    Field("ends_on", "Last day", Kind.DAY),
    Field("cost", "Spend", Kind.NUMBER),
    Field("currency", "Currency", hint="Three letters, like EUR."),
)
PERSON = (
    Field("email", "E-mail"),
    Field("full_name", "Name"),
    Field("time_zone", "Time zone", hint="Like Europe/Berlin."),
)

WHO = Part(
    "lead", "Whose it is", "The lead that the row is about: by id, by e-mail, or both.", LEAD
)
COMPANY = Part(
    "account",
    "Company",
    "Rows without a name and a domain say nothing about a company.",
    ACCOUNT,
    is_optional=True,
)
DID = Part(
    "touchpoints.0",
    "Touchpoint",
    "Something that the lead did, on a day.",
    TOUCHPOINT,
    is_optional=True,
)
DEAL = Part("opportunity", "Deal", "A deal with the lead.", OPPORTUNITY, is_optional=True)

THINGS: Mapping[str, Thing] = {
    "leads": Thing(
        "Leads",
        "People, perhaps with their company",
        (
            Part("lead", "Lead", "Known by the id, else by the e-mail address.", LEAD),
            COMPANY,
            DID,
            DEAL,
        ),
    ),
    "accounts": Thing(
        "Accounts",
        "Companies",
        (Part("account", "Company", "Known by the domain, else by the name.", ACCOUNT),),
    ),
    "touchpoints": Thing(
        "Touchpoints",
        "What leads did, on a day",
        (WHO, Part("touchpoints.0", "Touchpoint", "Kind and instant are needed.", TOUCHPOINT)),
    ),
    "opportunities": Thing(
        "Deals",
        "Open, won or lost",
        (WHO, Part("opportunity", "Deal", "Id and stage are needed.", OPPORTUNITY)),
    ),
    "campaigns": Thing(
        "Campaigns",
        "With what was spent on them",
        (Part("campaign", "Campaign", "Known by the key.", CAMPAIGN),),
    ),
    "people": Thing(
        "People",
        "Colleagues; they cannot sign in before somebody lets them",
        (Part("person", "Person", "Known by the e-mail address.", PERSON),),
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
                    labels.setdefault(field.name, field.label)
                    labels[f"{section}.{field.name}"] = field.label
                    labels[f"{section.removesuffix('s')}.{field.name}"] = field.label
    return labels
