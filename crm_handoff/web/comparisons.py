"""What one version says otherwise than another: in sentences, and stage by stage."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.agreements import published
from crm_handoff.agreements.diffs import PARTS, Difference, differences
from crm_handoff.agreements.tables import Cell
from crm_handoff.people import access
from crm_handoff.web import sheets
from crm_handoff.web.definitions import READ
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.versions import Page, version_page
from definitions.enums import VersionState
from definitions.models import DefinitionVersion

Place = tuple[str, str, str]
"""A cell of a sheet by path, row and stage, as people name them."""


@dataclass(frozen=True, slots=True)
class Part:
    """The differences of one part of the agreement."""

    name: str | Promise
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Pair:
    """A cell of both sheets; the one that has no such cell shows an empty one."""

    path: str
    row: str
    stage: str
    before: Cell
    after: Cell


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def version_compare(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Compare a version with another of its definition: the one asked for, or its forerunner."""
    page = version_page(request, definition, number)
    others = _others(page)
    other = _other(page.version, others, request.GET.get("with", ""))
    context = {"page": page, "others": others, "other": other}
    if other is not None:
        context |= {
            "parts": parts(other, page.version),
            "pairs": pairs(other, page.version, at=timezone.now()),
        }
    return render(request, "web/definitions/compare.html", context)


def forerunner_of(
    version: DefinitionVersion, others: Iterable[DefinitionVersion]
) -> DefinitionVersion | None:
    """Return what a version is to be compared with, None for the first of its definition.

    For one that is not in force yet that is the version in force; for one that was, the one
    before it.

    others: versions of the same definition, latest first.
    """
    if version.activated_at is None:
        for other in others:
            if other.state == VersionState.ACTIVE and other.pk != version.pk:
                return other
    earlier = [other for other in others if other.number < version.number]
    was_in_force = [other for other in earlier if other.activated_at is not None]
    return next(iter(was_in_force or earlier), None)


def parts(before: DefinitionVersion, after: DefinitionVersion) -> list[Part]:
    """Return the differences of two versions in words, by part of the agreement."""
    found = differences(published.content(before), published.content(after))
    return [Part(PARTS[key], [*group]) for key, group in groupby(found, lambda one: one.part)]


def pairs(before: DefinitionVersion, after: DefinitionVersion, *, at: datetime) -> list[Pair]:
    """Return the cells in which the sheets of two versions differ."""
    old, new = _cells(before, at), _cells(after, at)
    empty = Cell()
    return [
        Pair(*place, old.get(place, empty), new.get(place, empty))
        for place in {**new, **old}
        if _words(old.get(place, empty)) != _words(new.get(place, empty))
    ]


def _cells(version: DefinitionVersion, at: datetime) -> dict[Place, Cell]:
    told = published.read(version, at=at)
    return {
        (table.path.name, row.name, face.stage): face.cell
        for table in sheets.tables(told, sheets.Marks())
        for row in table.rows
        for face in row.faces
    }


def _words(cell: Cell) -> tuple[object, ...]:
    """Return what a cell says; keys and labels of its criteria do not count."""
    levels = tuple(
        (level.name, level.is_any, tuple(line.words for line in level.lines))
        for level in cell.levels
    )
    return (cell.is_asked, cell.sentence, levels, tuple(line.words for line in cell.lines))


def _others(page: Page) -> list[DefinitionVersion]:
    visible = access.agreements.versions_visible_to(page.request.user)
    others = visible.filter(definition=page.definition).exclude(pk=page.version.pk)
    operators = ("marketing_operator", "marketing_deputy", "sales_operator", "sales_deputy")
    return list(others.select_related("definition", *operators).order_by("-number"))


def _other(
    version: DefinitionVersion, others: list[DefinitionVersion], number: str
) -> DefinitionVersion | None:
    if not number:
        return forerunner_of(version, others)
    for other in others:
        if str(other.number) == number:
            return other
    raise Http404
