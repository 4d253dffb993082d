"""The Django admin of all models, one module a noun; imported to register."""

from crm_handoff.admin import (
    absences,
    accounts,
    calendars,
    definitions,
    deliveries,
    duplicates,
    handoffs,
    imports,
    inbound,
    keys,
    leads,
    marketing,
    people,
    reps,
    timers,
    versions,
)

__all__ = [
    "absences",
    "accounts",
    "calendars",
    "definitions",
    "deliveries",
    "duplicates",
    "handoffs",
    "imports",
    "inbound",
    "keys",
    "leads",
    "marketing",
    "people",
    "reps",
    "timers",
    "versions",
]
