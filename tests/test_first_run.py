"""A production's first day: defaults loaded, one superuser, no organization, nothing signed."""

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from crm_handoff import pipeline
from crm_handoff.models import User
from leads.models import Lead
from tests import recipes

PAGES = ("/", "/queue/", "/team/", "/funnel/", "/notices/", "/leads/", "/admin/")


@pytest.fixture
def first_person(db) -> User:
    person = User.objects.create_superuser("first@example.com", "correct horse battery staple")
    call_command("load_defaults")
    return person


@pytest.fixture
def signed_in(first_person) -> Client:
    client = Client()
    client.force_login(first_person, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(signed_in, page):
    assert signed_in.get(page, follow=True).status_code == 200


@pytest.mark.parametrize("act", ["changelist", "add"])
def test_every_page_of_the_administration_opens(signed_in, act):
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{act}")

        assert signed_in.get(address).status_code in (200, 403), address


def test_a_lead_that_comes_before_anything_is_signed_waits_and_is_shown(signed_in, noon):
    lead = recipes.demanding_lead(at=noon)

    assert pipeline.judge_pending(at=noon) == 1

    assert Lead.objects.get().stage == "new"
    page = signed_in.get(f"/leads/{lead.public_id}/").content.decode()
    assert "Not judged yet" in page
    assert signed_in.get(f"/admin/leads/lead/{lead.pk}/change/").status_code == 200
