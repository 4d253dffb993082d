"""The bar on top: the pages that each role can use, in order, and where somebody is."""

import re

import pytest
from django.utils import timezone

from crm_handoff.people import onboarding
from routing.models import Rep
from tests.web import world

FOLLOWED = ["Home", "Team", "Leads", "Accounts", "Definitions", "Funnel", "Assets"]
ALL = [*FOLLOWED[:5], "Questions", *FOLLOWED[5:]]

PLACES = {
    "dana": ["My queue", "Definitions"],
    "manager": ALL,
    "marketer": ALL,
    "auditor": FOLLOWED,
}


def bar(client, path):
    page = client.get(path).content.decode()
    return re.search(r'<nav class="places".*?</nav>', page, re.DOTALL).group()


def places(client, path):
    return re.findall(r"<a[^>]*>([^<]+)</a>", bar(client, path))


def here(client, path):
    return re.findall(r'<a[^>]*aria-current="page"[^>]*>([^<]+)</a>', bar(client, path))


@pytest.mark.parametrize("who", PLACES)
def test_each_role_sees_the_pages_it_can_use(who, request, version, dana, door):
    found = request.getfixturevalue(who)
    client = door(found.user if isinstance(found, Rep) else found)

    assert places(client, "/notices/") == PLACES[who]


def test_revops_also_see_where_facts_come_in(robin):
    onboarding.put_away(at=timezone.now())

    assert places(robin, "/notices/") == [*ALL, "Imports", "Webhooks"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "Home"),
        ("/team/", "Team"),
        ("/leads/", "Leads"),
        ("/leads/{lead}/", "Leads"),
        ("/accounts/{account}/", "Accounts"),
        ("/team/absences/", "Team"),
        ("/definitions/", "Definitions"),
        ("/definitions/mid-market/", "Definitions"),
        ("/definitions/mid-market/versions/1/history/", "Definitions"),
        ("/notices/", None),
    ],
)
def test_the_place_of_a_page_is_marked_also_below_it(path, name, version, dana, manager, door):
    lead = world.handed_over(version).lead
    address = path.format(lead=lead.public_id, account=lead.account.public_id)

    assert here(door(manager), address) == ([name] if name else [])


def test_a_rep_is_in_the_queue_on_the_page_of_a_lead(version, dana, door):
    handoff = world.handed_over(version)

    assert here(door(dana.user), f"/handoffs/{handoff.public_id}/") == ["My queue"]
