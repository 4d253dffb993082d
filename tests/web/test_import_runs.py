"""Imports on the product's pages: the check, the import, its report and its undo; who may."""

import csv
import io
import json
import re
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.people.models import User
from crm_handoff.people.roles import Role
from leads.enums import ImportState
from leads.models import ImportRow, ImportRun, Lead, Source, Touchpoint
from tests.web import world
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
    work,
)

# The check.


def test_a_check_counts_shows_differences_and_saves_nothing(robin):
    run = checked(robin, sent(robin))

    page = text_of(robin.get(page_of(run)))

    assert "2 of 3 rows would be saved" in page
    assert "Import 2 rows" in page
    assert "<b>E-Mail</b>: “kein-mail” is no e-mail address" in page
    assert "Line 3" in page
    assert not Lead.objects.filter(identities__system="fairs").exists()


def test_updated_rows_show_old_and_new_values(robin):
    imported(robin)

    run = checked(robin, sent(robin, FAIR.replace("Maria;", "Marie;")))

    page = text_of(robin.get(page_of(run) + "?show=updated"))
    assert '<span class="was">Maria</span> → <span class="now">Marie</span>' in page
    assert "First name" in page


def test_a_file_with_nothing_new_cannot_be_imported(robin):
    imported(robin)

    run = checked(robin, sent(robin))

    page = text_of(robin.get(page_of(run)))
    assert "Nothing new: 2 rows are known already" in page
    assert page_of(run, "import_start") not in page


def test_the_description_can_be_changed_after_the_check(robin):
    run = checked(robin, sent(robin))

    page = shown(robin, run, "?describe=1")
    assert re.search(r'id="id_system"[^>]*value="fairs"', page)
    again = checked(robin, run, **{"lead.first_name": ""})

    assert "first_name" not in again.content["lead"]


def test_while_rows_are_checked_the_page_looks_again_by_itself(robin):
    run = sent(robin)
    post(robin, run, "import_check", DESCRIBED | {"mode": "history"})

    page = shown(robin, run)

    assert "Checking every row" in page
    assert 'hx-trigger="every 1s"' in page
    work()
    assert "every 1s" not in shown(robin, run)


# The import.


def test_an_import_saves_what_was_checked_and_its_report_is_kept(robin):
    run = imported(robin)

    page = text_of(robin.get(page_of(run)))

    assert Lead.objects.filter(identities__system="fairs").count() == 2
    assert Touchpoint.objects.filter(system="fairs").count() == 2
    assert Source.objects.filter(key="messe_kiel").exists()
    assert "2 of 3 rows were saved" in page
    assert "Download 1 refused row" in page
    assert "This report is kept." in page


def test_refused_rows_are_mended_and_sent_again(robin):
    run = imported(robin)

    response = robin.get(page_of(run, "import_refused"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))

    assert "fair refused.csv" in response["Content-Disposition"]
    assert rows[0] == [*run.header, "Why refused"]
    assert rows[1][:4] == ["M-2", "Jonas", "Huber", "kein-mail"]
    assert "no e-mail address" in rows[1][-1]

    mended = sent(robin, text.replace("kein-mail", "jonas@alpenblick.example"))
    assert "Described like fair.csv of" in shown(robin, mended)
    content = ImportRun.objects.get(pk=run.pk).content
    said = DESCRIBED | {"document": json.dumps(content), "mode": "history"}
    assert post(robin, mended, "import_check", said).status_code == 302
    work()
    post(robin, mended, "import_start")
    work()

    mended.refresh_from_db()
    assert mended.report["created"] == 1
    assert Lead.objects.get(email="jonas@alpenblick.example").first_name == "Jonas"


def test_an_import_that_is_canceled_says_what_was_saved(robin):
    run = checked(robin, sent(robin))
    post(robin, run, "import_start")

    response = post(robin, run, "import_cancel")

    assert response.status_code == 302
    work()
    run.refresh_from_db()
    assert run.state == ImportState.CANCELED
    assert "Canceled" in shown(robin, run)


def test_a_file_is_discarded_before_anything_is_saved(robin):
    run = checked(robin, sent(robin))

    post(robin, run, "import_cancel")

    page = shown(robin, run)
    assert "Canceled before anything was saved" in page
    assert not ImportRow.objects.filter(run=run, state="ready").exists()


def test_whoever_is_too_late_is_told_so(robin):
    run = imported(robin)

    response = robin.post(page_of(run, "import_start"), follow=True)

    assert "cannot be started now" in text_of(response)


def test_a_second_click_on_check_changes_nothing(robin):
    run = sent(robin)
    said = DESCRIBED | {"mode": "history"}

    first, second = (post(robin, run, "import_check", said) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert second["Location"] == page_of(run)
    work()
    run.refresh_from_db()
    assert run.state == "checked"


def test_an_import_at_work_cannot_be_described_anew(robin):
    run = imported(robin)

    for name in ("import_describe", "import_check", "import_layout"):
        assert post(robin, run, name, DESCRIBED).status_code == 404


def test_a_failed_import_says_why(robin, version):
    run = sent(robin)
    ImportRun.objects.filter(pk=run.pk).update(state="failed", problem="The disk is full.")

    assert "The disk is full." in shown(robin, run)


# The undo.


def test_an_undo_asks_first_and_takes_back_what_nobody_touched(robin):
    run = imported(robin)
    assert "Undo fair.csv?" in text_of(robin.get(page_of(run, "import_undo")))

    post(robin, run, "import_undo")
    work()

    run.refresh_from_db()
    page = text_of(robin.get(page_of(run)))
    assert run.state == ImportState.UNDONE
    assert not Lead.objects.filter(identities__system="fairs").exists()
    assert "<b>2</b> leads" in page
    assert "Undone by Robin Ops" in page
    assert "2 of 3 rows were saved" in page
    assert page_of(run, "import_undo") not in page


def test_an_undo_lists_what_somebody_worked_with_and_leads_there(robin):
    run = imported(robin)
    maria = Lead.objects.get(email="maria@nordlicht.example")
    world.did(maria, "demo_request", at=timezone.now())

    post(robin, run, "import_undo")
    work()

    page = text_of(robin.get(page_of(run)))
    assert Lead.objects.filter(pk=maria.pk).exists()
    assert "Left as they are, since somebody worked with them" in page
    assert f'<a href="/leads/{maria.public_id}/">Maria Keller</a>' in page


def test_an_undo_without_htmx_asks_on_a_page_of_its_own(robin):
    run = imported(robin)

    alone = robin.get(page_of(run, "import_undo")).content.decode()
    sheet = robin.get(page_of(run, "import_undo"), headers={"hx-request": "true"})

    assert "<html" in alone
    assert "<html" not in sheet.content.decode()


# Who, and how.


def test_who_may_read_imports_and_who_may_run_them(robin, marketer, auditor, dana, door):
    run = checked(robin, sent(robin))
    steps = ("import_check", "import_start", "import_cancel", "import_undo", "import_layout")

    for reader in (marketer, auditor):
        client = door(reader)
        assert client.get("/imports/").status_code == 200
        assert client.get("/imports/new/").status_code == 403
        page = shown(client, run)
        assert page_of(run, "import_start") not in page
        assert page_of(run, "import_cancel") not in page
        assert "?describe=1" not in page
        assert {post(client, run, name).status_code for name in steps} == {403}
    rep = door(dana.user)
    assert {rep.get(page).status_code for page in ("/imports/", page_of(run))} == {403}
    run.refresh_from_db()
    assert run.state == ImportState.CHECKED


def test_a_reader_sees_who_has_to_describe_a_file(robin, marketer, door):
    run = sent(robin)

    assert "Robin Ops sent this file and has not described it yet" in shown(door(marketer), run)


def test_effects_need_the_token_of_the_form(version):
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        User.objects.get(email="robin.ops@example.com"),
        "django.contrib.auth.backends.ModelBackend",
    )

    response = client.post("/imports/new/", {"file": SimpleUploadedFile("a.csv", FAIR.encode())})

    assert response.status_code == 403
    assert not ImportRun.objects.exists()


def test_only_people_who_may_import_see_the_place(robin, marketer, door):
    assert 'href="/imports/"' in robin.get("/team/").content.decode()
    assert 'href="/imports/"' not in door(marketer).get("/team/").content.decode()


def test_the_list_says_what_to_do_when_it_is_empty(robin):
    assert "No file was imported yet" in robin.get("/imports/").content.decode()


def test_the_list_shows_files_states_and_counts(robin):
    imported(robin)
    sent(robin, name="second.csv")

    page = text_of(robin.get("/imports/"))

    assert page.index("second.csv") < page.index("fair.csv")
    assert "To be described" in page
    assert "Imported" in page
    assert '<b class="late">1</b>' in page


def test_the_list_asks_as_often_for_many_imports_as_for_one(robin, django_assert_num_queries):
    imported(robin)
    with CaptureQueriesContext(connection) as once:
        robin.get("/imports/")
        asked = len(once)
    for number in range(3):
        sent(robin, name=f"{number}.csv")

    with django_assert_num_queries(asked):
        robin.get("/imports/")


def test_what_a_file_says_is_shown_as_text(robin):
    text = FAIR.replace("Maria", "<script>alert(1)</script>").replace("Vorname", "<b>Vorname")
    run = imported(robin, text)

    for query in ("", "?show=refused", "?show=updated&page=9", "?show=nonsense"):
        page = shown(robin, run, query)
        assert "<script>alert" not in page
        assert "<b>Vorname" not in page
    assert "<script>alert" not in shown(robin, sent(robin, text))


def test_no_page_needs_what_the_content_policy_forbids(robin):
    described, run = sent(robin), imported(robin)
    checked_run = checked(robin, sent(robin))
    pages = ["/imports/", "/imports/new/", page_of(run), page_of(run, "import_undo")]

    for page in [*pages, page_of(described), page_of(checked_run)]:
        response = robin.get(page)
        text = response.content.decode()
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert not re.findall(r"<style|\sstyle=|\son\w+=|hx-on|<script(?![^>]*\ssrc=)", text)
        assert "{%" not in text
        assert "{{" not in text


def test_every_control_of_the_description_has_a_name(robin):
    page = shown(robin, sent(robin))

    ids = set(re.findall(r'\sid="([^"]+)"', page))
    labels = re.findall(r'<label for="([^"]+)"', page)
    assert set(labels) <= ids
    for control in re.findall(r"<(?:select|textarea)[^>]*>", page):
        has_label = re.search(r'id="([^"]+)"', control).group(1) in labels
        assert has_label or "aria-label" in control, control


def test_static_files_of_imports_stay_at_home():
    for name in ("imports.css", "imports.js"):
        text = (Path(settings.BASE_DIR) / "static" / "web" / name).read_text(encoding="utf-8")
        assert "http" not in text


def test_a_rep_is_not_offered_imports(version, dana, door):
    assert 'href="/imports/"' not in door(dana.user).get("/queue/").content.decode()
    assert door(world.person("Nia", Role.SALES_MANAGER)).get("/imports/").status_code == 200
