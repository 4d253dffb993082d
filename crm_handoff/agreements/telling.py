"""Who is told of an agreement: that a signature is wanted, that it took effect, that it is due.

Each function owes notices in the caller's transaction; telling the same twice changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from definitions.enums import Side
from definitions.models import DefinitionReview, DefinitionVersion, Refusal
from routing import notices
from routing.enums import NoticeKind

SIGNS_FOR = {
    Side.MARKETING: "definitions.sign_marketing",
    Side.SALES: "definitions.sign_sales",
}
"""Who may sign for which side."""

BOTH_TEAMS = (Role.MARKETING_LEAD, Role.SALES_MANAGER, Role.REVOPS, Role.REP)
"""Who works by the agreement, and hence is told when it changes."""


def signatures_wanted(version: DefinitionVersion, *, at: datetime) -> None:
    """Tell those who may sign for a side that a version waits for it, once a round.

    Four queries.
    """
    detail = _about(version) | {
        "author": str(version.author),
        "change_note": version.change_note,
        "when": version.effective_at.isoformat() if version.effective_at else "",
    }
    notices.tell_people(
        NoticeKind.SIGNATURE_WANTED,
        roles.people_with(*SIGNS_FOR.values()),
        at=at,
        key=f"signature_wanted:{version.pk}:{version.review_round}",
        detail=detail,
    )


def refused(refusal: Refusal, *, at: datetime) -> None:
    """Tell the author, RevOps and the other side's signers that a side does not sign, and why."""
    version = refusal.version
    others = [side for side in Side if side != refusal.side]
    told = {
        version.author,
        *roles.people_in(Role.REVOPS),
        *roles.people_with(*(SIGNS_FOR[side] for side in others)),
    }
    detail = _about(version) | {
        "side": refusal.side,
        "by": str(refusal.refused_by),
        "said": refusal.reason,
    }
    notices.tell_people(
        NoticeKind.SIGNATURE_REFUSED,
        told - {refusal.refused_by},
        at=at,
        key=f"signature_refused:{refusal.pk}",
        detail=detail,
    )


def activated(version: DefinitionVersion, *, at: datetime) -> None:
    """Tell both teams and RevOps that a version is in force, and what becomes of leads under way.

    Four queries at most, however many people there are.
    """
    former = version.definition.versions.filter(activated_at__lt=at).exclude(pk=version.pk)
    before = former.order_by("-activated_at", "-pk").values_list("number", flat=True).first()
    detail = _about(version) | {
        "before": before,
        "plan": version.in_flight_plan,
        "sunset_days": version.sunset_days,
        "change_note": version.change_note,
    }
    notices.tell_people(
        NoticeKind.VERSION_ACTIVE,
        roles.people_in(*BOTH_TEAMS),
        at=at,
        key=f"version_active:{version.pk}",
        detail=detail,
    )


def activation_failed(version: DefinitionVersion, *, problem: str, at: datetime) -> None:
    """Tell RevOps and the version's operators why it could not take effect, once a day (UTC).

    problem: a sentence for people.
    """
    notices.tell_people(
        NoticeKind.ACTIVATION_FAILED,
        {*roles.people_in(Role.REVOPS), *_operators(version)},
        at=at,
        key=f"activation_failed:{version.pk}:{at:%Y-%m-%d}",
        detail=_about(version) | {"problem": problem},
    )


def review_due(review: DefinitionReview, *, at: datetime) -> None:
    """Tell both sides and RevOps that a review of the version in force is open."""
    _tell_reviewers(NoticeKind.REVIEW_DUE, review, {}, at=at)


def review_overdue(review: DefinitionReview, *, at: datetime) -> None:
    """Tell both sides and RevOps that a review waits for signatures for too long, and whose."""
    given = set(review.signatures.values_list("side", flat=True))
    missing = [side.value for side in Side if side not in given]
    _tell_reviewers(NoticeKind.REVIEW_OVERDUE, review, {"missing": missing}, at=at)


def _tell_reviewers(
    kind: NoticeKind, review: DefinitionReview, more: dict[str, Any], *, at: datetime
) -> None:
    version = review.version
    told = {
        *roles.people_with(*SIGNS_FOR.values()),
        *roles.people_in(Role.REVOPS),
        *_operators(version),
    }
    detail = _about(version) | {"when": review.due_at.isoformat(), **more}
    notices.tell_people(kind, told, at=at, key=f"{kind}:{review.pk}", detail=detail)


def _about(version: DefinitionVersion) -> dict[str, Any]:
    definition = version.definition
    return {
        "definition": definition.key,
        "name": definition.name,
        "number": version.number,
    }


def _operators(version: DefinitionVersion) -> Iterable[AbstractBaseUser]:
    named = (
        version.marketing_operator,
        version.marketing_deputy,
        version.sales_operator,
        version.sales_deputy,
    )
    return (person for person in named if person is not None and person.is_active)
