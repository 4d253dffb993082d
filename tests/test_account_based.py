"""Target accounts: whoever of them engages counts, and what they do counts for all of them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from crm_handoff import pipeline
from leads.models import Lead, PendingMark, StageTransition
from routing import defaults
from routing.models import Handoff
from tests import recipes
from tests.routing import asking

DAY = timedelta(days=1)

TARGET = {"name": "Acme", "domain": "acme.example", "employee_count": 9, "is_target": True}
"""Too small by every personal check of the shipped agreement, and on the list."""


@pytest.fixture
def version(db: None, noon: datetime) -> Any:
    """An account-based agreement: MQL by what the people of a target account do together."""
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    text: dict[str, Any] = yaml.safe_load(recipes.shipped_text())
    text["signals"]["account_is_busy"] = {
        "label": "Three touchpoints of the account in 30 days",
        "fact": "account_touchpoint_count",
        "parameters": {"days": 30},
        "operator": "at_least",
        "wanted": 3,
    }
    for rule in text["stages"]:
        if rule["path"] == "account_based":
            del rule["engagement"]
            rule["criteria"] = [*rule["criteria"], "account_is_busy"]
    return asking.active(yaml.safe_dump(text, sort_keys=False), at=noon - 90 * DAY)


def at_target(*, at: datetime, **said: Any) -> Lead:
    return recipes.known_lead(at=at, **{"account": TARGET, "job_title": "Analyst"} | said)


def stage_of(lead: Lead) -> str:
    lead.refresh_from_db()
    return lead.stage


def judge_all(*, at: datetime) -> None:
    while pipeline.judge_pending(at=at):
        pass


def test_any_engaged_contact_of_a_target_account_becomes_mql_without_personal_fit(
    active_version: Any, noon: datetime
) -> None:
    analyst = at_target(at=noon - DAY)
    stranger = recipes.known_lead(
        at=noon - DAY, account={"employee_count": 9}, job_title="Analyst"
    )
    for lead in (analyst, stranger):
        recipes.touch(lead, "whitepaper", at=noon)

    judge_all(at=noon)

    assert stage_of(analyst) == "mql"
    assert stage_of(stranger) == "iql"
    step = StageTransition.objects.get(lead=analyst, to_stage="mql")
    assert step.path == "account_based"


def test_sql_still_needs_the_authority_and_the_intent_of_the_person(
    active_version: Any, noon: datetime
) -> None:
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    analyst = at_target(at=noon - 9 * DAY)
    chief = at_target(at=noon - 9 * DAY, job_title="Chief Technology Officer")
    idle = at_target(at=noon - 9 * DAY, job_title="Chief Technology Officer")
    for lead in (analyst, chief):
        recipes.touch(lead, "whitepaper", at=noon - DAY)
        recipes.touch(lead, "demo_request", at=noon)
    for days in (0, 1):
        recipes.touch(idle, "whitepaper", at=noon - days * DAY)

    judge_all(at=noon)

    assert [stage_of(lead) for lead in (analyst, chief, idle)] == ["mql", "sql", "mql"]
    assert StageTransition.objects.get(lead=chief, to_stage="sql").path == "account_based"
    assert list(Handoff.objects.values_list("lead", flat=True)) == [chief.pk]


def test_what_its_people_do_is_the_accounts_score(version: Any, noon: datetime) -> None:
    one, other, idle = (at_target(at=noon - 9 * DAY) for _ in range(3))
    judge_all(at=noon - 9 * DAY)
    recipes.touch(one, "whitepaper", at=noon - 2 * DAY)
    recipes.touch(other, "whitepaper", at=noon - DAY)
    judge_all(at=noon - DAY)
    assert {stage_of(lead) for lead in (one, other, idle)} == {"iql", "new"}

    recipes.touch(other, "case_study", at=noon)
    judge_all(at=noon)

    assert {stage_of(lead) for lead in (one, other, idle)} == {"mql"}


def test_colleagues_wait_behind_whoever_did_something(version: Any, noon: datetime) -> None:
    one, other = at_target(at=noon - 9 * DAY), at_target(at=noon - 9 * DAY)
    judge_all(at=noon - 9 * DAY)

    recipes.touch(one, "whitepaper", at=noon)

    marks = PendingMark.objects.values_list("lead", "is_backlog")
    assert set(marks) == {(one.pk, False), (other.pk, True)}


def test_colleagues_are_left_alone_where_no_agreement_counts_the_account(
    active_version: Any, noon: datetime
) -> None:
    one, _other = at_target(at=noon - 9 * DAY), at_target(at=noon - 9 * DAY)
    judge_all(at=noon - 9 * DAY)

    recipes.touch(one, "whitepaper", at=noon)

    assert [mark.lead for mark in PendingMark.objects.all()] == [one]
