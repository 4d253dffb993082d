import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from routing.enums import HandoffStatus, TimerState
from routing.models import Confirmation, Handoff, Rejection, SlaTimer
from tests.browser.screens import fits

pytestmark = pytest.mark.browser


def person(number, first, last):
    return {
        "external_id": f"form-{number}",
        "email": f"{first}.{last}@nordlicht{number}.example".lower(),
        "first_name": first,
        "last_name": last,
        "job_title": "Chief Operating Officer",
        "country": "DE",
        "language": "de",
        "phone": "+49 30 901820",
        "source": "website",
        "account": {
            "name": f"Nordlicht {number}",
            "domain": f"nordlicht{number}.example",
            "industry": "logistics",
            "employee_count": 420,
            "country": "DE",
        },
    }


def touchpoints(number):
    now = timezone.now()
    done = (
        ("content_download", "web", timedelta(days=6), "webinar-forecast"),
        ("webinar_attended", "event", timedelta(days=5), "webinar-forecast"),
        ("email_click", "email", timedelta(days=4), None),
        ("pricing_page_view", "web", timedelta(days=1), None),
        ("demo_request", "web", timedelta(seconds=5), None),
    )
    return [
        {
            "lead": {"external_id": f"form-{number}"},
            "kind": kind,
            "channel": channel,
            "occurred_at": (now - ago).isoformat(),
            "external_id": f"touch-{number}-{place}",
            "is_verified": True,
        }
        | ({"asset": asset} if asset else {})
        for place, (kind, channel, ago, asset) in enumerate(done)
    ]


def arrive(website, work, number, first, last):
    website("/leads/", person(number, first, last))
    website("/touchpoints/", touchpoints(number))
    work()


def test_a_lead_posted_by_the_api_appears_without_reloading_is_called_and_accepted(
    page, sign_in, dana, website, work
):
    sign_in(page, dana.user)
    expect(page.get_by_text("Nobody is waiting for you")).to_be_visible()

    arrive(website, work, 1, "Maria", "Keller")
    row = page.locator(".lead", has_text="Maria Keller")
    expect(row.get_by_text("Demo request")).to_be_visible()
    expect(row.locator(".clock")).to_have_class("clock soon")
    expect(row.locator(".words")).to_have_text(re.compile(r"due in 4:\d\d min"))
    row.get_by_role("link", name="Call Maria Keller").click()
    sheet = page.locator("#sheet")
    sheet.get_by_text("Reached", exact=True).click()
    sheet.get_by_role("button", name="Log attempt").click()
    expect(page.get_by_text("Attempt logged for Maria Keller.")).to_be_visible()
    expect(row.get_by_text("answered", exact=True)).to_be_visible()
    assert SlaTimer.objects.get(milestone="first_response").state == TimerState.MET

    row.get_by_role("link", name="Maria Keller", exact=True).click()
    expect(page.get_by_text("How do you reconcile marketing's numbers")).to_be_visible()
    expect(page.get_by_text("SQL by the standard path")).to_be_visible()
    page.get_by_role("button", name="Accept lead").click()
    expect(page.get_by_text("You accepted Maria Keller.")).to_be_visible()
    assert Handoff.objects.get().status == HandoffStatus.ACCEPTED


def test_a_lead_is_not_rejected_without_a_comment(page, sign_in, dana, website, work):
    arrive(website, work, 2, "Jonas", "Huber")
    sign_in(page, dana.user)

    page.get_by_role("link", name="Reject Jonas Huber").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("Reason").select_option("Bad timing")
    sheet.get_by_role("button", name="Reject with reason").click()
    expect(sheet.get_by_text("Say in a sentence what was wrong")).to_be_visible()
    expect(sheet.get_by_label("Comment")).to_be_focused()
    assert not Rejection.objects.exists()

    sheet.get_by_label("Comment").fill("Renewed with their vendor in May.")
    sheet.get_by_role("button", name="Reject with reason").click()
    expect(page.get_by_text("You rejected Jonas Huber: Bad timing.")).to_be_visible()
    expect(page.locator(".lead", has_text="Jonas Huber")).to_have_count(0)
    assert Rejection.objects.get().comment == "Renewed with their vendor in May."

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    expect(page.locator(".lead", has_text="Jonas Huber")).to_be_visible()
    assert Handoff.objects.get().status == HandoffStatus.ASSIGNED


def test_a_second_rep_sees_nothing_of_it(page, sign_in, dana, lena, website, work, live_server):
    arrive(website, work, 3, "Maria", "Keller")
    assert Handoff.objects.get().rep == dana

    sign_in(page, lena.user)

    expect(page.get_by_text("Nobody is waiting for you")).to_be_visible()
    opened = page.goto(f"{live_server.url}/handoffs/{Handoff.objects.get().public_id}/")
    assert opened.status == 404
    expect(page.get_by_text("There is nothing here")).to_be_visible()


def test_the_queue_is_worked_by_keys_alone(page, sign_in, dana, website, work):
    arrive(website, work, 4, "Maria", "Keller")
    arrive(website, work, 5, "Jonas", "Huber")
    sign_in(page, dana.user)
    first, second = page.locator(".lead .name").all()

    page.keyboard.press("j")
    expect(first).to_be_focused()
    page.keyboard.press("j")
    expect(second).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("r")
    sheet = page.locator("#sheet")
    expect(sheet.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(sheet.get_by_role("button", name="Log attempt")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jonas")
    expect(page.locator(".lead")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"[?&]q=jonas"))
    expect(page.locator(".lead", has_text="Jonas Huber")).to_be_visible()


def test_focus_survives_a_refresh_of_the_queue(page, sign_in, dana, website, work):
    arrive(website, work, 6, "Maria", "Keller")
    sign_in(page, dana.user)
    page.get_by_role("link", name="Reject Maria Keller").focus()

    arrive(website, work, 7, "Jonas", "Huber")

    expect(page.locator(".lead")).to_have_count(2)
    expect(page.get_by_role("link", name="Reject Maria Keller")).to_be_focused()


def test_the_whole_page_works_at_phone_width(page, sign_in, dana, website, work):
    page.set_viewport_size({"width": 390, "height": 844})
    arrive(website, work, 8, "Maria", "Keller")
    sign_in(page, dana.user)

    for address in (page.url, page.locator(".lead .name").get_attribute("href")):
        page.goto(address if address.startswith("http") else page.url.split("/queue")[0] + address)
        assert fits(page), address


def test_pages_log_no_errors_and_break_no_content_policy(page, sign_in, dana, website, work):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    arrive(website, work, 9, "Maria", "Keller")

    sign_in(page, dana.user)
    page.locator(".lead .name").click()
    expect(page.get_by_role("heading", name="Why qualified")).to_be_visible()

    assert said == []


def test_several_are_selected_by_keys_accepted_together_and_taken_back_by_one_key(
    page, sign_in, dana, website, work
):
    arrive(website, work, 10, "Maria", "Keller")
    arrive(website, work, 11, "Jonas", "Huber")
    sign_in(page, dana.user)

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    bar = page.get_by_role("form", name="Selected leads")
    expect(bar.locator("#chosen-count")).to_have_text("2")
    bar.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("2 leads accepted.")).to_be_visible()
    expect(page.locator(".lead .accepted", has_text="Accepted")).to_have_count(2)
    expect(bar).to_be_hidden()
    page.keyboard.press("u")

    expect(page.get_by_text("2 leads wait as before.")).to_be_visible()
    assert set(Handoff.objects.values_list("status", flat=True)) == {HandoffStatus.ASSIGNED}


def test_what_is_selected_survives_a_refresh(page, sign_in, dana, website, work):
    arrive(website, work, 12, "Maria", "Keller")
    sign_in(page, dana.user)
    box = page.get_by_role("checkbox", name="Select Maria Keller")
    box.check()

    arrive(website, work, 13, "Jonas", "Huber")

    expect(page.locator(".lead")).to_have_count(2)
    expect(page.locator("#said")).to_have_text("New in your queue: Jonas Huber")
    expect(box).to_be_checked()


def test_filters_stay_in_the_address_and_come_back_with_it(page, sign_in, dana, website, work):
    arrive(website, work, 14, "Maria", "Keller")
    sign_in(page, dana.user)

    page.get_by_role("radio", name="Accepted").check()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/queue/\?view=accepted$"))
    page.locator("#search").fill("maria")
    expect(page).to_have_url(re.compile(r"/queue/\?view=accepted&q=maria$"))
    page.evaluate("history.back()")

    expect(page).to_have_url(re.compile(r"/queue/\?view=accepted$"))
    expect(page.locator("#search")).to_have_value("")
    expect(page.get_by_role("radio", name="Accepted")).to_be_checked()
    page.evaluate("history.back()")
    expect(page.locator(".lead")).to_have_count(1)


def test_a_next_step_with_a_time_becomes_a_task_that_is_done_by_one_click(
    page, sign_in, dana, website, work
):
    arrive(website, work, 15, "Maria", "Keller")
    sign_in(page, dana.user)
    page.get_by_role("link", name="Call Maria Keller").click()
    sheet = page.locator("#sheet")
    sheet.get_by_text("No answer", exact=True).click()
    sheet.get_by_label("Next step").fill("Try the mobile")
    expect(sheet.get_by_label("Day and time")).to_be_hidden()
    sheet.get_by_text("Pick a time").click()
    sheet.get_by_label("Day and time").fill(f"{timezone.localtime():%Y-%m-%d}T23:59")
    sheet.get_by_role("button", name="Log attempt").click()

    task = page.locator(".task", has_text="Try the mobile")
    expect(task).to_be_visible()
    task.get_by_role("button", name="Done: Try the mobile").click()
    expect(task).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(task).to_be_visible()


def test_what_was_typed_is_not_left_without_a_word(page, sign_in, dana, website, work):
    arrive(website, work, 16, "Maria", "Keller")
    sign_in(page, dana.user)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("link", name="Reject Maria Keller").click()
    comment = page.locator("#sheet").get_by_label("Comment")
    comment.fill("They signed elsewhere.")

    page.locator("#sheet").get_by_role("button", name="Close").click()

    expect(comment).to_have_value("They signed elsewhere.")
    assert asked == ["Leave without saving what you typed?"]


def test_a_lead_is_confirmed_by_its_checklist_once_it_was_called(
    page, sign_in, confirming, live_server
):
    handoff, rep = confirming
    sign_in(page, rep.user)
    page.goto(f"{live_server.url}/handoffs/{handoff.public_id}/confirm/")
    expect(page.get_by_text("Contact Maria Keller first")).to_be_visible()
    page.get_by_role("link", name="Log attempt").click()
    page.get_by_text("Reached", exact=True).click()
    page.get_by_role("button", name="Log attempt").click()
    expect(page.get_by_text("Attempt logged for Maria Keller.")).to_be_visible()

    page.goto(f"{live_server.url}/handoffs/{handoff.public_id}/confirm/")
    for asked in page.locator(".asked").all():
        asked.get_by_label("Answer").fill("Yes, by June.")
        asked.get_by_label("How you know").fill("Said so on the call.")
    need = page.locator(".asked", has_text="Which problem")
    need.get_by_label("How you know").fill("")
    page.get_by_role("button", name="Confirm as SQL").click()
    expect(page.get_by_text("Say how you know: a call")).to_be_visible()
    expect(need.get_by_label("Answer")).to_have_value("Yes, by June.")
    need.get_by_label("How you know").fill("Said so on the call.")
    page.get_by_role("button", name="Confirm as SQL").click()

    expect(page.get_by_text("Maria Keller is confirmed as SQL.")).to_be_visible()
    confirmation = Confirmation.objects.get()
    assert timedelta(0) < confirmation.at - confirmation.began_at < timedelta(minutes=2)
