"""One version to read and to print: the whole agreement in words, and as a file."""

from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.agreements import published
from crm_handoff.people import access
from crm_handoff.web import histories, sheets
from crm_handoff.web.definitions import READ
from crm_handoff.web.histories import Past
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.sheets import Marks
from crm_handoff.web.versions import Page, version_page
from definitions import versions
from definitions.enums import Side, VersionState
from leads import examples
from leads.examples import Result


@dataclass(frozen=True, slots=True)
class Group:
    """Examples of whom must qualify, or of whom must not pass."""

    is_expected: bool
    results: list[Result]


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def definition(request: PageRequest, definition: str) -> HttpResponse:
    """Show the agreement in force; before there is one, the latest version on its way."""
    found = get_object_or_404(
        access.agreements.definitions_visible_to(request.user), key=definition
    )
    visible = (
        access.agreements.versions_visible_to(request.user)
        .filter(definition=found)
        .order_by("-number")
    )
    shown = visible.filter(state=VersionState.ACTIVE).first() or visible.first()
    if shown is None:
        return render(request, "web/definitions/none.html", {"definition": found})
    return _agreement(request, version_page(request, definition, shown.number))


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def version(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Show a version in words, MQL beside SQL."""
    return _agreement(request, version_page(request, definition, number))


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def version_file(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Hand out a version as a YAML file: the text that was signed, or a draft's present one."""
    page = version_page(request, definition, number)
    name = f"{page.definition.key}-v{page.version.number}.yaml"
    return HttpResponse(
        versions.canonical_text(page.version),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _agreement(request: PageRequest, page: Page) -> HttpResponse:
    at = timezone.now()
    told = published.read(page.version, at=at)
    pasts = histories.pasts(page)
    results = examples.results(page.version, at=at)
    context = {
        "page": page,
        "told": told,
        "tables": sheets.tables(told, _marks(page, pasts)),
        "sales": next(party for party in told.people if party.side == Side.SALES),
        "examples": _groups(results),
        "broken_count": sum(not result.is_kept for result in results),
        "past": pasts,
        "talk": _talk(request, page),
    }
    return render(request, "web/definitions/agreement.html", context)


def _talk(request: PageRequest, page: Page) -> dict[str, int]:
    """Count what was said about each criterion of the definition, by key."""
    said = access.agreements.remarks_visible_to(request.user).filter(definition=page.definition)
    counts = said.values_list("criterion_key").annotate(count=Count("pk")).order_by()
    return dict(counts)


def _marks(page: Page, pasts: list[Past]) -> Marks:
    """Return what changed, for a version that is still to come into force."""
    forerunner = pasts[0].forerunner
    if page.version.activated_at is not None or forerunner is None:
        return Marks()
    return sheets.marks_between(published.content(forerunner), published.content(page.version))


def _groups(results: list[Result]) -> list[Group]:
    """Return who must qualify and who must not pass; nothing without any example."""
    if not results:
        return []
    return [
        Group(is_expected, [one for one in results if one.example.is_expected == is_expected])
        for is_expected in (True, False)
    ]
