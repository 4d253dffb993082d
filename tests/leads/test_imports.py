"""Files come in: small ones of the shape of the public data set that the shipped mappings read."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from definitions import catalog, document
from leads import imports, staging
from leads.enums import Anomaly, Cause
from leads.imports import ColumnsMissing, Description, FileRefused, Outcome
from leads.models import (
    AttributeChange,
    ImportChunk,
    ImportRow,
    ImportRun,
    Lead,
    Opportunity,
    PendingMark,
    StageTransition,
    Touchpoint,
)

LEADS = """\
mql_id,first_contact_date,landing_page_id,origin
m1,2018-02-01,page-1,social
m2,2018-03-08,page-2,organic_search
m3,2018-03-09,page-2,unknown
m4,2018-03-10,page-3,
"""
DEALS = """\
mql_id,seller_id,sdr_id,sr_id,won_date,business_segment,lead_behaviour_profile
m1,s1,ann,bob,2018-02-26 19:58:54,pet,"cat, wolf"
m2,s2,bob,cid,2018-03-06 19:38:55,health_beauty,
"""
FORMS = """
name: Web forms
system: forms
mode: live
file: {delimiter: ";", encoding: cp1252}
blanks: ["", "n/a"]
people: {email: "{id}", name: "{id}"}
lead:
  email: E-Mail
  last_name: Name
  source: {column: Herkunft, table: {Messe: fair, Netz: web}}
  expected_acv: {column: Volumen, decimal: ",", thousands: "."}
  currency: {value: EUR}
account:
  name: Firma
  employee_count: Mitarbeiter
touchpoints:
  - kind: {column: Aktion, table: {Demo: demo_request, Fax: fax}}
    optional: true
    occurred_at: {column: Wann, formats: ["%d.%m.%Y %H:%M"], zone: Europe/Berlin}
opportunity:
  optional: true
  external_id: Angebot
  stage: {column: Stand, table: {offen: open, gewonnen: won}}
  closed_at: {column: Schluss, formats: ["%d.%m.%Y"], zone: Europe/Berlin}
  owner: Betreuer
"""
FORMS_HEADER = (
    "E-Mail;Name;Herkunft;Volumen;Firma;Mitarbeiter;Aktion;Wann;Angebot;Stand;Schluss;Betreuer\n"
)

pytestmark = pytest.mark.django_db

Importer = Callable[..., Outcome]


@pytest.fixture
def take(tmp_path: Path, noon: datetime) -> Importer:
    """Import a text by a mapping, as the command does."""
    catalog.load_defaults()

    def take(text: str, mapping: str = "olist_leads", **how) -> Outcome:
        path = tmp_path / str(uuid4()) / "file.csv"  # two may import it at once
        path.parent.mkdir()
        content = document.read(mapping) if "\n" in mapping else imports.content_of(mapping)
        path.write_text(text, encoding=content["file"].get("encoding", "utf-8"), newline="")
        described = Description(content=content, key=content["system"], mode=how.pop("mode", ""))
        return imports.run_through(path, described, **{"at": noon} | how)

    return take


def counts(outcome: Outcome) -> tuple[int, ...]:
    """Rows that were created, updated, unchanged and refused; none else."""
    shown = ("created", "updated", "unchanged", "refused")
    assert sum(outcome.counts[name] for name in outcome.counts if name not in shown) == 0
    return tuple(outcome.counts[name] for name in shown)


def refused(outcome: Outcome) -> list[tuple[int, str, str]]:
    """Line, column and reason of every problem."""
    return [
        (row.line, one["column"], one["reason"]) for row in outcome.refused for one in row.problems
    ]


def lead_of(external_id: str) -> Lead:
    return Lead.objects.get(identities__external_id=external_id)


def steps(lead: Lead) -> list[tuple[str, str, str, datetime]]:
    steps = StageTransition.objects.filter(lead=lead).order_by("pk")
    return [*steps.values_list("from_stage", "to_stage", "cause", "at")]


def everything() -> tuple[int, ...]:
    models = (Lead, Touchpoint, Opportunity, StageTransition, AttributeChange, get_user_model())
    return tuple(model._default_manager.count() for model in models)


def test_leads_come_in_with_their_first_contact(take, noon):
    report = take(LEADS)

    assert counts(report) == (4, 0, 0, 0)
    lead = lead_of("m1")
    contact = lead.touchpoints.get()
    met_at = datetime(2018, 2, 1, tzinfo=UTC)
    assert (contact.kind.key, contact.channel, contact.occurred_at, contact.received_at) == (
        "first_contact",
        "social",
        met_at,
        noon,
    )
    assert contact.detail == {"landing_page_id": "page-1"}
    assert steps(lead) == [("new", "mql", Cause.EXTERNAL, met_at)]
    change = AttributeChange.objects.get(lead=lead, field="source")
    assert (change.effective_at, change.received_at) == (met_at, noon)


def test_a_blank_origin_is_no_source_and_unknown_is_one(take):
    take(LEADS)

    assert lead_of("m3").source.key == "unknown"
    assert lead_of("m4").source is None


def test_deals_come_in_won_with_their_people(take):
    take(LEADS)

    report = take(DEALS, "olist_deals")

    assert counts(report) == (2, 0, 0, 0)
    deal = Opportunity.objects.get(external_id="s1")
    won_at = datetime(2018, 2, 26, 19, 58, 54, tzinfo=UTC)
    assert (deal.lead, deal.stage, deal.closed_at, deal.name) == (
        lead_of("m1"),
        "won",
        won_at,
        "pet",
    )
    assert steps(deal.lead)[-1] == ("mql", "won", Cause.EXTERNAL, won_at)
    stage = AttributeChange.objects.get(opportunity=deal, field="stage")
    assert stage.effective_at == won_at


def test_an_sdr_who_closes_too_is_one_person_without_a_way_in(take):
    take(LEADS)
    take(DEALS, "olist_deals")

    first, second = Opportunity.objects.order_by("external_id")
    assert first.owner == second.sourced_by
    assert [person.email for person in get_user_model().objects.order_by("email")] == [
        "ann@olist.invalid",
        "bob@olist.invalid",
        "cid@olist.invalid",
    ]
    assert not any(person.is_active for person in get_user_model().objects.all())
    assert not first.owner.has_usable_password()


def test_a_person_who_is_here_already_is_found_and_left_alone(take):
    bob = get_user_model().objects.create_user("Bob@Olist.invalid", full_name="Bob B.")
    take(LEADS)

    take(DEALS, "olist_deals")

    assert Opportunity.objects.get(external_id="s1").owner == bob
    bob.refresh_from_db()
    assert (bob.full_name, bob.is_active) == ("Bob B.", True)


def test_a_deal_won_before_first_contact_is_kept_and_flagged(take):
    take(LEADS)
    take(DEALS, "olist_deals")

    early = Opportunity.objects.get(external_id="s2")
    assert set(early.anomalies) == {Anomaly.WON_BEFORE_CONTACT, Anomaly.NO_HANDOFF}
    assert Opportunity.objects.get(external_id="s1").anomalies == [Anomaly.NO_HANDOFF]


def test_history_leaves_nothing_to_judge(take):
    take(LEADS)
    take(DEALS, "olist_deals")

    assert not PendingMark.objects.exists()
    assert not Lead.objects.exclude(reevaluate_at=None).exists()


def test_the_same_files_again_add_nothing(take, noon):
    take(LEADS)
    take(DEALS, "olist_deals")
    before = everything()

    later = noon + timedelta(days=1)
    assert counts(take(LEADS, at=later)) == (0, 0, 4, 0)
    assert counts(take(DEALS, "olist_deals", at=later)) == (0, 0, 2, 0)

    assert everything() == before


def test_the_rest_of_a_killed_run_is_added_by_the_next(take):
    take(LEADS[: LEADS.index("m3,")])

    assert counts(take(LEADS)) == (2, 0, 2, 0)


def test_a_corrected_row_updates_its_lead_with_history(take, noon):
    take(LEADS)

    report = take(LEADS.replace("page-1,social", "page-1,email"), at=noon + timedelta(days=1))

    assert counts(report) == (0, 1, 3, 0)
    assert lead_of("m1").source.key == "email"
    assert AttributeChange.objects.filter(lead=lead_of("m1"), field="source").count() == 2


def test_a_deal_of_an_unknown_lead_is_refused(take):
    take(LEADS)

    report = take(DEALS.replace("m2,", "m9,"), "olist_deals")

    assert counts(report) == (1, 0, 0, 1)
    assert refused(report) == [(3, "mql_id", "No such lead is known.")]


def test_a_deal_of_another_lead_is_refused_and_the_rest_goes_on(take):
    take(LEADS)
    take(DEALS, "olist_deals")

    report = take(DEALS.replace("m1,s1", "m3,s1").replace("m2,s2", "m4,s4"), "olist_deals")

    assert counts(report) == (1, 0, 0, 1)
    assert "another lead's" in refused(report)[0][2]
    assert lead_of("m4").opportunities.get().external_id == "s4"


def test_rows_that_cannot_be_read_are_refused_by_line_column_and_reason(take):
    text = LEADS + (
        "m5,2018-02-30,page,email\n"
        "m6,2018-02-01\n"
        ",2018-02-01,page,email\n"
        "m7,,page,email\n"
        "m8,2018-02-01,page,the web\n"
        'm9,2018-02-01,"page,email\n'
        "m10,2018-02-01,page,email\n"
    )

    report = take(text)

    assert counts(report) == (5, 0, 0, 6)
    assert refused(report) == [
        (6, "first_contact_date", "“2018-02-30” is not written as %Y-%m-%d."),
        (7, "", "has 2 values, the header has 4."),
        (8, "mql_id", "is blank, but the row needs it."),
        (9, "first_contact_date", "is blank, but the row needs it."),
        (10, "origin", "“the web” is no key (letters, digits, - and _): give it one in a table."),
        (11, "", "opens a quote that is not closed."),
    ]
    assert not Lead.objects.filter(identities__external_id__in=["m5", "m7", "m8"]).exists()


def test_a_repeated_row_is_unchanged_and_one_that_contradicts_is_refused(take):
    text = LEADS + "m1,2018-02-01,page-1,social\nm1,2018-02-01,page-1,email\n"

    report = take(text)

    said = {"created": 4, "unchanged": 0, "duplicate": 1, "refused": 1}
    assert report.counts.items() >= said.items()
    assert refused(report) == [(7, "", "says something else of the same lead than line 2.")]
    again = {"created": 0, "unchanged": 4, "duplicate": 1, "refused": 1}
    assert take(text).counts.items() >= again.items()


def test_a_deal_that_contradicts_itself_is_refused(take):
    take(LEADS)

    report = take(DEALS + DEALS.splitlines()[1].replace("pet", "toys"), "olist_deals")

    assert refused(report) == [(4, "", "says something else of the same deal than line 2.")]
    assert Opportunity.objects.get(external_id="s1").name == "pet"


def test_what_the_database_alone_refuses_costs_its_row_alone(take):
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE leads_leadidentity ADD CONSTRAINT nobody_is_m3 "
            "CHECK (external_id <> 'm3')"
        )

    report = take(LEADS)

    assert counts(report) == (3, 0, 0, 1)
    line, _, reason = refused(report)[0]
    assert (line, "nobody_is_m3" in reason) == (4, True)


def test_a_run_is_kept_with_its_report_and_its_refused_rows_alone(take, noon):
    take(LEADS + "m5,never,page,email\n")

    run = ImportRun.objects.get()
    assert (run.mapping, run.file_name, run.mode, run.started_at, run.state) == (
        "olist", "file.csv", "history", noon, "done",
    )  # fmt: skip
    assert (len(run.file_hash), run.file_size) == (64, len(LEADS) + 20)
    assert run.finished_at is not None
    assert (run.row_count, run.done_count) == (4, 4)
    assert run.report == {
        "created": 4, "updated": 0, "merged": 0, "unchanged": 0, "duplicate": 0, "refused": 1,
        "repaired": 0,
    }  # fmt: skip
    row = ImportRow.objects.get()
    assert (row.line, row.state, row.values) == (6, "refused", ["m5", "never", "page", "email"])
    assert row.problems == [
        {
            "column": "first_contact_date",
            "reason": "“never” is not written as %Y-%m-%d.",
        }
    ]
    assert not ImportChunk.objects.exists()


def test_a_dry_run_reports_and_saves_nothing(take):
    before = everything()

    assert counts(take(LEADS, is_dry_run=True)) == (4, 0, 0, 0)

    assert everything() == before
    assert not ImportRun.objects.exists()


def test_a_file_of_another_shape_leaves_no_run(take):
    with pytest.raises(ColumnsMissing, match="no column “first_contact_date”"):
        take(DEALS)

    assert not ImportRun.objects.exists()


def test_stages_come_in_as_history_alone(take):
    with pytest.raises(FileRefused, match="history mode alone"):
        take(LEADS, mode="live")


def test_an_unknown_kind_in_the_mapping_refuses_the_file(take):
    with pytest.raises(FileRefused, match="“faxed” is not known"):
        take(FORMS_HEADER, FORMS.replace("Aktion, table: {Demo: demo_request, Fax: fax}", "x")
             .replace("{column: x}", "{value: faxed}"))  # fmt: skip


def test_live_rows_are_marked_pending_and_read_as_declared(take):
    report = take(
        FORMS_HEADER + "zoë@müller.de;Müller;Messe;12.500,50;Müller AG;120;"
        "Demo;13.01.2026 10:00;A-1;offen;;lea@example.com\n",
        FORMS.replace("email: E-Mail", "external_id: E-Mail"),
    )

    assert counts(report) == (1, 0, 0, 0)
    lead = Lead.objects.get()
    assert (lead.last_name, lead.source.key, str(lead.expected_acv), lead.currency) == (
        "Müller", "fair", "12500.50", "EUR",
    )  # fmt: skip
    assert (lead.account.name, lead.account.employee_count) == ("Müller AG", 120)
    assert lead.touchpoints.get().occurred_at == datetime(2026, 1, 13, 9, tzinfo=UTC)
    deal = lead.opportunities.get()
    assert (deal.stage, deal.closed_at, deal.owner.email) == ("open", None, "lea@example.com")
    assert PendingMark.objects.filter(lead=lead).exists()


def test_optional_parts_may_be_blank(take):
    report = take(FORMS_HEADER + "ann@acme.com;Ann;n/a;;;;;;;;;\n", FORMS)

    assert counts(report) == (1, 0, 0, 0)
    lead = Lead.objects.get()
    assert (lead.source, lead.account, lead.expected_acv) == (None, None, None)
    assert not lead.touchpoints.exists()
    assert not lead.opportunities.exists()


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("ann@acme;A;;;;;;;;;;", "E-Mail", "is no e-mail address"),
        ("a@acme.com;A;Fax;;;;;;;;;", "Herkunft", "not in the mapping's table"),
        ("a@acme.com;A;;1,234;;;;;;;;", "Volumen", "“1,234” has three digits"),
        ("a@acme.com;A;;;;;Fax;13.01.2026 10:00;;;;", "Aktion", "“fax” is not a known kind"),
        ("a@acme.com;A;;;;;Demo;29.03.2026 02:30;;;;", "Wann", "clocks went forward"),
        ("a@acme.com;A;;;;;;;A-1;gewonnen;;", "Schluss", "is blank"),
        ("a@acme.com;A;;;;;;;A-1;offen;;Lea", "Betreuer", "“lea” is no e-mail address"),
    ],
)
def test_values_that_cannot_be_taken_refuse_their_row(take, row, column, reason):
    report = take(FORMS_HEADER + row + "\nb@else.org;B;;;;;;;;;;\n", FORMS)

    assert counts(report) == (1, 0, 0, 1)
    assert [found[:2] for found in refused(report)] == [(2, column)]
    assert reason in refused(report)[0][2]


def test_an_address_and_an_id_of_two_leads_refuse_their_row(take):
    mapping = FORMS.replace("email: E-Mail", "email: E-Mail\n  external_id: Name")
    take(FORMS_HEADER + "a@acme.com;1;;;;;;;;;;\nb@else.org;2;;;;;;;;;;\n", mapping)

    report = take(FORMS_HEADER + "a@acme.com;2;;;;;;;;;;\n", mapping)

    assert counts(report) == (0, 0, 0, 1)
    assert "two different leads" in refused(report)[0][2]


def test_rows_in_several_batches_cost_the_same_queries_each(take, monkeypatch):
    def cost(count: int) -> int:
        header = LEADS.splitlines()[0]
        rows = [f"q{count}-{n},2018-02-01,page,social" for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            take("\n".join([header, *rows]))
        return len(queries)

    monkeypatch.setattr(staging, "SLICE", 100)
    cost(1)
    one, two, four = cost(100), cost(200), cost(400)

    assert four - two == 2 * (two - one)
    assert two - one < 40


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_add_it_once(take):
    def in_a_thread(_: int) -> Outcome:
        try:
            return take(LEADS)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(in_a_thread, range(2)))

    assert sorted(map(counts, reports)) == [(0, 0, 4, 0), (4, 0, 0, 0)]
    assert Lead.objects.count() == Touchpoint.objects.count() == 4


def test_the_command_prints_counts_and_refused_rows(take, tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text(LEADS + "m5,never,page,email\n", encoding="utf-8-sig")
    out, errors = StringIO(), StringIO()

    call_command("import_file", path, mapping="olist_leads", stdout=out, stderr=errors)

    assert out.getvalue() == (
        "4 created, 0 updated, 0 merged, 0 unchanged, 0 duplicate, 1 refused.\n"
    )
    assert "Refused: line 6, first_contact_date: “never”" in errors.getvalue()


def test_the_command_refuses_what_it_cannot_read(tmp_path):
    with pytest.raises(CommandError, match="no such mapping"):
        call_command("import_file", tmp_path / "x.csv", mapping="salesforce")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_file", tmp_path / "x.csv", mapping="olist_leads")
