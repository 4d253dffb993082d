"""Attributes of leads, accounts and opportunities: changed together with their history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django.db import connection, models

from leads import bulk
from leads.enums import FieldPolicy
from leads.models import Account, AttributeChange, Lead, Opportunity

Subject = Lead | Account | Opportunity

Policies = Mapping[str, FieldPolicy]
"""What may become of known fields, by name (`account` for `account_id`); else overwritten."""

OVERWRITE_ALL: Policies = MappingProxyType({})

Changes = dict[str, tuple[Any, Any]]
"""What a known row's fields held and hold, as JSON, by attribute (`account_id`)."""

MONEY = ("expected_acv", "revenue", "amount", "cost")
"""Amounts, which share the currency of their row."""


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
        if not is_blank(value)
    ]


def is_blank(value: Any) -> bool:
    """Say whether a new row holds this before anything was said; no history is written of it."""
    return value is None or value is False or value == "" or value == []


def permitted(
    subject: models.Model, values: Mapping[str, Any], *, policies: Policies
) -> dict[str, Any]:
    """Return those values which the policies let into a known row.

    An amount never changes its currency by the way: where the row has another currency and some
    amount that was said may not change, none does.
    """
    if not policies:
        return dict(values)
    kept = {field: value for field, value in values.items() if _may(subject, field, policies)}
    currency = values.get("currency")
    if currency and getattr(subject, "currency", "") not in ("", currency):
        money = [field for field in (*MONEY, "currency") if field in values]
        if not all(field in kept for field in money):
            kept = {field: value for field, value in kept.items() if field not in money}
    return kept


def assign(
    row: models.Model, values: Mapping[str, Any], *, policies: Policies = OVERWRITE_ALL
) -> Changes:
    """Give a known row that keeps no history these values, unsaved; returns what changed."""
    changes: Changes = {}
    for field, value in permitted(row, values, policies=policies).items():
        before, after = as_json(getattr(row, field)), as_json(value)
        if before != after:
            setattr(row, field, value)
            changes[field] = (before, after)
    return changes


def _may(subject: models.Model, field: str, policies: Policies) -> bool:
    policy = policies.get(name_of(field), FieldPolicy.OVERWRITE)
    if policy == FieldPolicy.FILL:
        return is_blank(getattr(subject, field))
    return policy == FieldPolicy.OVERWRITE


def update(subject: Subject, values: Mapping[str, Any], *, origin: Origin) -> Changes:
    """Change a locked row to these values, with its history; returns what changed.

    What holds from before a later change of the same field goes into the history alone: the row
    keeps what is true now.
    """
    later = _fields_changed_after(subject, origin.effective_at)
    changes: list[AttributeChange] = []
    changed: Changes = {}
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
            changed[field] = (as_json(old), as_json(value))
    AttributeChange.objects.bulk_create(changes)
    if changed:
        subject.save(update_fields=list(changed))
    return changed


def update_many(
    said: Sequence[tuple[Subject, Mapping[str, Any], Origin]],
) -> list[Changes]:
    """Do what `update` does for locked rows of one kind, each there once; a few queries."""
    later = _changed_later(said)
    history: list[AttributeChange] = []
    changed: list[Changes] = []
    for subject, values, origin in said:
        changes: Changes = {}
        for field, value in values.items():
            is_past = name_of(field) in later.get(subject.pk, ())
            old = value_at(subject, field, origin.effective_at) if is_past else None
            old = old if is_past else getattr(subject, field)
            if as_json(old) == as_json(value):
                continue
            history.append(_change(subject, field, old, value, origin))
            if not is_past:
                setattr(subject, field, value)
                changes[field] = (as_json(old), as_json(value))
        changed.append(changes)
    AttributeChange.objects.bulk_create(history)
    alike: dict[tuple[str, ...], list[Subject]] = {}
    for (subject, *_), changes in zip(said, changed, strict=True):
        alike.setdefault(tuple(sorted(changes)), []).append(subject)
    for fields, subjects in alike.items():
        save_many(subjects, fields)
    return changed


def save_many(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Save these attributes of rows of one model; one statement."""
    if not (rows and fields):
        return
    meta = type(rows[0])._meta
    named = {column.attname: column for column in meta.concrete_fields}
    columns = [named[field] for field in fields]
    values = [
        {"id": row.pk}
        | {column.attname: as_json(getattr(row, column.attname)) for column in columns}
        for row in rows
    ]
    assignments = ", ".join(f'"{column.column}" = said."{column.attname}"' for column in columns)
    types = ", ".join(f'"{column.attname}" {column.db_type(connection)}' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {meta.db_table} SET {assignments} "  # noqa: S608 - names of columns alone
            f"FROM jsonb_to_recordset(%s::jsonb) AS said (id bigint, {types}) "
            f"WHERE {meta.db_table}.id = said.id",
            [json.dumps(values)],
        )


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
    """Return a value as the history keeps it: amounts, days and instants as text, rows by id."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    return value


def _fields_changed_after(subject: Subject, at: datetime) -> frozenset[str]:
    names = frozenset(
        AttributeChange.objects.filter(**_owner(subject), effective_at__gt=at)
        .values_list("field", flat=True)
        .distinct()
    )
    return names | {f"{name}_id" for name in names}


def _changed_later(
    said: Sequence[tuple[Subject, Mapping[str, Any], Origin]],
) -> dict[int, set[str]]:
    """Return the names of fields, by row, that changed later than what is said now holds."""
    since = {subject.pk: origin.effective_at for subject, _, origin in said}
    if not since:
        return {}
    owner = type(said[0][0]).__name__.lower()
    rows = AttributeChange.objects.filter(
        **{f"{owner}_id__in": list(since)}, effective_at__gt=min(since.values())
    ).values_list(f"{owner}_id", "field", "effective_at")
    later: dict[int, set[str]] = {}
    for pk, name, effective_at in rows:
        if effective_at > since[pk]:
            later.setdefault(pk, set()).add(name)
    return later


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
