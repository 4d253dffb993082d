"""What somebody says of a file: from the fields of a page to a mapping's document, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_handoff.web.import_fields import THINGS, Field, Kind, Part, parts_of
from leads import declarations
from leads.enums import FieldPolicy, ImportMode
from leads.files import FileFormat, Layout

NOT_HERE, FIXED = "", "="
"""Choices beside the columns: the field is not in the file, or the same in every row."""
AS_BEFORE = "*"
"""Choice of a zone or of marks: each field keeps its own."""
OTHER = "?"
"""Choice of a way to write instants: one that is written out."""

LONGEST_PLACE = 4
"""Digits of a column's place."""

UNSEEN = frozenset(
    {
        *("table", "otherwise", "blank", "prefix", "slug", "fold", "separator", "region"),
        *("zone", "decimal", "thousands"),
    }
)
"""What a description may say of a cell beside its column; it stays unless the page says else."""
SAID_APART = frozenset({"name", "system", "blanks", "people"})
"""What the page says of a document beside its sections."""
WITH_TABLE = frozenset({"table", "otherwise"})
CHOSEN_POLICIES = frozenset(FieldPolicy.values) - {FieldPolicy.OVERWRITE}

MARKS = {
    ".": "1234.56",
    ".,": "1,234.56",
    ",.": "1.234,56",
    ",": "1234,56",
    ", ": "1 234,56",
    ".'": "1'234.56",
}
"""The decimal mark, then the mark between thousands, with an example of each."""

ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("utf-8-sig", _("UTF-8 with a byte order mark")),
    ("utf-16", _("UTF-16 with a byte order mark")),
    ("utf-16-le", _("UTF-16, little-endian")),
    ("utf-16-be", _("UTF-16, big-endian")),
    ("utf-32", _("UTF-32 with a byte order mark")),
    ("cp1252", _("Windows (Western Europe, cp1252)")),
    ("cp1250", _("Windows (Central Europe, cp1250)")),
    ("iso-8859-15", _("Latin 9 (ISO 8859-15)")),
)
DELIMITERS = ((",", _("Comma ,")), (";", _("Semicolon ;")), ("\t", _("Tab")), ("|", _("Bar |")))

Document = dict[str, Any]
"""A mapping's content, as its YAML file says it."""


class UploadForm(forms.Form):
    """A file, no larger than the limit."""

    file = forms.FileField(
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("This file is empty. Export it again and choose the new one."),
        }
    )

    def __init__(self, *args: Any, limit: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit = limit

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > self.limit:
            raise forms.ValidationError(too_large(self.limit))
        return file


class LayoutForm(forms.Form):
    """How the file is written, where the product found it wrongly."""

    format = forms.ChoiceField(choices=[(form.value, form.name) for form in FileFormat])
    encoding = forms.ChoiceField(choices=ENCODINGS, required=False)
    delimiter = forms.ChoiceField(choices=DELIMITERS, required=False)
    is_multiline = forms.BooleanField(required=False)
    sheet = forms.CharField(required=False, max_length=31)

    def layout(self, before: Layout) -> Layout:
        """Return the layout that was said, once the form is valid."""
        said = self.cleaned_data
        file_format = FileFormat(said["format"])
        if file_format == FileFormat.XLSX:
            return Layout(format=file_format, encoding="", delimiter="", sheet=said["sheet"])
        delimiter = "\t" if file_format == FileFormat.TSV else said["delimiter"] or ","
        return Layout(
            format=file_format,
            encoding=said["encoding"] or "utf-8",
            delimiter=delimiter,
            quote=before.quote,
            is_multiline=said["is_multiline"],
        )


class CheckForm(forms.Form):
    """What has to be said beside the columns before a file is checked."""

    mode = forms.ChoiceField(
        choices=ImportMode.choices,
        error_messages={"required": _("Choose what shall happen with these rows.")},
    )
    save_as = forms.CharField(required=False, max_length=120)


def too_large(limit: int) -> str:
    """Say that a file is larger than the limit, and what to do."""
    said = gettext(
        "This file is larger than %(most)s, the most that can be sent from here. Split it, or ask "
        "whoever runs the server to import it there by command."
    )
    return said % {"most": filesizeformat(limit)}


def document_of(data: QueryDict, header: Sequence[str]) -> Document:
    """Return the document that a described page says; what the page does not show stays.

    What is missing or contradictory is left for the reading of the mapping to name. `holds` of
    the page must be one of `THINGS`.
    """
    before, holds = _before(data), _said(data, "holds")
    document: Document = {
        "name": before.get("name") or str(THINGS[holds].label),
        "system": _said(data, "system").strip() or None,
        "blanks": blanks_of(_said(data, "blanks")),
    }
    if address := _said(data, "person_email").strip():
        people = before.get("people")
        names = people.get("name") if isinstance(people, dict) else None
        document["people"] = {"email": address, "name": names or "{id}"}
    parts = [*parts_of(holds, before)]
    unseen = before.keys() - SAID_APART - {part.path.partition(".")[0] for part in parts}
    document |= {name: before[name] for name in unseen}
    for part in parts:
        section = _section(part, data, header, section_at(before, part.path))
        if section or not part.is_optional:
            _put(document, part.path, section)
    return document


def _said(data: QueryDict, name: str) -> str:
    """Return what a control of the page says, "" when it is not there."""
    # The database takes no such character.
    return str(data.get(name, "")).replace("\0", "")


def _before(data: QueryDict) -> Document:
    try:
        before = json.loads(_said(data, "document") or "{}")
    except (ValueError, RecursionError):
        return {}
    return before if isinstance(before, dict) else {}


def blanks_of(lines: str) -> list[str]:
    """Return the texts that stand for nothing, one a line; an empty cell always does."""
    texts = (line.strip() for line in lines.splitlines())
    return ["", *dict.fromkeys(text for text in texts if text)]


def section_at(document: Mapping[str, Any], path: str) -> Document:
    """Return a section of a document by the path of its part; empty where there is none."""
    name, _, place = path.partition(".")
    section = document.get(name) or {}
    if place:
        rows = section if isinstance(section, list) else []
        section = rows[int(place)] if len(rows) > int(place) else {}
    return section if isinstance(section, dict) else {}


def _put(document: Document, path: str, section: Document) -> None:
    name, _, place = path.partition(".")
    if place:
        document.setdefault(name, []).append(section)
    else:
        document[name] = section


def _section(
    part: Part, data: QueryDict, header: Sequence[str], before: Mapping[str, Any]
) -> Document:
    section: Document = {}
    for field in part.fields:
        cell = _cell(field, f"{part.path}.{field.name}", data, header, before.get(field.name))
        if cell is not None:
            section[field.name] = cell
    if not section:
        return {}
    detail = _detail(part, data, header, before.get("detail"))
    return section | detail | _options(part, data, section, before)


def _detail(part: Part, data: QueryDict, header: Sequence[str], before: Any) -> Document:
    """Return the columns that are kept along with a touchpoint, by the names that they had."""
    said = before.items() if isinstance(before, dict) else ()
    names = {column: name for name, cell in said if (column := _column_of(cell))}
    columns = [name for name in data.getlist(f"{part.path}:detail") if name in header]
    detail = {names.get(column, column): {"column": column} for column in columns}
    return {"detail": detail} if detail else {}


def _column_of(cell: Any) -> str:
    column = cell.get("column") if isinstance(cell, dict) else cell
    return column if isinstance(column, str) else ""


def _options(
    part: Part, data: QueryDict, section: Mapping[str, Any], before: Mapping[str, Any]
) -> Document:
    options: Document = {}
    if part.path == "lead":
        options["must_exist"] = _said(data, "lead:must_exist") == "true"
    elif part.path != "account" and (part.is_optional or before.get("optional")):
        options["optional"] = True
    keep = {
        name: policy
        for name in section
        if (policy := _said(data, f"{part.path}.{name}:keep")) in CHOSEN_POLICIES
    }
    return options | ({"keep": keep} if keep else {})


def _cell(
    field: Field, key: str, data: QueryDict, header: Sequence[str], before: Any
) -> Document | None:
    chosen = _said(data, key)
    if chosen == FIXED:
        return {"value": _said(data, f"{key}:value").strip()} | _writing(field, key, data, {})
    place = int(chosen) if chosen.isdecimal() and len(chosen) <= LONGEST_PLACE else len(header)
    if place >= len(header):
        return None
    column = header[place]
    kept = _kept(before, column)
    said = {"column": column} | _writing(field, key, data, kept) | _meaning(field, key, data)
    return _consistent(kept | said)


def _consistent(cell: Document) -> Document:
    """Leave out what only goes along with a table, where there is none."""
    return cell if cell.get("table") else {k: v for k, v in cell.items() if k not in WITH_TABLE}


def _kept(before: Any, column: str) -> Document:
    """Return what the page does not show of a cell, as long as it is about the same column."""
    if _column_of(before) != column or not isinstance(before, dict):
        return {}
    return {name: value for name, value in before.items() if _is_kept(name, value)}


def _is_kept(name: str, value: Any) -> bool:
    kind = dict if name == "table" else (str, bool)
    return name in UNSEEN and isinstance(value, kind) and not declarations.CELL[name](value)


def _writing(field: Field, key: str, data: QueryDict, kept: Document) -> Document:
    if field.kind in (Kind.INSTANT, Kind.DAY):
        return _date(field, key, data, kept)
    marks = _said(data, "marks") or AS_BEFORE
    if field.kind == Kind.NUMBER and marks != AS_BEFORE:
        return {"decimal": marks[:1] or ".", "thousands": marks[1:2] or None}
    if field.name == "phone" and "region" in data:
        return {"region": _said(data, "region") or None}
    return {}


def _date(field: Field, key: str, data: QueryDict, kept: Document) -> Document:
    chosen = _said(data, f"{key}:format")
    written = _said(data, f"{key}:other").strip() if chosen == OTHER else chosen
    formats = [part.strip() for part in written.split("|") if part.strip()]
    # Nothing written out yet is not the same as nothing chosen.
    found: Document = {"formats": formats} if formats or chosen == OTHER else {}
    zone = _said(data, "zone")
    if zone == AS_BEFORE:
        zone = kept.get("zone", "")
    is_meant = field.kind == Kind.INSTANT and zone in available_timezones()
    return found | ({"zone": zone} if is_meant else {"zone": None})


def _meaning(field: Field, key: str, data: QueryDict) -> Document:
    """Return what the texts of a column stand for, where the page asks for it."""
    if field.kind not in (Kind.KEY, Kind.WORD) or f"{key}:table" not in data:
        return {}
    table = dict(_pairs(_said(data, f"{key}:table")))
    return {"table": table or None, "slug": f"{key}:slug" in data or None}


def _pairs(lines: str) -> Iterator[tuple[str, str]]:
    for line in lines.splitlines():
        text, sign, meaning = line.rpartition("=")
        if sign and text.strip() and meaning.strip():
            yield text.strip(), meaning.strip()
