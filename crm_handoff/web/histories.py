"""The history of a definition: every version with its rounds of signatures, and the reasons."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.agreements import published
from crm_handoff.agreements.diffs import Difference, differences
from crm_handoff.people import access
from crm_handoff.web.comparisons import forerunner_of
from crm_handoff.web.definitions import READ
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.versions import Page, version_page
from definitions.enums import VersionState
from definitions.models import DefinitionReview, DefinitionVersion, Refusal, SignOff

PASTS = 6
"""Former versions of which a page tells how they came about, and one more to compare with."""

SENTENCES = 8
"""Differences that are written out; the others are left to the comparison."""

AnswerT = TypeVar("AnswerT", SignOff, Refusal)


@dataclass(frozen=True, slots=True)
class Round:
    """A round of signatures; `is_withdrawn`: it ended with the version going back to draft."""

    number: int
    signoffs: list[SignOff]
    refusals: list[Refusal]
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """A version with its rounds, latest first, and the reviews that it went through."""

    version: DefinitionVersion
    rounds: list[Round]
    reviews: list[DefinitionReview]
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Past:
    """A version with what it says otherwise than the one before it, the first of them."""

    version: DefinitionVersion
    forerunner: DefinitionVersion | None
    differences: list[Difference]
    more_count: int


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def version_history(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Show every version of the definition: who signed, refused and withdrew it, and why."""
    page = version_page(request, definition, number)
    context = {"page": page, "chapters": chapters(page)}
    return render(request, "web/definitions/history.html", context)


def chapters(page: Page) -> list[Chapter]:
    """Return the versions of a page's definition, latest first; four queries."""
    user = page.request.user
    versions = list(
        access.agreements.versions_visible_to(user)
        .filter(definition=page.definition)
        .select_related("definition", "author")
        .defer("content")
        .order_by("-number")
    )
    signoffs = SignOff.objects.filter(version__in=versions).select_related("signer")
    refusals = access.agreements.refusals_visible_to(user).filter(version__in=versions)
    reviews = access.agreements.reviews_visible_to(user).filter(version__in=versions)
    reviewed: dict[int, list[DefinitionReview]] = defaultdict(list)
    reviews = reviews.select_related("next_version").prefetch_related("signatures__signer")
    for review in reviews.order_by("-opened_at"):
        reviewed[review.version_id].append(review)
    signed = _by_round(signoffs.order_by("signed_at", "pk"))
    refused = _by_round(refusals.select_related("refused_by").order_by("refused_at", "pk"))
    return [
        Chapter(
            version=version,
            rounds=_rounds(version, signed, refused),
            reviews=reviewed[version.pk],
            is_shown=version.pk == page.version.pk,
        )
        for version in versions
    ]


def pasts(page: Page) -> list[Past]:
    """Return a page's version and those before it that were in force, latest first; one query."""
    earlier = Q(number__lt=page.version.number, activated_at__isnull=False)
    others = list(
        access.agreements.versions_visible_to(page.request.user)
        .filter(earlier | Q(state=VersionState.ACTIVE), definition=page.definition)
        .exclude(pk=page.version.pk)
        .select_related("definition")
        .order_by("-number")[:PASTS]
    )
    shown = [page.version, *(one for one in others if one.number < page.version.number)]
    return [_past(version, forerunner_of(version, others)) for version in shown[: PASTS - 1]]


def _past(version: DefinitionVersion, forerunner: DefinitionVersion | None) -> Past:
    if forerunner is None:
        return Past(version, None, [], 0)
    compared = differences(published.content(forerunner), published.content(version))
    # The note stands above them already.
    found = [difference for difference in compared if difference.where != "change_note"]
    return Past(version, forerunner, found[:SENTENCES], max(0, len(found) - SENTENCES))


def _by_round(answers: Iterable[AnswerT]) -> dict[tuple[int, int], list[AnswerT]]:
    found: dict[tuple[int, int], list[AnswerT]] = defaultdict(list)
    for answer in answers:
        found[answer.version_id, answer.review_round].append(answer)
    return found


def _rounds(
    version: DefinitionVersion,
    signed: dict[tuple[int, int], list[SignOff]],
    refused: dict[tuple[int, int], list[Refusal]],
) -> list[Round]:
    """Return the rounds that were begun; the present one of a draft was not."""
    rounds = [
        Round(
            number=number,
            signoffs=signed.get((version.pk, number), []),
            refusals=refused.get((version.pk, number), []),
            is_withdrawn=number < version.review_round,
        )
        for number in range(version.review_round, 0, -1)
    ]
    return rounds if version.submitted_at else rounds[1:]
