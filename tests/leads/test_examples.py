"""Examples: whom a definition must and must not qualify, judged by any of its versions."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from definitions import versions
from definitions.models import DefinitionVersion, TouchpointKind
from definitions.vocabulary import Path
from leads import examples, judgements
from leads.examples import REACHED, ExampleNameTaken, Said
from leads.judgements import VersionUnreadable
from leads.models import Account, AttributeChange, Example, Lead, Touchpoint
from leads.portraits import Portrait
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
        judgements.looks([Portrait()], draft, at=noon)


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
    judgements.looks([Portrait()], active_version, at=noon)
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


def test_every_path_has_its_sentence():
    assert REACHED.keys() == set(map(str, Path))
