"""Facts: each answered, the same for one lead and for many, now and as of any instant."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definitions import catalog, engine
from definitions.agreement import Agreement
from definitions.vocabulary import FACTS
from leads import facts, intake, profiles
from leads.models import Lead, PendingMark
from leads.profiles import AsOf
from tests import recipes

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def asking(*questions: str | tuple[str, Mapping[str, Any]], zone: str = "UTC") -> Agreement:
    """An agreement with one signal for each question, the shipped kinds and title rules."""
    asked = [(one, {}) if isinstance(one, str) else one for one in questions]
    signals = {
        f"signal_{place}": {
            "label": fact,
            "fact": fact,
            "parameters": dict(parameters),
            "operator": "known",
        }
        for place, (fact, parameters) in enumerate(asked)
    }
    content = {
        "process": "criteria_led",
        "handoff_stage": "sql",
        "day_zone": zone,
        "signals": signals,
    }
    return engine.compile(content | catalog.copies())


def ask(
    lead: Lead,
    fact: str,
    *,
    at: datetime = NOON,
    known_at: datetime | None = None,
    zone: str = "UTC",
    **parameters: Any,
) -> Any:
    asked = asking((fact, parameters), zone=zone)
    return facts.answer([lead.pk], asked, at=at, known_at=known_at).values[lead.pk][0]


@pytest.fixture
def lead(db: None) -> Lead:
    recipes.small_catalog()
    return recipes.known_lead(at=NOON - 90 * DAY)


def test_every_fact_of_the_vocabulary_is_answered_and_no_other() -> None:
    assert set(FACTS) == facts.ANSWERED


def test_attributes_come_from_the_lead_and_the_account(db: None) -> None:
    recipes.small_catalog()
    lead = recipes.known_lead(
        at=NOON,
        language="DE",
        product_line=" pay  roll ",
        country="at",
        source="webinar",
        phone="+43 1",
        job_title="CTO",
        account={
            "country": "DE",
            "region": "Bavaria",
            "industry": "software",
            "employee_count": 120,
            "revenue": Decimal(9_000_000),
            "currency": "EUR",
            "technologies": ("postgresql", "django"),
            "funding_stage": "series_a",
            "tier": "A",
            "is_target": True,
        },
    )

    answers = {fact: ask(lead, fact) for fact in facts.ATTRIBUTES}

    assert answers == {
        "country": "AT",
        "region": "Bavaria",
        "language": "de",
        "product_line": "pay roll",
        "industry": "software",
        "employee_count": 120,
        "revenue": Decimal(9_000_000),
        "funding_stage": "series_a",
        "account_tier": "A",
        "technologies": ("postgresql", "django"),
        "is_target_account": True,
        "has_account": True,
        "expected_acv": None,
        "persona": None,
        "source": "webinar",
        "email_is_known": True,
        "email_is_free_mail": False,
        "phone_is_known": True,
    }
    assert ask(lead, "title_authority") == "decision_maker"
    assert ask(lead, "title_confidence") > 50


def test_tier_and_product_line_are_told_as_they_were_and_those_concerned_are_judged_again(
    db: None,
) -> None:
    recipes.small_catalog()
    acme = {"name": "Acme", "domain": "acme.example", "tier": "B"}
    lead = recipes.known_lead(at=NOON - 9 * DAY, account=acme, product_line="payroll")
    colleague = recipes.known_lead(at=NOON - 9 * DAY, account=acme)
    PendingMark.objects.all().delete()

    intake.record_lead(
        intake.LeadFacts(
            system="crm",
            email=lead.email,
            product_line="time tracking",
            account=intake.AccountFacts(domain="acme.example", tier="strategic"),
        ),
        received_at=NOON - DAY,
    )

    asked = ("account_tier", "product_line")
    assert [ask(lead, fact) for fact in asked] == ["strategic", "time tracking"]
    assert [ask(colleague, fact) for fact in asked] == ["strategic", None]
    assert [ask(lead, fact, at=NOON - 2 * DAY) for fact in asked] == ["B", "payroll"]
    assert ask(lead, "account_tier", at=NOON, known_at=NOON - 2 * DAY) == "B"
    marked = set(PendingMark.objects.values_list("lead", flat=True))
    assert marked == {lead.pk, colleague.pk}


def test_expected_acv_is_the_leads_else_the_deals_else_the_accounts(db: None) -> None:
    lead = recipes.known_lead(at=NOON, account={"expected_acv": Decimal(10), "currency": "USD"})
    assert ask(lead, "expected_acv") == 10

    intake.record_opportunity(
        intake.OpportunityFacts(
            system="crm", external_id="1", lead=lead, amount=Decimal(20), currency="USD"
        ),
        received_at=NOON,
    )
    assert ask(lead, "expected_acv") == 20

    intake.record_lead(
        intake.LeadFacts(system="crm", email=lead.email, expected_acv=Decimal(30), currency="USD"),
        received_at=NOON,
    )
    assert ask(lead, "expected_acv") == 30


def won(lead: Lead, *, at: datetime, number: str = "1", stage: str = "won") -> None:
    """The CRM told, at that instant, how a deal of the lead's account stands."""
    intake.record_opportunity(
        intake.OpportunityFacts(system="crm", external_id=number, lead=lead, stage=stage),
        received_at=at,
    )


def test_an_account_is_a_customer_once_one_of_its_deals_was_won(db: None) -> None:
    recipes.small_catalog()
    acme = {"name": "Acme", "domain": "acme.example"}
    buyer = recipes.known_lead(at=NOON - 9 * DAY, account=acme)
    colleague = recipes.known_lead(at=NOON - 9 * DAY, account=acme)
    stranger = recipes.known_lead(at=NOON - 9 * DAY)
    won(buyer, at=NOON - 3 * DAY, stage="open")
    won(buyer, at=NOON - DAY)

    said = [ask(one, "is_customer") for one in (buyer, colleague, stranger)]

    assert said == [True, True, False]
    assert ask(colleague, "is_customer", at=NOON - 2 * DAY) is False
    assert ask(colleague, "is_customer", at=NOON, known_at=NOON - 2 * DAY) is False


def test_a_deal_that_was_won_by_mistake_makes_no_customer(db: None) -> None:
    recipes.small_catalog()
    lead = recipes.known_lead(at=NOON - 9 * DAY, account={"name": "Acme"})
    won(lead, at=NOON - 3 * DAY)
    won(lead, at=NOON - DAY, stage="lost")

    assert ask(lead, "is_customer") is False
    assert ask(lead, "is_customer", at=NOON - 2 * DAY) is True


def test_who_works_at_a_new_customer_waits_for_judgement(db: None) -> None:
    recipes.small_catalog()
    acme = {"name": "Acme", "domain": "acme.example"}
    buyer = recipes.known_lead(at=NOON - 9 * DAY, account=acme)
    colleague = recipes.known_lead(at=NOON - 9 * DAY, account=acme)
    won(buyer, at=NOON - 2 * DAY, stage="open")
    PendingMark.objects.all().delete()

    won(buyer, at=NOON - DAY)

    assert PendingMark.objects.filter(lead=colleague).exists()


@pytest.mark.parametrize(
    ("age", "counted"),
    [(7 * DAY - SECOND, 1), (7 * DAY, 0), (timedelta(0), 1), (-SECOND, 0)],
    ids=["a second inside", "on the edge", "now", "in a second"],
)
def test_a_window_ends_now_and_begins_just_after_its_edge(
    lead: Lead, age: timedelta, counted: int
) -> None:
    recipes.touch(lead, "page_view", at=NOON - age)

    assert ask(lead, "touchpoint_count", days=7) == counted


@pytest.mark.parametrize(
    ("parameters", "counted"),
    [
        ({}, 4),
        ({"kinds": ["demo_request"]}, 1),
        ({"categories": ["content", "form"]}, 2),
        ({"min_intent": "medium"}, 2),
        ({"direct_only": True}, 1),
        ({"verified_only": True}, 3),
        ({"channels": ["email"]}, 1),
        ({"campaigns": ["spring"]}, 1),
        ({"categories": ["web"], "verified_only": True}, 1),
    ],
    ids=str,
)
def test_each_parameter_narrows_what_counts(
    lead: Lead, parameters: dict[str, Any], counted: int
) -> None:
    at = NOON - HOUR
    recipes.touch(lead, "demo_request", at=at, campaign="spring")
    recipes.touch(lead, "whitepaper", at=at, channel="email")
    recipes.touch(lead, "page_view", at=at)
    recipes.touch(lead, "pricing_page_view", at=at, is_verified=False)
    recipes.touch(lead, "demo_request", at=at, is_bot=True)

    assert ask(lead, "touchpoint_count", days=30, **parameters) == counted


def test_days_are_counted_in_the_agreements_zone(lead: Lead) -> None:
    recipes.touch(lead, "page_view", at=datetime(2026, 1, 12, 22, 30, tzinfo=UTC))
    recipes.touch(lead, "page_view", at=datetime(2026, 1, 12, 23, 30, tzinfo=UTC))

    assert ask(lead, "touchpoint_days", days=7) == 1
    assert ask(lead, "touchpoint_days", days=7, zone="Europe/Berlin") == 2


def test_channels_campaigns_and_recency(lead: Lead) -> None:
    recipes.touch(lead, "page_view", at=NOON - 50 * HOUR, channel="web", campaign="b")
    recipes.touch(lead, "page_view", at=NOON - 300 * DAY, channel="social", campaign="a")

    assert ask(lead, "touchpoint_channels", days=30) == 1
    assert ask(lead, "touchpoint_assets", days=30) == 0
    assert ask(lead, "campaigns") == ("a", "b")
    assert ask(lead, "days_since_touchpoint") == 2
    assert ask(lead, "days_since_touchpoint", kinds=["rfp"]) is None


def test_account_facts_look_at_everybody_of_the_account(db: None) -> None:
    recipes.small_catalog()
    account = {"name": "Acme", "domain": "acme.com"}
    anna, bob = (recipes.known_lead(at=NOON, account=account) for _ in range(2))
    stranger = recipes.known_lead(at=NOON)
    for somebody in (anna, anna, bob, stranger):
        recipes.touch(somebody, "page_view", at=NOON)

    assert ask(bob, "account_touchpoint_count", days=7) == 3
    assert ask(bob, "account_people_engaged", days=7) == 2
    assert ask(stranger, "account_touchpoint_count", days=7) == 0


def test_an_answer_holds_until_it_expires_or_a_later_one_is_given(lead: Lead, rita: Any) -> None:
    def confirm(value: Any, at: datetime, **more: Any) -> None:
        intake.record_assertion(
            lead,
            what="buying_team_confirmed",
            value=value,
            evidence="Said so on the phone.",
            by=rita,
            at=at,
            **more,
        )

    confirm(True, NOON - 10 * DAY, expires_at=NOON + DAY)

    assert ask(lead, "buying_team_confirmed") is True
    assert ask(lead, "asserted", what="buying_team_confirmed") is True
    assert ask(lead, "buying_team_confirmed", at=NOON - 11 * DAY) is False
    assert ask(lead, "buying_team_confirmed", at=NOON + DAY) is False
    confirm(False, NOON)
    assert ask(lead, "buying_team_confirmed") is False


@pytest.mark.parametrize(
    ("question", "touched_at", "changes_at"),
    [
        (("touchpoint_count", {"days": 7}), NOON - DAY, NOON + 6 * DAY),
        (("touchpoint_count", {"days": 7}), NOON + HOUR, NOON + HOUR),
        (("days_since_touchpoint", {}), NOON - 30 * HOUR, NOON + 18 * HOUR),
        (("touchpoint_count", {"days": 7}), NOON - 8 * DAY, None),
    ],
    ids=["leaves the window", "arrives", "a day more", "left before"],
)
def test_changes_at_is_when_time_alone_changes_an_answer(
    lead: Lead, question: Any, touched_at: datetime, changes_at: datetime | None
) -> None:
    recipes.touch(lead, "page_view", at=touched_at)

    answered = facts.answer([lead.pk], asking(question), at=NOON)

    assert answered.changes_at[lead.pk] == changes_at


def test_more_questions_than_a_mask_has_bits(lead: Lead) -> None:
    recipes.touch(lead, "page_view", at=NOON - 40 * DAY - HOUR)
    asked = asking(*(("touchpoint_count", {"days": days}) for days in range(1, 81)))

    values = facts.answer([lead.pk], asked, at=NOON).values[lead.pk]

    assert values == (0,) * 40 + (1,) * 40


QUESTIONS: list[Any] = [
    *facts.ATTRIBUTES,
    "is_customer",
    "title_authority",
    "buying_team_confirmed",
    ("touchpoint_count", {"days": 7}),
    ("touchpoint_count", {"days": 30, "min_intent": "medium"}),
    ("touchpoint_days", {"days": 30}),
    ("touchpoint_channels", {"days": 30}),
    "days_since_touchpoint",
    "campaigns",
    ("account_touchpoint_count", {"days": 30}),
    ("account_people_engaged", {"days": 30}),
]

instants = st.integers(0, 40).map(lambda days: NOON - days * DAY)
happenings = st.lists(
    st.one_of(
        st.tuples(
            st.just("touch"),
            st.integers(0, 3),
            st.sampled_from(["page_view", "demo_request", "webinar_attended"]),
            instants,
            st.integers(0, 3),
        ),
        st.tuples(
            st.just("title"),
            st.integers(0, 3),
            st.sampled_from(["CEO", "Student", "Engineer"]),
            instants,
            st.integers(0, 3),
        ),
        st.tuples(
            st.just("company"),
            st.integers(0, 3),
            st.sampled_from(["acme", "globex"]),
            instants,
            st.integers(0, 3),
        ),
    ),
    max_size=12,
)


def play(happening: tuple[Any, ...], leads: list[Lead]) -> None:
    what, who, value, at, lag = happening
    lead, received_at = leads[who], at + lag * DAY
    if what == "touch":
        recipes.touch(lead, value, at=at, received_at=received_at, campaign=f"c{who}")
        return
    size = {"acme": 10, "globex": 500}.get(value)
    intake.record_lead(
        intake.LeadFacts(
            system="crm",
            email=lead.email,
            job_title=None if size else value,
            account=intake.AccountFacts(name=value, employee_count=size) if size else None,
        ),
        received_at=received_at,
        effective_at=at,
    )


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(happened=happenings, at=instants, lag=st.integers(0, 4))
def test_many_leads_are_answered_like_each_alone_and_history_like_now(
    db: None, happened: list[Any], at: datetime, lag: int
) -> None:
    recipes.small_catalog()
    leads = [recipes.known_lead(at=NOON - 60 * DAY) for _ in range(4)]
    ids = [lead.pk for lead in leads]
    asked = asking(*QUESTIONS)
    for happening in happened:
        play(happening, leads)

    together = facts.answer(ids, asked, at=at, known_at=at + lag * DAY)

    for pk in ids:
        alone = facts.answer([pk], asked, at=at, known_at=at + lag * DAY)
        assert alone.values[pk] == together.values[pk]
        assert alone.changes_at[pk] == together.changes_at[pk]
    now = AsOf(NOON + 9 * DAY, None)
    assert profiles.from_history(ids, now) == profiles.from_rows(ids)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(happened=happenings)
def test_the_past_is_answered_as_it_was_answered_then(db: None, happened: list[Any]) -> None:
    recipes.small_catalog()
    leads = [recipes.known_lead(at=NOON - 60 * DAY) for _ in range(4)]
    ids = [lead.pk for lead in leads]
    asked = asking(*QUESTIONS)
    then = []
    for happening in sorted(happened, key=lambda one: one[3] + one[4] * DAY):
        play(happening, leads)
        received_at = happening[3] + happening[4] * DAY
        if then and then[-1][0] == received_at:
            then.pop()
        answered = facts.answer(ids, asked, at=received_at, known_at=received_at)
        then.append((received_at, answered.values))

    for instant, values in then:
        replayed = facts.answer(ids, asked, at=instant, known_at=instant)
        assert replayed.values == values


def test_the_number_of_queries_does_not_grow_with_leads(db: None) -> None:
    recipes.small_catalog()
    leads = [recipes.engaged_lead(at=NOON).pk for _ in range(30)]
    asked = asking(*QUESTIONS)

    with CaptureQueriesContext(connection) as for_three:
        facts.answer(leads[:3], asked, at=NOON)
    with CaptureQueriesContext(connection) as for_thirty:
        facts.answer(leads, asked, at=NOON)

    assert len(for_three) == len(for_thirty) <= 12
