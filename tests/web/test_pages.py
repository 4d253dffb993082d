import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.views import defaults
from django.views.csrf import csrf_failure

from leads.models import Lead
from routing.models import Notice, Rep
from tests.web import world
from tests.web.world import DAY

PAGES = ("/queue/", "/team/", "/leads/", "/funnel/", "/assets/", "/notices/")

OPEN_TO = {
    "dana": {"/queue/", "/notices/"},
    "manager": set(PAGES),
    "marketer": set(PAGES),
    "auditor": set(PAGES),
}
"""Who may open what; the pages of one handoff or lead depend on whose it is."""


@pytest.mark.parametrize("who", OPEN_TO)
def test_each_role_opens_its_pages_and_no_others(who, request, version, dana, door):
    found = request.getfixturevalue(who)
    client = door(found.user if isinstance(found, Rep) else found)

    opened = {page for page in PAGES if client.get(page).status_code == 200}

    assert opened == OPEN_TO[who]


@pytest.mark.parametrize("page", PAGES)
def test_nobody_opens_a_page_without_signing_in(version, page):
    assert Client().get(page)["Location"].startswith("/login/")


def test_somebody_without_a_role_starts_at_their_notices(version, door):
    assert door(world.person("Nobody Special")).get("/")["Location"] == "/notices/"


def test_no_page_needs_what_the_content_policy_forbids(version, dana, manager, door):
    handoff = world.handed_over(version)
    pages = (*PAGES, f"/handoffs/{handoff.public_id}/", f"/leads/{handoff.lead.public_id}/")
    client = door(manager)

    for page in pages:
        response = client.get(page)
        text = response.content.decode()
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert not re.findall(r"<style|\sstyle=|\son\w+=|hx-on|<script(?![^>]*\ssrc=)", text)
        assert "{%" not in text
        assert "{{" not in text


def test_nothing_on_a_page_comes_from_elsewhere():
    for file in (*_files("templates/web"), *_files("static/web")):
        addresses = re.findall(r"https?://[^\s\"')]+", file.read_text(encoding="utf-8"))
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, file


def _files(folder):
    return [path for path in (Path(settings.BASE_DIR) / folder).rglob("*") if path.is_file()]


def test_what_a_lead_says_is_shown_as_text(version, dana, door):
    handoff = world.handed_over(version, world.lead("<script>alert(1)</script>", "O'Neil"))

    for page in ("/queue/", f"/handoffs/{handoff.public_id}/"):
        assert "<script>alert" not in door(dana.user).get(page).content.decode()


def test_lead_page_shows_stages_evaluations_and_handoffs(version, dana, marketer, door):
    handoff = world.handed_over(version)
    client = door(marketer)

    page = client.get(f"/leads/{handoff.lead.public_id}/").content.decode()

    assert "SQL by the standard path" in page
    assert f"/leads/{handoff.lead.public_id}/evaluations/{handoff.evaluation_id}/" in page
    assert f"/handoffs/{handoff.public_id}/" in page


def test_an_earlier_evaluation_can_be_read(version, dana, marketer, door):
    who = world.lead()
    world.did(who, "content_download", at=timezone.now() - 2 * DAY)
    early = world.judged(who, version, at=timezone.now() - DAY)
    world.interested(who, at=timezone.now())
    world.judged(who, version, at=timezone.now())

    page = door(marketer).get(f"/leads/{who.public_id}/evaluations/{early.pk}/").content.decode()

    assert "IQL by the standard path" in page
    assert "Missing for MQL" in page
    assert "Engagement is low, MQL wants medium." in page


def test_a_rep_reads_the_lead_page_of_their_own_leads_alone(version, dana, alex, door):
    lead = world.handed_over(version).lead

    assert door(dana.user).get(f"/leads/{lead.public_id}/").status_code == 200
    assert door(alex.user).get(f"/leads/{lead.public_id}/").status_code == 404


def test_leads_are_searched_and_narrowed_by_stage(version, dana, marketer, door):
    world.handed_over(version, world.lead("Maria", "Keller"))
    world.lead("Jonas", "Huber")
    client = door(marketer)

    assert "Maria Keller" not in client.get("/leads/?stage=new").content.decode()
    found = client.get("/leads/?q=jonas").content.decode()
    assert "Jonas Huber" in found
    assert "Maria Keller" not in found


def test_a_search_for_what_no_text_holds_finds_nothing(version, marketer, door):
    assert door(marketer).get("/leads/", {"q": "\0 a\0b"}).status_code == 200


def test_a_lead_that_was_never_judged_says_so(version, marketer, door):
    lead = Lead.objects.create(last_name="Fresh")

    assert "Not judged yet" in door(marketer).get(f"/leads/{lead.public_id}/").content.decode()


def test_notices_are_counted_read_and_lead_to_the_handoff(version, dana, door):
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))
    notice = Notice.objects.get(recipient=dana.user)
    client = door(dana.user)
    assert "1 unread notice" in client.get("/queue/").content.decode()
    assert "is yours" in client.get("/notices/").content.decode()

    response = client.post(f"/notices/{notice.pk}/read/")

    assert response["Location"] == f"/handoffs/{handoff.public_id}/"
    assert "Notices, none unread" in client.get("/queue/").content.decode()


def test_nobody_reads_the_notice_of_another(version, dana, alex, door):
    world.handed_over(version)
    notice = Notice.objects.get(recipient=dana.user)

    door(alex.user).post(f"/notices/{notice.pk}/read/")
    door(alex.user).post("/notices/read/")

    notice.refresh_from_db()
    assert notice.read_at is None


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (lambda r: defaults.bad_request(r, ValueError()), 400, "not understood"),
        (lambda r: defaults.permission_denied(r, ValueError()), 403, "not yours to see"),
        (lambda r: defaults.page_not_found(r, ValueError()), 404, "nothing here"),
        (defaults.server_error, 500, "broke on our side"),
        (lambda r: csrf_failure(r, "origin"), 403, "open too long"),
    ],
    ids=["400", "403", "404", "500", "csrf"],
)
def test_refusals_say_what_to_do(view, status, words):
    response = view(RequestFactory().get("/"))

    assert response.status_code == status
    assert words in response.content.decode()


@pytest.mark.parametrize("page", ["/team/", "/leads/", "/notices/"])
def test_lists_ask_the_database_as_often_for_many_rows_as_for_one(
    page, version, dach, manager, door, django_assert_num_queries
):
    world.handed_over(version)
    client = door(manager)
    client.get(page)
    with CaptureQueriesContext(connection) as once:
        client.get(page)
    for _ in range(5):
        world.handed_over(version)

    with django_assert_num_queries(len(once)):
        client.get(page)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "/etc/passwd", "../UTC"])
def test_a_zone_that_does_not_exist_locks_nobody_out(zone, version, dana, door):
    dana.user.time_zone = zone
    dana.user.save(update_fields=["time_zone"])
    world.handed_over(version)

    assert "UTC" in door(dana.user).get("/queue/").content.decode()


def test_times_are_shown_in_the_readers_zone(version, dana, door):
    dana.user.time_zone = "Asia/Tokyo"
    dana.user.save(update_fields=["time_zone"])
    world.handed_over(version)

    assert "JST" in door(dana.user).get("/queue/").content.decode()
