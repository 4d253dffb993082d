"""What is said of one file: suggested, taken over or posted; its preview, and its check."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_handoff import reasons
from crm_handoff.people import organization
from crm_handoff.people.models import User
from crm_handoff.reports.funnel import systems
from crm_handoff.web.import_fields import THINGS, labels_of
from crm_handoff.web.import_forms import (
    DELIMITERS,
    MARKS,
    CheckForm,
    Document,
    LayoutForm,
    document_of,
)
from crm_handoff.web.import_sheets import (
    Column,
    Sheet,
    Words,
    columns_of,
    completed,
    sheet_of,
)
from crm_handoff.web.tags import day_of
from definitions import shapes
from definitions.models import TouchpointKind
from leads import declarations, imports, mappings, places, suggestions
from leads.enums import ImportMode, OpportunityStage, Stage
from leads.fields import Holds
from leads.files import FileFormat, Layout, is_why, plain_name
from leads.mappings import MappingUnreadable
from leads.models import Asset, ImportMapping, ImportRun, Persona

FLAGS = (("true", _("Yes")), ("false", _("No")))
TELLING: Mapping[Holds, frozenset[str]] = {
    Holds.OPPORTUNITIES: frozenset({"opportunity.external_id", "opportunity.stage"}),
    Holds.TOUCHPOINTS: frozenset({"touchpoints.kind", "touchpoints.occurred_at"}),
    Holds.CAMPAIGNS: frozenset({"campaign.key", "campaign.cost"}),
    Holds.LEADS: frozenset({"lead.email"}),
    Holds.ACCOUNTS: frozenset({"account.domain"}),
}
"""Fields whose columns tell what a file is about, the first that fits."""
LOOKED_AT = 20
"""Earlier imports of which one may have had the same columns."""
WITHOUT_MODE = frozenset({Holds.CAMPAIGNS, Holds.PEOPLE})
"""What is never judged or handed over, so that nobody has to choose."""


class NameTaken(Exception):
    """Another description has that name."""


@dataclass(frozen=True, slots=True)
class Description:
    """What is said of a file; `mapping` is the key of a saved one that it comes from."""

    document: Document
    columns: Sequence[Column]
    sheet: Sheet
    mapping: str = ""
    origin: str = ""

    @property
    def problems(self) -> list[str]:
        """Return what has to be settled before a row can be read, one sentence each."""
        return self.sheet.problems or [*declarations.problems(self.document)]


@dataclass(frozen=True, slots=True)
class Offer:
    """A saved description; `fits` when all of its columns are in the file."""

    key: str
    name: str
    fits: bool


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row with its values in the order of the preview's columns."""

    line: int
    cells: Sequence[str]
    problems: Sequence[Any]
    repair: str


def base(run: ImportRun, query: Mapping[str, str]) -> Description:
    """Return what is said of a file before anybody said something of it on its page.

    A saved description that was asked for, what was said before the last check, what was said of
    the latest file with these columns, or else a suggestion.
    """
    chosen = query.get("mapping")
    if chosen and _is_known(chosen):
        return _described(run, mappings.content_of(chosen), mapping=chosen)
    if run.content and chosen is None:
        return _described(run, run.content, mapping=run.mapping)
    earlier = _earlier(run) if chosen is None else None
    if earlier is not None:
        origin = gettext("Described like %(file)s of %(when)s, which has the same columns.") % {
            "file": earlier.file_name,
            "when": day_of(timezone.localtime(earlier.started_at)),
        }
        return _described(run, earlier.content, mapping=earlier.mapping, origin=origin)
    return suggested(run, _likely(run))


def suggested(run: ImportRun, holds: str) -> Description:
    """Return what the product makes of a file's columns, if its rows are about such things."""
    sample = imports.sample(run)
    document = suggestions.suggest(run.header, sample, holds=Holds(holds)).content()
    return _description(run, document, holds)


def _likely(run: ImportRun) -> str:
    """Return what the rows of a file seem to be about, by the columns that only that has."""
    sample = imports.sample(run)
    for holds, telling in TELLING.items():
        found = {
            f"{each.section}.{each.field}"
            for each in suggestions.suggest(run.header, sample, holds=holds).fields
            if each.column
        }
        if telling <= found:
            return holds
    return Holds.LEADS


def posted(run: ImportRun, data: QueryDict) -> Description:
    """Return what a page says; another kind of thing is described anew."""
    holds = data.get("holds", "")
    if holds not in THINGS or data.get("shown") != holds:
        return suggested(run, holds if holds in THINGS else Holds.LEADS)
    mapping = str(data.get("mapping", ""))
    return _description(
        run, document_of(data, run.header), holds, mapping=mapping if _is_known(mapping) else ""
    )


def _is_known(key: str) -> bool:
    """Say whether a mapping is kept under a key, or ships; at most one query."""
    if key in mappings.shipped():
        return True
    return not shapes.slug(key) and ImportMapping.objects.filter(key=key).exists()


def _words() -> Words:
    """Return the words that some fields can say; three queries."""
    keys = {
        model: [*model._default_manager.order_by(label).values_list("key", label)]
        for model, label in ((TouchpointKind, "name"), (Asset, "title"), (Persona, "name"))
    }
    return {
        "touchpoints.kind": keys[TouchpointKind],
        "touchpoints.asset": keys[Asset],
        "lead.persona": keys[Persona],
        "lead.stage": [choice for choice in Stage.choices if choice[0] != Stage.NEW],
        "opportunity.stage": OpportunityStage.choices,
        "account.is_target": FLAGS,
        "touchpoints.is_verified": FLAGS,
        "touchpoints.is_bot": FLAGS,
    }


def _described(run: ImportRun, document: Document, **more: str) -> Description:
    return _description(run, document, declarations.holds(document), **more)


def _description(run: ImportRun, document: Document, holds: str, **more: str) -> Description:
    sample = imports.sample(run)
    columns = columns_of(run.header, sample)
    whole = completed(document, holds, run.header, sample)
    return Description(whole, columns, sheet_of(whole, holds, columns, words=_words()), **more)


def _earlier(run: ImportRun) -> ImportRun | None:
    """Return the latest described import of a file with the same columns."""
    names = _names(run.header)
    before = ImportRun.objects.filter(content__isnull=False, pk__lt=run.pk).order_by("-pk")
    return next((other for other in before[:LOOKED_AT] if _names(other.header) == names), None)


def _names(header: Iterable[str]) -> set[str]:
    return {plain_name(name) for name in header if not is_why(name)}


def offers(run: ImportRun) -> list[Offer]:
    """Return the saved descriptions, those that fit the file first, and shipped ones that fit."""
    saved = dict(ImportMapping.objects.values_list("key", "name"))
    shipped = {key: mappings.load(key).name for key in mappings.shipped() if key not in saved}
    header = _names(run.header)
    found = [Offer(key, name, _fits(key, header)) for key, name in (saved | shipped).items()]
    return sorted(
        (offer for offer in found if offer.fits or offer.key in saved),
        key=lambda offer: (not offer.fits, offer.name.casefold()),
    )


def _fits(key: str, header: set[str]) -> bool:
    try:
        wanted = mappings.columns_of(mappings.load(key))
    except MappingUnreadable:
        return False
    return _names(wanted) <= header


def check(
    run: ImportRun, said: Description, *, mode: ImportMode, save_as: str, by: User, at: datetime
) -> None:
    """Start the check of a file, and keep its description by a name if one was given.

    Raises:
        NameTaken: another description has that name.
        MappingUnreadable, ColumnsMissing, ImportNotInState: it cannot be checked so.
    """
    key, document = said.mapping, said.document
    with transaction.atomic():
        if save_as:
            key = _key_for(save_as, said.mapping)
            document = document | {"name": save_as}
            mappings.save(document, key=key, name=save_as, by=by)
        imports.check(run, content=document, mapping_key=key, mode=mode, by=by, at=at)


def _key_for(name: str, before: str) -> str:
    key = slugify(name)[:64] or "mapping"
    is_other = key != before and ImportMapping.objects.filter(key=key).exists()
    if is_other or key in mappings.shipped():
        said = gettext("There is a description “%(name)s” already. Give this one another name.")
        raise NameTaken(said % {"name": name})
    return key


def page(run: ImportRun, said: Description, data: QueryDict) -> dict[str, Any]:
    """Return what the page of a description draws."""
    layout = Layout.of_json(run.layout)
    return {
        "columns": said.columns,
        "sheet": said.sheet,
        "origin": said.origin,
        "mapping": said.mapping,
        "things": THINGS,
        "thing_label": THINGS[said.sheet.holds].label,
        "asks_mode": said.sheet.holds not in WITHOUT_MODE,
        "mode": data.get("mode", run.mode),
        "save_as": data.get("save_as", ""),
        "check_form": CheckForm(),
        "layout": layout,
        "layout_form": LayoutForm(),
        "is_xlsx": layout.format == FileFormat.XLSX,
        "delimiter": dict(DELIMITERS).get(layout.delimiter, layout.delimiter),
        "offers": offers(run),
        "systems": systems(),
        "marks": MARKS,
        "regions": _regions(),
        "likely_zones": list(dict.fromkeys((organization.time_zone(), "UTC"))),
        "zones": sorted(available_timezones()),
        "preview": _preview(run, said),
    }


@cache
def _regions() -> list[tuple[str, str]]:
    """Return the countries by name, with their codes."""
    names = Locale("en").territories.items()
    return sorted(
        ((code, name) for code, name in names if places.is_country(code)),
        key=lambda pair: pair[1],
    )


def _preview(run: ImportRun, said: Description) -> dict[str, Any]:
    """Return the first rows as they would be stored, or what has to be settled before."""
    if said.problems:
        return {"problems": said.problems}
    try:
        preview = imports.preview(run, said.document)
    except imports.ColumnsMissing as refusal:
        return {"problems": [reasons.said(str(refusal))]}
    labels = labels_of(said.document)
    # The system is the same in every row, and stands above.
    names = [name for name in preview.columns if not name.endswith(".system")]
    return {
        "columns": [labels.get(name, _plain(name)) for name in names],
        "rows": [
            PreviewRow(
                row.line, [row.stored.get(name, "") for name in names], row.problems, row.repair
            )
            for row in preview.rows
        ],
    }


def _plain(name: str) -> str:
    """Return the name of what has no label: a column that is kept with a touchpoint."""
    return name.partition(".detail.")[2] or name.rpartition(".")[2].replace("_", " ")
