"""What e-mails of notices say: why now, until when, what to ask, one link."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.template.loader import render_to_string
from django.utils import timezone, translation

from crm_handoff import pipeline
from crm_handoff.clock import database_now
from crm_handoff.integrations import bundles, deliveries, destinations, emails, notifications
from crm_handoff.integrations.models import Delivery
from crm_handoff.models import Organization, User
from routing import defaults
from routing.enums import NoticeKind
from routing.models import Handoff, Notice
from tests import recipes
from tests.routing import sales
from tests.web import world

LINKS = re.compile(r"https?://[^\s\"<>]+")


@pytest.fixture
def handed_over(db, active_version, noon) -> Notice:
    """A lead was assigned to Rita at noon UTC; her first response is due at five past."""
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    sales.team(sales.rep("Rita"), countries=[])
    lead = recipes.fitting_lead(at=noon, last_name="O'Neill")
    recipes.touch(lead, "demo_request", at=noon)
    pipeline.judge_pending(at=noon)
    return Notice.objects.get(kind="assigned")


def written(notice: Notice, *, at: datetime) -> emails.Mail:
    """The e-mail of a notice as it would leave at an instant."""
    if not Delivery.objects.filter(told__notice=notice).exists():
        bundles.owe([notice], at=database_now())
    found = notifications.write(Delivery.objects.get(told__notice=notice), at=at)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("own", "company", "said", "zone"),
    [
        ("America/New_York", "Asia/Kolkata", "07:05", "America/New_York"),
        ("", "Asia/Kolkata", "17:35", "Asia/Kolkata"),
        ("Mars/Olympus", "Asia/Kolkata", "17:35", "Asia/Kolkata"),
        ("", "", "12:05", "UTC"),
    ],
)
def test_times_are_in_the_zone_that_the_mail_names(handed_over, noon, own, company, said, zone):
    User.objects.update(time_zone=own)
    if company:
        Organization.objects.create(name="Kaveri", time_zone=company)
    handed_over.refresh_from_db()

    with timezone.override("Europe/Berlin"):
        text = written(handed_over, at=noon)

    assert f"by {said}, 5 min from now" in text.subject
    assert f"Times are in {zone}." in text.text


@pytest.mark.parametrize(
    ("own", "company", "spoken"),
    [("de", "en", "de"), ("", "de", "de"), ("", "en", "en"), ("tlh", "de", "de")],
)
def test_a_mail_is_in_its_readers_language(handed_over, noon, own, company, spoken):
    Organization.objects.create(name="Kaveri", language=company)
    User.objects.update(language=own)

    with translation.override("en"):
        html = written(handed_over, at=noon).html

    assert f'<html lang="{spoken}">' in html


def test_the_subject_says_why_now_and_until_when(handed_over, noon):
    lead = handed_over.handoff.lead

    assert written(handed_over, at=noon).subject == (
        f"Demo request: {lead} of {lead.account} is yours, first response by 12:05, 5 min from now"
    )


def test_time_to_go_is_that_of_the_moment_at_which_the_mail_leaves(handed_over, noon):
    late = written(handed_over, at=noon + timedelta(minutes=17))

    assert "late: it was due 12:05, 12 min ago" in late.subject


def test_a_lead_that_was_answered_meanwhile_is_not_called_due(handed_over, noon):
    handed_over.handoff.timers.update(state="met", stopped_at=noon)

    subject = written(handed_over, at=noon).subject

    assert subject.endswith("is yours")


@pytest.mark.parametrize(
    ("due", "at", "said"),
    [
        ("2026-01-13 14:05", "2026-01-13 13:23", "by 14:05, 42 min from now"),
        ("2026-01-13 14:05", "2026-01-13 14:04:40", "by 14:05, 1 min from now"),
        ("2026-01-13 18:00", "2026-01-13 13:30", "by 18:00, 4 h 30 min from now"),
        ("2026-01-14 09:00", "2026-01-13 22:00", "by Wed 14 Jan, 09:00, 11 h 0 min from now"),
        ("2026-01-16 09:00", "2026-01-13 13:00", "by Fri 16 Jan, 09:00"),
        ("2026-01-13 13:00", "2026-01-13 13:00", "it was due 13:00, 1 min ago"),
        ("2026-01-13 12:00", "2026-01-15 13:00", "it was due Tue 13 Jan, 12:00, 2 d 1 h ago"),
    ],
)
def test_due_in_words(due, at, said):
    berlin = ZoneInfo("Europe/Berlin")
    instants = [datetime.fromisoformat(text).replace(tzinfo=berlin) for text in (due, at)]

    with timezone.override(berlin):
        words = notifications.due_in_words(
            instants[0].astimezone(UTC), at=instants[1].astimezone(UTC)
        )

    assert words == said


def test_the_mail_tells_who_it_is_and_what_to_ask_first(dana, version):
    handoff = world.handed_over(version, world.lead(first="Maria", last="Keller"))
    deliveries.owe()

    deliveries.send_due()

    [message] = mail.outbox
    assert "Chief Operating Officer · Nordlicht Logistik" in message.body
    assert "420 people" in message.body
    assert "The first question to ask:" in message.body
    assert "How do you reconcile marketing's numbers with sales'?" in message.body
    assert LINKS.findall(message.body) == [f"http://localhost:8000/handoffs/{handoff.public_id}/"]


def test_text_and_html_say_the_same_with_one_link_and_nothing_from_elsewhere(dana, version):
    world.handed_over(version, world.lead(first="Maria", last='<b onclick="x()">Keller</b>'))
    deliveries.owe()

    deliveries.send_due()

    [message] = mail.outbox
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    assert "&lt;b onclick=" in html
    assert "<b onclick" not in html
    assert '<b onclick="x()">Keller</b>' in message.body
    assert "reconcile marketing&#x27;s numbers" in html
    assert LINKS.findall(html) == LINKS.findall(message.body)
    assert not re.search(r"<(img|script|link|iframe)|url\(", html)
    assert 'name="color-scheme" content="light dark"' in html


def test_only_whoever_holds_the_lead_is_told_what_to_ask(dana, version, noon):
    handoff = world.handed_over(version)
    manager = User.objects.get(email="samir.haddad@example.com")
    notice = Notice.objects.create(
        key="late", kind="breached", recipient=manager, handoff=handoff, at=database_now()
    )

    assert "first question" not in written(notice, at=database_now()).text


def test_somebody_who_may_not_see_the_lead_is_led_to_their_notices(dana, version):
    handoff = world.handed_over(version)
    other = world.rep("Alex Moreau", world.territory("France", ("FR",)))
    notice = Notice.objects.create(
        key="away",
        kind="reassigned_away",
        recipient=other.user,
        handoff=handoff,
        at=database_now(),
    )

    text = written(notice, at=database_now()).text

    assert LINKS.findall(text) == ["http://localhost:8000/notices/"]


def test_a_bundle_lists_what_is_due_first_and_says_so_in_its_subject(dana, version):
    Notice.objects.update(handled_at=database_now())
    later = world.handed_over(version, world.lead(first="Lars", last="Later"))
    later.timers.update(due_at=database_now() + timedelta(hours=3))
    sooner = world.handed_over(version, world.lead(first="Sonja", last="Sooner"))
    rejected = Notice.objects.create(
        key="no",
        kind="rejected",
        recipient=dana.user,
        handoff=world.handed_over(version, world.lead(first="Rolf", last="Rejected")),
        at=database_now(),
        detail={"reason": "Bad timing", "comment": "Next year."},
    )
    rejected.handoff.timers.update(state="met", stopped_at=database_now())
    deliveries.owe()

    deliveries.send_due()

    [message] = mail.outbox
    names = re.findall(r"^- .*?(Sonja|Lars|Rolf)", message.body, re.M)
    assert names[:2] == ["Sonja", "Lars"]
    assert message.subject.startswith("Demo request: Sonja Sooner of")
    assert message.subject.endswith(", and 3 more")
    assert "Sales rejected Rolf Rejected" in message.body
    assert "Comment: “Next year.”" in message.body
    assert LINKS.findall(message.body) == ["http://localhost:8000/notices/"]
    assert LINKS.findall(message.alternatives[0][0]) == ["http://localhost:8000/notices/"]
    assert sooner.status == Handoff.objects.get(pk=sooner.pk).status


def test_a_bundle_about_one_lead_leads_to_it(dana, version):
    handoff = world.handed_over(version)
    Notice.objects.create(
        key="soon", kind="warning", recipient=dana.user, handoff=handoff, at=database_now()
    )
    deliveries.owe()

    deliveries.send_due()

    assert LINKS.findall(mail.outbox[0].body) == [
        f"http://localhost:8000/handoffs/{handoff.public_id}/"
    ]


def test_a_bundle_is_written_with_as_many_queries_for_thirty_notices_as_for_three(
    dana, version, django_assert_num_queries
):
    handoff = world.handed_over(version)

    def bundle(count: int) -> Delivery:
        Notice.objects.update(handled_at=database_now())
        for number in range(count):
            Notice.objects.create(
                key=f"{count}:{number}",
                kind="breached",
                recipient=dana.user,
                handoff=handoff,
                at=database_now(),
            )
        deliveries.owe()
        return Delivery.objects.latest("pk")

    few, many = bundle(3), bundle(30)
    assert many.told.count() == 30
    at = database_now()
    for delivery in (few, many):
        with django_assert_num_queries(7):
            notifications.write(delivery, at=at)


OF_LEADS = [kind for kind in NoticeKind if kind not in destinations.PLACES]


@pytest.mark.parametrize("kind", OF_LEADS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_is_written_with_and_without_what_it_may_know(kind, language):
    known = {
        "lead": "Maria Keller",
        "who": "Maria Keller of Nordlicht",
        "intent": "Demo request",
        "holder": "Dana Fischer",
        "due": "by 14:05, 42 min from now",
        "detail": {"why": "DACH, German", "reason": "No fit", "comment": "Too small."},
    }
    with translation.override(language):
        full = render_to_string(f"notifications/{kind}.txt", known)
        bare = render_to_string(f"notifications/{kind}.txt", {"lead": "Maria", "who": "Maria"})

    for text in (full, bare):
        title = text.strip().split("\n\n")[0]
        assert "\n" not in title
        assert "None" not in text
    assert "Maria" in bare


def test_every_kind_says_where_its_link_leads():
    assert set(notifications.ACTIONS) == set(NoticeKind)


ABOUT = {"definition": "mid-market", "name": "Mid-market", "number": 2}

OF_AGREEMENTS = {
    "signature_wanted": (
        {
            "author": "Robin Ops",
            "change_note": "Webinars count.",
            "when": "2026-02-01T00:00:00+00:00",
        },
        "Your signature is wanted: Mid-market version 2",
        (
            "Robin Ops submitted it.",
            "“Webinars count.”",
            "It is to take effect on Sun 1 Feb 2026, 00:00 UTC.",
        ),
        "/definitions/mid-market/versions/2/sign/",
    ),
    "signature_refused": (
        {"side": "sales", "by": "Samir Haddad", "said": "Too many leads."},
        "Sales does not sign Mid-market version 2",
        ("Samir Haddad says why: “Too many leads.”", "take it back to draft"),
        "/definitions/mid-market/versions/2/sign/",
    ),
    "version_active": (
        {"before": 1, "plan": "sunset", "sunset_days": 30, "change_note": "Webinars count."},
        "Mid-market version 2 is in force",
        ("keep it for 30 more days.", "What sales works on stays with sales.", "Webinars count."),
        "/definitions/mid-market/versions/2/",
    ),
    "activation_failed": (
        {"problem": "The disk is full."},
        "Mid-market version 2 could not take effect",
        ("The disk is full.", "What was in force stays in force."),
        "/definitions/mid-market/versions/2/",
    ),
    "review_due": (
        {"when": "2026-02-01T00:00:00+00:00"},
        "Mid-market version 2 is due for review",
        ("both sides sign",),
        "/definitions/mid-market/review/",
    ),
    "review_overdue": (
        {"when": "2026-02-01T00:00:00+00:00", "missing": ["sales"]},
        "The review of Mid-market version 2 is overdue",
        ("It was due on Sun 1 Feb 2026", "Marketing has signed; sales has not."),
        "/definitions/mid-market/review/",
    ),
}
"""What is known, how the e-mail is titled, what it says, and where it leads."""


ALERT = "7d5f6f5c-7a53-4a6a-9d0e-0a58a6f2a001"

OF_PROMISES = {
    "sla_alert": (
        {
            "alert": ALERT,
            "definition": "mid-market",
            "name": "Mid-market",
            "side": "sales",
            "missed": 13,
            "counted": 60,
            "limit_pct": "10.00",
            "from": "Maya Lindqvist",
        },
        "Mid-market: too many first responses were missed",
        (
            "13 of 60 clocks that came due in four weeks were missed; both sides signed 10 %",
            "Marketing, for whom Maya Lindqvist speaks, wants to know what is done about it.",
            "You are reminded each working day until somebody says what is done.",
            "Say what is done about it:",
        ),
        f"/sla/alerts/{ALERT}/",
    ),
    "bulk_rejected": (
        {
            "bulk": ALERT,
            "batch": "Spring fair",
            "count": 6,
            "missed": 6,
            "handed_over": 98,
            "comment": "Students, all of them.",
        },
        "Sales rejected 6 leads of Spring fair together",
        ("6 of 98 leads of the batch were handed over below", "“Students, all of them.”"),
        f"/sla/rejections/{ALERT}/",
    ),
    "suspended": (
        {"rep": "Dana Fischer", "missed": 5, "days": 14},
        "Dana Fischer is out of rotation",
        ("5 first responses were missed in 14 days.", "A manager ends it on the team page."),
        "/",
    ),
    "invariant": (
        {"check": "room_not_used", "text": "A lead has more than one open handoff."},
        "Health check failed: A lead has more than one open handoff.",
        ("`manage.py check_invariants`", "See what is wrong:"),
        "/health/",
    ),
}
"""What is known, how the e-mail is titled, what it says, and where it leads."""


def told(person: User, kind: str, **detail: object) -> Notice:
    return Notice.objects.create(
        key=f"{kind}:{Notice.objects.count()}",
        kind=kind,
        recipient=person,
        at=database_now(),
        detail=detail,
    )


def test_what_is_said_of_agreements_is_tried_for_each_kind_of_notice_about_them():
    told_of = {*OF_AGREEMENTS, *OF_PROMISES, NoticeKind.QUESTION_ASKED}
    told_of |= {NoticeKind.REASSIGNED_AWAY}
    assert told_of == set(destinations.PLACES)


def test_who_went_away_is_told_how_many_leads_moved_on_and_sees_the_absence(dana):
    notice = told(dana.user, NoticeKind.REASSIGNED_AWAY, moved=3, until=None)

    mail = written(notice, at=database_now())

    assert mail.subject == "While you are away 3 leads went to others"
    assert "What you have in work stays yours." in mail.text
    assert LINKS.findall(mail.text) == ["http://localhost:8000/queue/absences/"]


@pytest.mark.parametrize("kind", OF_AGREEMENTS)
def test_a_notice_about_an_agreement_says_what_happened_and_leads_there(version, kind):
    detail, title, said, place = OF_AGREEMENTS[kind]
    maya = User.objects.get(full_name="Maya Lindqvist")

    mail = written(told(maya, kind, **ABOUT, **detail), at=database_now())

    assert mail.subject == title
    for words in said:
        assert words in mail.text
    assert LINKS.findall(mail.text) == [f"http://localhost:8000{place}"]


@pytest.mark.parametrize("kind", OF_AGREEMENTS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_notice_about_an_agreement_is_written_with_the_least_it_may_know(kind, language):
    with translation.override(language):
        text = render_to_string(f"notifications/{kind}.txt", {"detail": ABOUT})

    title = text.strip().split("\n\n")[0]
    assert "Mid-market" in title
    assert "\n" not in title
    assert "None" not in text


@pytest.mark.parametrize("kind", OF_PROMISES)
def test_a_notice_about_both_promises_says_what_happened_and_leads_there(version, kind):
    detail, title, said, place = OF_PROMISES[kind]
    samir = User.objects.get(full_name="Samir Haddad")

    mail = written(told(samir, kind, **detail), at=database_now())

    assert mail.subject == title
    for words in said:
        assert words in mail.text
    assert LINKS.findall(mail.text) == [f"http://localhost:8000{place}"]


@pytest.mark.parametrize("kind", OF_PROMISES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_notice_about_both_promises_is_written_with_the_least_it_may_know(kind, language):
    with translation.override(language):
        text = render_to_string(f"notifications/{kind}.txt", {"detail": {}})

    title = text.strip().split("\n\n")[0]
    assert title.strip()
    assert "\n" not in title
    assert "None" not in text


def test_marketing_hears_of_its_own_promise():
    detail = OF_PROMISES["sla_alert"][0] | {"side": "marketing", "from": "Samir Haddad"}

    text = render_to_string("notifications/sla_alert.txt", {"detail": detail})

    assert "too many leads were handed over below the floor" in text
    assert "Sales, for whom Samir Haddad speaks" in text


MILESTONES = ("first_response", "acceptance", "second_attempt", "outcome", "assignment")


@pytest.mark.parametrize("kind", ["warning", "breached", "reminder", "manager_told", "escalated"])
def test_every_milestone_has_words_of_its_own(kind):
    known = {"lead": "Maria", "who": "Maria of Nordlicht", "due": "by 14:05, 42 min from now"}
    texts = {
        milestone: render_to_string(
            f"notifications/{kind}.txt", known | {"detail": {"milestone": milestone}}
        )
        for milestone in MILESTONES
    }

    assert "opportunity" in texts["outcome"]
    assert "opportunity" not in texts["first_response"]
    assert all("Maria" in text for text in texts.values())


def test_a_mail_about_one_clock_of_several_says_when_that_one_is_due(handed_over, noon):
    handoff = handed_over.handoff
    response = handoff.timers.get(milestone="first_response")
    response.pk, response.milestone = None, "outcome"
    response.promised_at = response.due_at = noon + timedelta(minutes=45)
    response.save(force_insert=True)
    breached = told(handed_over.recipient, "warning", milestone="outcome")
    Notice.objects.filter(pk=breached.pk).update(handoff=handoff)
    breached.refresh_from_db()

    assert "12:45, 45 min from now" in written(breached, at=noon).text
    assert "12:05, 5 min from now" in written(handed_over, at=noon).subject


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"plan": "grandfather"}, "under an earlier version keep it."),
        ({"plan": "requalify"}, "are judged anew."),
        ({"plan": "sunset", "sunset_days": 1}, "keep it for one more day."),
        ({"plan": "requalify", "before": None}, ""),
    ],
)
def test_who_is_told_of_a_new_agreement_hears_what_becomes_of_leads(plan, said):
    detail = ABOUT | {"before": 1} | plan

    text = render_to_string("notifications/version_active.txt", {"detail": detail})

    assert said in text
    assert ("What sales works on" in text) is bool(said)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (["marketing"], "Sales has signed; marketing has not."),
        (["marketing", "sales"], "Neither side has signed."),
    ],
)
def test_who_is_told_of_an_overdue_review_hears_who_has_not_signed(missing, said):
    text = render_to_string("notifications/review_overdue.txt", {"detail": {"missing": missing}})

    assert said in text


def test_a_question_names_the_lead_as_they_are_called_now(version):
    maya, lead = User.objects.get(full_name="Maya Lindqvist"), world.lead("Maria", "Keller")
    at = database_now()
    notice = told(
        maya,
        "question_asked",
        **ABOUT,
        lead=str(lead.public_id),
        question="Is there a budget?",
        due_at=(at + timedelta(minutes=90)).isoformat(),
    )
    lead.last_name = "Keller-Braun"
    lead.save(update_fields=["last_name"])

    mail = written(notice, at=at)

    assert (
        mail.subject == f"A question about Maria Keller-Braun of {lead.account} is yours to answer"
    )
    assert "“Is there a budget?”" in mail.text
    assert "1 h 30 min from now" in mail.text
    assert LINKS.findall(mail.text) == ["http://localhost:8000/questions/"]


@pytest.mark.parametrize(
    ("event", "title"),
    [
        ("warn", "Half the time is gone: a question about"),
        ("breach", "Late: a question about"),
        ("escalate", "Escalated: a question about"),
    ],
)
def test_the_clock_of_a_question_says_how_it_stands(version, event, title):
    maya, lead = User.objects.get(full_name="Maya Lindqvist"), world.lead("Maria", "Keller")
    at = database_now()
    notice = told(
        maya,
        "question_asked",
        lead=str(lead.public_id),
        question="Is there a budget?",
        due_at=(at - timedelta(minutes=5)).isoformat(),
        event=event,
    )

    mail = written(notice, at=at)

    assert mail.subject.startswith(f"{title} Maria Keller")
    assert "and the lead waits; it was due" in mail.text


def test_questions_about_thirty_leads_take_as_many_queries_as_about_three(
    version, django_assert_num_queries
):
    maya = User.objects.get(full_name="Maya Lindqvist")

    def bundle(count: int) -> Delivery:
        Notice.objects.update(handled_at=database_now())
        for _ in range(count):
            lead = world.lead()
            told(maya, "question_asked", lead=str(lead.public_id), question="Budget?", due_at="")
        deliveries.owe()
        return Delivery.objects.latest("pk")

    few, many = bundle(3), bundle(30)
    at = database_now()
    for delivery in (few, many):
        with django_assert_num_queries(4):
            notifications.write(delivery, at=at)
