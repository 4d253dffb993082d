"""RevOps at a browser: a spreadsheet comes in, its bad rows are mended, all of it is undone."""

import re

import pytest
from playwright.sync_api import expect

from crm_handoff.people.models import User
from leads import imports
from leads.enums import ImportState
from leads.models import ImportRun, Lead
from tests.browser.screens import fits

pytestmark = pytest.mark.browser

FAIR = """\
Kennung;Vorname;Nachname;E-Mail;Telefon;Land;Firma;Besucht
M-1;Maria;Keller;maria@nordlicht.example;030 901820;Deutschland;Nordlicht;03/04/2026 14:30
M-2;Jonas;Huber;kein-mail;+43 1 58858;Österreich;Alpenblick;05/04/2026 09:10
M-3;Élodie;Marchand;elodie@marchand.example;4.91E+11;Frankreich;Marchand;07/04/2026 11:45
M-4;Piet;de Vries;piet@vries.example;;Niederlande;Vries;31/02/2026 10:00
M-5;Sofia;Rossi;sofia@rossi.example;;Italia;Rossi;12/04/2026 10:05
"""
MENDED = {
    "kein-mail": "jonas@alpenblick.example",
    "'4.91E+11": "+33 1 42278186",
    "4.91E+11": "+33 1 42278186",
    "31/02/2026": "28/02/2026",
}


@pytest.fixture(autouse=True)
def patience():
    """Files are sent, read and checked before a page answers, on a machine that is busy."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def robin(dana):
    return User.objects.get(email="robin.ops@example.com")


@pytest.fixture
def workers():
    """Return what does the workers' part of an import."""

    def run():
        while imports.work():
            pass

    return run


def send(page, live_server, name, text):
    """Choose a file and send it."""
    page.goto(f"{live_server.url}/imports/")
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_label("File to import").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )
    expect(page.get_by_text(name)).to_be_visible()
    page.get_by_role("button", name="Send and look at it").click()
    expect(page.get_by_role("group", name="What is one row of this file?")).to_be_visible()


def settled(page, act):
    """Do what the page answers by itself, and wait for that."""
    with page.expect_response(lambda response: "/describe/" in response.url):
        act()
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def describe(page):
    """Say of the file what the product cannot know."""
    details = page.locator("details.part", has_text="Touchpoint")
    details.locator("summary").first.click()
    settled(page, lambda: page.locator("#id_touchpoints_0_kind").select_option("="))
    settled(
        page,
        lambda: page.locator("#id_touchpoints_0_kind-value").select_option("webinar_attended"),
    )
    settled(page, lambda: page.locator("#id_touchpoints_0_occurred_at").select_option("7"))
    expect(page.get_by_text("can be read in 2 ways. Which one is meant?").first).to_be_visible()
    settled(
        page,
        lambda: page.locator("#id_touchpoints_0_occurred_at-format").select_option(
            "%d/%m/%Y %H:%M"
        ),
    )
    settled(page, lambda: page.get_by_label("Time zone of its dates").select_option("UTC"))
    page.get_by_label("System that the ids are from").fill("fairs")


def check(page, workers):
    """Have the rows checked in history mode."""
    page.get_by_role("button", name="Check all rows").click()
    expect(page.get_by_text("Checking every row")).to_be_visible()
    workers()
    expect(page.get_by_role("link", name="Change the description")).to_be_visible()


def let_in(page, workers):
    """Import what was checked."""
    page.get_by_role("button", name=re.compile("^Import \\d")).click()
    workers()
    expect(page.get_by_text("This report is kept.")).to_be_visible()


def download_refused(page):
    """Download the refused rows and return them as text."""
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Download 3 refused rows")).click()
    assert download.value.suggested_filename == "fair refused.csv"
    return download.value.path().read_text(encoding="utf-8-sig")


def mended(text):
    """Do what somebody does in their spreadsheet."""
    for wrong, right in MENDED.items():
        text = text.replace(wrong, right)
    return text


def undo(page, workers):
    """Undo the import that is shown."""
    page.get_by_role("link", name="Undo this import").click()
    page.locator("#sheet").get_by_role("button", name="Undo the import").click()
    workers()


def from_fairs():
    return Lead.objects.filter(identities__system="fairs").count()


def test_bad_rows_are_seen_mended_and_sent_again_and_the_import_is_undone(
    page, sign_in, robin, workers, live_server
):
    sign_in(page, robin)
    send(page, live_server, "fair.csv", FAIR)
    describe(page)
    settled(page, lambda: page.get_by_text("History", exact=True).click())
    expect(page.locator("#preview").get_by_text("“kein-mail” is no e-mail")).to_be_visible()
    expect(page.locator("#preview").get_by_text("+4930901820")).to_be_visible()

    check(page, workers)
    expect(page.get_by_role("heading", name="2 of 5 rows would be saved")).to_be_visible()
    for line, column in ((3, "E-Mail"), (4, "Telefon"), (5, "Besucht")):
        row = page.locator("table.rows tr", has_text=f"Line {line}")
        expect(row.locator("b")).to_have_text(column)
    assert from_fairs() == 0

    let_in(page, workers)
    assert from_fairs() == 2
    text = download_refused(page)
    assert "is no e-mail address" in text

    send(page, live_server, "fair mended.csv", mended(text))
    expect(page.get_by_text("Described like fair.csv of")).to_be_visible()
    settled(page, lambda: page.get_by_text("History", exact=True).click())
    check(page, workers)
    expect(page.get_by_role("heading", name="3 of 3 rows would be saved")).to_be_visible()
    let_in(page, workers)
    assert from_fairs() == 5

    undo(page, workers)
    expect(page.get_by_text("Nobody had worked with any of it")).to_be_visible()
    assert from_fairs() == 2


def test_the_mode_is_never_chosen_for_anybody(page, sign_in, robin, live_server):
    sign_in(page, robin)
    send(page, live_server, "fair.csv", FAIR)
    page.get_by_label("System that the ids are from").fill("fairs")

    page.get_by_role("button", name="Check all rows").click()

    expect(page.get_by_text("Choose what shall happen with these rows.")).to_be_visible()
    assert ImportRun.objects.get().state == ImportState.UPLOADED


def test_what_somebody_types_survives_the_page_s_own_refresh(page, sign_in, robin, live_server):
    sign_in(page, robin)
    send(page, live_server, "fair.csv", FAIR)
    system = page.get_by_label("System that the ids are from")
    system.fill("fai")

    with page.expect_response(lambda response: "/describe/" in response.url):
        page.locator("#id_lead_job_title").select_option("=")
        system.focus()
        system.press("End")
        system.press_sequentially("rs")

    expect(page.get_by_label("In every row")).to_be_visible()
    expect(system).to_have_value("fairs")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    page, sign_in, robin, live_server, settings
):
    settings.UPLOAD_LIMIT = 100
    sign_in(page, robin)
    page.goto(f"{live_server.url}/imports/new/")

    page.get_by_label("File to import").set_input_files(
        {"name": "big.csv", "mimeType": "text/csv", "buffer": b"a;b\n" * 100}
    )

    expect(page.get_by_text("This file is larger than 100")).to_be_visible()
    expect(page.get_by_role("button", name="Send and look at it")).to_be_disabled()


def test_a_file_that_the_server_finds_too_large_is_refused_in_words(
    page, sign_in, robin, live_server, settings
):
    sign_in(page, robin)
    page.goto(f"{live_server.url}/imports/new/")
    page.get_by_label("File to import").set_input_files(
        {"name": "big.csv", "mimeType": "text/csv", "buffer": b"a;b\n" * 100}
    )

    settings.UPLOAD_LIMIT = 100
    page.get_by_role("button", name="Send and look at it").click()

    expect(page.get_by_text("the most that can be sent from here")).to_be_visible()
    assert not ImportRun.objects.exists()


def test_what_is_no_table_is_explained_on_the_spot(page, sign_in, robin, live_server):
    sign_in(page, robin)
    page.goto(f"{live_server.url}/imports/new/")

    page.get_by_label("File to import").set_input_files(
        {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 \0\1\2"}
    )
    page.get_by_role("button", name="Send and look at it").click()

    expect(page.get_by_role("alert")).to_contain_text("CSV")
    assert not ImportRun.objects.exists()


def test_an_import_is_described_by_keys_alone(page, sign_in, robin, workers, live_server):
    sign_in(page, robin)
    send(page, live_server, "fair.csv", FAIR)

    page.get_by_label("System that the ids are from").focus()
    page.keyboard.type("fairs")
    page.get_by_role("radio", name=re.compile("^History")).focus()
    settled(page, lambda: page.keyboard.press("Space"))
    page.get_by_role("button", name="Check all rows").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Checking every row")).to_be_visible()
    workers()
    expect(page.get_by_role("heading", name="of 5 rows would be saved")).to_be_visible()


def test_pages_of_imports_fit_a_phone_and_break_no_content_policy(
    page, sign_in, robin, workers, live_server
):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, robin)

    page.goto(f"{live_server.url}/imports/")
    assert fits(page), page.url
    page.goto(f"{live_server.url}/imports/new/")
    assert fits(page), page.url
    send(page, live_server, "fair.csv", FAIR)
    assert fits(page), page.url
    page.get_by_label("System that the ids are from").fill("fairs")
    settled(page, lambda: page.get_by_text("History", exact=True).click())
    assert fits(page), page.url
    check(page, workers)
    assert fits(page), page.url
    let_in(page, workers)
    assert fits(page), page.url
    page.goto(f"{live_server.url}/imports/")
    assert fits(page), page.url
    assert said == []
