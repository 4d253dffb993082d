"""Definitions in the administration: the order in which segments are tried."""

from django.urls import reverse

from definitions.models import Definition
from leads.models import PendingMark
from tests import recipes


def save(client, definition: Definition, **changed: object) -> None:
    fields = {
        "name": definition.name,
        "description": definition.description,
        "position": definition.position,
        "review_every_days": definition.review_every_days,
        "is_catch_all": "on" if definition.is_catch_all else "",
    }
    address = reverse("admin:definitions_definition_change", args=[definition.pk])
    response = client.post(address, fields | changed, follow=True)
    assert response.redirect_chain, response.context["errors"]


def test_leads_are_judged_anew_when_segments_are_tried_in_another_order(
    revops, active_version, noon
):
    lead = recipes.fitting_lead(at=noon)
    PendingMark.objects.all().delete()

    save(revops, active_version.definition, position=7)

    assert [(mark.lead, mark.is_backlog) for mark in PendingMark.objects.all()] == [(lead, True)]


def test_another_name_has_nobody_judged_anew(revops, active_version, noon):
    recipes.fitting_lead(at=noon)
    PendingMark.objects.all().delete()

    save(revops, active_version.definition, name="Middle")

    assert not PendingMark.objects.exists()
