"""Every definition at a glance: what is in force, what is coming, and what waits for me."""

from collections import defaultdict
from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.agreements import conditions
from crm_handoff.agreements.telling import SIGNS_FOR
from crm_handoff.people import access
from crm_handoff.people.models import User
from crm_handoff.web.requests import PageRequest
from definitions.enums import Side, VersionState
from definitions.models import (
    Definition,
    DefinitionReview,
    DefinitionVersion,
    SegmentRule,
    SignOff,
)

READ = "definitions.view_definitionversion"

COMING = (VersionState.SIGNED, VersionState.IN_REVIEW, VersionState.DRAFT)
"""States of versions that may still come into force, the nearest to it first."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A version in the list with who signed it; `is_mine`: my signature is what it waits for."""

    version: DefinitionVersion
    signoffs: list[SignOff]
    is_mine: bool

    @property
    def missing(self) -> list[Side]:
        """Return the sides that have not signed its present content."""
        signed = {one.side for one in self.signoffs}
        return [side for side in Side if side not in signed]


@dataclass(frozen=True, slots=True)
class Standing:
    """A definition with its version in force, the ones to come, and its open review.

    `segment` has a sentence for each condition of belonging to the version in force.
    """

    definition: Definition
    in_force: Edition | None
    segment: list[str]
    coming: list[Edition]
    review: DefinitionReview | None


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def definitions(request: PageRequest) -> HttpResponse:
    """List the definitions in the order in which their segments are tried."""
    return render(request, "web/definitions/list.html", {"standings": standings(request.user)})


def standings(user: User) -> list[Standing]:
    """Return the definitions in order of trial, as far as somebody may see them; five queries."""
    found = access.agreements.definitions_visible_to(user).order_by(
        "is_catch_all", "position", "pk"
    )
    editions = _editions(user)
    open_reviews = access.agreements.reviews_visible_to(user).filter(closed_at=None)
    reviews = {review.version_id: review for review in open_reviews}
    segments = _segments([edition.version for own in editions.values() for edition in own])
    return [_standing(one, editions[one.pk], reviews, segments) for one in found]


def _standing(
    definition: Definition,
    editions: list[Edition],
    reviews: dict[int, DefinitionReview],
    segments: dict[int, list[str]],
) -> Standing:
    by_state = {state: [e for e in editions if e.version.state == state] for state in VersionState}
    in_force = next(iter(by_state[VersionState.ACTIVE]), None)
    return Standing(
        definition=definition,
        in_force=in_force,
        segment=segments[in_force.version.pk] if in_force else [],
        coming=[edition for state in COMING for edition in by_state[state]],
        review=reviews.get(in_force.version.pk) if in_force else None,
    )


def _segments(versions: list[DefinitionVersion]) -> dict[int, list[str]]:
    """Return the conditions of belonging in words, of the versions that are in force."""
    in_force = [version for version in versions if version.state == VersionState.ACTIVE]
    rules = SegmentRule.objects.filter(version__in=in_force).order_by("position", "pk")
    found: dict[int, list[str]] = defaultdict(list)
    for rule in rules:
        condition = conditions.condition(
            rule.fact, operator=rule.operator, wanted=rule.wanted, parameters=rule.parameters
        )
        found[rule.version_id].append(condition)
    return found


def _editions(user: User) -> dict[int, list[Edition]]:
    """Return the versions that are not retired by definition, latest first; two queries."""
    versions = list(
        access.agreements.versions_visible_to(user)
        .exclude(state=VersionState.RETIRED)
        .select_related("definition", "author")
        .defer("content")
        .order_by("-number")
    )
    signoffs: dict[int, list[SignOff]] = defaultdict(list)
    rounds = {version.pk: version.review_round for version in versions}
    given = SignOff.objects.filter(version__in=versions).select_related("signer")
    for signoff in given.order_by("side", "pk"):
        if signoff.review_round == rounds[signoff.version_id]:
            signoffs[signoff.version_id].append(signoff)
    editions: dict[int, list[Edition]] = defaultdict(list)
    for version in versions:
        own = signoffs[version.pk]
        editions[version.definition_id].append(Edition(version, own, _is_mine(user, version, own)))
    return editions


def _is_mine(user: User, version: DefinitionVersion, signoffs: list[SignOff]) -> bool:
    """Say whether a version waits for the signature of somebody."""
    if version.state != VersionState.IN_REVIEW or user.pk in {one.signer_id for one in signoffs}:
        return False
    signed = {one.side for one in signoffs}
    return any(
        side not in signed and user.has_perm(permission) for side, permission in SIGNS_FOR.items()
    )
