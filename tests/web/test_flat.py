"""A page asks as often with a hundred thousand leads as with a hundred."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_handoff.people.models import User
from tests.web import crowd, world
from tests.web.conftest import Doors

FEW, MANY = 100, 100_000

MOST = 40
"""Queries of the page that shows most: a lead with all that is known of it."""


def test_pages_ask_as_often_with_many_leads_as_with_few(
    version, dana, manager: User, marketer: User, robin: Client, door: Doors
):
    handoff = world.handed_over(version)
    rep, sales, marketing = door(dana.user), door(manager), door(marketer)
    addresses = {
        "/queue/": rep,
        "/": marketing,
        "/team/": sales,
        "/leads/": marketing,
        "/leads/?q=number": marketing,
        f"/leads/{handoff.lead.public_id}/": marketing,
        f"/handoffs/{handoff.public_id}/": rep,
        "/accounts/?view=all": robin,
        f"/accounts/{handoff.lead.account.public_id}/": robin,
        "/assets/": marketing,
        "/funnel/": marketing,
        "/sla/criteria/": marketing,
        "/notices/": rep,
        "/imports/": robin,
        "/start/": robin,
    }
    crowd.gather(handoff, first=1, last=FEW)
    few = {address: _queries(client, address) for address, client in addresses.items()}
    crowd.gather(handoff, first=FEW + 1, last=MANY)

    many = {address: _queries(client, address) for address, client in addresses.items()}

    assert many == few
    assert max(many.values()) <= MOST


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return len(captured)
