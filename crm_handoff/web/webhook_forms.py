"""Forms of webhook sources; a mapping is written field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm_handoff.integrations import signatures
from crm_handoff.integrations.payloads import FIELDS, UNITS
from crm_handoff.integrations.presets import BEGINNINGS, Preset
from crm_handoff.integrations.signatures import Scheme

INSTANTS = frozenset({"occurred_at", "effective_at"})
TITLES = {
    "lead": _("The person"),
    "account": _("The company"),
    "touchpoint": _("What they did"),
    "detail": _("What goes along"),
}
USUAL = {
    "lead": {"email", "external_id", "first_name", "last_name", "job_title", "source"},
    "account": {"name", "domain"},
    "touchpoint": {"kind", "occurred_at", "external_id"},
}
"""Fields that are shown also while nothing is said of them."""

LABELS = {
    "asset": _("Asset"),
    "campaign": _("Campaign"),
    "channel": _("Channel"),
    "country": _("Country"),
    "currency": _("Currency"),
    "domain": _("Domain"),
    "effective_at": _("Holds since"),
    "email": _("E-mail"),
    "employee_count": _("Employees"),
    "expected_acv": _("Expected annual value"),
    "external_id": _("Id in the other system"),
    "first_name": _("First name"),
    "funding_stage": _("Funding stage"),
    "industry": _("Industry"),
    "is_bot": _("Done by a bot"),
    "is_target": _("Target account"),
    "is_verified": _("Verified"),
    "job_title": _("Job title"),
    "kind": _("Kind"),
    "language": _("Language"),
    "last_name": _("Last name"),
    "name": _("Name"),
    "occurred_at": _("When"),
    "parent_domain": _("Domain of the parent company"),
    "persona": _("Persona"),
    "phone": _("Phone"),
    "product_line": _("Product line asked for"),
    "region": _("Region"),
    "revenue": _("Revenue"),
    "source": _("Source"),
    "technologies": _("Technologies"),
    "tier": _("Tier"),
}
"""What pages call the fields of a mapping; total. Details are called as whoever named them did."""

NEW_DETAILS = 2
"""Empty rows for further details."""


class SourceForm(forms.Form):
    """A new source; the secret is asked for where the other system makes it."""

    name = forms.CharField(max_length=200, error_messages={"required": _("Say what calls.")})
    system = forms.CharField(
        max_length=64,
        validators=[validate_slug],
        error_messages={
            "required": _("Name the system that its facts belong to, for example “calendly”."),
            "invalid": _("Use letters, digits, - and _ alone."),
        },
    )
    preset = forms.ChoiceField(
        choices=Preset.choices, error_messages={"required": _("Choose which system it is.")}
    )
    scheme = forms.ChoiceField(
        choices=[("", _("As usual there")), *Scheme.choices], required=False
    )
    secret = forms.CharField(max_length=500, required=False, strip=True)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        preset = said.get("preset")
        if preset and BEGINNINGS[preset].is_secret_theirs and not said.get("secret"):
            self.add_error("secret", gettext("Enter the secret that the other system signs with."))
        if preset and said.get("secret"):
            _check_secret(self, said.get("scheme") or BEGINNINGS[preset].scheme)
        return said


class SecretForm(forms.Form):
    """Another secret; blank makes one."""

    secret = forms.CharField(max_length=500, required=False, strip=True)

    def __init__(self, said: Mapping[str, Any], *, scheme: str) -> None:
        super().__init__(said)
        self.scheme = scheme

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("secret"):
            _check_secret(self, self.scheme)
        return said


def _check_secret(form: forms.Form, scheme: str) -> None:
    try:
        signatures.check_secret(scheme, form.cleaned_data["secret"])
    except ValueError as reason:
        form.add_error("secret", str(reason))


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of a mapping as the page edits it; `table` has a line `theirs = ours` for each."""

    name: str
    label: str
    path: str
    value: str
    unit: str
    table: str
    is_instant: bool
    place: int

    @property
    def is_said(self) -> bool:
        """Whether the mapping says anything of it."""
        return bool(self.path or self.value)


@dataclass(frozen=True, slots=True)
class Section:
    """The fields of one thing: those that the mapping fills, and the others."""

    key: str
    title: StrOrPromise
    said: list[FieldRow]
    unsaid: list[FieldRow]


def sections_of(mapping: Mapping[str, Any]) -> list[Section]:
    """Return the sections of a mapping as the page edits them."""
    return [
        _section(key, names, mapping)
        for key, names in (*FIELDS.items(), ("detail", _details(mapping)))
    ]


def lines_of(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what would be kept of a thing, a line for each field, as a person reads it."""
    lead, touchpoint = values.get("lead") or {}, values.get("touchpoint") or {}
    account = lead.get("account") or {}
    parts: tuple[tuple[str, Mapping[str, Any], set[str]], ...] = (
        ("", lead, {"account"}),
        (gettext("Company: "), account, set()),
        (gettext("Touchpoint: "), touchpoint, {"lead", "detail"}),
        (gettext("Detail: "), touchpoint.get("detail") or {}, set()),
    )
    return [
        (before + _label(name), gettext("yes") if value is True else value)
        for before, said, hidden in parts
        for name, value in said.items()
        if name not in hidden and value not in (None, "", False)
    ]


def only_lines(mapping: Mapping[str, Any]) -> str:
    """Return which things are meant, a line `path = text, text` for each path."""
    only = mapping.get("only") or {}
    return "\n".join(f"{path} = {', '.join(texts)}" for path, texts in only.items())


def mapping_of(said: Mapping[str, str], *, before: Mapping[str, Any]) -> dict[str, Any]:
    """Read a mapping from the form's fields; what is blank is left out."""
    mapping: dict[str, Any] = {
        name: said.get(name, "").strip()
        for name in ("items", "event_id")
        if said.get(name, "").strip()
    }
    if only := _only(said.get("only", "")):
        mapping["only"] = only
    for section, names in FIELDS.items():
        specs = {name: spec for name in names if (spec := _spec(said, f"{section}.{name}"))}
        if specs:
            mapping[section] = specs
    places = range(len(before.get("detail") or {}) + NEW_DETAILS)
    details = {
        name: path
        for place in places
        if (name := said.get(f"detail.{place}.name", "").strip())
        and (path := said.get(f"detail.{place}.path", "").strip())
    }
    return mapping | ({"detail": details} if details else {})


def _details(mapping: Mapping[str, Any]) -> list[str]:
    return [*(mapping.get("detail") or {}), *[""] * NEW_DETAILS]


def _section(key: str, names: Sequence[str], mapping: Mapping[str, Any]) -> Section:
    rows = [_row(key, name, place, mapping) for place, name in enumerate(names)]
    if key == "detail":
        return Section(key, TITLES[key], rows, [])
    said = [row for row in rows if row.is_said or row.name in USUAL[key]]
    return Section(key, TITLES[key], said, [row for row in rows if row not in said])


def _label(name: str) -> str:
    return str(LABELS.get(name, name.replace("_", " ").capitalize()))


def _row(section: str, name: str, place: int, mapping: Mapping[str, Any]) -> FieldRow:
    spec = (mapping.get(section) or {}).get(name, "") if name else ""
    if isinstance(spec, str):
        spec = {"path": spec}
    value = spec.get("value", "")
    return FieldRow(
        name=name,
        label=_label(name),
        path=spec.get("path", ""),
        value=str(value).lower() if isinstance(value, bool) else str(value),
        unit=spec.get("unit", ""),
        table=_table_lines(spec),
        is_instant=name in INSTANTS,
        place=place,
    )


def _table_lines(spec: Mapping[str, Any]) -> str:
    lines = [f"{theirs} = {ours}" for theirs, ours in (spec.get("table") or {}).items()]
    return "\n".join([*lines, *([f"* = {spec['otherwise']}"] if "otherwise" in spec else [])])


def _spec(said: Mapping[str, str], name: str) -> Any:
    value, path = said.get(f"{name}.value", "").strip(), said.get(f"{name}.path", "").strip()
    if not path:
        return {"value": value} if value else None
    spec: dict[str, Any] = {"path": path}
    if value:
        # Both are said: the check names the field.
        spec["value"] = value
    if (unit := said.get(f"{name}.unit", "")) in UNITS:
        spec["unit"] = unit
    table = dict(_pairs(said.get(f"{name}.table", "")))
    if "*" in table:
        spec["otherwise"] = table.pop("*")
    if table or "otherwise" in spec:
        spec["table"] = table
    return path if spec.keys() == {"path"} else spec


def _only(text: str) -> dict[str, list[str]]:
    return {
        path: [one.strip() for one in texts.split(",") if one.strip()]
        for path, texts in _pairs(text)
    }


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = [line.partition("=") for line in text.splitlines() if "=" in line]
    return [(left.strip(), right.strip()) for left, _, right in pairs if left.strip()]
