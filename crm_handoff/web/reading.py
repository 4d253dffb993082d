"""What somebody reads before they sign: changes, impact, examples, plan, and what was said."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crm_handoff.agreements import words
from crm_handoff.people.models import User
from crm_handoff.web import comparisons, impact, voices
from crm_handoff.web.comparisons import Part
from crm_handoff.web.versions import Page
from definitions.models import DefinitionVersion
from leads import examples
from leads.examples import Result


@dataclass(frozen=True, slots=True)
class Tried:
    """The examples of a definition by a version, those that are not as they must be first."""

    results: list[Result]

    @property
    def kept_count(self) -> int:
        """Count the examples that are as they must be."""
        return sum(result.is_kept for result in self.results)

    @property
    def is_kept(self) -> bool:
        """Say whether all are."""
        return self.kept_count == len(self.results)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a preview says the version would change of live leads, in a few sentences.

    `words` is blank before the first preview is done.
    """

    standing: impact.Standing
    words: str


def before_signing(page: Page, user: User, *, at: datetime) -> dict[str, Any]:
    """Return what the page shows above the signature; the same queries however much was said."""
    version = page.version
    basis = basis_of(version)
    in_flight = {"plan": version.in_flight_plan, "sunset_days": version.sunset_days}
    return {
        "basis": basis,
        "parts": _parts(basis, version) if basis else [],
        "impact": _impact(page, user),
        "tried": _tried(version, at=at),
        "voices": voices.about(version, user, since=basis.activated_at if basis else None),
        "workshops": voices.workshops_of(version, user),
        "plan": words.plan(in_flight),
        "kept": words.KEPT,
        "agreement_address": page.address("version"),
        "compare_address": page.address("version_compare"),
        "discussion_address": page.address("version_discussion"),
    }


def _impact(page: Page, user: User) -> Foreseen | None:
    """Return the preview, None for a version that was in force, or who may not see previews."""
    if page.version.state not in impact.FORESEEN or not user.has_perms(impact.MAY):
        return None
    standing = impact.standing_of(page.version)
    return Foreseen(standing, impact.summary(standing.done) if standing.done else "")


def basis_of(version: DefinitionVersion) -> DefinitionVersion | None:
    """Return the version that this one replaces or replaced; None for the first in force."""
    former = version.definition.versions.exclude(pk=version.pk).exclude(activated_at=None)
    if version.activated_at is not None:
        former = former.filter(activated_at__lt=version.activated_at)
    return former.order_by("-activated_at", "-pk").first()


def _parts(basis: DefinitionVersion, version: DefinitionVersion) -> list[Part]:
    """Return what changes, by part; the change note is quoted in full elsewhere."""
    told = [
        replace(part, differences=[one for one in part.differences if one.where != "change_note"])
        for part in comparisons.parts(basis, version)
    ]
    return [part for part in told if part.differences]


def _tried(version: DefinitionVersion, *, at: datetime) -> Tried:
    results = examples.results(version, at=at)
    return Tried(sorted(results, key=lambda result: result.is_kept))
