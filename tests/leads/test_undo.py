"""Imports are undone: what nobody touched goes, the rest stays and is listed with the reason."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from definitions import catalog
from leads import imports, intake, qualification, slices, staging
from leads.enums import ImportMode
from leads.imports import ImportNotInState
from leads.models import (
    Account,
    AttributeChange,
    Campaign,
    ImportBatch,
    ImportRun,
    Lead,
    LeadIdentity,
    Opportunity,
    PendingMark,
    StageTransition,
    Touchpoint,
)
from tests import recipes

CONTENT: dict[str, Any] = {
    "name": "Old CRM",
    "system": "crm",
    "mode": "history",
    "blanks": [""],
    "people": {"email": "{id}@crm.example", "name": "{id}"},
    "lead": {
        "external_id": "Id",
        "email": "E-Mail",
        "first_name": "First name",
        "job_title": "Title",
        "stage": {"column": "Stage"},
    },
    "account": {"name": "Company", "domain": "Domain", "industry": "Industry"},
    "touchpoints": [
        {
            "optional": True,
            "kind": {"value": "webinar_attended"},
            "external_id": {"column": "Id", "prefix": "met:"},
            "occurred_at": {"column": "Met", "formats": ["%Y-%m-%d"], "zone": "UTC"},
        }
    ],
    "opportunity": {
        "optional": True,
        "external_id": "Deal",
        "stage": {"value": "won"},
        "closed_at": {"column": "Won", "formats": ["%Y-%m-%d"], "zone": "UTC"},
        "owner": "Owner",
    },
}
HEADER = "Id,E-Mail,First name,Title,Stage,Company,Domain,Industry,Met,Deal,Won,Owner\n"
ANN = "1,ann@acme.example,Ann,CTO,mql,Acme,acme.example,software,2025-06-01,d1,2025-09-01,lea\n"
BEN = "2,ben@else.example,Ben,CEO,mql,Else,else.example,retail,2025-06-02,,,\n"

pytestmark = pytest.mark.django_db

Undone = Callable[[ImportRun], ImportRun]


@pytest.fixture
def imported(noon: datetime, rita: Any) -> Callable[..., ImportRun]:
    """A file was imported."""
    catalog.load_defaults()

    def imported(text: str, content: Any = CONTENT, mode: str = "history") -> ImportRun:
        run = imports.receive(io.BytesIO(text.encode()), name="crm.csv", by=rita, at=noon)
        imports.check(run, content=content, mode=ImportMode(mode), by=rita, at=noon)
        worked(run)
        imports.start(run, by=rita, at=noon)
        run = worked(run)
        assert run.state == "done"
        return run

    return imported


@pytest.fixture
def undone(noon: datetime, rita: Any) -> Undone:
    """It was undone two hours later."""

    def undone(run: ImportRun) -> ImportRun:
        imports.undo(run, by=rita, at=noon + timedelta(hours=2))
        return worked(run)

    return undone


def worked(run: ImportRun) -> ImportRun:
    while imports.work():
        pass
    return ImportRun.objects.get(pk=run.pk)


def everything() -> tuple[int, ...]:
    models = (
        Lead,
        Account,
        LeadIdentity,
        Touchpoint,
        Opportunity,
        AttributeChange,
        StageTransition,
        PendingMark,
    )
    return tuple(model.objects.count() for model in models)


def counted(counts: dict[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in counts.items() if count}


def reasons(run: ImportRun) -> list[tuple[str, str, str]]:
    return [(row["kind"], row["label"], row["reason"]) for row in run.undo_report["rows"]]


def test_what_nobody_touched_goes_with_all_that_came_with_it(imported, undone, rita, noon):
    known = recipes.known_lead(at=noon)
    before = everything()
    run = imported(HEADER + ANN + BEN)

    run = undone(run)

    assert everything() == before
    assert Lead.objects.get() == known
    assert (run.state, run.undone_by, run.undone_at) == (
        "undone", rita, noon + timedelta(hours=2),
    )  # fmt: skip
    assert counted(run.undo_report["taken_back"]) == {
        "leads": 2, "accounts": 2, "touchpoints": 2, "opportunities": 1,
    }  # fmt: skip
    assert (counted(run.undo_report["kept"]), run.undo_report["rows"]) == ({}, [])


def test_the_file_can_be_imported_anew_after_that(imported, undone):
    undone(imported(HEADER + ANN + BEN))

    assert imported(HEADER + ANN + BEN).report["created"] == 2


def test_many_slices_go_one_by_one_the_last_first(imported, undone, monkeypatch, rita, noon):
    monkeypatch.setattr(staging, "SLICE", 2)
    rows = [f"{n},p{n}@firm{n}.example,Ann,,,,,,2025-06-01,,,\n" for n in range(7)]
    run = imported(HEADER + "".join(rows))
    imports.undo(run, by=rita, at=noon + timedelta(hours=1))

    slices.work()

    run.refresh_from_db()
    assert (run.state, run.done_count, Lead.objects.count()) == ("undoing", 1, 6)
    assert worked(run).undo_report["taken_back"]["leads"] == 7
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("touch", "reason"),
    [
        ("touchpoint", "more was told of it since."),
        ("change", "it was changed since."),
        ("name", "it got another name since."),
        ("answer", "an assertion refers to it."),
        ("deal", "it has an opportunity."),
    ],
)
def test_a_lead_that_somebody_touched_since_stays(imported, undone, noon, rita, touch, reason):
    run = imported(HEADER + BEN)
    ben, later = Lead.objects.get(), noon + timedelta(hours=1)
    said = {"system": "website", "external_id": "2", "email": ben.email}
    touches: dict[str, Callable[[], object]] = {
        "touchpoint": lambda: recipes.touch(ben, "demo_request", at=later),
        "change": lambda: intake.record_lead(
            intake.LeadFacts(system="crm", external_id="2", first_name="Benno"),
            received_at=later,
        ),
        "name": lambda: intake.record_lead(intake.LeadFacts(**said), received_at=later),
        "answer": lambda: intake.record_assertion(
            ben, what="budget", value=True, evidence="He told us.", by=rita, at=later
        ),
        "deal": lambda: intake.record_opportunity(
            intake.OpportunityFacts(system="hubspot", external_id="9", lead=ben),
            received_at=later,
        ),
    }
    touches[touch]()

    run = undone(run)

    assert Lead.objects.get() == ben
    assert ("leads", str(Lead.objects.get()), reason) in reasons(run)
    assert run.undo_report["kept"] == {"leads": 1, "accounts": 1}
    assert ben.attribute_changes.exists()


def test_a_lead_that_was_qualified_since_stays_with_its_touchpoints(
    imported, undone, noon, active_version
):
    text = (HEADER + ANN).replace("mql", "").replace("d1,2025-09-01,lea", ",,")
    run = imported(text, mode="live", content=_without_stage())
    lead = Lead.objects.get()
    intake.record_account(
        intake.AccountFacts(domain="acme.example", **recipes.TARGET_COMPANY), received_at=noon
    )
    recipes.touch(lead, "demo_request", at=noon)
    qualification.judge([lead.pk], at=noon + timedelta(hours=1))
    lead.refresh_from_db()
    assert lead.stage == "sql"

    run = undone(run)

    assert Touchpoint.objects.count() == 2
    assert reasons(run)[0][::2] == ("leads", "it was qualified or answered since.")


def _without_stage() -> dict[str, Any]:
    lead = {name: cell for name, cell in CONTENT["lead"].items() if name != "stage"}
    return CONTENT | {"lead": lead, "mode": "live"}


def test_a_judged_lead_that_reached_nothing_goes_with_its_evaluation(
    imported, undone, noon, active_version
):
    before = everything()
    run = imported(HEADER + BEN.replace("mql", ""), mode="live", content=_without_stage())
    lead = Lead.objects.get()
    qualification.judge([lead.pk], at=noon + timedelta(hours=1))
    lead.refresh_from_db()
    assert (lead.stage, lead.latest_evaluation is None) == ("new", False)

    undone(run)

    assert everything() == before


def test_fields_go_back_unless_somebody_changed_them_later(imported, undone, noon):
    imported(HEADER + ANN + BEN)
    run = imported(HEADER + ANN.replace("Ann,CTO", "Anna,COO") + BEN.replace("retail", "trade"))
    assert run.report["updated"] == 2
    intake.record_lead(
        intake.LeadFacts(system="website", external_id="w1", email="ann@acme.example",
                         job_title="CEO"),
        received_at=noon + timedelta(hours=1),
    )  # fmt: skip

    run = undone(run)

    ann = Lead.objects.get(email="ann@acme.example")
    assert (ann.first_name, ann.job_title) == ("Ann", "CEO")
    assert Account.objects.get(domain="else.example").industry == "retail"
    change = AttributeChange.objects.filter(lead=ann, field="first_name").latest("pk")
    assert (change.old, change.new, change.received_at) == (
        "Anna", "Ann", noon + timedelta(hours=2),
    )  # fmt: skip
    assert counted(run.undo_report["taken_back"]) == {"fields": 2}
    assert reasons(run) == [("fields", str(ann), "job_title was changed since.")]


def test_touchpoints_of_leads_that_were_known_go_too(imported, undone, noon):
    ben = recipes.known_lead(at=noon, email="ben@else.example")
    run = imported(HEADER + "2,ben@else.example,,,,,,,2025-06-02,,,\n")
    assert ben.touchpoints.count() == 1
    assert ben.identities.count() == 2

    run = undone(run)

    assert Lead.objects.get() == ben
    assert not ben.touchpoints.exists()
    assert ben.identities.count() == 1
    assert counted(run.undo_report["taken_back"]) == {"touchpoints": 1, "identities": 1}


def test_a_deal_of_a_known_lead_goes_and_the_lead_returns_to_its_stage(imported, undone, noon):
    deal = CONTENT | {"lead": {"external_id": "Id", "must_exist": True}, "touchpoints": []}
    del deal["account"]
    imported(HEADER + ANN.replace("d1,2025-09-01,lea", ",,"))
    before = Lead.objects.get()
    run = imported(HEADER + ANN, content=deal)
    assert Lead.objects.get().stage == "won"

    run = undone(run)

    lead = Lead.objects.get()
    assert (lead.stage, lead.stage_at) == ("mql", before.stage_at)
    assert not Opportunity.objects.exists()
    assert [step.to_stage for step in lead.transitions.all()] == ["mql"]
    assert counted(run.undo_report["taken_back"]) == {"opportunities": 1, "stages": 1}


def test_a_deal_whose_lead_went_on_stays(imported, undone, noon):
    imported(HEADER + ANN.replace("d1,2025-09-01,lea", ",,"))
    run = imported(HEADER + ANN)
    deal = Opportunity.objects.get()
    intake.record_opportunity(
        intake.OpportunityFacts(
            system="crm", external_id="d1", lead=deal.lead, stage="lost",
            closed_at=noon + timedelta(hours=1),
        ),
        received_at=noon + timedelta(hours=1),
    )  # fmt: skip

    run = undone(run)

    assert Opportunity.objects.get().stage == "lost"
    assert {row[0]: row[2] for row in reasons(run)} == {
        "opportunities": "it was changed since.",
        "stages": "its lead went on since.",
    }


def test_campaigns_and_people_go_unless_they_are_in_use(imported, undone, noon, rita):
    spend = {
        "name": "Spend",
        "mode": "history",
        "blanks": [""],
        "campaign": {"key": "Key", "cost": "Cost", "currency": {"value": "EUR"}},
    }
    staff = {"name": "Staff", "mode": "history", "blanks": [""], "person": {"email": "E-Mail"}}
    campaigns = imported("Key,Cost\nspring,100.00\nfall,200.00\n", content=spend)
    people = imported("E-Mail\nzoe@ours.example\nyan@ours.example\n", content=staff)
    imported("Key,Cost\nfall,250.00\n", content=spend)
    recipes.known_lead(at=noon, campaign="spring")
    yan = get_user_model().objects.get(email="yan@ours.example")
    yan.is_active = True
    yan.save()

    campaigns, people = undone(campaigns), undone(people)

    assert {*Campaign.objects.values_list("key", flat=True)} == {"spring", "fall"}
    assert "a lead refers to it." in str(reasons(campaigns))
    assert "it was changed since." in str(reasons(campaigns))
    assert not get_user_model().objects.filter(email="zoe@ours.example").exists()
    assert people.undo_report["kept"] == {"people": 1}


def test_spend_goes_back_to_what_it_was(imported, undone):
    spend = {
        "name": "Spend",
        "mode": "history",
        "blanks": [""],
        "campaign": {"key": "Key", "cost": "Cost", "currency": {"value": "EUR"}},
    }
    imported("Key,Cost\nspring,100.00\n", content=spend)

    run = undone(imported("Key,Cost\nspring,150.00\n", content=spend))

    assert str(Campaign.objects.get().cost) == "100.00"
    assert counted(run.undo_report["taken_back"]) == {"fields": 1}


def test_an_import_that_saved_nothing_cannot_be_undone(imported, rita, noon):
    imported(HEADER + ANN)
    run = imported(HEADER + ANN)

    with pytest.raises(ImportNotInState):
        imports.undo(run, by=rita, at=noon)


def refused_by(sql: str, *arguments: Any) -> str | None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, arguments)
    except IntegrityError as error:
        return str(error.__cause__.diag.constraint_name)
    return None


def test_the_database_gives_up_history_to_an_undo_alone_and_only_its_own(imported, noon, rita):
    other = recipes.known_lead(at=noon)
    run = imported(HEADER + ANN)
    ann, batch = Lead.objects.get(email="ann@acme.example"), ImportBatch.objects.get()
    drop = "DELETE FROM leads_attributechange WHERE lead_id = %s"
    rule = "attribute_change_is_append_only"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.undoing', %s, true)", [str(batch.pk)])

    assert refused_by(drop, ann.pk) == rule  # the import is done, not being undone
    imports.undo(run, by=rita, at=noon)
    assert refused_by(drop, other.pk) == rule  # not of this import
    assert refused_by("UPDATE leads_attributechange SET new = '1' WHERE lead_id = %s", ann.pk)
    assert refused_by(drop, ann.pk) is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.undoing', '', true)")
    assert refused_by("DELETE FROM leads_stagetransition WHERE lead_id = %s", ann.pk)


def test_no_ledger_can_be_forged(imported, noon):
    run = imported(HEADER + ANN)
    other = recipes.known_lead(at=noon)

    for forged in (
        "UPDATE leads_importbatch SET leads = ARRAY[%s]",
        "DELETE FROM leads_importbatch WHERE %s > 0",
        "INSERT INTO leads_importbatch (run_id, slice, leads, identities, touchpoints, accounts, "
        "opportunities, campaigns, people, changes, transitions, updates) "
        f"SELECT {run.pk}, 9, ARRAY[%s], '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', "
        "'{}', '[]'",
    ):
        assert refused_by(forged, other.pk) == "ledger_is_kept"
