"""What all lists and forms of the administration share."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection, models
from django.forms import CheckboxInput
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm_handoff.admin.base import ModelAdmin
from crm_handoff.admin.links import links_of
from crm_handoff.models import User
from crm_handoff.pages import MOST_PAGES
from definitions.models import DefinitionVersion, TouchpointKind
from leads.models import Account, Campaign, Lead, LeadIdentity, Opportunity, Source, Touchpoint
from routing import drafts
from routing.models import RoutingCondition, RoutingRule

pytestmark = pytest.mark.django_db

LEADS = reverse("admin:leads_lead_changelist")
ADMINS = [page for page in admin.site._registry.values() if isinstance(page, ModelAdmin)]
NAMES = [page.model._meta.label for page in ADMINS]
MEASURES = (
    models.IntegerField,
    models.DecimalField,
    models.FloatField,
    models.DurationField,
    models.TimeField,
    models.DateField,
)
UNITS = re.compile(
    r"whole number|percent|currenc|days? |day,|hours?|minutes?|time of day|day and time|"
    r"Monday|calls a minute|open leads|two decimals|for one",
    re.IGNORECASE,
)

each_admin = pytest.mark.parametrize("page", ADMINS, ids=NAMES)


@pytest.fixture
def superuser():
    return User.objects.create_superuser("root@tests.example")


@pytest.fixture
def questioning(draft):
    """A draft that has a row of everything, a question included."""
    draft.question_set.create(
        key="budget", question="Budget?", side="sales", answer_within=timedelta(hours=8)
    )
    plan = drafts.start(by=draft.author, at=draft.created_at)
    RoutingCondition.objects.create(
        rule=plan.rules.first(), fact="points", operator="at_least", wanted=50
    )
    return draft


@pytest.fixture
def people(db):
    company = Account.objects.create(name="Hansekontor", domain="hansekontor.example")
    return [
        Lead.objects.create(
            email=f"lead{number}@hansekontor.example",
            first_name="Ada",
            last_name=f"Berg {number}",
            account=company,
        )
        for number in range(120)
    ]


def rows_of(client, url, **parameters):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url, parameters)
    assert response.status_code == 200, response
    return response.context["cl"], [query["sql"] for query in queries]


@each_admin
def test_an_empty_list_says_what_will_appear_and_how(page):
    assert page.when_empty.endswith("."), page.model
    assert len(page.when_empty) > 20


def test_the_empty_list_shows_its_sentence(revops):
    response = revops.get(reverse("admin:leads_campaign_changelist"))

    assert "Campaigns appear here with the first touchpoints" in response.content.decode()


def test_a_search_without_hits_says_how_to_get_back(revops):
    response = revops.get(LEADS, {"q": "nobody at all"})

    assert "Nothing matches" in response.content.decode()
    assert "Show all" in response.content.decode()


@each_admin
def test_editable_measures_say_their_units(rf, superuser, questioning, page):
    request = rf.get("/")
    request.user = superuser

    silent = [name for form in forms_of(page, request) for name in _silent(form)]

    assert silent == []


def forms_of(page, request):
    """What somebody who may do everything can type on a page."""
    row = page.model.objects.first() or page.model()
    # Neither is begun by a form of its fields: a version from a template, a rule on its plan.
    begun_elsewhere = (DefinitionVersion, RoutingRule, RoutingCondition)
    if page.has_add_permission(request) and page.model not in begun_elsewhere:
        yield page.get_form(request)()
    if page.has_change_permission(request):
        yield page.get_form(request, row, change=True)(instance=row)
    for inline in page.get_inline_instances(request):
        if inline.has_change_permission(request) or inline.has_add_permission(request, None):
            yield inline.get_formset(request).form()


def _silent(form):
    """Inputs for a measure whose help does not say in what it is measured."""
    for name, field in form.fields.items():
        column = next((one for one in form._meta.model._meta.fields if one.name == name), None)
        is_measure = isinstance(column, MEASURES) and not column.choices
        if not is_measure or isinstance(field.widget, CheckboxInput):
            continue
        is_choice = hasattr(field, "choices")
        if not is_choice and not UNITS.search(str(field.help_text)):
            yield f"{form._meta.model.__name__}.{name}"


FEW = {
    "marketing_operator",
    "marketing_deputy",
    "sales_operator",
    "sales_deputy",
}
"""Only the few people who may be named operator are offered."""


@each_admin
def test_no_form_lists_a_large_table_in_a_select(rf, superuser, questioning, page):
    request = rf.get("/")
    request.user = superuser
    related = {
        field.name: field.related_model
        for field in page.model._meta.fields
        if field.related_model is not None and field.editable and field.name not in FEW
    }
    names = {name for form in forms_of(page, request) for name in form.fields}

    raw = [
        name
        for name, model in related.items()
        if name in names
        and name not in page.get_autocomplete_fields(request)
        and model in {Lead, Account, User, Campaign, Touchpoint, Opportunity}
    ]

    assert raw == []


def test_pages_follow_one_another_and_nothing_is_counted(revops, people):
    first, asked = rows_of(revops, LEADS)
    last, _ = rows_of(revops, LEADS, p=5)

    assert [lead.pk for lead in first.result_list] == [lead.pk for lead in people[:94:-1]]
    assert len(last.result_list) == 20
    assert (first.preceding, bool(first.following)) == ("", True)
    assert (bool(last.preceding), last.following) == (True, "")
    assert not any("COUNT(" in sql for sql in asked)
    assert len(asked) <= 15


def test_a_page_says_which_rows_it_shows(revops, people):
    page = revops.get(LEADS, {"p": 2}).content.decode()

    assert "26 to 50 of the leads" in page
    assert 'rel="prev"' in page
    assert 'rel="next"' in page


@pytest.mark.parametrize("number", ["0", str(MOST_PAGES + 1), "many"])
def test_a_page_too_far_on_leads_back_to_the_first(revops, people, number):
    response = revops.get(LEADS, {"p": number}, follow=True)

    assert response.status_code == 200
    assert response.context["cl"].page_num == 1


def test_a_filter_by_what_no_text_can_hold_leads_back_to_the_list(revops, people):
    response = revops.get(f"{LEADS}?country=%00", follow=True)

    assert response.status_code == 200
    assert response.redirect_chain[-1][0].endswith("?e=1")


def test_a_list_asks_the_same_of_any_number_of_rows(revops, people):
    rows_of(revops, LEADS)
    few = rows_of(revops, LEADS, q="Berg 11")[1]
    many = rows_of(revops, LEADS, q="Berg 1")[1]

    assert len(few) == len(many) <= 15


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("lead77@", 1),
        ("ADA berg 77", 1),
        ("hansekontor", 25),
        ("Hansekontor 77", 1),
        ("100%", 0),
        ("crm:4711", 1),
        ("crm:47", 0),
        ("x" * 300, 0),
    ],
)
def test_leads_are_found_by_email_name_company_and_id(revops, people, said, found):
    LeadIdentity.objects.create(lead=people[5], system="crm", external_id="4711")

    listed, _ = rows_of(revops, LEADS, q=said)

    assert len(listed.result_list) == found


def test_a_search_that_is_too_long_says_so(revops, people):
    response = revops.get(LEADS, {"q": "x" * 300})

    assert "no more than 200 characters" in response.content.decode()


def test_ascending_lists_order_rows_of_one_value_as_the_index_does(revops, people):
    listed, _ = rows_of(revops, LEADS)
    column = [getattr(one, "__name__", one) for one in listed.list_display].index("stage_label")

    up, _ = rows_of(revops, LEADS, o=str(column))
    down, _ = rows_of(revops, LEADS, o=f"-{column}")

    assert up.queryset.query.order_by == ("stage", "pk")
    assert down.queryset.query.order_by == ("-stage", "-pk")


def test_choosing_a_row_elsewhere_asks_the_same_of_many_as_of_few(revops, people):
    params = {"app_label": "leads", "model_name": "opportunity", "field_name": "lead"}
    url = reverse("admin:autocomplete")
    with CaptureQueriesContext(connection) as few:
        one = revops.get(url, params | {"term": "Ada 77"}).json()
    with CaptureQueriesContext(connection) as many:
        twenty = revops.get(url, params | {"term": "Ada Berg"}).json()

    assert [row["text"] for row in one["results"]] == ["Ada Berg 77"]
    assert len(twenty["results"]) == 20
    assert twenty["pagination"]["more"]
    assert len(few) == len(many)


def test_a_lead_leads_to_what_belongs_to_it(revops, people, noon):
    lead = people[0]
    kind = TouchpointKind.objects.create(key="webinar", name="Webinar", category="event")
    Touchpoint.objects.create(
        lead=lead,
        kind=kind,
        channel="event",
        occurred_at=noon,
        received_at=noon,
        system="website",
        external_id="1",
    )
    page = revops.get(reverse("admin:leads_lead_change", args=[lead.pk])).content.decode()

    links = re.findall(r'href="([^"]+)" class="border border-base-200 flex font-medium', page)

    assert reverse("admin:leads_account_change", args=[lead.account_id]) in links
    touchpoints = f"{reverse('admin:leads_touchpoint_changelist')}?lead__id__exact={lead.pk}"
    assert touchpoints in links
    listed, _ = rows_of(revops, touchpoints)
    assert [row.lead_id for row in listed.result_list] == [lead.pk]
    for link in links:
        assert revops.get(link).status_code == 200


def test_links_leave_out_what_the_person_may_not_open(rf):
    source = Source.objects.create(key="fair", name="Fair")
    request = rf.get("/")
    request.user = User.objects.create_user("nobody@tests.example")
    related = admin.site._registry[Source].related

    assert related
    assert list(links_of(source, related, request)) == []


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2026-01-13", "2026-01-13", 1),
        ("2026-01-14", "", 0),
        ("", "2026-01-12", 0),
        ("2026-01-01", "2026-01-31", 1),
        ("no day", "", 1),
    ],
)
def test_rows_are_found_by_their_days(revops, people, noon, first, last, found):
    Opportunity.objects.create(
        lead=people[0],
        system="crm",
        external_id="1",
        stage="lost",
        opened_at=noon,
        closed_at=noon,
        loss_reason="Price",
    )

    listed, _ = rows_of(
        revops,
        reverse("admin:leads_opportunity_changelist"),
        closed_at_from=first,
        closed_at_to=last,
    )

    assert len(listed.result_list) == found
