import pytest

from crm_handoff.people.roles import Role
from definitions.models import TouchpointKind
from routing import defaults
from routing.models import RejectionReason
from tests.api.problems import faults_of


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


def test_revops_retire_and_rename_a_reason(signed_in):
    revops = signed_in(Role.REVOPS)

    changed = revops.send(
        "PATCH", "/rejection-reasons/other/", {"name": "Something else", "is_active": False}
    )

    assert changed.status_code == 200, changed.content
    reason = RejectionReason.objects.get(key="other")
    assert (reason.name, reason.is_active) == ("Something else", False)
    assert revops.read("/rejection-reasons/other/").json() == changed.json()


def test_what_becomes_of_a_rejected_lead_is_not_changed_here(signed_in):
    said = {"cool_off_days": 1, "category": "other", "ends_early_on_intent": False}

    response = signed_in(Role.REVOPS).send("PATCH", "/rejection-reasons/other/", said)

    assert faults_of(response) == {(name, "read_only") for name in said}
