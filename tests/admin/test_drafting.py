"""Editing a draft: its own fields, its rows, and the nonsense that is refused by name."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm_handoff.admin.promise_fields import CadenceInput
from definitions import drafts, versions
from definitions.content import content_of
from definitions.models import Criterion, DefinitionVersion, Level
from definitions.validity import problems_in
from leads import examples
from leads.portraits import Portrait
from tests import recipes

MOST_QUERIES = 25


def at(model, page, *args):
    return reverse(f"admin:definitions_{model}_{page}", args=args)


def page_of(version):
    return at("definitionversion", "change", version.pk)


def typed_in(response):
    """What a page's form would post if nobody touched it."""
    form = response.context["adminform"].form
    typed = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field.widget, CadenceInput):
            typed |= {
                f"{bound.name}-{number}-{part}": said
                for number, task in enumerate(value)
                for part, said in task.items()
            }
            continue
        if isinstance(value, bool):
            typed |= {bound.html_name: "on"} if value else {}
        elif value not in (None, ""):
            typed[bound.html_name] = value
    return typed


def errors_of(response):
    assert response.status_code == 200, response
    form = response.context["adminform"].form
    return {name: list(sentences) for name, sentences in form.errors.items()}


def save(client, row, **changes):
    """Open a row's form, change some inputs, and save it."""
    page = at(row._meta.model_name, "change", row.pk)
    typed = typed_in(client.get(page)) | changes
    return client.post(page, {name: value for name, value in typed.items() if value is not None})


def add(client, model, version, *, fact="", **typed):
    asked = f"&fact={fact}" if fact else ""
    return client.post(f"{at(model, 'add')}?version={version.pk}{asked}", typed)


@pytest.fixture
def client(sign_in, robin):
    return sign_in(robin)


def criterion(version, key):
    return version.criterion_set.get(key=key)


KEYS = (
    "company_size",
    "target_industry",
    "pricing_twice",
    "two_channels",
    "title_influencer",
    "buying_team_member",
    "direct_action",
    "floor_verified_intent",
)
"""Criteria of every type of fact and with every sort of parameter."""


def test_a_row_that_is_saved_untouched_stays_as_it_was(client, draft):
    before = content_of(draft)
    rows = [criterion(draft, key) for key in KEYS]
    rows += [draft.scorerule_set.get(key="medium_intent"), draft.segmentrule_set.first()]
    rows += [draft.stagerule_set.get(stage="sql", path="standard"), draft.level_set.first()]
    rows += [draft.slaterm_set.get(key="demo_request"), draft.kinds.first()]
    rows += [draft.title_rules.exclude(unless=[]).first()]

    for row in rows:
        response = save(client, row)
        assert response.status_code == 302, (row, errors_of(response))

    assert content_of(DefinitionVersion.objects.get(pk=draft.pk)) == before


def test_more_touchpoints_are_asked_for_sql(client, draft):
    response = save(client, criterion(draft, "four_touchpoints"), number="5")

    assert response.url.startswith(f"{page_of(draft)}#criterion-")
    assert (
        content_of(draft)["levels"]["engagement"]["high"]["criteria"]["four_touchpoints"]["wanted"]
        == 5
    )


REFUSED = [
    (
        "company_size",
        {"operator": "between", "number": "900", "number_to": "50"},
        "number",
        "criteria.company_size: wanted must have the least value first",
    ),
    (
        "company_size",
        {"operator": "at_least", "number": None},
        "number",
        "criteria.company_size: wanted must be a number",
    ),
    (
        "company_size",
        {"operator": "between", "number": "50", "number_to": None},
        "number",
        "criteria.company_size: wanted must be a list of a least and a most value",
    ),
    (
        "target_industry",
        {"choices": [], "others": ""},
        "choices",
        "criteria.target_industry: wanted must be a list that is not empty",
    ),
]


@pytest.mark.parametrize(("key", "changes", "name", "sentence"), REFUSED)
def test_nonsense_is_refused_at_its_input(client, draft, key, changes, name, sentence):
    response = save(client, criterion(draft, key), **changes)

    assert errors_of(response) == {name: [sentence]}


def test_a_window_that_is_left_out_is_missed(client, draft):
    response = save(client, criterion(draft, "four_touchpoints"), days=None)

    assert list(errors_of(response)) == ["days"]


def test_only_operators_that_fit_the_fact_are_offered_and_taken(client, draft):
    row = criterion(draft, "company_size")
    page = client.get(at("criterion", "change", row.pk))
    offered = {value for value, _ in page.context["adminform"].form.fields["operator"].choices}

    response = save(client, row, operator="any_of")

    assert offered == {"at_least", "at_most", "between", "is", "is_not", "known", "unknown"}
    assert list(errors_of(response)) == ["operator"]


@pytest.mark.parametrize(
    ("fact", "known"),
    [
        ("account_tier", ["A", "strategic"]),
        ("product_line", ["payroll", "time tracking"]),
        ("industry", ["retail"]),
    ],
)
def test_values_that_the_data_knows_are_offered(client, draft, noon, fact, known):
    acme = {"tier": "strategic", "industry": "retail"}
    recipes.known_lead(at=noon, account=acme, product_line="payroll")
    recipes.known_lead(at=noon, account={"tier": "A"}, product_line="time tracking")
    recipes.known_lead(at=noon)
    page = at("criterion", "change", criterion(draft, "two_channels").pk)

    form = client.get(f"{page}?fact={fact}&operator=one_of").context["adminform"].form

    assert [value for value, _ in form.fields["choices"].choices] == known


def test_a_company_has_no_window(client, draft):
    page = client.get(at("criterion", "change", criterion(draft, "company_size").pk))

    assert "days" not in page.context["adminform"].form.fields


def test_another_fact_can_be_asked(client, draft):
    row = criterion(draft, "company_size")
    page = at("criterion", "change", row.pk)

    facts = client.get(f"{page}?fact=").content.decode()
    response = client.post(
        f"{page}?fact=revenue",
        {
            "label": "A million a year",
            "grants": "fit.in",
            "operator": "at_least",
            "number": "1000000",
        },
    )

    assert "Yearly revenue" in facts
    assert "?fact=revenue" in facts
    assert response.status_code == 302
    row.refresh_from_db()
    assert (row.fact, row.operator, row.wanted, row.parameters) == (
        "revenue",
        "at_least",
        1000000,
        {},
    )


def test_a_first_criterion_makes_its_level_and_the_last_takes_it_along(client, draft):
    response = add(
        client,
        "criterion",
        draft,
        fact="touchpoint_count",
        label="Used the product in 14 days",
        grants="product.low",
        days="14",
        categories=["product"],
        operator="at_least",
        number="1",
    )

    assert response.status_code == 302, errors_of(response)
    row = criterion(draft, "used_the_product_in_14_days")
    assert (row.level.dimension, row.level.key) == ("product", "low")
    assert row.parameters == {"days": 14, "categories": ["product"]}

    client.post(at("criterion", "delete", row.pk), {"post": "yes"})

    assert not Level.objects.filter(version=draft, dimension="product").exists()


def test_a_customer_is_not_passed_on(client, draft):
    response = add(
        client,
        "criterion",
        draft,
        fact="is_customer",
        label="Is a customer",
        grants="exclusion",
        operator="is",
        flag="yes",
    )

    assert response.status_code == 302, errors_of(response)
    assert content_of(draft)["exclusions"]["is_a_customer"] == {
        "label": "Is a customer",
        "fact": "is_customer",
        "operator": "is",
        "wanted": True,
    }


def test_a_key_is_used_once(client, draft):
    response = add(
        client,
        "criterion",
        draft,
        fact="is_customer",
        key="company_size",
        label="Is a customer",
        grants="signal",
        operator="is",
        flag="yes",
    )

    assert "key" in str(errors_of(response)) or errors_of(response)["__all__"]


def test_an_sql_looser_than_the_mql_is_refused_at_the_rule(client, draft):
    rule = draft.stagerule_set.get(stage="sql", path="standard")

    response = save(client, rule, engagement="low")

    assert errors_of(response) == {
        "engagement": ["stages.sql.standard: asks less engagement than mql"]
    }


def test_what_an_edit_breaks_elsewhere_is_listed_with_a_link(client, draft):
    sql = draft.stagerule_set.get(stage="sql", path="standard")
    assert (
        save(
            client,
            draft.stagerule_set.get(stage="mql", path="standard"),
            engagement="high",
            fit="in",
            authority="decision_maker",
            intent="high",
        ).status_code
        == 302
    )
    row = criterion(draft, "direct_action")

    client.post(at("criterion", "delete", row.pk), {"post": "yes"})

    page = client.get(page_of(draft)).content.decode()
    sentence = "stages.sql.standard: there is no criterion direct_action"
    assert f'<a href="#stagerule-{sql.pk}">{sentence}</a>' in page
    assert sentence in problems_in(content_of(draft))


def test_an_sla_term_is_written_as_people_write_times(client, draft):
    term = draft.slaterm_set.get(key="contact_form")
    page = client.get(at("slaterm", "change", term.pk)).content.decode()

    refused = save(client, term, respond_within="soon")
    response = save(client, term, respond_within="20 Minutes", calendar_key="")

    assert 'value="15 minutes"' in page
    assert list(errors_of(refused)) == ["respond_within"]
    assert response.status_code == 302
    assert content_of(draft)["sla_terms"]["contact_form"]["respond_within"] == "20 minutes"


def cadence(*tasks):
    return {
        f"cadence-{number}-{part}": said
        for number, task in enumerate(tasks)
        for part, said in zip(("after", "kind", "what"), task, strict=True)
    }


def test_an_sla_term_gets_a_ladder_and_a_cadence(client, draft):
    term = draft.slaterm_set.get(key="other")

    response = save(
        client,
        term,
        when_intent="medium",
        later_warnings="75, 90",
        remind_after="10 minutes",
        manager_after="30 minutes",
        **cadence(("30 minutes", "call", "Call"), ("2 Hours", "email", "Write"), ("", "call", ""))
        | dict.fromkeys(("cadence-2-after", "cadence-2-what", "cadence-3-after"), "")
        | {"cadence-3-what": ""},
    )

    assert response.status_code == 302, errors_of(response)
    said = content_of(draft)["sla_terms"]["other"]
    assert said["when"] == {"intent": "medium"}
    assert said["later_warnings"] == [75, 90]
    assert (said["remind_after"], said["manager_after"]) == ("10 minutes", "30 minutes")
    assert said["cadence"] == [
        {"kind": "call", "after": "30 minutes", "what": "Call"},
        {"kind": "email", "after": "2 hours", "what": "Write"},
    ]


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        (cadence(("soon", "call", "Call")), "cadence", "Task 1: write a number and a unit"),
        (cadence(("1 hour", "call", "")), "cadence", "Task 1: say in some words"),
        ({"later_warnings": "40"}, "later_warnings", "must rise"),
        ({"later_warnings": "soon"}, "later_warnings", "whole number"),
        ({"remind_after": "3 hours"}, "escalate_after", "comes before remind_after"),
        ({"counts_from": "accepted"}, "counts_from", "does not go with first_response"),
        ({"milestone": "outcome"}, "cadence", "a cadence goes with first_response"),
    ],
)
def test_a_promise_that_makes_no_sense_is_refused_at_its_input(
    client, draft, typed, field, sentence
):
    refused = save(client, draft.slaterm_set.get(key="other"), **typed)

    assert sentence in " ".join(errors_of(refused)[field])


def test_rows_are_moved_past_their_like(client, draft):
    first, second = draft.slaterm_set.order_by("position", "pk")[:2]

    client.post(at("slaterm", "move", second.pk, "up"))
    client.post(at("slaterm", "move", second.pk, "up"))  # it is the first already

    assert list(content_of(draft)["sla_terms"])[:2] == [second.key, first.key]


def test_title_rules_are_moved_though_no_two_share_a_place(client, draft):
    first, second = draft.title_rules.order_by("position")[:2]

    client.post(at("versiontitlerule", "move", first.pk, "down"))

    assert [row.phrase for row in draft.title_rules.order_by("position")[:2]] == [
        second.phrase,
        first.phrase,
    ]


def test_own_fields_of_a_draft_are_edited(client, draft, saul):
    page = client.get(page_of(draft))
    typed = typed_in(page) | {
        "effective_at_0": "2026-12-01",
        "effective_at_1": "00:00",
        "change_note": "Tighter SQL.",
        "in_flight_plan": "sunset",
        "sunset_days": "30",
        "sales_deputy": str(saul.pk),
        "handover_fields": ["country", "revenue"],
    }
    typed.pop("effective_at", None)

    response = client.post(page_of(draft), typed)

    assert response.status_code == 302, errors_of(response)
    content = content_of(DefinitionVersion.objects.get(pk=draft.pk))
    assert content["in_flight"] == {"plan": "sunset", "sunset_days": 30}
    assert content["handover_fields"] == ["country", "revenue"]
    assert content["effective_at"].startswith("2026-1")
    assert content["operators"]["sales"]["deputy"] == saul.email


def test_a_stage_that_no_rule_reaches_cannot_hand_over(client, draft):
    response = client.post(
        page_of(draft), typed_in(client.get(page_of(draft))) | {"handoff_stage": "pql"}
    )

    assert errors_of(response) == {"handoff_stage": ["handoff_stage: no stage rule reaches pql"]}


def test_another_plan_takes_the_days_of_the_sunset_away(client, draft):
    draft.in_flight_plan, draft.sunset_days = "sunset", 30
    draft.save()
    typed = typed_in(client.get(page_of(draft))) | {"in_flight_plan": "requalify"}

    assert client.post(page_of(draft), typed).status_code == 302

    draft.refresh_from_db()
    assert (draft.in_flight_plan, draft.sunset_days) == ("requalify", None)


def test_a_sunset_says_after_how_many_days(client, draft):
    typed = typed_in(client.get(page_of(draft))) | {"in_flight_plan": "sunset"}

    assert list(errors_of(client.post(page_of(draft), typed))) == ["sunset_days"]


def test_a_version_that_left_draft_is_read_and_nothing_else(client, draft, robin, noon):
    row = criterion(draft, "company_size")
    versions.submit(draft, by=robin, at=noon)

    page = client.get(page_of(draft)).content.decode()
    assert "50 to 2,000 people" in page
    assert at("criterion", "change", row.pk) not in page
    assert client.get(at("criterion", "change", row.pk)).status_code == 200
    assert client.post(at("criterion", "change", row.pk), {}).status_code == 403
    assert client.post(at("criterion", "delete", row.pk), {"post": "yes"}).status_code == 403
    assert client.post(page_of(draft), {}).status_code == 403
    assert add(client, "criterion", draft, fact="is_customer").status_code == 403
    client.post(at("criterion", "move", row.pk, "up"))
    with pytest.raises(versions.VersionIsFrozen):
        drafts.save_row(row, by=robin)
    assert Criterion.objects.filter(pk=row.pk).exists()


def test_those_who_only_read_edit_nothing(sign_in, mara, ines, draft):
    row = criterion(draft, "company_size")
    for person in (mara, ines):
        reader = sign_in(person)
        page = reader.get(page_of(draft)).content.decode()
        assert at("criterion", "change", row.pk) not in page
        assert reader.post(at("criterion", "change", row.pk), {}).status_code == 403
        assert reader.post(at("criterion", "move", row.pk, "up")).status_code == 403
        assert reader.get(f"{at('criterion', 'add')}?version={draft.pk}").status_code == 403
        assert reader.get(at("definitionversion", "add")).status_code == 403
        assert reader.post(at("definitionversion", "discard", draft.pk)).status_code == 403


def test_a_draft_that_was_never_submitted_is_discarded(client, draft):
    response = client.post(at("definitionversion", "discard", draft.pk), follow=True)

    assert "is discarded" in response.content.decode()
    assert not DefinitionVersion.objects.filter(pk=draft.pk).exists()


def test_a_draft_that_was_in_review_is_kept(client, draft, robin, noon):
    versions.submit(draft, by=robin, at=noon)
    versions.withdraw(draft, by=robin)

    response = client.post(at("definitionversion", "discard", draft.pk), follow=True)

    assert "was in review before" in response.content.decode()
    assert DefinitionVersion.objects.filter(pk=draft.pk).exists()


def test_a_version_is_copied_as_the_next_draft(client, draft):
    response = client.post(
        at("definitionversion", "add"), {"way": "copy", "copy-version": draft.pk}, follow=True
    )

    copy = DefinitionVersion.objects.get(definition=draft.definition, number=2)
    assert response.redirect_chain[-1][0] == page_of(copy)
    assert content_of(copy) == content_of(draft)


def test_a_draft_starts_from_a_template_for_a_new_definition(client, draft):
    page = client.get(at("definitionversion", "add")).content.decode()

    response = client.post(
        at("definitionversion", "add"),
        {
            "way": "template",
            "template-template": "bant",
            "template-name": "Enterprise",
            "template-key": "enterprise",
            "template-position": "10",
        },
    )

    version = DefinitionVersion.objects.get(definition__key="enterprise")
    assert response.url == page_of(version)
    assert (str(version), version.definition.position) == ("Enterprise v1", 10)
    assert "BANT" in page
    assert "nobody is named operator" in client.get(response.url).content.decode()


def test_a_new_definition_needs_a_name_and_a_key_of_its_own(client, draft):
    way = {"way": "template", "template-template": "bant", "template-key": "mid-market"}

    response = client.post(at("definitionversion", "add"), way)

    page = response.content.decode()
    assert response.status_code == 422
    assert "A new definition needs it." in page
    assert "There is a definition with this key: choose it above." in page
    assert DefinitionVersion.objects.count() == 1


def upload(name, text):
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def test_a_version_is_loaded_from_the_file_that_another_was_written_to(client, draft):
    text = versions.canonical_text(draft)

    response = client.post(
        at("definitionversion", "add"), {"way": "file", "file-file": upload("v.yaml", text)}
    )

    copy = DefinitionVersion.objects.get(definition=draft.definition, number=2)
    assert response.url == page_of(copy)
    assert versions.canonical_text(copy) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("definition: x\nprocess: by_feeling\n", "document: process must be one of"),
        ("[1, 2]", "The text is no mapping"),
        (b"\xff\xfe\xff", "The file is no text in UTF-8."),
        ("a: " + "b" * 1_000_001, "larger than one megabyte"),
    ],
    ids=["nonsense", "no mapping", "no text", "too large"],
)
def test_a_file_that_makes_no_sense_is_refused_with_every_problem(client, draft, text, said):
    response = client.post(
        at("definitionversion", "add"), {"way": "file", "file-file": upload("v.yaml", text)}
    )

    assert response.status_code == 422
    assert said in response.content.decode()
    assert DefinitionVersion.objects.count() == 1


def test_a_file_full_of_nonsense_is_answered_by_a_page_that_can_be_read(client, draft):
    text = "definition: x\n" + "\n".join(f"p{number}: 1" for number in range(5_000))

    response = client.post(
        at("definitionversion", "add"), {"way": "file", "file-file": upload("v.yaml", text)}
    )

    assert response.status_code == 422
    assert len(response.context["problems"]) == 101
    assert "more." in response.context["problems"][-1]


@pytest.mark.parametrize("named", ["²", "x", "-1", "9" * 30, "\0"])
def test_an_address_that_names_no_version_adds_nothing(client, draft, named):
    response = client.get(at("criterion", "add"), {"version": named})

    assert response.status_code == 403


def test_every_edit_shows_what_it_does_to_the_examples(client, draft, robin, noon):
    cto = {"job_title": "CTO", "industry": "software", "employee_count": 300, "country": "DE"}
    asked = {"kind": "demo_request", "channel": "web", "days_ago": 0}
    said = examples.Said(
        name="CTO who asks for a demo",
        stage="sql",
        is_expected=True,
        portrait=Portrait(cto, [asked]),
    )
    examples.create(draft.definition, said, by=robin, at=noon)
    as_before = client.get(page_of(draft)).context["examples"]

    save(client, criterion(draft, "company_size"), number="500")

    page = client.get(page_of(draft))
    assert [result.is_kept for result in as_before] == [True]
    assert [result.is_kept for result in page.context["examples"]] == [False]
    assert "not as it must be" in page.content.decode()


def test_a_page_asks_the_same_for_sixty_criteria_as_for_few(client, draft):
    client.get(page_of(draft))  # what is asked once for each process is out of the way
    with CaptureQueriesContext(connection) as few:
        client.get(page_of(draft))
    for number in range(60):
        Criterion.objects.create(
            version=draft,
            key=f"more-{number}",
            label=f"More {number}",
            position=100 + number,
            fact="employee_count",
            operator="at_least",
            wanted=number,
        )

    with CaptureQueriesContext(connection) as many:
        page = client.get(page_of(draft)).content.decode()

    assert len(re.findall(r'id="criterion-\d+"', page)) > 60
    assert len(many) == len(few) <= MOST_QUERIES, [q["sql"][:90] for q in many]
