"""Portraits: what is known of somebody, imagined or taken from a lead without what names them."""

from zoneinfo import ZoneInfo

from definitions.vocabulary import FACTS, Subject
from leads import assertions, judgements, portraits, qualification, stand_ins
from leads.facts import ANSWERS, TITLES
from leads.models import Lead
from leads.portraits import COMPANY_FACTS, PERSON_FACTS, Portrait
from leads.tallies import ACCOUNT_FACTS
from tests import recipes

DEMO = {"kind": "demo_request", "channel": "web", "days_ago": 0}
READ = {"kind": "whitepaper", "channel": "web", "days_ago": 2}
MET = {"kind": "webinar_attended", "channel": "event", "days_ago": 1}
EVERYTHING = Portrait(
    {
        "job_title": "CTO",
        "country": "DE",
        "region": "Bavaria",
        "language": "de",
        "product_line": "payroll",
        "source": "webinar",
        "expected_acv": 40000,
        "email_is_known": True,
        "phone_is_known": True,
        "has_account": True,
        "industry": "software",
        "employee_count": 300,
        "account_tier": "strategic",
        "technologies": ["postgresql"],
        "is_target_account": True,
    },
    [
        READ | {"campaign": "spring"},
        MET | {"is_unverified": True},
        DEMO | {"colleague": 1},
    ],
    {"buying_team_confirmed": True},
)


def test_every_fact_that_is_not_done_or_answered_can_be_said(db):
    told = {fact.key for fact in FACTS.values() if fact.subject is not Subject.TOUCHPOINTS} - {
        *TITLES,
        *ANSWERS,
        *ACCOUNT_FACTS,
    }

    assert told == (COMPANY_FACTS | PERSON_FACTS) - {"job_title"}


def test_a_portrait_is_read_back_as_it_was_painted(active_version, noon):
    with stand_ins.had([EVERYTHING], at=noon, zone=ZoneInfo("UTC")) as (pk,):
        found = portraits.of_lead(Lead.objects.get(pk=pk), active_version, at=noon)

    assert dict(found.profile) == EVERYTHING.profile
    assert found.answers == EVERYTHING.answers
    assert [one["kind"] for one in found.touchpoints] == ["webinar_attended", "whitepaper"]
    assert found.touchpoints[1] == READ | {"campaign": "spring"}


def test_a_lead_painted_is_judged_like_the_lead(active_version, rita, noon):
    lead = recipes.courted_lead(at=noon)
    assertions.record(
        lead, what="buying_team_confirmed", value=True, evidence="Said so.", by=rita, at=noon
    )

    portrait = portraits.of_lead(lead, active_version, at=noon)
    (look,) = judgements.looks([portrait], active_version, at=noon)

    assert look.verdict == qualification.verdicts_at([lead.pk], active_version, at=noon)[lead.pk]
    assert look.verdict.stage == "sql"


def test_a_portrait_of_a_lead_does_not_say_who_it_is(active_version, noon):
    lead = recipes.known_lead(
        at=noon,
        first_name="Anna",
        last_name="Berg",
        email="anna@acme.com",
        phone="+49 30 1234567",
        account={"name": "Acme", "domain": "acme.com"},
        **recipes.DECISION_MAKER,
    )

    painted = repr(portraits.of_lead(lead, active_version, at=noon))

    assert "Chief Technology Officer" in painted
    assert not any(word in painted for word in ("Anna", "Berg", "acme", "Acme", "1234567"))
