import pytest

from crm_handoff.people.roles import Role
from definitions.models import TouchpointKind
from routing import defaults
from routing.models import RejectionReason


@pytest.fixture(autouse=True)
def shipped(db):
    defaults.load_defaults()


def test_reasons_in_use_are_listed(signed_in):
    RejectionReason.objects.filter(key="bad_timing").update(is_active=False)

    results = signed_in(Role.REP).read("/rejection-reasons/").json()["results"]

    keys = {result["key"] for result in results}
    assert keys == set(
        RejectionReason.objects.filter(is_active=True).values_list("key", flat=True)
    )
    assert "bad_timing" not in keys
    assert all(result["name"] and result["category"] for result in results)


def test_kinds_are_listed(website):
    TouchpointKind.objects.create(key="webinar", name="Webinar", category="event")

    assert website.read("/touchpoint-kinds/").json()["results"] == [
        {
            "key": "webinar",
            "name": "Webinar",
            "category": "event",
            "intent_level": "none",
            "is_direct_intent": False,
            "is_product_use": False,
        }
    ]
