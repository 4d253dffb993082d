"""The bell, the list of notices by day, and what is read."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.web import notices
from routing.enums import NoticeKind
from routing.models import Handoff, Notice, Rep
from tests.web import world

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def maria(version, dana) -> Handoff:
    return world.handed_over(version, world.lead("Maria", "Keller"))


@pytest.fixture
def client(dana, door) -> Client:
    return door(dana.user)


def tell(to: Rep, handoff: Handoff | None, kind: str = "warning", *, ago=timedelta(0), **detail):
    return Notice.objects.create(
        key=f"test:{Notice.objects.count()}",
        kind=kind,
        recipient=to.user,
        handoff=handoff,
        at=timezone.now() - ago,
        detail=detail,
    )


def text(response) -> str:
    return response.content.decode()


def test_the_bell_counts_what_is_unread(client, maria, dana):
    assert "1 unread notice" in text(client.get("/notices/bell/"))

    tell(dana, maria)

    assert "2 unread notices" in text(client.get("/notices/bell/"))


def test_notices_are_listed_by_day_of_the_readers_zone(client, maria, dana):
    tell(dana, maria, ago=timedelta(days=1))
    tell(dana, maria, ago=timedelta(days=400))

    page = text(client.get("/notices/"))

    assert page.index("Today") < page.index("Yesterday")
    assert page.count('<h2 id="day-') == 3


def test_what_was_said_of_one_lead_on_one_day_is_folded(client, maria, dana):
    tell(dana, maria)
    tell(dana, maria, "breached")

    page = text(client.get("/notices/"))

    assert page.count("2 earlier about Maria Keller") == 1
    assert "Maria Keller of" in page
    assert page.index("was not answered in time") < page.index("is yours")


def test_a_rejection_is_told_with_its_reason_and_comment(client, maria, dana):
    tell(dana, maria, "rejected", reason="Bad timing", comment="<b>Next year</b>")

    assert "Bad timing: “&lt;b&gt;Next year&lt;/b&gt;”" in text(client.get("/notices/"))


def test_opening_a_notice_reads_it_and_what_was_said_before(client, maria, dana):
    latest = tell(dana, maria)
    after = tell(dana, maria, ago=-timedelta(minutes=1))

    response = client.post(f"/notices/{latest.pk}/read/")

    assert response["Location"] == f"/handoffs/{maria.public_id}/"
    assert list(Notice.objects.filter(recipient=dana.user, read_at=None)) == [after]


def test_a_notice_of_a_lead_that_somebody_else_holds_opens_nothing(maria, alex, door):
    notice = tell(alex, maria, "reassigned_away")
    client = door(alex.user)

    page = text(client.get("/notices/"))
    response = client.post(f"/notices/{notice.pk}/read/", follow=True)

    assert "went to somebody else" in page
    assert f"/notices/{notice.pk}/read/" not in page
    assert "You do not hold this lead any more." in text(response)


def test_only_the_unread_can_be_shown(client, maria, dana):
    read = tell(dana, maria, "rejected", reason="Gone", comment="by now")
    Notice.objects.filter(pk=read.pk).update(read_at=timezone.now())

    assert "Gone" not in text(client.get("/notices/?unread=1"))
    assert "Gone" in text(client.get("/notices/"))


def test_one_kind_can_be_shown(client, maria, dana):
    tell(dana, maria, "rejected", reason="Gone", comment="by now")

    page = text(client.get("/notices/?kind=rejected"))

    assert "Gone" in page
    assert "is yours" not in page
    assert '<option value="rejected" selected>' in page


@pytest.mark.parametrize(
    "query", ["kind=gossip", "page=0", "page=x", "page=99999999999999", "page=²", "unread="]
)
def test_an_address_that_means_nothing_shows_the_list(client, maria, query):
    assert client.get(f"/notices/?{query}").status_code == 200


def test_marking_all_read_can_be_undone(client, maria, dana):
    earlier = tell(dana, maria)
    before = timezone.now() - timedelta(days=1)
    Notice.objects.filter(pk=earlier.pk).update(read_at=before)

    page = text(client.post("/notices/read/", follow=True))
    at = Notice.objects.exclude(pk=earlier.pk).get().read_at
    assert "1 notice is marked read." in page
    assert at is not None

    client.post("/notices/read/undo/", {"at": at.isoformat()})

    assert Notice.objects.get(read_at=None).pk != earlier.pk
    earlier.refresh_from_db()
    assert earlier.read_at == before


def test_the_offer_to_undo_is_made_once(client, maria):
    client.post("/notices/read/", follow=True)

    assert "marked read." not in text(client.get("/notices/"))


@pytest.mark.parametrize("at", ["", "never", "2026-01-13", "2026-01-13T12:00:00", "2026-13-13T1Z"])
def test_undo_of_no_instant_is_refused(client, at):
    assert client.post("/notices/read/undo/", {"at": at}).status_code == 400


def test_one_fold_is_marked_read_and_unread_again(client, maria, dana):
    ids = [tell(dana, maria).pk, tell(dana, maria).pk]

    client.post("/notices/mark/", {"id": ids, "as": "read"})
    assert Notice.objects.filter(read_at=None).count() == 1

    client.post("/notices/mark/", {"id": ids[:1], "as": "unread"})
    assert Notice.objects.filter(read_at=None).count() == 2


@pytest.mark.parametrize("said", ["x", "-1", "9" * 30, ""])
def test_marking_what_is_no_notice_is_refused(client, said):
    assert client.post("/notices/mark/", {"id": said}).status_code == 400


def test_nobody_marks_the_notices_of_another(maria, dana, alex, door):
    notice = Notice.objects.get(recipient=dana.user)
    stranger = door(alex.user)

    stranger.post("/notices/mark/", {"id": notice.pk})
    stranger.post("/notices/read/")

    assert stranger.post(f"/notices/{notice.pk}/read/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_after_marking_the_list_stays_as_it_was_narrowed(client, maria):
    response = client.post("/notices/read/", {"unread": "1", "kind": "warning", "page": "2"})

    assert response["Location"] == "/notices/?unread=1&kind=warning&page=2"


def test_a_partial_update_brings_the_list_and_the_bell(client, maria):
    page = text(client.get("/notices/", **HTMX))

    assert "<html" not in page
    assert page.count('id="told"') == page.count('id="bell"') == 1
    assert 'hx-swap-oob="true"' in page


def test_more_than_a_page_is_paged_and_nothing_is_left_out(client, dana, maria):
    for number in range(notices.SHOWN + 3):
        tell(dana, None, "invariant", ago=timedelta(minutes=number), check=f"check-{number}.")

    first, second = text(client.get("/notices/")), text(client.get("/notices/?page=2"))

    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert 'rel="prev"' in second
    assert 'rel="next"' not in second
    shown = [f"check-{number}.:" in first + second for number in range(notices.SHOWN + 3)]
    assert all(shown)


def test_an_empty_list_says_what_will_appear(client):
    assert "When a lead is given to you" in text(client.get("/notices/"))
    assert "You have read everything." in text(client.get("/notices/?unread=1"))


def test_the_page_asks_as_often_for_thirty_notices_as_for_three(client, dana, version, maria):
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/notices/")
        return len(captured)

    for _ in range(2):
        tell(dana, world.handed_over(version))
    asked()
    few = asked()
    for _ in range(12):
        tell(dana, world.handed_over(version))
    for _ in range(12):
        tell(dana, None, "invariant")

    assert asked() == few <= 12


ABOUT = {"definition": "mid-market", "name": "Mid-market", "number": 2}


@pytest.mark.parametrize(
    ("kind", "detail", "said", "place"),
    [
        (
            "signature_wanted",
            {"change_note": "Webinars count."},
            ["Mid-market version 2 waits for signatures", "“Webinars count.”"],
            "/definitions/mid-market/versions/2/sign/",
        ),
        (
            "signature_refused",
            {"side": "sales", "by": "Samir Haddad", "said": "Too many leads."},
            ["Mid-market version 2 was refused by one side", "Samir Haddad: “Too many leads.”"],
            "/definitions/mid-market/versions/2/sign/",
        ),
        (
            "version_active",
            {},
            ["Mid-market version 2 is in force"],
            "/definitions/mid-market/versions/2/",
        ),
        (
            "activation_failed",
            {"problem": "The disk is full."},
            ["Mid-market version 2 could not be put in force", "The disk is full."],
            "/definitions/mid-market/versions/2/",
        ),
        (
            "review_due",
            {},
            ["Mid-market version 2 is due for review"],
            "/definitions/mid-market/review/",
        ),
        (
            "review_overdue",
            {"missing": ["sales"]},
            ["The review of Mid-market version 2 is overdue"],
            "/definitions/mid-market/review/",
        ),
    ],
)
def test_a_notice_about_an_agreement_says_what_happened_and_leads_there(
    client, dana, kind, detail, said, place
):
    notice = tell(dana, None, kind, **ABOUT, **detail)

    page = text(client.get("/notices/"))
    response = client.post(f"/notices/{notice.pk}/read/")

    for words in said:
        assert words in page
    assert response["Location"] == place
    notice.refresh_from_db()
    assert notice.read_at is not None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("asked", "A question about Maria Keller of"),
        ("warn", "The question about Maria Keller of"),
        ("breach", "was not answered in time"),
        ("escalate", "was escalated"),
    ],
)
def test_a_question_is_told_with_the_lead_it_is_about(client, dana, event, said):
    lead = world.lead("Maria", "Keller")
    notice = tell(
        dana, None, "question_asked", lead=str(lead.public_id), question="Budget?", event=event
    )

    page = text(client.get("/notices/"))

    assert said in page
    assert "“Budget?”" in page
    assert client.post(f"/notices/{notice.pk}/read/")["Location"] == "/questions/"


def test_every_kind_has_an_icon_and_words():
    assert set(notices.WORDS) == set(NoticeKind)


@pytest.mark.parametrize(
    "at",
    ["", "soon", "\0", "2026-01-13", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"],
)
def test_an_instant_that_is_none_is_refused_calmly(client, maria, at):
    assert client.post("/notices/read/undo/", {"at": at}).status_code == 400
