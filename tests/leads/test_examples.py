"""Examples: whom a definition must and must not qualify, judged by any of its versions."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from definitions import versions
from definitions.models import DefinitionVersion, TouchpointKind
from definitions.vocabulary import FACTS, Path, Subject
from leads import assertions, examples, portraits, qualification
from leads.examples import REACHED, ExampleNameTaken, Said
from leads.facts import ANSWERS, TITLES
from leads.models import Account, AttributeChange, Example, Lead, Touchpoint
from leads.portraits import COMPANY_FACTS, PERSON_FACTS, Portrait, VersionUnreadable
from leads.tallies import ACCOUNT_FACTS
from tests import recipes

CTO = {"job_title": "CTO", "industry": "software", "employee_count": 300, "country": "DE"}
DEMO = {"kind": "demo_request", "channel": "web", "days_ago": 0}
READ = {"kind": "whitepaper", "channel": "web", "days_ago": 2}
PRICE = {"kind": "pricing_page_view", "channel": "email", "days_ago": 1}
MET = {"kind": "webinar_attended", "channel": "event", "days_ago": 1}


def said(name: str = "CTO who asks for a demo", **other: Any) -> Said:
    return Said(
        **{"name": name, "stage": "sql", "is_expected": True, "portrait": Portrait(CTO, [DEMO])}
        | other
    )


def made(version: DefinitionVersion, at: datetime, by: Any, *args: Any, **other: Any) -> Example:
    return examples.create(version.definition, said(*args, **other), by=by, at=at)


def result(version: DefinitionVersion, at: datetime, by: Any, **other: Any) -> examples.Result:
    """Of one example alone."""
    made(version, at, by, **other)
    (found,) = examples.results(version, at=at)
    return found


def test_results_of_one_that_must_reach_and_does(active_version, rita, noon):
    found = result(active_version, noon, rita)

    assert found.is_kept
    assert found.verdict.stage == "sql"
    assert found.sentence == "Reaches SQL by the direct path."
    assert found.decisive == ()


def test_results_say_what_one_lacks_that_must_reach(active_version, rita, noon):
    found = result(active_version, noon, rita, portrait=Portrait(CTO, [READ, PRICE, PRICE]))

    assert not found.is_kept
    assert found.sentence == "Stays at MQL, lacks: A direct intent action in 30 days."
    assert [(one.criterion.key, one.is_met, one.seen) for one in found.decisive] == [
        ("direct_action", False, 0)
    ]


def test_results_of_one_that_must_not_pass(active_version, rita, noon):
    analyst = Portrait(CTO | {"job_title": "Analyst"}, [DEMO])

    found = result(active_version, noon, rita, is_expected=False, portrait=analyst)

    assert found.is_kept
    assert "Decision-maker by title" in found.sentence


def test_results_of_one_that_must_not_pass_and_does(active_version, rita, noon):
    found = result(active_version, noon, rita, is_expected=False)

    assert not found.is_kept
    assert found.sentence == "Reaches SQL by the direct path."


def test_results_name_the_exclusion_that_keeps_one_out(active_version, rita, noon):
    made(active_version, noon, rita, is_expected=False)
    text = yaml.safe_load(recipes.shipped_text())
    row = {"fact": "country", "operator": "is", "wanted": "DE"}
    text["exclusions"] = {"not_sold_there": {"label": "A country where we do not sell"} | row}
    draft = versions.load(yaml.safe_dump(text, sort_keys=False), by=rita)

    (found,) = examples.results(draft, at=noon)

    assert found.is_kept
    assert found.sentence == "Stays at IQL, kept out by: A country where we do not sell."
    assert [(one.criterion.key, one.seen) for one in found.decisive] == [("not_sold_there", "DE")]


def test_results_take_a_higher_stage_for_reached(active_version, rita, noon):
    assert result(active_version, noon, rita, stage="mql").is_kept


def test_results_of_a_draft_are_by_its_rows(active_version, rita, noon):
    made(active_version, noon, rita)
    draft = versions.revise(active_version, by=rita)
    draft.stagerule_set.filter(path="direct").delete()

    (found,) = examples.results(draft, at=noon)

    assert not found.is_kept
    assert examples.results(active_version, at=noon)[0].is_kept


def test_results_of_a_draft_that_makes_no_agreement_yet(active_version, rita, noon):
    made(active_version, noon, rita)
    draft = versions.revise(active_version, by=rita)
    draft.criterion_set.filter(key="company_size").update(operator="between", wanted="many")

    (found,) = examples.results(draft, at=noon)

    assert (found.is_kept, found.verdict) == (False, None)
    assert found.sentence == "Cannot be tried before the draft is mended."
    with pytest.raises(VersionUnreadable):
        portraits.looks([Portrait()], draft, at=noon)


def test_results_say_whom_the_segment_would_not_take(active_version, rita, noon):
    text = yaml.safe_load(recipes.shipped_text())
    text |= {"definition": "enterprise", "about": {"name": "Enterprise", "position": 10}}
    text["segment"] = [{"fact": "expected_acv", "operator": "at_least", "wanted": 100000}]
    enterprise = versions.load(yaml.safe_dump(text, sort_keys=False), by=rita)
    made(enterprise, noon, rita, "Small", portrait=Portrait(CTO, [DEMO]))
    made(enterprise, noon, rita, "Big", portrait=Portrait(CTO | {"expected_acv": 120000}, [DEMO]))

    found = {one.example.name: one.is_in_segment for one in examples.results(enterprise, at=noon)}

    assert found == {"Big": True, "Small": False}


def test_results_leave_nothing_behind(active_version, rita, noon):
    made(
        active_version,
        noon,
        rita,
        portrait=Portrait(
            CTO | {"source": "unheard_of", "is_customer": True},
            [DEMO | {"campaign": "unheard_of", "asset": "unheard_of"}, DEMO | {"colleague": 1}],
            {"buying_team_confirmed": True},
        ),
    )
    models = (Lead, Account, Touchpoint, AttributeChange, TouchpointKind)
    before = [model.objects.count() for model in models]

    examples.results(active_version, at=noon)

    assert [model.objects.count() for model in models] == before


def test_results_are_the_same_as_of_an_instant_that_has_passed(active_version, rita, noon):
    made(
        active_version,
        noon,
        rita,
        portrait=Portrait(CTO | {"is_target_account": True}, [READ, READ, MET, DEMO]),
    )
    recipes.known_lead(at=noon)

    (then,) = examples.results(active_version, at=noon - timedelta(days=200))
    (now,) = examples.results(active_version, at=noon)

    assert then.verdict == now.verdict
    assert now.is_kept


def test_results_ask_no_more_for_thirty_than_for_three(active_version, rita, noon):
    examples.results(active_version, at=noon)  # the agreement is remembered
    portraits.looks([Portrait()], active_version, at=noon)
    counts = []
    for many in (3, 27):
        for one in range(many):
            made(active_version, noon, rita, f"{many} {one}")
        with CaptureQueriesContext(connection) as captured:
            examples.results(active_version, at=noon)
        counts.append(len(captured))

    assert counts[0] == counts[1] <= 30


def test_examples_are_listed_those_that_must_pass_first(active_version, rita, noon):
    made(active_version, noon, rita, "Student", is_expected=False)
    made(active_version, noon, rita, "Reader", stage="mql")
    made(active_version, noon, rita, "Buyer")
    retired = made(active_version, noon, rita, "Gone")

    examples.retire(retired, at=noon)

    names = [one.name for one in examples.active(active_version.definition)]
    assert names == ["Buyer", "Reader", "Student"]


def test_create_refuses_a_name_twice_until_the_first_is_retired(active_version, rita, noon):
    first = made(active_version, noon, rita)

    with pytest.raises(ExampleNameTaken, match="cto who ASKS"):
        made(active_version, noon, rita, "cto who ASKS for a demo")

    examples.retire(first, at=noon)
    made(active_version, noon, rita, "cto who ASKS for a demo")


def test_edit_describes_it_anew(active_version, rita, noon):
    example = made(active_version, noon, rita)

    examples.edit(example, said("Student", is_expected=False, why="Not yet."), at=noon)

    example.refresh_from_db()
    assert (example.name, example.is_expected, example.why) == ("Student", False, "Not yet.")


def test_every_fact_that_is_not_done_or_answered_can_be_said(db):
    told = {fact.key for fact in FACTS.values() if fact.subject is not Subject.TOUCHPOINTS} - {
        *TITLES,
        *ANSWERS,
        *ACCOUNT_FACTS,
    }

    assert told == (COMPANY_FACTS | PERSON_FACTS) - {"job_title"}


def test_every_path_has_its_sentence():
    assert REACHED.keys() == set(map(str, Path))


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


def test_a_portrait_is_read_back_as_it_was_painted(active_version, noon):
    with portraits.had([EVERYTHING], at=noon, zone=portraits.ZoneInfo("UTC")) as (pk,):
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
    (look,) = portraits.looks([portrait], active_version, at=noon)

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
