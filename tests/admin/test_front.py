"""The front page of the administration: groups by work, each with its key figures."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm_handoff.admin.figures import CAP, FIGURES
from crm_handoff.admin_theme import PLACES
from crm_handoff.models import User
from crm_handoff.people.roles import Role
from leads.models import Account, Asset, ImportRun, Lead, PendingMark

pytestmark = pytest.mark.django_db

FRONT = reverse("admin:index")


def figures_of(client):
    groups = client.get(FRONT).context["groups"]
    return {figure.title: figure for group in groups for figure in group["figures"]}


def test_every_figure_stands_in_a_group_of_the_sidebar():
    assert {figure.group for figure in FIGURES} <= set(PLACES)


def test_every_figure_leads_to_its_rows(revops):
    figures = figures_of(revops)

    assert len(figures) == len(FIGURES)
    for figure in figures.values():
        response = revops.get(figure.address)
        assert response.status_code == 200, figure
        assert "e=1" not in response.request["QUERY_STRING"]


def test_figures_count_what_is_there(revops):
    Account.objects.create(name="Acme")
    Asset.objects.create(key="guide", title="Guide", pain="Slow", question="", proof="Case")
    lead = Lead.objects.create(email="ada@example.com")
    mark = PendingMark.objects.create(lead=lead)
    PendingMark.objects.filter(pk=mark.pk).update(marked_at="2026-01-01T00:00Z")

    figures = figures_of(revops)

    assert (figures["leads"].value, figures["accounts"].value) == ("1", "1")
    assert figures["assets without a talking point"].value == "1"
    waiting = figures["waiting for judgement over 30 s"]
    assert (waiting.value, waiting.is_alarm) == ("1", True)
    assert not figures["dead letters"].is_alarm


def test_many_rows_are_not_counted_to_the_end(revops):
    Asset.objects.bulk_create(
        Asset(key=f"asset-{number}", title=f"Asset {number}") for number in range(CAP + 5)
    )

    assert figures_of(revops)["assets without a talking point"].value == "over 1,000"


def test_the_last_import_is_named(revops, noon):
    run = ImportRun.objects.create(
        mapping="leads",
        file_name="fair.csv",
        file_hash="1",
        mode="history",
        state="failed",
        content={},
        received_at=noon,
        started_at=noon,
        started_by=User.objects.get(email="revops@tests.example"),
    )

    (figure,) = [one for title, one in figures_of(revops).items() if "fair.csv" in title]

    assert figure.value == "Failed"
    assert figure.is_alarm
    assert figure.address == reverse("web:import", args=[run.public_id])


def test_a_person_sees_the_figures_of_pages_that_they_may_open(sign_in):
    of_marketing = figures_of(sign_in(Role.MARKETING_LEAD))

    assert "leads" in of_marketing
    assert "keys in use" not in of_marketing
    assert "people here" not in of_marketing


def test_the_front_page_asks_little(revops):
    revops.get(FRONT)

    with CaptureQueriesContext(connection) as queries:
        revops.get(FRONT)

    assert len(queries) <= 15
