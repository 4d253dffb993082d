"""People at their browsers, and a website that sends facts by the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from crm_handoff import pipeline
from crm_handoff.people import keys
from crm_handoff.people.models import User
from leads.models import Lead
from routing import handoffs
from routing.models import Handoff, Rep
from tests.web import world

SignIn = Callable[[Page, User], None]

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def anywhere(page: Page, request: Any) -> Page:
    """An empty page at a desk, then one on a phone; one that logs an error fails the test."""
    page.set_viewport_size(request.param)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


@pytest.fixture
def sign_in(live_server: Any) -> SignIn:
    """Return what signs a person in by the form and opens their start page."""

    def enter(page: Page, user: User) -> None:
        page.goto(f"{live_server.url}/login/")
        page.get_by_label("E-mail").fill(user.email)
        page.get_by_label("Password").fill(world.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda address: "/login/" not in address)

    return enter


@pytest.fixture
def dana(transactional_db: None) -> Rep:
    """A company with its agreement in force; Dana works DACH alone."""
    world.company()
    world.asset()
    return world.rep("Dana Fischer", world.territory())


@pytest.fixture
def lena(dana: Rep) -> Rep:
    """A rep of another territory."""
    return world.rep("Lena Vogt", world.territory("France", ("FR",)))


@pytest.fixture
def website(dana: Rep) -> Callable[[str, Any], None]:
    """Return what posts a fact to the API with the website's key; it has to be taken."""
    issued = keys.issue(
        "Website forms",
        system="website",
        created_by=User.objects.get(email="robin.ops@example.com"),
    )
    client = Client(headers={"authorization": f"Bearer {issued.token}"})

    def post(path: str, body: Any) -> None:
        response = client.post(f"/api/v1{path}", body, content_type="application/json")
        assert response.status_code in (200, 201, 202), response.content

    return post


@pytest.fixture
def work() -> Callable[[], None]:
    """Return what does the workers' work: judge whoever waits and hand over whoever qualifies."""

    def run() -> None:
        while pipeline.judge_pending():
            pass

    return run


@pytest.fixture
def confirming(transactional_db: None) -> tuple[Handoff, Rep]:
    """A lead of the process in which the rep confirms, and the rep who accepted it."""
    version = world.company("sales_confirmed")
    world.asset()
    rep = world.rep("Dana Fischer", world.territory())
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))
    Lead.objects.filter(pk=handoff.lead_id).update(stage=version.handoff_stage)
    handoffs.accept(handoff.pk, by=rep.user, at=timezone.now())
    return handoff, rep
