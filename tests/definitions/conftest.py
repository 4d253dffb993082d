"""Named people, the catalog, and a small sound document to start from."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest

from crm_handoff.people.models import User
from definitions import catalog, versions
from definitions.models import DefinitionVersion

TWICE = {"fact": "touchpoint_count", "parameters": {"days": 30}, "operator": "at_least"}

SMALL: dict[str, Any] = {
    "schema": 1,
    "definition": "small",
    "process": "criteria_led",
    "handoff_stage": "sql",
    "day_zone": "Europe/Berlin",
    "operators": {
        "marketing": {"operator": "marta@example.com", "deputy": "rita@example.com"},
        "sales": {"operator": "sam@example.com"},
    },
    "levels": {
        "engagement": {
            "low": {"criteria": {"one_touchpoint": {"label": "One", **TWICE, "wanted": 1}}},
            "high": {
                "match": "any",
                "criteria": {
                    "four_touchpoints": {"label": "Four", **TWICE, "wanted": 4},
                    "pricing_twice": {
                        "label": "Pricing twice",
                        "fact": "touchpoint_count",
                        "parameters": {"days": 7, "kinds": ["pricing_page_view"]},
                        "operator": "at_least",
                        "wanted": 2,
                    },
                },
            },
        }
    },
    "signals": {
        "german": {"label": "German", "fact": "country", "operator": "is", "wanted": "DE"},
    },
    "score": {
        "touchpoints": {"label": "Touchpoints", **TWICE, "wanted": 1, "points": 3, "per": 1},
    },
    "stages": [
        {"stage": "mql", "path": "standard", "engagement": "low"},
        {"stage": "sql", "path": "standard", "engagement": "high", "criteria": ["german"]},
        {"stage": "sql", "path": "direct", "criteria": ["pricing_twice"]},
    ],
    "sla_terms": {
        "german": {
            "label": "German",
            "when": {"criteria": ["german"]},
            "respond_within": "15 minutes",
        },
        "other": {"label": "Everyone else", "respond_within": "4 hours"},
    },
    "kinds": {
        "pricing_page_view": {"category": "web", "intent_level": "medium"},
        "demo_request": {"category": "form", "intent_level": "high", "is_direct_intent": True},
    },
    "title_rules": [
        {"phrase": "assistant to", "authority": "end_user", "confidence": 80},
        {"phrase": "ceo", "unless": ["office"], "authority": "decision_maker", "confidence": 95},
    ],
}


@pytest.fixture
def small() -> dict[str, Any]:
    """A small sound document, kinds and title rules included; change it at will."""
    return deepcopy(SMALL)


@pytest.fixture
def rita(db: None) -> User:
    """RevOps; authors the versions."""
    return User.objects.create_user("rita@example.com", full_name="Rita RevOps")


@pytest.fixture
def marta(db: None) -> User:
    """Leads marketing."""
    return User.objects.create_user("marta@example.com", full_name="Marta Marketing")


@pytest.fixture
def sam(db: None) -> User:
    """Manages sales."""
    return User.objects.create_user("sam@example.com", full_name="Sam Sales")


@pytest.fixture
def shipped_catalog(db: None) -> None:
    """The catalog as it ships."""
    catalog.load_defaults()


@pytest.fixture
def draft(small: dict[str, Any], rita: User, marta: User, sam: User) -> DefinitionVersion:
    """A draft of the small document, authored by Rita."""
    return versions.create_draft(small, by=rita)


@pytest.fixture
def in_state(
    draft: DefinitionVersion, rita: User, marta: User, sam: User, noon: datetime
) -> Callable[[str], DefinitionVersion]:
    """Take the draft along its life until it is in a state."""
    steps = (
        lambda: versions.submit(draft, by=rita, at=noon),
        lambda: versions.sign(draft, side="marketing", by=marta, at=noon),
        lambda: versions.sign(draft, side="sales", by=sam, at=noon),
        lambda: versions.activate(draft, by=rita, at=noon),
        lambda: versions.retire(draft, by=rita, at=noon),
    )

    def take(state: str) -> DefinitionVersion:
        for step in steps:
            if draft.state == state:
                break
            step()
        assert draft.state == state
        return draft

    return take
