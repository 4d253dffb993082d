"""Attributes of leads, accounts and opportunities: changed together with their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models

from leads import bulk
from leads.models import Account, AttributeChange, Lead, Opportunity

Subject = Lead | Account | Opportunity

BLANK: tuple[Any, ...] = (None, "", [], False)
"""What a new row holds before anything was said; no history is written of it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who said something, when it was received, and since when it holds.

    What is said of the future holds from its receipt.
    """

    system: str
    received_at: datetime
    effective_at: datetime

    @classmethod
    def of(cls, system: str, received_at: datetime, effective_at: datetime | None) -> "Origin":
        """Build an origin; without `effective_at` things hold from their receipt."""
        return cls(system, received_at, min(effective_at or received_at, received_at))


def create(subject: Subject, values: Mapping[str, Any], *, origin: Origin) -> None:
    """Save a new row with these values and its history: one change from null for each."""
    for field, value in values.items():
        setattr(subject, field, value)
    subject.save(force_insert=True)
    AttributeChange.objects.bulk_create(first_changes(subject, values, origin=origin))


def first_changes(
    subject: Subject, values: Mapping[str, Any], *, origin: Origin
) -> list[AttributeChange]:
    """Return the unsaved history of a row that begins with these values."""
    return [
        _change(subject, field, None, value, origin)
        for field, value in values.items()
        if value not in BLANK
    ]


def update(subject: Subject, values: Mapping[str, Any], *, origin: Origin) -> tuple[str, ...]:
    """Change a locked row to these values, with its history; returns the fields that changed.

    What holds from before a later change of the same field goes into the history alone: the row
    keeps what is true now.
    """
    later = _fields_changed_after(subject, origin.effective_at)
    changes, changed = [], []
    for field, value in values.items():
        if field in later:
            old = value_at(subject, field, origin.effective_at)
        else:
            old = getattr(subject, field)
        if as_json(old) == as_json(value):
            continue
        changes.append(_change(subject, field, old, value, origin))
        if field not in later:
            setattr(subject, field, value)
            changed.append(field)
    AttributeChange.objects.bulk_create(changes)
    if changed:
        subject.save(update_fields=changed)
    return tuple(changed)


def differs(subject: Subject, values: Mapping[str, Any]) -> bool:
    """Say whether any value is another than the row's."""
    return any(
        as_json(getattr(subject, field)) != as_json(value) for field, value in values.items()
    )


def value_at(subject: Subject, field: str, at: datetime) -> Any:
    """Return what was true of a field at an instant, as JSON; None before anything was said."""
    return (
        AttributeChange.objects.filter(
            **_owner(subject), field=name_of(field), effective_at__lte=at
        )
        .order_by("-effective_at", "-pk")
        .values_list("new", flat=True)
        .first()
    )


def name_of(field: str) -> str:
    """Return the name under which the history keeps a field: `account` for `account_id`."""
    return field.removesuffix("_id")


def as_json(value: Any) -> Any:
    """Return a value as the history keeps it: amounts and instants as text, rows by id."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _fields_changed_after(subject: Subject, at: datetime) -> frozenset[str]:
    names = frozenset(
        AttributeChange.objects.filter(**_owner(subject), effective_at__gt=at)
        .values_list("field", flat=True)
        .distinct()
    )
    return names | {f"{name}_id" for name in names}


def _change(subject: Subject, field: str, old: Any, new: Any, origin: Origin) -> AttributeChange:
    return AttributeChange(
        **_owner(subject),
        field=name_of(field),
        old=as_json(old),
        new=as_json(new),
        effective_at=origin.effective_at,
        received_at=origin.received_at,
        source=origin.system,
    )


def _owner(subject: Subject) -> dict[str, models.Model]:
    return {type(subject).__name__.lower(): subject}


def heard_at(lead_ids: Sequence[int]) -> dict[int, datetime | None]:
    """Return when the latest change of each lead or its account was received; one query."""
    if not lead_ids:
        return {}
    with bulk.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, GREATEST(
                (SELECT max(received_at) FROM leads_attributechange WHERE lead_id = lead.id),
                (SELECT max(received_at) FROM leads_attributechange
                    WHERE account_id = lead.account_id)
            ) FROM leads_lead AS lead WHERE id = ANY(%s::bigint[])
            """,
            [bulk.array(lead_ids)],
        )
        return dict(cursor.fetchall())
