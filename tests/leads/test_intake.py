"""Facts come in: leads, touchpoints, deals and answers, each once, with history and mark."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import intake, qualification
from leads.enums import Stage
from leads.intake import AccountFacts, Identity, LeadFacts, OpportunityFacts, TouchpointFacts
from leads.models import (
    Account,
    AttributeChange,
    Evaluation,
    Lead,
    LeadIdentity,
    Opportunity,
    PendingMark,
    StageTransition,
    Touchpoint,
)
from tests import recipes

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def shipped_catalog(request: pytest.FixtureRequest) -> None:
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db" if "db" in request.fixturenames else "transactional_db")
        recipes.small_catalog()


def history(**owner: Any) -> list[tuple[str, Any, Any]]:
    changes = AttributeChange.objects.filter(**owner).order_by("pk")
    return [*changes.values_list("field", "old", "new")]


def test_record_lead_keeps_facts_history_and_mark_together(db: None) -> None:
    outcome = intake.record_lead(
        LeadFacts(system="website", external_id="7", email=" Anna@Acme.COM ", job_title="CTO"),
        received_at=NOON,
    )

    assert outcome.is_created
    assert outcome.lead.email == "anna@acme.com"
    assert history(lead=outcome.lead) == [
        ("email", None, "anna@acme.com"),
        ("job_title", None, "CTO"),
    ]
    assert PendingMark.objects.get().lead == outcome.lead


def test_record_lead_twice_changes_nothing(db: None) -> None:
    facts = LeadFacts(
        system="website",
        external_id="7",
        email="anna@acme.com",
        expected_acv=Decimal(50_000),
        currency="USD",
        source="webinar",
        account=AccountFacts(name="Acme", domain="acme.com", technologies=("django",)),
    )
    first = intake.record_lead(facts, received_at=NOON)
    changes, marks = AttributeChange.objects.count(), PendingMark.objects.count()

    again = intake.record_lead(facts, received_at=NOON + HOUR)

    assert (again.lead, again.is_created, again.changed_fields) == (first.lead, False, ())
    assert (AttributeChange.objects.count(), PendingMark.objects.count()) == (changes, marks)


def test_record_lead_never_overwrites_with_what_was_not_said(db: None) -> None:
    intake.record_lead(LeadFacts(system="a", email="a@b.com", phone="1"), received_at=NOON)

    outcome = intake.record_lead(
        LeadFacts(system="b", external_id="9", email="a@b.com", job_title="CEO"), received_at=NOON
    )

    assert outcome.changed_fields == ("job_title",)
    assert outcome.lead.phone == "1"
    assert {(one.system, one.external_id) for one in LeadIdentity.objects.all()} == {
        ("a", "a@b.com"),
        ("b", "9"),
    }


def test_record_lead_refuses_names_of_two_leads(db: None) -> None:
    anna = intake.record_lead(LeadFacts(system="crm", external_id="1"), received_at=NOON).lead
    bob = intake.record_lead(LeadFacts(system="web", email="bob@b.com"), received_at=NOON).lead

    with pytest.raises(intake.IdentityConflict) as conflict:
        intake.record_lead(
            LeadFacts(system="crm", external_id="1", email="bob@b.com"), received_at=NOON
        )

    assert (conflict.value.by_identity, conflict.value.by_email) == (anna, bob)


def test_record_lead_wants_a_name_for_the_lead(db: None) -> None:
    with pytest.raises(intake.LeadNotIdentified):
        intake.record_lead(LeadFacts(system="crm", job_title="CEO"), received_at=NOON)


def test_record_lead_finds_the_account_by_the_domain(db: None) -> None:
    acme = intake.record_account(AccountFacts(domain="acme.com"), received_at=NOON).account

    def account_of(email: str) -> Account | None:
        return intake.record_lead(
            LeadFacts(system="web", email=email), received_at=NOON
        ).lead.account

    assert account_of("anna@eu.acme.com") == acme
    assert account_of("anna@gmail.com") is None
    assert account_of("anna@notacme.com") is None


def test_record_lead_keeps_a_late_report_in_the_history_alone(db: None) -> None:
    facts = {"system": "crm", "email": "a@b.com"}
    intake.record_lead(LeadFacts(**facts, job_title="Student"), received_at=NOON - 9 * DAY)
    intake.record_lead(LeadFacts(**facts, job_title="CEO"), received_at=NOON)

    late = intake.record_lead(
        LeadFacts(**facts, job_title="CTO"), received_at=NOON, effective_at=NOON - 5 * DAY
    )

    assert late.changed_fields == ()
    assert Lead.objects.get().job_title == "CEO"
    assert history(lead=late.lead, field="job_title")[-1] == ("job_title", "Student", "CTO")


def test_record_account_marks_the_leads_of_the_account(db: None) -> None:
    lead = recipes.known_lead(at=NOON, account={"name": "Acme", "domain": "acme.com"})
    PendingMark.objects.all().delete()

    intake.record_account(AccountFacts(domain="ACME.com", employee_count=7), received_at=NOON)

    assert [mark.lead for mark in PendingMark.objects.all()] == [lead]
    assert ("employee_count", None, 7) in history(account=lead.account)


def test_record_lead_refuses_a_persona_that_nobody_made(db: None) -> None:
    with pytest.raises(intake.UnknownKey, match="persona"):
        intake.record_lead(LeadFacts(system="w", email="a@b.c", persona="x"), received_at=NOON)

    assert not Lead.objects.exists()


def touchpoint(lead: Any, **said: Any) -> TouchpointFacts:
    return TouchpointFacts(**{"lead": lead, "kind": "page_view", "occurred_at": NOON} | said)


def test_record_touchpoints_tells_of_each_what_became_of_it(db: None) -> None:
    lead = recipes.known_lead(at=NOON)
    named = Identity(system="website", external_id=lead.identities.get().external_id)
    mailed = Identity(system="other", email=lead.email.upper())

    outcomes = intake.record_touchpoints(
        [
            touchpoint(lead.pk, external_id="1"),
            touchpoint(named, external_id="2", campaign="spring"),
            touchpoint(mailed, external_id="1"),
            touchpoint(lead.pk, kind="dance"),
            touchpoint(0),
            touchpoint(lead.pk, asset="unheard-of"),
        ],
        system="website",
        received_at=NOON,
    )

    assert [outcome.status for outcome in outcomes] == [
        "created",
        "created",
        "repeated",
        "refused",
        "refused",
        "refused",
    ]
    assert outcomes[2].touchpoint_id == outcomes[0].touchpoint_id
    assert [outcome.reason.partition(":")[0] for outcome in outcomes[3:]] == [
        "kind",
        "lead",
        "asset",
    ]


def test_record_touchpoints_repeated_changes_nothing(db: None) -> None:
    lead = recipes.known_lead(at=NOON)
    items = [touchpoint(lead.pk, external_id="1"), touchpoint(lead.pk, kind="rfp")]
    intake.record_touchpoints(items, system="website", received_at=NOON)
    marks = PendingMark.objects.count()

    again = intake.record_touchpoints(items, system="website", received_at=NOON + DAY)

    assert [outcome.status for outcome in again] == ["repeated", "repeated"]
    assert Touchpoint.objects.count() == 2
    assert PendingMark.objects.count() == marks


def test_record_touchpoints_asks_as_often_for_many_as_for_few(db: None) -> None:
    lead = recipes.known_lead(at=NOON)

    def send(count: int, prefix: str) -> int:
        items = [touchpoint(lead.pk, external_id=f"{prefix}{one}") for one in range(count)]
        with CaptureQueriesContext(connection) as queries:
            intake.record_touchpoints(items, system="website", received_at=NOON)
        return len(queries)

    assert send(3, "a") == send(30, "b")


def test_record_opportunity_without_a_handoff_is_kept_and_flagged(db: None) -> None:
    lead = recipes.known_lead(at=NOON)
    recipes.touch(lead, "first_contact", at=NOON)

    deal = intake.record_opportunity(
        OpportunityFacts(
            system="crm", external_id="1", lead=lead, stage="won", closed_at=NOON - DAY
        ),
        received_at=NOON,
    )

    lead.refresh_from_db()
    assert lead.stage == Stage.WON
    assert set(deal.anomalies) == {"won_before_contact", "no_handoff"}
    assert StageTransition.objects.get().cause == "external"


def test_record_opportunity_is_unflagged_by_an_earlier_contact(db: None) -> None:
    lead = recipes.known_lead(at=NOON)
    recipes.touch(lead, "first_contact", at=NOON)
    facts = OpportunityFacts(
        system="crm", external_id="1", lead=lead, stage="won", closed_at=NOON - DAY
    )
    intake.record_opportunity(facts, received_at=NOON)

    recipes.touch(lead, "page_view", at=NOON - 3 * DAY, received_at=NOON)

    assert Opportunity.objects.get().anomalies == ["no_handoff"]


def test_record_opportunity_of_a_handoff_opens_and_closes_by_itself(
    active_version: Any, db: None
) -> None:
    lead = recipes.demanding_lead(at=NOON)
    qualification.judge([lead.pk], at=NOON)
    deal = {"system": "crm", "external_id": "1", "lead": lead}

    intake.record_opportunity(OpportunityFacts(**deal), received_at=NOON, has_handoff=True)
    won = intake.record_opportunity(OpportunityFacts(**deal, stage="won"), received_at=NOON + DAY)
    again = intake.record_opportunity(
        OpportunityFacts(**deal, stage="won"), received_at=NOON + 2 * DAY
    )

    assert [*StageTransition.objects.order_by("pk").values_list("to_stage", "cause")][1:] == [
        ("opportunity", "opportunity"),
        ("won", "opportunity"),
    ]
    assert won.anomalies == []
    assert again.closed_at == NOON + DAY


def test_record_assertion_wants_evidence(db: None, rita: Any) -> None:
    lead = recipes.known_lead(at=NOON)

    with pytest.raises(intake.EvidenceRequired):
        intake.record_assertion(lead, what="budget", value=True, evidence=" ", by=rita, at=NOON)


def judgement(evaluation: Evaluation) -> tuple[Any, ...]:
    met = {result["key"] for result in evaluation.results if result["met"]}
    return (
        evaluation.stage,
        evaluation.path,
        evaluation.fit,
        evaluation.engagement,
        evaluation.intent,
        evaluation.authority,
        met,
    )


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(6)), repeated=st.lists(st.integers(0, 5), max_size=4))
def test_late_shuffled_and_repeated_touchpoints_end_in_the_same_state(
    active_version: Any, db: None, order: list[int], repeated: list[int]
) -> None:
    kinds = ["whitepaper", "case_study", "page_view", "pricing_page_view", "rfp", "unsubscribe"]
    sorted_lead, shuffled_lead = (recipes.fitting_lead(at=NOON - 40 * DAY) for _ in range(2))

    def send(lead: Lead, which: list[int]) -> None:
        for place in which:
            item = touchpoint(
                lead.pk,
                kind=kinds[place],
                occurred_at=NOON - place * DAY,
                external_id=f"{lead.pk}-{place}",
            )
            intake.record_touchpoints([item], system="website", received_at=NOON)
            qualification.judge([lead.pk], at=NOON)

    send(sorted_lead, [*range(6)])
    send(shuffled_lead, [*order, *repeated])

    one, other = (
        Lead.objects.select_related("latest_evaluation").get(pk=lead.pk)
        for lead in (sorted_lead, shuffled_lead)
    )
    assert one.stage == other.stage == Stage.SQL
    assert one.reevaluate_at == other.reevaluate_at
    assert one.latest_evaluation
    assert other.latest_evaluation
    assert judgement(one.latest_evaluation) == judgement(other.latest_evaluation)


@pytest.mark.django_db(transaction=True)
def test_record_lead_at_once_from_many_sides_makes_one_lead() -> None:
    barrier, leads = Barrier(4), []

    def record() -> None:
        try:
            barrier.wait()
            outcome = intake.record_lead(
                LeadFacts(
                    system="website",
                    external_id="1",
                    email="a@acme.com",
                    source="web",
                    account=AccountFacts(name="Acme", domain="acme.com"),
                ),
                received_at=NOON,
            )
            leads.append(outcome.lead.pk)
        finally:
            connection.close()

    threads = [Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(leads) == 4
    assert len(set(leads)) == 1
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    "said",
    [" Acme.Example ", "https://www.acme.example/de?x=1", "acme.example:443", "www.acme.example."],
)
def test_an_account_is_known_by_the_domain_in_what_was_said(db: None, said: str) -> None:
    known = intake.record_account(
        intake.AccountFacts(name="Acme", domain="acme.example"), received_at=NOON
    )

    again = intake.record_account(intake.AccountFacts(domain=said), received_at=NOON)

    assert again.account == known.account
    assert again.changed_fields == ()


def test_names_are_kept_as_one_line(db: None) -> None:
    said = intake.LeadFacts(
        system="website",
        external_id="1",
        first_name="Ada\r\nBcc:",
        last_name="Love\u2028lace",
        account=intake.AccountFacts(name="Acme\n  GmbH"),
    )

    lead = intake.record_lead(said, received_at=NOON).lead

    assert (lead.first_name, lead.last_name) == ("Ada Bcc:", "Love lace")
    assert str(lead.account) == "Acme GmbH"
