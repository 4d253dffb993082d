"""Who may see which rows: one function a model, for admin, API and web alike; a module a noun.

What is not returned does not exist for that person: interfaces answer 404. Somebody without the
model's view permission sees nothing; somebody with it but without “see everybody's leads” sees
what they hold or held.
"""

from crm_handoff.people.access import (
    agreements,
    handoffs,
    leads,
    marketing,
    operations,
    people,
    routing,
    viewers,
)

__all__ = [
    "agreements",
    "handoffs",
    "leads",
    "marketing",
    "operations",
    "people",
    "routing",
    "viewers",
]
