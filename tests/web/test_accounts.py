"""The account-based path: companies that both teams are after, and who there is engaged."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff import pipeline
from crm_handoff.people.models import User
from leads import intake
from leads.companies import AccountFacts
from leads.models import Account, AttributeChange, Lead
from routing.models import Handoff, NamedAccount
from tests.web import world


def of_company(name: str, **fields: Any) -> Account:
    """An account, recorded as a source would."""
    domain = f"{name.split()[0].lower()}.example"
    facts = AccountFacts(name=name, domain=domain, **fields)
    return intake.record_account(facts, received_at=timezone.now() - world.DAY).account


def works_at(account: Account, first: str, **fields: Any) -> Lead:
    """Somebody at an account."""
    facts = AccountFacts(name=account.name, domain=account.domain)
    return world.lead(first, account=facts, **fields)


def judge_all() -> None:
    while pipeline.judge_pending():
        pass


def stage_of(lead: Lead) -> tuple[str, str]:
    lead.refresh_from_db()
    assert lead.latest_evaluation is not None
    return lead.stage, lead.latest_evaluation.path


@pytest.fixture
def tiny(version):
    """A company far below the size that the agreement asks for."""
    return of_company("Tinkerers GmbH", industry="hospitality", employee_count=9, country="DE")


def test_an_engaged_contact_of_a_target_account_is_an_mql_without_the_fit_check(
    version, robin: Client, tiny
):
    ada = works_at(tiny, "Ada", job_title="Analyst")
    world.did(ada, "webinar_attended", at=timezone.now() - world.HOUR, channel="event")
    judge_all()
    assert stage_of(ada)[0] != "mql"

    answer = robin.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "true"}, follow=True)
    judge_all()

    assert "is a target account" in answer.content.decode()
    assert stage_of(ada) == ("mql", "account_based")
    change = AttributeChange.objects.get(account=tiny, field="is_target")
    assert (change.new, change.source) == (True, "crm_handoff")


def test_a_contact_who_never_did_anything_stays_where_they_are(version, robin, tiny):
    ada = works_at(tiny, "Ada")
    robin.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "true"})
    judge_all()

    ada.refresh_from_db()
    assert ada.stage == "new"


@pytest.mark.parametrize(
    ("title", "last", "stage"),
    [
        ("Chief Operating Officer", "demo_request", "sql"),
        ("Analyst", "demo_request", "mql"),
        ("Chief Operating Officer", "blog_view", "mql"),
    ],
)
def test_sql_still_asks_for_authority_and_intent_of_the_person(
    version, dana, robin, tiny, title, last, stage
):
    robin.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "true"})
    ada = works_at(tiny, "Ada", job_title=title)
    at = timezone.now()
    world.did(ada, "webinar_attended", at=at - world.DAY, channel="event")
    world.did(ada, last, at=at - world.HOUR)

    judge_all()

    assert stage_of(ada) == (stage, "account_based")
    assert Handoff.objects.filter(lead=ada).exists() == (stage == "sql")


def test_a_mark_that_is_taken_away_lowers_no_stage(version, robin, tiny):
    ada = works_at(tiny, "Ada")
    world.did(ada, "webinar_attended", at=timezone.now() - world.HOUR, channel="event")
    robin.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "true"})
    judge_all()
    robin.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "false"})
    judge_all()

    ada.refresh_from_db()
    tiny.refresh_from_db()
    assert (ada.stage, ada.no_longer_meets, tiny.is_target) == ("mql", True, False)


def test_the_page_shows_its_people_together(version, dana, robin, tiny):
    robin.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "true"})
    ada, ben = works_at(tiny, "Ada"), works_at(tiny, "Ben", job_title="Analyst")
    works_at(tiny, "Cleo")
    at = timezone.now() - world.HOUR
    world.interested(ada, at=at)
    world.did(ben, "webinar_attended", at=at, channel="event")
    judge_all()
    together = sum(
        lead.latest_evaluation.points
        for lead in Lead.objects.filter(account=tiny).select_related("latest_evaluation")
    )

    page = robin.get(f"/accounts/{tiny.public_id}/")

    standing = page.context["row"].standing
    assert (standing.people_count, standing.engaged_count) == (3, 2)
    assert (standing.points, standing.touchpoint_count) == (together, 6)
    assert page.context["row"].owner == dana
    assert page.context["people"][0] == ada


def test_the_owner_is_whom_revops_named(version, dana, alex, robin, tiny):
    world.handed_over(version, works_at(tiny, "Ada"))
    NamedAccount.objects.create(account=tiny, rep=alex)

    row = robin.get(f"/accounts/{tiny.public_id}/").context["row"]

    assert (row.owner, row.is_named) == (alex, True)


def test_the_family_is_shown(version, robin, tiny):
    mother = of_company("Mothership AG")
    sister = of_company("Sister GmbH", parent_domain="mothership.example")
    tiny.parent = mother
    tiny.save(update_fields=["parent"])

    page = robin.get(f"/accounts/{tiny.public_id}/")

    assert page.context["family"] == [mother, sister]
    assert "owns this one" in page.content.decode()


def test_a_rep_sees_the_accounts_of_their_leads_and_of_those_only_their_people(
    version, dana, door, tiny
):
    mine, other = works_at(tiny, "Ada"), works_at(tiny, "Ben")
    foreign = of_company("Elsewhere Ltd")
    world.handed_over(version, mine)
    client = door(dana.user)

    page = client.get(f"/accounts/{tiny.public_id}/")

    assert page.context["people"] == [mine]
    assert str(other) not in page.content.decode()
    assert client.get(f"/accounts/{foreign.public_id}/").status_code == 404
    assert client.get("/accounts/").status_code == 403
    refused = client.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "true"})
    assert refused.status_code == 403


def test_marketing_reads_but_does_not_mark(version, marketer: User, door, tiny):
    client = door(marketer)

    assert client.get("/accounts/?view=all").status_code == 200
    assert client.post(f"/accounts/{tiny.public_id}/target/").status_code == 403


def test_the_list_shows_target_accounts_and_finds_all(version, robin, tiny):
    of_company("Ordinary AG")
    robin.post(f"/accounts/{tiny.public_id}/target/", {"is_target": "true"})

    def names(address: str) -> list[str]:
        return [row.account.name for row in robin.get(address).context["rows"]]

    assert names("/accounts/") == ["Tinkerers GmbH"]
    assert names("/accounts/?view=all") == ["Ordinary AG", "Tinkerers GmbH"]
    assert names("/accounts/?view=all&q=ordin") == ["Ordinary AG"]
    assert "Nothing matches" in robin.get("/accounts/?q=nobody").content.decode()
    assert "characters" in robin.get(f"/accounts/?q={'x' * 300}").content.decode()


def test_an_empty_list_says_how_it_fills(version, robin):
    assert "No target accounts yet" in robin.get("/accounts/").content.decode()
    assert "No accounts yet" in robin.get("/accounts/?view=all").content.decode()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_queries_do_not_grow_with_accounts_and_people(version, dana, robin, tiny):
    works_at(tiny, "Ada")
    few = [queries(robin, at) for at in ("/accounts/?view=all", f"/accounts/{tiny.public_id}/")]
    for number in range(12):
        of_company(f"Company{number} AG", parent_domain=tiny.domain)
        world.did(works_at(tiny, f"Person{number}"), "blog_view", at=timezone.now() - world.HOUR)

    many = [queries(robin, at) for at in ("/accounts/?view=all", f"/accounts/{tiny.public_id}/")]

    assert many == few
    assert max(many) <= 15
