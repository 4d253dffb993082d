"""A body for every write that takes one, as the description of the API shows it."""

from collections.abc import Mapping
from typing import Any

ACCOUNT = "0d6f5c1e-3b7a-4c52-9f0e-5b1d2a7c8e41"
REP = "7c1a9e52-6d04-4b8f-8f35-2e9b0c4d6a13"
OTHER_REP = "b94e0f37-1c68-4d2a-a7e9-60d3f5182c7b"

LEAD: dict[str, Any] = {
    "email": "anna@acme.example",
    "first_name": "Anna",
    "last_name": "Berg",
    "job_title": "Chief Technology Officer",
    "phone": "030 901820",
    "country": "Germany",
    "language": "de",
    "product_line": "payroll",
    "source": "website",
    "campaign": "spring",
    "expected_acv": "48000.00",
    "currency": "EUR",
    "account": {
        "name": "Acme",
        "domain": "acme.example",
        "industry": "software",
        "tier": "A",
        "employee_count": 300,
    },
}
DEAL: dict[str, Any] = {
    "lead": {"external_id": "form-17"},
    "name": "Acme: rollout",
    "stage": "open",
    "amount": "48000.00",
    "currency": "EUR",
    "owner": "rita@example.com",
    "opened_at": "2026-02-02T09:00:00Z",
}
HOURS = {"weekday": 0, "opens": "09:00", "closes": "17:30"}
WHO = {"by": "rita@example.com"}

SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "post_leads": {"external_id": "form-17"} | LEAD,
    "put_leads_by_identity_system_external_id": LEAD,
    "post_accounts": {
        "name": "Acme",
        "domain": "acme.example",
        "parent_domain": "acme-group.example",
        "country": "DE",
        "industry": "software",
        "tier": "A",
        "employee_count": 300,
        "revenue": "25000000.00",
        "currency": "EUR",
        "technologies": ["postgresql"],
    },
    "patch_accounts_account": {"tier": "strategic", "employee_count": 340},
    "post_touchpoints": {
        "lead": {"external_id": "form-17"},
        "kind": "demo_request",
        "external_id": "demo-9",
        "occurred_at": "2026-01-13T12:00:00Z",
        "channel": "web",
        "is_verified": True,
        "detail": {"page": "/pricing"},
    },
    "post_opportunities": {"external_id": "deal-4"} | DEAL,
    "put_opportunities_by_identity_system_external_id": DEAL
    | {"stage": "won", "closed_at": "2026-03-02T16:00:00Z"},
    "post_handoffs_handoff_attempts": WHO
    | {
        "kind": "call",
        "outcome": "reached",
        "note": "Wants a demo for her team",
        "next_step": "Demo on Friday",
    },
    "post_handoffs_handoff_accept": WHO,
    "post_handoffs_handoff_reject": WHO
    | {"reason": "bad_timing", "comment": "Budget is frozen until May."},
    "post_handoffs_handoff_undo": WHO,
    "post_handoffs_handoff_take": WHO,
    "post_handoffs_handoff_pause": {
        "reason": "legal_check",
        "until": "2026-02-20T09:00:00Z",
        "note": "Their lawyers read the order form until Friday.",
    },
    "post_definitions_definition_batches_kind_batch_reject": {
        "reason": "bad_timing",
        "comment": "Half of the list has no budget this year.",
    },
    "post_alerts_alert_acknowledge": {"comment": "A second shift answers demo requests."},
    "post_sources": {"key": "partner", "name": "Partner"},
    "patch_sources_source_key": {"name": "Partners"},
    "post_campaigns": {
        "key": "autumn",
        "name": "Autumn webinars",
        "source": "website",
        "starts_on": "2026-09-01",
        "ends_on": "2026-11-30",
        "cost": "12000.00",
        "currency": "EUR",
    },
    "patch_campaigns_campaign": {"cost": "13500.00", "currency": "EUR"},
    "post_personas": {
        "key": "it-lead",
        "name": "Head of IT",
        "goals": "Fewer systems to look after",
        "pains": "Nights spent on migrations",
    },
    "patch_personas_persona": {"goals": "Fewer systems, and none that wakes anybody"},
    "post_assets": {
        "key": "guide",
        "title": "The buyer's guide",
        "url": "https://acme.example/guide",
        "campaign": "spring",
        "journey_stage": "decision",
        "pain": "Long selections",
        "question": "Which vendors are on your list?",
        "proof": "Chosen in six weeks at Acme",
    },
    "patch_assets_asset": {"title": "The buyer's guide, second edition"},
    "post_territories": {
        "key": "nordics",
        "name": "Nordics",
        "position": 20,
        "countries": ["SE", "NO", "DK", "FI"],
        "min_employees": 50,
        "queue": "waiting",
        "calendar": "office",
        "secondary": REP,
    },
    "patch_territories_territory": {"name": "DACH, mid-market", "max_employees": 999},
    "post_territories_territory_members": {"rep": OTHER_REP, "weight": 2},
    "patch_territories_territory_members_rep": {"weight": 3},
    "patch_reps_rep": {"capacity": 25, "languages": ["de", "en"]},
    "post_absences": {
        "rep": REP,
        "begins_at": "2026-02-02T08:00:00Z",
        "ends_at": "2026-02-06T17:00:00Z",
        "delegate": OTHER_REP,
        "note": "Holiday",
    },
    "patch_absences_absence": {
        "begins_at": "2026-02-02T08:00:00Z",
        "ends_at": "2026-02-09T08:00:00Z",
    },
    "post_absence_series": {
        "rep": REP,
        "weekdays": [4],
        "every_weeks": 1,
        "starts_on": "2026-02-06",
        "begins": "13:00",
        "ends": "17:00",
        "time_zone": "Europe/Berlin",
        "delegate": OTHER_REP,
        "note": "Course",
    },
    "patch_absence_series_series": {"weekdays": [4], "every_weeks": 2},
    "post_named_accounts": {"account": ACCOUNT, "rep": REP},
    "patch_named_accounts_account": {"rep": OTHER_REP},
    "post_calendars": {
        "key": "berlin",
        "name": "Berlin",
        "time_zone": "Europe/Berlin",
        "holiday_country": "DE",
        "holiday_subdivision": "BE",
        "windows": [HOURS, HOURS | {"weekday": 1}],
        "closures": [{"on": "2026-12-24", "name": "Christmas Eve"}],
    },
    "patch_calendars_calendar": {"holiday_country": "DE", "holiday_subdivision": "BY"},
    "patch_rejection_reasons_reason": {"name": "Bad timing", "position": 3},
}
"""What each operation could be sent, by the name of the operation."""
