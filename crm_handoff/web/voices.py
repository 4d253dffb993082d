"""What people said about a version, gathered from signatures, refusals and the discussion."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from crm_handoff.people import access
from crm_handoff.people.models import User
from definitions.enums import Side
from definitions.models import DefinitionVersion, SignOff, Workshop

MOST = 50
"""Of each kind, the latest first."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Something that somebody said; `side` for signatures and refusals.

    `kind`: signed, refused, or remark. `about` is the label of a criterion, blank for the whole.
    `is_past`: said in a round of signatures that ended.
    """

    kind: str
    who: Any
    at: datetime
    text: str
    side: Side | None = None
    about: str = ""
    about_key: str = ""
    is_past: bool = False


def about(version: DefinitionVersion, user: User, *, since: datetime | None) -> list[Voice]:
    """Return what was said about a version, the latest first; four queries.

    Remarks count from an instant on, from the beginning for None.
    """
    found = [*_signatures(version), *_refusals(version, user), *_remarks(version, user, since)]
    return sorted(found, key=lambda voice: voice.at, reverse=True)


def labels_of(version: DefinitionVersion) -> dict[str, str]:
    """Return the labels of a version's criteria by key, in the order of the agreement."""
    rows = version.criterion_set.order_by("level__dimension", "level__pk", "position", "pk")
    return dict(rows.values_list("key", "label"))


def workshops_of(version: DefinitionVersion, user: User) -> QuerySet[Workshop]:
    """Return the records of workshops attached to a version, the latest first."""
    seen = access.agreements.workshops_visible_to(user).filter(version=version)
    return seen.select_related("recorded_by").order_by("-held_on", "-pk")[:MOST]


def _signatures(version: DefinitionVersion) -> list[Voice]:
    signoffs = SignOff.objects.filter(version=version).exclude(comment="")
    return [
        Voice(
            kind="signed",
            who=one.signer,
            at=one.signed_at,
            text=one.comment,
            side=Side(one.side),
            is_past=one.review_round != version.review_round,
        )
        for one in signoffs.select_related("signer").order_by("-pk")[:MOST]
    ]


def _refusals(version: DefinitionVersion, user: User) -> list[Voice]:
    refusals = access.agreements.refusals_visible_to(user).filter(version=version)
    return [
        Voice(
            kind="refused",
            who=one.refused_by,
            at=one.refused_at,
            text=one.reason,
            side=Side(one.side),
            is_past=one.review_round != version.review_round,
        )
        for one in refusals.select_related("refused_by").order_by("-pk")[:MOST]
    ]


def _remarks(version: DefinitionVersion, user: User, since: datetime | None) -> list[Voice]:
    remarks = access.agreements.remarks_visible_to(user).filter(definition=version.definition_id)
    if since is not None:
        remarks = remarks.filter(said_at__gte=since)
    labels = labels_of(version)
    return [
        Voice(
            kind="remark",
            who=one.said_by,
            at=one.said_at,
            text=one.text,
            about=labels.get(one.criterion_key, one.criterion_key),
            about_key=one.criterion_key,
        )
        for one in remarks.select_related("said_by").order_by("-said_at", "-pk")[:MOST]
    ]
