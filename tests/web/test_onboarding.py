"""The first steps: from a superuser alone in an empty installation to a lead with a rep."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from crm_handoff import defaults
from crm_handoff.models import Organization, User
from crm_handoff.people import keys, onboarding, roles
from crm_handoff.people.roles import Role
from crm_handoff.web.onboarding import steps_of
from definitions import versions
from definitions.enums import Side
from definitions.models import DefinitionVersion
from leads.models import Lead
from routing.models import BusinessCalendar
from tests.web import world

pytestmark = pytest.mark.django_db

COMPANY = {
    "name": "Northwind",
    "time_zone": "Europe/Berlin",
    "week_starts_on": "0",
    "currency": "eur",
    "language": "en",
}


@pytest.fixture
def root():
    return User.objects.create_superuser("root@example.com", world.PASSWORD)


@pytest.fixture
def client(root):
    client = Client()
    client.force_login(root, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def shipped(root):
    """What the operator loads before the first sign-in."""
    defaults.load(by=root)


def page(client):
    response = client.get("/start/")
    assert response.status_code == 200
    return response.content.decode()


def done():
    return {step.key for step in steps() if step.is_done}


def steps():
    return steps_of(onboarding.setup())


def left():
    return [sentence for step in steps() for sentence in step.left]


def draft():
    return DefinitionVersion.objects.order_by("pk").first()


def people_of_both_sides():
    maya = world.person("Maya Lindqvist", Role.MARKETING_LEAD)
    samir = world.person("Samir Haddad", Role.SALES_MANAGER)
    return maya, samir


def test_an_empty_installation_begins_with_the_first_steps(client, shipped):
    assert client.get("/")["Location"] == "/start/"
    assert done() == set()
    assert "0</b> of 6 done" in page(client)


def test_without_defaults_the_page_says_what_to_run(client):
    assert "manage.py load_defaults" in page(client)


def test_the_organization_is_entered_right_there(client, shipped):
    response = client.post("/start/organization/", COMPANY)

    company = Organization.objects.get()
    assert response["Location"] == "/start/"
    assert (company.name, company.time_zone, company.currency) == (
        "Northwind",
        "Europe/Berlin",
        "EUR",
    )
    assert done() == {"organization"}


def test_the_organization_is_changed_there_too_and_stays_one(client, shipped):
    client.post("/start/organization/", COMPANY)
    client.post("/start/organization/", COMPANY | {"name": "Southwind"})

    assert Organization.objects.get().name == "Southwind"


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"time_zone": "Mars"}, {"currency": "XXQ"}, {"week_starts_on": "7"}],
    ids=str,
)
def test_an_organization_that_cannot_be_is_refused(client, shipped, change):
    response = client.post("/start/organization/", COMPANY | change)

    assert response.status_code == 422
    assert not Organization.objects.exists()


def test_people_count_once_they_came_in(client, shipped, root):
    world.person("Maya Lindqvist", Role.MARKETING_LEAD)
    client.post("/people/invite/lines/", {"lines": "Samir, samir@example.com, sales manager"})

    said = left()

    assert "Sales manager: 1 invited, who has not accepted yet." in said
    assert "Rep: invite at least one." in said
    assert not any(sentence.startswith("Marketing lead") for sentence in said)


def test_a_calendar_counts_when_it_is_in_the_companys_zone(client, shipped):
    client.post("/start/organization/", COMPANY)
    assert "calendar" not in done()

    BusinessCalendar.objects.update(time_zone="Europe/Berlin")

    assert "calendar" in done()


def test_a_territory_counts_when_somebody_receives_its_leads(client, shipped):
    dach = world.territory("DACH")
    assert any("DACH: nobody receives leads" in sentence for sentence in left())

    dana = world.rep("Dana Fischer", dach)
    assert "territories" in done()

    User.objects.filter(pk=dana.user_id).update(is_active=False)
    assert "territories" not in done()


def test_both_sides_are_named_in_a_draft_from_the_page(client, shipped):
    assert "must have come in first" in page(client)
    maya, samir = people_of_both_sides()

    client.post(
        f"/start/operators/{draft().public_id}/", {"marketing": maya.pk, "sales": samir.pk}
    )

    assert (draft().marketing_operator, draft().sales_operator) == (maya, samir)
    assert "submit it for review" in page(client)


def test_only_people_of_a_side_answer_for_it(client, shipped):
    maya, samir = people_of_both_sides()

    client.post(
        f"/start/operators/{draft().public_id}/", {"marketing": samir.pk, "sales": maya.pk}
    )

    assert draft().marketing_operator is None


def test_the_page_says_whose_signature_is_missing(client, shipped, root, noon):
    maya, samir = people_of_both_sides()
    version = draft()
    onboarding.name_operators(version, marketing=maya, sales=samir)
    version.refresh_from_db()
    versions.submit(version, by=root, at=noon)
    assert escape("Marketing's signature is missing: Maya Lindqvist") in page(client)

    versions.sign(version, side=Side.MARKETING, by=maya, at=noon)
    text = page(client)
    assert escape("Marketing's signature") not in text
    assert escape("Sales' signature is missing: Samir Haddad") in text

    roles.revoke(samir, Role.SALES_MANAGER)
    assert escape("Sales' signature is missing: invite a sales manager.") in page(client)


def test_a_version_in_review_is_renamed_by_nobody(client, shipped, root, noon):
    maya, samir = people_of_both_sides()
    version = draft()
    onboarding.name_operators(version, marketing=maya, sales=samir)
    version.refresh_from_db()
    versions.submit(version, by=root, at=noon)

    response = client.post(
        f"/start/operators/{version.public_id}/",
        {"marketing": maya.pk, "sales": samir.pk},
        follow=True,
    )

    assert "withdraw it first" in response.content.decode()


def everything(root):
    """A company at work: every step done."""
    version = world.company()
    dach = world.territory("DACH")
    world.rep("Dana Fischer", dach)
    Lead.objects.create(first_name="Maria", email="maria@example.com")
    return version


def test_everything_done_closes_the_list_by_itself(client, root):
    everything(root)

    assert done() == {"organization", "people", "calendar", "territories", "agreement", "leads"}
    assert not onboarding.is_open()
    assert "Everything is there" in page(client)


def test_a_key_can_be_skipped(client, root):
    everything(root)
    assert "key" not in done()

    keys.issue("Forms", system="website", created_by=root)

    assert "key" in done()


def test_the_list_is_put_away_and_found_again(client, shipped):
    client.post("/start/organization/", COMPANY)
    assert onboarding.is_open()

    response = client.post("/start/put-away/")

    assert response["Location"] == "/"
    assert not onboarding.is_open()
    assert client.get("/").status_code == 200
    assert "Put the list away" not in page(client)
    assert "/start/" in client.get("/you/").content.decode()


def test_put_away_it_costs_one_query(client, shipped, django_assert_num_queries):
    client.post("/start/organization/", COMPANY)
    client.post("/start/put-away/")

    with django_assert_num_queries(1):
        assert not onboarding.is_open()


def test_thirty_territories_ask_what_three_do(client, shipped):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            page(client)
        return len(queries)

    for number in range(3):
        world.rep(f"Rep {number}", world.territory(f"Part {number}"))
    page(client)
    of_three = asked()
    for number in range(3, 30):
        world.rep(f"Rep {number}", world.territory(f"Part {number}"))

    assert asked() == of_three


def test_revops_take_the_steps_and_others_do_not(shipped, door):
    robin = world.person("Robin Ops", Role.REVOPS)
    maya, samir = people_of_both_sides()

    assert door(robin).get("/start/").status_code == 200
    for person in (maya, samir):
        assert door(person).get("/start/").status_code == 403
        assert door(person).post("/start/organization/", COMPANY).status_code == 403
        assert door(person).post("/start/put-away/").status_code == 403


@pytest.mark.parametrize("is_shipped", [False, True], ids=["bare", "with defaults"])
def test_no_page_breaks_before_there_is_an_organization(client, root, is_shipped):
    if is_shipped:
        defaults.load(by=root)

    for place in (
        "/",
        "/start/",
        "/queue/",
        "/team/",
        "/leads/",
        "/accounts/",
        "/funnel/",
        "/assets/",
        "/imports/",
        "/imports/new/",
        "/webhooks/",
        "/webhooks/new/",
        "/notices/",
        "/you/",
        "/you/notifications/",
        "/people/invite/",
        "/admin/",
        "/admin/crm_handoff/organization/add/",
    ):
        assert client.get(place).status_code in (200, 302), place
