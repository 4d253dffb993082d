"""Imports on the product's pages: the file, and its description."""

import html
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_handoff.web.import_fields import THINGS, Kind
from crm_handoff.web.import_forms import blanks_of
from leads import cells, fields, imports, mappings
from leads.enums import FieldPolicy, ImportState
from leads.models import ImportMapping, ImportRun, Lead
from tests.web.import_steps import (
    DESCRIBED,
    FAIR,
    checked,
    imported,
    page_of,
    post,
    sent,
    shown,
    text_of,
)

# The file.


def test_a_file_is_looked_at_and_what_was_found_is_shown(robin):
    run = sent(robin, FAIR.encode("cp1252"))

    page = shown(robin, run)

    assert run.state == ImportState.UPLOADED
    assert not Lead.objects.filter(identities__system="fairs").exists()
    assert "<dt>Format</dt><dd>CSV</dd>" in page
    assert "Semicolon ;" in page
    assert "maria@nordlicht.example" in page


def test_the_format_is_told_by_content_whatever_the_name_says(robin):
    run = sent(robin, FAIR.replace(";", "\t"), name="fair.xlsx")

    assert "<dt>Format</dt><dd>TSV</dd>" in shown(robin, run)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This file is empty"),
        (b"%PDF-1.7 \x00\x01\x02 binary", "CSV"),
        (b"1;2;3\n4;5;6\n", "header"),
    ],
    ids=["empty", "no table", "no header"],
)
def test_what_is_no_table_is_refused_with_what_to_do(robin, data, words):
    response = robin.post("/imports/new/", {"file": SimpleUploadedFile("fair.csv", data)})

    assert response.status_code == 422
    assert words in text_of(response)
    assert not ImportRun.objects.exists()


def test_nothing_chosen_says_so(robin):
    response = robin.post("/imports/new/", {})

    assert response.status_code == 422
    assert "Choose a file first." in text_of(response)


def test_a_file_above_the_limit_is_refused_and_not_kept(robin, settings):
    settings.UPLOAD_LIMIT = 100_000

    response = robin.post(
        "/imports/new/", {"file": SimpleUploadedFile("big.csv", b"a;b\n" * 30_000)}
    )

    assert response.status_code == 413
    assert "larger than 97.7" in text_of(response)
    assert not ImportRun.objects.exists()


def test_a_file_at_the_limit_is_taken(robin, settings):
    settings.UPLOAD_LIMIT = len(FAIR.encode())

    assert sent(robin).file_size == settings.UPLOAD_LIMIT


def test_files_of_people_who_may_not_import_are_dropped(marketer, door, monkeypatch):
    taken = []
    monkeypatch.setattr(imports, "receive", lambda *args, **kwargs: taken.append(args))

    response = door(marketer).post("/imports/new/", {"file": SimpleUploadedFile("a.csv", b"a;b")})

    assert response.status_code == 403
    assert taken == []


def test_how_the_file_is_written_can_be_said_otherwise(robin):
    run = sent(robin, "Name,Ort;E-Mail\nKeller,Kiel;m@k.example\nHuber,Ulm;j@h.example\n")

    said = {"format": "csv", "encoding": "utf-8", "delimiter": ","}
    response = post(robin, run, "import_layout", said)

    run.refresh_from_db()
    assert response.status_code == 302
    assert run.header == ["Name", "Ort;E-Mail"]


def test_a_layout_that_cannot_be_is_explained(robin):
    run = sent(robin)

    response = post(robin, run, "import_layout", {"format": "xlsx"})

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    run.refresh_from_db()
    assert run.header[0] == "Kennung"


# Its description.


def test_columns_are_suggested_with_samples(robin):
    page = shown(robin, sent(robin))

    assert re.search(r'name="lead\.email".*?value="3" selected', page, re.DOTALL)
    assert "<code>maria@nordlicht.example</code>" in page


def test_a_date_with_two_readings_is_asked_and_never_guessed(robin):
    run = sent(robin)
    said = DESCRIBED | {"touchpoints.0.occurred_at:format": "", "mode": "history"}

    response = post(robin, run, "import_check", said)

    page = text_of(response)
    assert response.status_code == 422
    assert "“03/04/2026 14:30” can be read in 2 ways. Which one is meant?" in page
    assert "03/04/2026 14:30 is 3 April 2026, 14:30" in page
    assert "03/04/2026 14:30 is 4 March 2026, 14:30" in page
    run.refresh_from_db()
    assert run.state == ImportState.UPLOADED


def test_a_date_with_one_reading_needs_no_question(robin):
    run = sent(robin, FAIR.replace("05/04/2026", "25/04/2026"))
    said = DESCRIBED | {"touchpoints.0.occurred_at:format": ""}

    page = text_of(post(robin, run, "import_describe", said))

    assert "Which one is meant?" not in page
    assert "2026-04-03T12:30:00Z" in page


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        ("zone", "Choose the time zone of its dates."),
        ("system", "Name the system that the ids are from."),
        ("touchpoints.0.kind:value", "What they did: Say what it is in every row."),
    ],
)
def test_what_is_left_open_is_named_before_a_row_is_read(robin, left_out, words):
    page = text_of(post(robin, sent(robin), "import_describe", DESCRIBED | {left_out: ""}))

    assert words in page
    assert "Rows appear here as soon as these are settled" in page


def test_an_amount_asks_for_its_currency(robin):
    run = sent(robin, FAIR.replace("Besucht", "Wert").replace("03/04/2026 14:30", "48.000,00"))
    said = {
        key: value for key, value in DESCRIBED.items() if not key.startswith("touchpoints")
    } | {"lead.expected_acv": "8"}

    page = text_of(post(robin, run, "import_describe", said))

    assert "Currency: Which one? Choose its column, or say the same in every row." in page


def test_the_preview_shows_rows_as_they_would_be_stored_and_refused(robin):
    page = text_of(post(robin, sent(robin), "import_describe", DESCRIBED))

    assert "messe_kiel" in page
    assert "2026-04-03T12:30:00Z" in page
    assert '<td title="1250">1250</td>' in page
    assert '<td title="IT">IT</td>' in page
    assert "<b>E-Mail</b>: “kein-mail” is no e-mail address" in page
    assert not Lead.objects.filter(identities__system="fairs").exists()


def test_another_kind_of_thing_is_suggested_anew(robin):
    run = sent(robin)

    page = text_of(post(robin, run, "import_describe", DESCRIBED | {"holds": "accounts"}))

    assert 'name="account.name"' in page
    assert 'name="lead.email"' not in page


def test_the_mode_has_to_be_chosen(robin):
    run = sent(robin)
    page = shown(robin, run)
    assert not re.search(r'name="mode"[^>]*checked', page)

    response = post(robin, run, "import_check", DESCRIBED)

    assert response.status_code == 422
    assert "Choose what shall happen with these rows." in text_of(response)


@pytest.mark.parametrize("holds", ["campaigns", "people"])
def test_nobody_chooses_a_mode_for_what_is_never_judged(robin, holds):
    page = text_of(post(robin, sent(robin), "import_describe", {"holds": holds}))

    assert "What shall happen with these rows?" not in page
    assert '<input type="hidden" name="mode" value="history">' in page


def test_a_description_is_kept_by_a_name_and_used_again(robin):
    run = checked(robin, sent(robin), save_as="Trade fairs")
    saved = ImportMapping.objects.get()
    assert (saved.key, saved.name, run.mapping) == ("trade-fairs", "Trade fairs", "trade-fairs")
    assert mappings.load("trade-fairs").system == "fairs"

    other = sent(robin, FAIR.replace("Land;", "Land ;").replace("E-Mail", "e-mail"))
    page = shown(robin, other, "?mapping=trade-fairs")

    assert re.search(r'id="id_system"[^>]*value="fairs"', page)
    assert re.search(r'name="lead\.email".*?value="3" selected', page, re.DOTALL)


def test_a_name_that_is_taken_is_refused(robin):
    checked(robin, sent(robin), save_as="Trade fairs")
    run = sent(robin)

    said = DESCRIBED | {"mode": "history", "save_as": "Trade Fairs"}
    response = post(robin, run, "import_check", said)

    assert response.status_code == 422
    assert "There is a description “Trade Fairs” already." in text_of(response)


def test_a_mapping_that_is_in_use_can_be_kept_anew(robin):
    checked(robin, sent(robin), save_as="Trade fairs")

    said = {"mapping": "trade-fairs", "save_as": "Trade fairs", "lead.first_name": ""}
    checked(robin, sent(robin), **said)

    assert "first_name" not in ImportMapping.objects.get().content["lead"]


def test_the_next_file_with_these_columns_is_described_by_itself(robin):
    imported(robin)

    page = shown(robin, sent(robin))

    assert "Described like fair.csv of" in page
    assert re.search(r'id="id_system"[^>]*value="fairs"', page)
    assert not re.search(r'name="mode"[^>]*checked', page)


def test_what_the_page_does_not_show_of_a_mapping_stays(robin):
    content = {
        "name": "Fairs",
        "system": "fairs",
        "blanks": [""],
        "lead": {
            "external_id": {"column": "Kennung", "prefix": "fair:"},
            "source": {"column": "Herkunft", "table": {"Website": "web"}, "otherwise": "other"},
        },
    }
    run = sent(robin)
    said = {"document": json.dumps(content), "holds": "leads", "shown": "leads"}
    said |= {"system": "fairs", "mode": "history", "lead.external_id": "0", "lead.source": "7"}

    assert post(robin, run, "import_check", said).status_code == 302

    run.refresh_from_db()
    lead = run.content["lead"]
    assert lead["external_id"]["prefix"] == "fair:"
    assert lead["source"]["table"] == {"Website": "web"}
    assert lead["source"]["otherwise"] == "other"


def test_a_document_that_is_none_is_forgotten(robin):
    strange = (
        '{"lead": []}',
        '{"lead": {"source": {"column": "Herkunft", "table": 7, "zone": [], "decimal": {}}}}',
        '{"touchpoints": 7}',
        '{"touchpoints": [7, []]}',
        '{"touchpoints": [{"detail": 7}]}',
        '{"people": 3, "campaign": 4, "blanks": 5, "file": [], "unheard": {}}',
        '{"lead": {"email": {"column": ["E-Mail"]}, "keep": 9}}',
    )
    deep = '{"lead": ' + "[" * 9_000 + "]" * 9_000 + "}"
    for document in ("{", "[]", "null", deep, *strange):
        response = post(robin, sent(robin), "import_describe", DESCRIBED | {"document": document})
        assert response.status_code == 200


def test_every_touchpoint_of_a_mapping_is_shown_and_stays(robin):
    visit = {"kind": {"value": "webinar_attended"}, "occurred_at": dated("Besucht")}
    asked = {"kind": {"value": "demo_request"}, "occurred_at": dated("Besucht"), "optional": True}
    content = {"system": "fairs", "blanks": [""], "touchpoints": [visit, asked]}
    content["lead"] = {"external_id": "Kennung", "must_exist": True}
    ImportMapping.objects.create(key="two", name="Two", content=content)
    run = sent(robin)

    page = shown(robin, run, "?mapping=two")
    document = html.unescape(re.search(r'name="document" value="([^"]*)"', page).group(1))
    said = {"document": document, "mapping": "two", "mode": "history"} | {
        "holds": "touchpoints",
        "shown": "touchpoints",
        "system": "fairs",
        "zone": "UTC",
        "lead:must_exist": "true",
        "lead.external_id": "0",
    }
    for place, kind in enumerate(("webinar_attended", "demo_request")):
        path = f"touchpoints.{place}"
        said |= {f"{path}.kind": "=", f"{path}.kind:value": kind, f"{path}.occurred_at": "8"}
        said |= {f"{path}.occurred_at:format": "%d/%m/%Y %H:%M"}
    assert "Touchpoint 2" in page
    assert post(robin, run, "import_check", said).status_code == 302

    run.refresh_from_db()
    kinds = [one["kind"]["value"] for one in run.content["touchpoints"]]
    assert kinds == ["webinar_attended", "demo_request"]
    assert run.content["touchpoints"][1]["optional"] is True
    assert run.content["lead"]["must_exist"] is True


def dated(column):
    return {"column": column, "formats": ["%d/%m/%Y %H:%M"], "zone": "UTC"}


@pytest.mark.parametrize("query", ["?mapping=nonsense", "?mapping=%00", "?mapping=" + "x" * 99])
def test_a_description_that_is_not_there_is_not_used(robin, query):
    run = sent(robin)

    assert robin.get(page_of(run) + query).status_code == 200


@pytest.mark.parametrize("text", ["fairs\0", "f" * 400, "<b>", "%s", "Ünï"])
def test_whatever_is_typed_is_answered(robin, text):
    run = sent(robin)
    typed = dict.fromkeys(
        (*DESCRIBED, "mode", "save_as", "mapping", "document", "person_email", "region"), text
    )

    for said in (typed, DESCRIBED | {"mode": "history", "system": text, "mapping": text}):
        for name in ("import_describe", "import_check", "import_layout"):
            assert post(robin, run, name, said).status_code in (200, 302, 404, 422)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("%d/%m/%Y %H:%M|%Y-%m-%d %H:%M", 302),
        ("%d/%d/%Y", 422),
        ("%Q", 422),
        ("|", 422),
    ],
)
def test_a_way_to_write_instants_that_is_typed_is_taken_or_explained(robin, typed, status):
    run, place = sent(robin), "touchpoints.0.occurred_at"
    said = DESCRIBED | {"mode": "history", f"{place}:format": "?", f"{place}:other": typed}

    assert post(robin, run, "import_describe", said).status_code == 200
    assert post(robin, run, "import_check", said).status_code == status


def test_a_column_that_is_far_away_is_none(robin):
    said = DESCRIBED | {"lead.last_name": "9" * 5_000}

    assert post(robin, sent(robin), "import_describe", said).status_code == 200


def test_the_choice_of_a_field_reaches_the_mapping(robin):
    policies = {"lead.first_name:keep": "fill", "account.name:keep": "keep"}

    run = checked(robin, sent(robin), **policies)

    mapping = mappings.read(run.content, key="fair")
    assert mapping.lead.policies == {"first_name": FieldPolicy.FILL}
    assert mapping.account.policies == {"name": FieldPolicy.KEEP}


def test_every_field_of_a_mapping_has_its_place_on_the_page():
    said = {
        part.path.partition(".")[0]: {field.name for field in part.fields}
        for thing in THINGS.values()
        for part in thing.parts
    }

    assert said == {section: set(known) for section, known in fields.SECTIONS.items()}
    assert set(THINGS) == set(fields.Holds)


def test_the_page_asks_of_each_field_what_its_reader_needs():
    kinds = {
        cells.instant: Kind.INSTANT,
        cells.day: Kind.DAY,
        cells.money: Kind.NUMBER,
        cells.whole: Kind.NUMBER,
        cells.key: Kind.KEY,
    }
    for thing in THINGS.values():
        for part in thing.parts:
            for field in part.fields:
                reader = fields.SECTIONS[part.path.partition(".")[0]][field.name]
                if reader in kinds:
                    assert field.kind == kinds[reader], (part.path, field.name)
                else:
                    assert field.kind in (Kind.TEXT, Kind.WORD), (part.path, field.name)


def test_an_empty_cell_is_always_blank():
    assert blanks_of(" - \n\nNULL\n-\n") == ["", "-", "NULL"]
