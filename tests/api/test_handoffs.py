"""Handoffs are listed and read through the API."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.enums import Stage
from leads.models import Lead, Opportunity
from routing.models import Handoff
from tests.api.problems import problem_of
from tests.routing import sales


@pytest.fixture
def rita(db):
    rep = sales.rep("Rita")
    sales.team(rep)
    roles.grant(rep.user, Role.REP)
    return rep


@pytest.fixture
def version(rita):
    return sales.agreement()


@pytest.fixture
def handoff(version):
    return sales.opened(version)


@pytest.fixture
def holder(signed_in, rita):
    return signed_in(rita.user)


def path(handoff, action=""):
    return f"/handoffs/{handoff.public_id}/{action}"


def test_read_shows_packet_clock_and_decision(holder, handoff, rita):
    body = holder.read(path(handoff)).json()

    assert body["rep"]["id"] == str(rita.public_id)
    assert body["lead"]["id"] == str(handoff.lead.public_id)
    assert body["status"] == "assigned"
    assert body["packet"]["who"] == handoff.packet["who"]
    assert body["response_clock"]["state"] == "running"
    assert body["decisions"][0]["why"]
    assert body["decisions"][0]["candidates"][0]["name"] == str(rita)
    assert "rep" not in body["decisions"][0]["candidates"][0]


def internal_ids_in(value, name=""):
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in internal_ids_in(inner, key)]
    if isinstance(value, list):
        return [found for inner in value for found in internal_ids_in(inner, name)]
    sources = ("touchpoint", "evaluation", "attempt", "rejection", "id", "pk")
    return [(name, value)] if name in sources and isinstance(value, int) else []


def test_the_packet_names_its_sources_by_no_internal_id(website, rita, version):
    lead = sales.lead("Anna", account=sales.account())
    touchpoint = sales.touch(lead, "demo_request", at=sales.NOON)
    handoff = sales.opened(version, lead)
    assert internal_ids_in(handoff.packet)

    packet = website.read(path(handoff)).json()["packet"]

    assert internal_ids_in(packet) == []
    assert packet["intent"][0]["source"] == {
        "touchpoint": {"system": "test", "external_id": touchpoint.external_id}
    }
    assert packet["criteria"][0]["source"]["evaluation"] == packet["qualification"]["at"]


def test_an_unknown_handoff_is_404(holder):
    problem_of(holder.read(f"/handoffs/{uuid.uuid4()}/"), 404, "not_found")


def test_an_integration_reads_handoffs(website, handoff):
    results = website.read("/handoffs/").json()["results"]

    assert [result["id"] for result in results] == [str(handoff.public_id)]
    assert "packet" not in results[0]


def test_filters(website, handoff, rita):
    def count(**parameters):
        return len(website.read("/handoffs/", **parameters).json()["results"])

    assert count(status="assigned", lead=handoff.lead.public_id, rep=rita.public_id) == 1
    assert count(status=["queued", "rejected"]) == 0
    assert count(is_open="true") == 1
    assert count(is_open="false") == 0
    assert count(opened_since=(sales.NOON + timedelta(seconds=1)).isoformat()) == 0
    assert count(updated_since="2020-01-01T00:00:00Z") == 1
    assert count(floor_missed="false") == 1


def test_list_takes_as_many_queries_for_three_as_for_one(
    website, version, handoff, django_assert_num_queries
):
    with django_assert_num_queries(3):
        website.read("/handoffs/")
    for _ in range(2):
        sales.opened(version)
    with django_assert_num_queries(3):
        assert len(website.read("/handoffs/").json()["results"]) == 3


def test_a_deal_told_by_the_crm_closes_the_open_handoff(website, handoff):
    lead = Lead.objects.get(pk=handoff.lead_id)
    deal = {
        "external_id": "deal-1",
        "lead": str(lead.public_id),
        "stage": "won",
        "closed_at": "2026-02-01T00:00:00Z",
    }

    response = website.create("/opportunities/", deal)

    assert response.status_code == 201, response.content
    handoff.refresh_from_db()
    lead.refresh_from_db()
    assert (handoff.status, lead.stage) == ("converted", Stage.WON)
    assert Opportunity.objects.get().anomalies == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert Handoff.objects.count() == 1
