"""Marketing's promise by the API: rates, checks against the floor, batches rejected."""

from typing import Any

import pytest
from django.utils import timezone

from crm_handoff.people.models import User
from definitions.models import DefinitionVersion
from leads.companies import AccountFacts
from leads.models import Campaign, Lead
from routing.models import BulkRejection, Handoff, RejectionReason
from tests.routing.sales import bring
from tests.web import world
from tests.web.world import HOUR

WHY = {"reason": "no_fit", "comment": "The list was bought without sizes."}


@pytest.fixture
def version(db: None) -> DefinitionVersion:
    version = world.company()
    world.rep("Dana Fischer", world.territory())
    return version


@pytest.fixture
def campaign(version: DefinitionVersion) -> Campaign:
    return Campaign.objects.create(key="spring", name="Spring webinar")


def handed_over(version: DefinitionVersion, campaign: Campaign, *, people: int) -> Handoff:
    number = next(world.serial)
    account = AccountFacts(
        name=f"Kiosk {number}",
        domain=f"kiosk{number}.example",
        industry="logistics",
        employee_count=people,
        country="DE",
    )
    who = world.lead(f"Lead{number}", account=account)
    Lead.objects.filter(pk=who.pk).update(campaign=campaign)
    return world.handed_over(version, who)


@pytest.fixture
def offending(version: DefinitionVersion, campaign: Campaign) -> list[Handoff]:
    return [handed_over(version, campaign, people=12) for _ in range(2)]


@pytest.fixture
def clean(version: DefinitionVersion, campaign: Campaign) -> Handoff:
    return handed_over(version, campaign, people=300)


@pytest.fixture
def address(version: DefinitionVersion, campaign: Campaign) -> str:
    return f"/definitions/{version.definition.key}/batches/campaign/{campaign.pk}/reject/"


@pytest.fixture
def manager(signed_in: Any, version: DefinitionVersion) -> Any:
    return signed_in(User.objects.get(email="samir.haddad@example.com"))


def test_rates_say_by_definition_and_by_batch_how_much_misses_the_floor(
    manager: Any, offending: list[Handoff], clean: Handoff, campaign: Campaign
) -> None:
    bring(clean, clean=17, at=timezone.now() - HOUR)

    told = manager.read("/criteria-rates/").json()

    [definition] = told["definitions"]
    assert (definition["definition"], definition["limit_pct"]) == ("mid-market", 5.0)
    assert definition["is_broken"]
    [batch] = [one for one in told["batches"] if one["kind"] == "campaign"]
    assert batch | {"rate": None} == {
        "definition": "mid-market",
        "kind": "campaign",
        "key": str(campaign.pk),
        "name": "Spring webinar",
        "limit_pct": 5.0,
        "is_broken": True,
        "open": 2,
        "rate": None,
    }
    assert (batch["rate"]["missed"], batch["rate"]["counted"], batch["rate"]["pct"]) == (2, 20, 10)


def test_above_the_limit_a_batch_is_rejected_and_told_about(
    manager: Any, offending: list[Handoff], clean: Handoff, address: str
) -> None:
    bring(clean, clean=17, at=timezone.now() - HOUR)

    answer = manager.create(address, WHY)

    assert answer.status_code == 201
    told = answer.json()
    assert {*told["handoffs"]} == {str(one.public_id) for one in offending}
    assert (told["missed"], told["handed_over"], told["reason"]) == (2, 20, "no_fit")
    assert manager.read("/bulk-rejections/").json()["results"] == [told]
    assert manager.read(f"/bulk-rejections/{told['id']}/").json() == told
    again = manager.create(address, WHY)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_open")


def test_at_the_limit_it_is_refused_with_the_figures(
    manager: Any, offending: list[Handoff], clean: Handoff, address: str
) -> None:
    bring(clean, clean=37, at=timezone.now() - HOUR)

    problem = manager.create(address, WHY).json()

    assert (problem["status"], problem["code"]) == (409, "limit_kept")
    assert problem["detail"] == "2 of 40 are below the floor: 5.0 %, the limit is 5 %."
    assert not BulkRejection.objects.exists()


def test_a_batch_of_nineteen_is_too_small(
    manager: Any, offending: list[Handoff], clean: Handoff, address: str
) -> None:
    bring(clean, clean=16, at=timezone.now() - HOUR)

    assert manager.create(address, WHY).json()["code"] == "too_few_handovers"


def test_a_clean_lead_that_is_named_refuses_all_of_it(
    manager: Any, offending: list[Handoff], clean: Handoff, address: str
) -> None:
    bring(clean, clean=17, at=timezone.now() - HOUR)
    named = [str(offending[0].public_id), str(clean.public_id)]

    problem = manager.create(address, WHY | {"handoffs": named}).json()

    assert (problem["status"], problem["code"]) == (409, "not_below_the_floor")
    assert str(clean.lead) in problem["detail"]
    only = manager.create(address, WHY | {"handoffs": named[:1]}).json()
    assert only["handoffs"] == named[:1]


def test_handoffs_that_do_not_exist_are_named(
    manager: Any, offending: list[Handoff], clean: Handoff, address: str
) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"

    problem = manager.create(address, WHY | {"handoffs": [nowhere]}).json()

    assert problem["status"] == 400
    assert [error["field"] for error in problem["errors"]] == ["handoffs"]


def test_marketing_and_integrations_do_not_reject(
    signed_in: Any, website: Any, offending: list[Handoff], clean: Handoff, address: str
) -> None:
    bring(clean, clean=17, at=timezone.now() - HOUR)
    marketing = signed_in(User.objects.get(email="maya.lindqvist@example.com"))

    for caller in (marketing, website):
        assert caller.create(address, WHY).status_code == 403


def test_checks_against_the_floor_are_listed(
    manager: Any, offending: list[Handoff], clean: Handoff
) -> None:
    listed = manager.read("/floor-checks/", is_missed="true").json()["results"]
    assert {one["handoff"] for one in listed} == {str(one.public_id) for one in offending}
    assert listed[0]["missed"] == ["floor_headcount"]
    assert listed[0]["values"]["floor_headcount"] == 12
    kept = manager.read("/floor-checks/", is_missed="false").json()["results"]
    assert [one["handoff"] for one in kept] == [str(clean.public_id)]


def test_a_rejection_names_a_criterion_which_is_checked(
    manager: Any, offending: list[Handoff]
) -> None:
    address = f"/handoffs/{offending[0].public_id}/reject/"
    RejectionReason.objects.get(key="no_fit")

    wrong = manager.create(address, WHY | {"criterion": "shoe_size"}).json()
    assert (wrong["status"], wrong["code"]) == (400, "unknown_criterion")
    answer = manager.create(address, WHY | {"criterion": "floor_headcount"})

    assert answer.status_code == 200
    [rejection] = answer.json()["rejections"]
    assert (rejection["criterion"], rejection["is_borne_out"]) == ("floor_headcount", True)
