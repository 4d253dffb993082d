"""What the database refuses of leads, each rule violated once, by raw SQL."""

from datetime import datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from leads import examples, intake, notes, qualification
from leads.examples import Said
from leads.models import Impact, ImportRun, Lead
from leads.portraits import Portrait
from tests import recipes

LEAD = """
    INSERT INTO leads_lead (public_id, email, first_name, last_name, job_title, phone, country,
        region, language, currency, stage, no_longer_meets, recycled_for, is_cool_off_firm,
        recycle_count)
    VALUES (gen_random_uuid(), '{email}', '', '', '', '', '', '', '', '', 'new', FALSE, '{{}}',
        FALSE, 0)
"""

REFUSED = {
    "one_lead_per_email": LEAD.format(email="ANNA@acme.com"),
    "lead_stage_known": "UPDATE leads_lead SET stage = 'hot'",
    "lead_acv_has_currency": "UPDATE leads_lead SET expected_acv = 1, currency = ''",
    "lead_country_is_iso": "UPDATE leads_lead SET country = 'de'",
    "only_recycled_leads_cool_off": "UPDATE leads_lead SET cool_off_until = now()",
    "one_lead_per_identity": """
        INSERT INTO leads_leadidentity (lead_id, system, external_id)
        SELECT lead_id, system, external_id FROM leads_leadidentity""",
    "one_account_per_domain": """
        INSERT INTO leads_account (public_id, name, domain, country, region, industry, currency,
            funding_stage, technologies, is_target)
        VALUES (gen_random_uuid(), 'B', 'Acme.COM', '', '', '', '', '', '{}', FALSE)""",
    "account_is_not_its_own_parent": "UPDATE leads_account SET parent_id = id",
    "account_money_has_currency": "UPDATE leads_account SET revenue = 1, currency = ''",
    "account_country_is_iso": "UPDATE leads_account SET country = 'Germany'::varchar(2)",
    "one_touchpoint_per_external_id": """
        INSERT INTO leads_touchpoint (lead_id, kind_id, channel, occurred_at, received_at, system,
            external_id, is_verified, is_bot, detail)
        SELECT lead_id, kind_id, channel, occurred_at, received_at, system, external_id,
            is_verified, is_bot, detail FROM leads_touchpoint""",
    "one_opportunity_per_identity": """
        INSERT INTO leads_opportunity (public_id, lead_id, system, external_id, name, stage,
            currency, loss_reason, anomalies)
        SELECT gen_random_uuid(), lead_id, system, external_id, '', 'open', '', '', '{}'
        FROM leads_opportunity""",
    "opportunity_stage_known": "UPDATE leads_opportunity SET stage = 'maybe', closed_at = now()",
    "opportunity_closed_iff_decided": "UPDATE leads_opportunity SET stage = 'won'",
    "opportunity_amount_has_currency": "UPDATE leads_opportunity SET amount = 1, currency = ''",
    "campaign_cost_has_currency": "UPDATE leads_campaign SET cost = 1",
    "campaign_cost_not_negative": "UPDATE leads_campaign SET cost = -1, currency = 'USD'",
    "transition_stages_known": """
        INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, at, note)
        SELECT id, 'new', 'hot', 'external', '', now(), '' FROM leads_lead""",
    "transition_cause_known": """
        INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, at, note)
        SELECT id, 'new', 'iql', 'whim', '', now(), '' FROM leads_lead""",
    "transition_moves": """
        INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, at, note)
        SELECT id, 'new', 'new', 'external', '', now(), '' FROM leads_lead""",
    "transition_motion_is_of_pql": """
        INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, motion, at,
            note)
        SELECT id, 'new', 'mql', 'external', '', 'expansion', now(), '' FROM leads_lead""",
    "transition_by_evaluation_names_it": """
        INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, at, note)
        SELECT id, 'new', 'iql', 'evaluation', '', now(), '' FROM leads_lead""",
    "transition_by_a_person_names_them": """
        INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, at, note)
        SELECT id, 'sql', 'sal', 'accept', '', now(), '' FROM leads_lead""",
    "change_is_of_one_thing": """
        INSERT INTO leads_attributechange (lead_id, account_id, field, effective_at, received_at,
            source)
        SELECT lead.id, account.id, 'x', now(), now(), ''
        FROM leads_lead AS lead, leads_account AS account""",
    "evaluation_stage_known": "{evaluation} 'hot', 'direct', 'in', 'none'",
    "evaluation_path_iff_stage": "{evaluation} 'sql', '', 'in', 'none'",
    "evaluation_levels_known": "{evaluation} '', '', 'perfect', 'none'",
    "one_suspicion_per_pair": """
        INSERT INTO leads_suspectedduplicate (lead_id, other_id, reason)
        SELECT lead_id, other_id, '' FROM leads_suspectedduplicate""",
    "suspicion_in_order": """
        INSERT INTO leads_suspectedduplicate (lead_id, other_id, reason)
        SELECT other_id, lead_id, '' FROM leads_suspectedduplicate""",
    "account_does_not_own_itself": """
        UPDATE leads_account SET parent_id =
            (SELECT id FROM leads_account WHERE domain = 'eu.acme.com')
        WHERE domain = 'acme.com'""",
    "import_mode_known": "UPDATE leads_importrun SET mode = 'guess'",
    "import_state_known": "UPDATE leads_importrun SET state = 'stuck'",
    "import_mode_chosen": "UPDATE leads_importrun SET mode = '', state = 'done'",
    "import_described": "UPDATE leads_importrun SET content = NULL",
    "one_chunk_per_place": """
        INSERT INTO leads_importchunk (run_id, place, data)
        SELECT run_id, place, data FROM leads_importchunk""",
    "import_row_state_known": """
        INSERT INTO leads_importrow (run_id, line, state, "values")
        SELECT id, 2, 'lost', '[]' FROM leads_importrun""",
    "import_row_refused_with_reason": """
        INSERT INTO leads_importrow (run_id, line, state, "values")
        SELECT id, 2, 'refused', '[]' FROM leads_importrun""",
    "one_batch_per_slice": """
        INSERT INTO leads_importbatch (run_id, slice, leads, identities, touchpoints, accounts,
            opportunities, campaigns, people, changes, transitions, updates)
        SELECT run_id, slice, leads, identities, touchpoints, accounts, opportunities, campaigns,
            people, changes, transitions, updates FROM leads_importbatch""",
    "ledger_is_kept": "UPDATE leads_importbatch SET leads = '{1}'",
    "note_says_something": """
        INSERT INTO leads_note (lead_id, text, by_id, at)
        SELECT lead_id, E' \\n', by_id, at FROM leads_note""",
    "one_active_example_per_name": """
        INSERT INTO leads_example (public_id, definition_id, name, stage, is_expected, profile,
            touchpoints, answers, why, created_by_id, created_at, updated_at, is_active)
        SELECT gen_random_uuid(), definition_id, upper(name), stage, is_expected, profile,
            touchpoints, answers, why, created_by_id, created_at, updated_at, TRUE
        FROM leads_example""",
    "example_stage_known": "UPDATE leads_example SET stage = 'won'",
    "example_has_a_name": "UPDATE leads_example SET name = ' '",
    "example_facts_are_named": "UPDATE leads_example SET touchpoints = '{}'",
    "one_impact_at_work_per_version": """
        INSERT INTO leads_impact (public_id, version_id, content, content_hash, asked_by_id,
            asked_at, at, stages_before, stages_after, problem)
        SELECT gen_random_uuid(), version_id, content, content_hash, asked_by_id, asked_at, at,
            stages_before, stages_after, problem FROM leads_impact""",
    "impact_state_known": "UPDATE leads_impact SET state = 'lost'",
    "impact_finished_iff_over": "UPDATE leads_impact SET state = 'done'",
    "impact_judges_no_more_than_there_are": "UPDATE leads_impact SET judged_count = 1000",
    "impact_short_are_with_sales": "UPDATE leads_impact SET with_sales_short_count = 1000",
    "one_line_per_lead_and_impact": """
        INSERT INTO leads_impactline (impact_id, lead_id, change, stage_before, stage_after, path,
            is_handoff, version_after_id)
        SELECT impact_id, lead_id, change, stage_before, stage_after, path, is_handoff,
            version_after_id FROM leads_impactline""",
    "impact_change_known": "UPDATE leads_impactline SET change = 'down', stage_after = 'new'",
    "impact_stages_known": "UPDATE leads_impactline SET stage_after = 'hot'",
    "impact_moves_iff_up": "UPDATE leads_impactline SET change = 'no_longer'",
    "note_is_append_only": "UPDATE leads_note SET text = 'never mind'",
    "transition_is_append_only": "UPDATE leads_stagetransition SET note = 'never mind'",
    "evaluation_is_append_only": "DELETE FROM leads_evaluation",
    "assertion_is_append_only": "UPDATE leads_assertion SET value = 'false'",
    "attribute_change_is_append_only": "UPDATE leads_attributechange SET new = '1'",
}

MADE = (
    "INSERT INTO leads_source (key, name) VALUES ('made', 'Made')",
    "INSERT INTO leads_campaign (key, name, currency) VALUES ('made', 'Made', '')",
    "INSERT INTO leads_persona (key, name, goals, pains) VALUES ('made', 'Made', '', '')",
    """INSERT INTO leads_asset (key, title, url, journey_stage, pain, question, proof)
       VALUES ('made', 'Made', '', '', '', '', '')""",
    """INSERT INTO leads_importrun (public_id, file_name, file_hash, file_size, mapping, mode,
           layout, header, notes, sample, problem, check_report, report, undo_report, started_at)
       VALUES (gen_random_uuid(), 'made.csv', '', 0, '', '', '{}', '[]', '[]', '[]', '', '{}',
           '{}', '{}', now())""",
)
"""One row of each thing that marketing makes, and an import."""

EVALUATION = """
    INSERT INTO leads_evaluation (lead_id, version_id, at, known_at, tipped_at, points, results,
        score, authority, engagement, product, stage, path, fit, intent)
    SELECT lead_id, version_id, at, known_at, tipped_at, 0, '[]', '[]', 'unknown', 'none', 'none',
"""


@pytest.fixture
def known(active_version: Any, noon: datetime, rita: Any) -> Lead:
    """A lead with an account, a touchpoint, a deal, an answer, an evaluation, a transition."""
    lead = recipes.fitting_lead(
        at=noon,
        email="anna@acme.com",
        campaign="spring",
        account={"name": "Acme", "domain": "acme.com"} | recipes.TARGET_COMPANY,
    )
    recipes.touch(lead, "demo_request", at=noon)
    qualification.judge([lead.pk], at=noon)
    intake.record_assertion(lead, what="budget", value=True, evidence="Told us.", by=rita, at=noon)
    notes.add(lead.pk, text="Prefers mornings.", by=rita, at=noon)
    namesake = recipes.known_lead(
        at=noon,
        email=None,
        first_name=lead.first_name,
        last_name=lead.last_name,
        account={"domain": "acme.com", "name": None},
    )
    intake.record_account(intake.AccountFacts(domain="eu.acme.com"), received_at=noon)
    assert namesake.account == lead.account
    said = Said(name="Buyer", stage="sql", is_expected=True, portrait=Portrait())
    examples.create(active_version.definition, said, by=rita, at=noon)
    _foresee(active_version, lead, by=rita, at=noon)
    run = ImportRun.objects.create(
        mode="live", state="importing", content={}, started_at=noon, received_at=noon
    )
    run.chunks.create(place=0, data=b"")
    run.batches.create(slice=0)
    intake.record_opportunity(
        intake.OpportunityFacts(system="crm", external_id="1", lead=lead),
        received_at=noon,
        has_handoff=True,
    )
    return lead


def _foresee(version: Any, lead: Lead, *, by: Any, at: datetime) -> None:
    """Have a preview at work that says of the lead that it moves up."""
    impact = Impact.objects.create(version=version, asked_by=by, asked_at=at, at=at)
    impact.lines.create(
        lead=lead,
        change="up",
        stage_before="new",
        stage_after="mql",
        is_handoff=False,
        version_after=version,
    )


def violated(sql: str) -> str | None:
    """The name of the rule that refuses the statement."""
    if "{evaluation}" in sql:
        sql = sql.replace("{evaluation}", EVALUATION) + " FROM leads_evaluation"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except IntegrityError as refused:
        return refused.__cause__.diag.constraint_name
    return None


def test_the_database_refuses_what_must_never_be(known: Lead) -> None:
    assert {rule: violated(sql) for rule, sql in REFUSED.items()} == {
        rule: rule for rule in REFUSED
    }


def test_every_named_rule_of_this_floor_is_tried() -> None:
    with_names = {
        constraint.name
        for model in apps.get_app_config("leads").get_models()
        for constraint in model._meta.constraints
    }

    assert with_names <= REFUSED.keys()


def test_erasing_a_person_may_change_the_history(known: Lead) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL app.erasing = 'on'")
        cursor.execute("UPDATE leads_attributechange SET new = NULL WHERE field = 'email'")

        assert cursor.rowcount == 1


@pytest.mark.parametrize(
    "table", ["account", "opportunity", "source", "campaign", "persona", "asset", "importrun"]
)
def test_a_row_says_when_it_was_last_changed_and_nobody_else_does(known: Lead, table: str) -> None:
    with connection.cursor() as cursor:
        for statement in MADE:
            cursor.execute(statement)
        cursor.execute(f"UPDATE leads_{table} SET updated_at = '2020-01-01'")
        assert cursor.rowcount
        cursor.execute(f"SELECT min(updated_at) > now() FROM leads_{table}")
        assert cursor.fetchone() == (True,)


def test_a_lead_says_when_it_was_last_changed(known: Lead) -> None:
    before = Lead.objects.get(pk=known.pk).updated_at

    Lead.objects.filter(pk=known.pk).update(phone="1")

    assert Lead.objects.get(pk=known.pk).updated_at > before
