"""The content of a version does not depend on how it was written."""

from typing import Any

import pytest

from crm_handoff.people.models import User
from definitions import document, versions
from definitions.content import content_of
from definitions.models import DefinitionVersion
from definitions.validity import problems_in


def test_canonical_order_does_not_depend_on_the_order_of_writing(
    draft: DefinitionVersion, small: dict[str, Any], rita: User
) -> None:
    backwards = dict(reversed(small.items()))
    parameters = backwards["levels"]["engagement"]["high"]["criteria"]["pricing_twice"]
    parameters["parameters"] = dict(reversed(parameters["parameters"].items()))

    again = versions.create_draft(backwards, by=rita)

    assert versions.canonical_text(again) == versions.canonical_text(draft)


@pytest.mark.parametrize(("typed", "kept"), [(2.0, 2), (2.50, 2.5), (10**16, 10**16)])
def test_number_is_kept_however_it_was_typed(
    small: dict[str, Any], rita: User, marta: User, sam: User, typed: float, kept: float
) -> None:
    small["score"]["touchpoints"]["wanted"] = typed

    version = versions.create_draft(small, by=rita)

    assert (
        document.read(versions.canonical_text(version))["score"]["touchpoints"]["wanted"] == kept
    )
    assert type(version.scorerule_set.get().wanted) is type(kept)


def test_parameter_that_nobody_knows_stays_visible(draft: DefinitionVersion) -> None:
    draft.criterion_set.filter(key="german").update(parameters={"since": 3})

    problems = problems_in(content_of(draft))

    assert problems == ["criteria.german: fact country takes no since"]


def test_a_version_without_title_rules_and_kinds_says_so(draft: DefinitionVersion) -> None:
    draft.criterion_set.all().delete()
    draft.title_rules.all().delete()
    draft.kinds.all().delete()

    content = document.read(versions.canonical_text(draft))

    assert content["kinds"] == {}
    assert content["title_rules"] == []


def test_a_copy_takes_no_title_rules_from_the_catalog(
    draft: DefinitionVersion, rita: User
) -> None:
    draft.title_rules.all().delete()

    copy = versions.revise(draft, by=rita)

    assert not copy.title_rules.exists()
    assert versions.canonical_text(copy) == versions.canonical_text(draft)


def test_what_a_promise_leaves_out_is_not_in_its_text(draft: DefinitionVersion) -> None:
    later = {"counts_from", "later_warnings", "remind_after", "manager_after", "cadence"}

    for term in content_of(draft)["sla_terms"].values():
        assert not later & set(term)
        assert "intent" not in term.get("when", {})


def test_a_cadence_is_kept_however_its_times_were_typed(
    small: dict[str, Any], rita: User, marta: User, sam: User
) -> None:
    term = small["sla_terms"]["other"]
    texts = []
    for after in ("120 minutes", "2 hours"):
        term["cadence"] = [{"what": "Call", "after": after, "kind": "call"}]
        texts.append(versions.canonical_text(versions.create_draft(small, by=rita)))

    assert texts[0] == texts[1]
    assert "cadence:\n    - {kind: call, after: 2 hours, what: Call}" in texts[0]


def test_a_broken_cadence_stays_visible(draft: DefinitionVersion) -> None:
    draft.slaterm_set.filter(key="other").update(cadence=[{"kind": "call", "what": "Call"}])

    problems = problems_in(content_of(draft))

    assert problems == ["sla_terms.other.cadence[1]: after is missing"]
