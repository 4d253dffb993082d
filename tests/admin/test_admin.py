"""Every page of the administration, by walking the site's own registry."""

import re
from collections import Counter

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm_handoff.integrations.models import DeliveryNotice
from crm_handoff.models import Allowance, CallAllowance, IdempotentRequest, Organization
from crm_handoff.people.roles import Role
from definitions import models as definitions
from leads import models as leads
from routing import models as routing

pytestmark = pytest.mark.usefixtures("organization", "db")

OURS = {"definitions", "leads", "routing", "crm_handoff", "integrations"}
INLINE_ONLY = {routing.CalendarWindow, routing.CalendarClosure, DeliveryNotice}
INTERNAL = {Allowance, CallAllowance, IdempotentRequest, routing.RoomMark}
"""Kept by the product for itself: nobody looks at them."""
ADMINS = list(admin.site._registry.items())
NAMES = [model._meta.label for model, _ in ADMINS]
DRAWN_ROW = '<tr class="data-row'
DRAWN_CELL = re.compile(r'<t[dh] class="[^"]*\bfield-')
HISTORY = {
    definitions.SignOff,
    leads.AttributeChange,
    leads.Evaluation,
    leads.Note,
    leads.StageTransition,
    leads.Touchpoint,
    routing.Acceptance,
    routing.Confirmation,
    routing.Assignment,
    routing.Attempt,
    routing.Rejection,
    routing.Reversal,
    routing.RoutingDecision,
    routing.SlaEvent,
    routing.SlaTimer,
    routing.SlaTimerStep,
}
LITERALS = re.compile(r"(?:(?:'[^']*'(?:::\w+)?|\b\d+\b)(?:, )?)+")

each_admin = pytest.mark.parametrize(("model", "page"), ADMINS, ids=NAMES)


def address(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def asked(client, url, **parameters):
    """The page's text, and what the database was asked for it, values left out."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(url, parameters)
    assert response.status_code == 200, response
    return response.content.decode(), [LITERALS.sub("?", q["sql"]) for q in queries]


def show(client, model, *, rows):
    """Draw a list that is narrowed to so many rows."""
    keys = list(model.objects.order_by("pk").values_list("pk", flat=True)[:rows])
    name = f"{model._meta.pk.name}__in"
    page, queries = asked(client, address(model, "changelist"), **{name: ",".join(map(str, keys))})
    assert page.count(DRAWN_ROW) == len(keys) == rows
    assert DRAWN_CELL.search(page)
    return queries


def test_every_model_of_ours_has_its_page():
    ours = {model for model in apps.get_models() if model._meta.app_label in OURS}

    assert ours - set(admin.site._registry) == INLINE_ONLY | INTERNAL


@each_admin
def test_a_list_draws_as_many_rows_as_there_are(revops, model, page):
    text, _ = asked(revops, address(model, "changelist"))

    assert text.count(DRAWN_ROW) == min(model.objects.count(), page.list_per_page)


@each_admin
def test_a_list_asks_the_same_for_three_rows_as_for_one(revops, model, page):
    if model in (Organization, routing.RoutingPolicy):
        pytest.skip("There is one of it.")
    show(revops, model, rows=1)  # a first look fills caches

    assert show(revops, model, rows=1) == show(revops, model, rows=3)


@each_admin
def test_a_list_can_be_searched(revops, model, page):
    if model is routing.RoutingPolicy:
        pytest.skip("There is one of it, without a text.")
    nothing, _ = asked(revops, address(model, "changelist"), q="no such thing anywhere")

    assert page.search_fields
    assert DRAWN_ROW not in nothing


@each_admin
def test_a_page_asks_nothing_once_for_each_row_beneath(revops, model, page):
    first = model.objects.order_by("pk").first()

    text, queries = asked(revops, address(model, "change", first.pk))

    question, times = Counter(queries).most_common(1)[0]
    its_own = sum(field.is_relation for field in model._meta.concrete_fields)
    assert "<fieldset" in text
    assert times <= 2 + its_own, question


def test_a_territory_with_three_reps_asks_what_one_with_a_single_rep_does(revops):
    territory = routing.Territory.objects.get(key="dach")
    assert territory.memberships.count() >= 3
    page = address(routing.Territory, "change", territory.pk)
    asked(revops, page)  # what is asked once for each process is out of the way
    of_many = asked(revops, page)[1]

    territory.memberships.exclude(pk=territory.memberships.first().pk).delete()

    assert asked(revops, page)[1] == of_many


@each_admin
def test_the_page_to_add_opens_where_something_can_be_added(revops, model, page):
    front, _ = asked(revops, reverse("admin:app_list", args=[model._meta.app_label]))
    may_add = address(model, "add") in front

    response = revops.get(address(model, "add"))

    assert response.status_code == (200 if may_add else 403)


@pytest.mark.parametrize("model", sorted(HISTORY, key=lambda model: model.__name__))
@pytest.mark.parametrize("is_superuser", [False, True])
def test_history_is_read_and_nothing_else(revops, django_user_model, model, is_superuser):
    django_user_model.objects.filter(email="revops@tests.example").update(
        is_superuser=is_superuser
    )
    row = model.objects.first()

    assert revops.get(address(model, "change", row.pk)).status_code == 200
    assert revops.post(address(model, "change", row.pk), {}).status_code == 403
    assert revops.post(address(model, "add"), {}).status_code == 403
    assert revops.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@each_admin
def test_an_auditor_reads_everything_and_changes_nothing(sign_in, model, page):
    auditor = sign_in(Role.AUDITOR)
    first = model.objects.order_by("pk").first()

    assert auditor.get(address(model, "changelist")).status_code == 200
    assert auditor.get(address(model, "change", first.pk)).status_code == 200
    assert auditor.post(address(model, "change", first.pk), {}).status_code == 403
    assert auditor.get(address(model, "add")).status_code == 403


@each_admin
def test_a_rep_is_not_let_in(sign_in, model, page):
    response = sign_in(Role.REP).get(address(model, "changelist"), follow=True)

    assert response.status_code == 403


def test_the_front_page_offers_what_a_person_may_open(sign_in):
    of_revops, _ = asked(sign_in(Role.REVOPS), reverse("admin:index"))
    of_marketing, _ = asked(sign_in(Role.MARKETING_LEAD), reverse("admin:index"))

    keys = address(apps.get_model("crm_handoff.apikey"), "changelist")
    assert keys in of_revops
    assert keys not in of_marketing
    assert address(definitions.DefinitionVersion, "changelist") in of_marketing


def test_the_sidebar_leads_to_pages_that_exist(revops):
    response = revops.get(reverse("admin:index"))

    links = {
        item["link"] for group in response.context["sidebar_navigation"] for item in group["items"]
    }
    assert len(links) > 30
    assert all(revops.get(str(link)).status_code == 200 for link in links)


def test_roles_are_kept_by_the_product_alone(revops):
    group = Group.objects.get(name=Role.AUDITOR)

    assert revops.post(address(Group, "change", group.pk), {"name": "x"}).status_code == 403
