"""Where each role starts: is the agreement kept, does it pay, and what needs me."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.integrations.models import Delivery
from crm_handoff.people import onboarding
from crm_handoff.people.models import Organization, User
from crm_handoff.reports.limits import Limit, Limits
from crm_handoff.reports.rates import Rate
from crm_handoff.reports.scorecard import Scorecard, WeekFigures
from crm_handoff.reports.weeks import WEEK, Week
from crm_handoff.web import figures, home, verdicts
from crm_handoff.web.charts import Bar, chart
from crm_handoff.web.shares import money, percent
from definitions import versions
from definitions.enums import Side
from definitions.vocabulary import Process
from leads.models import Asset
from routing import escalation, handoffs
from routing.enums import ReasonCategory
from routing.models import RejectionReason
from tests.reports.test_rejections import mixed
from tests.routing.due import promises
from tests.web import world
from tests.web.world import DAY, HOUR, MINUTE


def start(client):
    return client.get("/").content.decode()


def needs(client):
    return [need.words for need in client.get("/").context["needs"]]


@pytest.mark.parametrize(
    ("who", "template"),
    [
        ("manager", "web/home_sales.html"),
        ("marketer", "web/home_marketing.html"),
        ("auditor", "web/home_marketing.html"),
    ],
)
def test_managers_start_from_their_own_page(who, template, request, version, dana, door):
    response = door(request.getfixturevalue(who)).get("/")

    assert response.status_code == 200
    assert template in [used.name for used in response.templates]


def test_revops_start_from_the_first_steps_until_they_are_put_away(robin):
    assert robin.get("/")["Location"] == "/start/"

    onboarding.put_away(at=timezone.now())
    response = robin.get("/")

    assert "web/home_revops.html" in [used.name for used in response.templates]
    assert "Does it do its work?" in response.content.decode()


def test_a_rep_starts_from_the_queue_and_nobody_in_particular_from_notices(version, dana, door):
    assert door(dana.user).get("/")["Location"] == "/queue/"
    assert door(world.person("Nobody Special")).get("/")["Location"] == "/notices/"


def test_a_company_that_has_handed_nothing_over_reads_what_will_appear(db, door):
    Organization.objects.create(name="Northwind")
    onboarding.put_away(at=timezone.now())

    page = start(door(User.objects.create_superuser("root@example.com")))

    assert "Nothing has been handed over yet" in page


def test_what_was_handed_over_this_week_is_shown_with_the_agreement(version, dana, manager, door):
    world.handed_over(version, world.lead("Late", "Lead"), at=timezone.now() - MINUTE)

    page = start(door(manager))

    assert "Missed first responses" in page
    assert "too few to say: 0 of 20" in page
    assert "Too few cases to compare shares" in page
    assert "since" in page


def test_the_sales_page_leads_with_who_is_late_and_the_load(version, dana, manager, door):
    world.handed_over(version, world.lead("Late", "Lead"), at=timezone.now() - 2 * HOUR)

    page = start(door(manager))

    assert page.index("Late Lead") < page.index("Missed first responses")
    assert "1 of 30" in page


def test_rejections_show_reason_campaign_and_what_was_said(version, dana, marketer, door):
    handoff = world.handed_over(version)
    reason = RejectionReason.objects.get(key="no_fit")
    handoffs.reject(
        handoff.pk, reason=reason, comment="Three people.", by=dana.user, at=timezone.now()
    )

    page = start(door(marketer))

    assert "1 rejection" in page
    assert reason.name in page
    assert "no campaign" in page
    assert "Three people." in page


def test_another_process_can_be_looked_at_and_nonsense_shows_the_first(version, manager, door):
    client = door(manager)

    for process in ("criteria_led", "nonsense"):
        assert client.get(f"/?process={process}").context["card"].process == Process.CRITERIA_LED


def test_nothing_that_waits_is_said(version, manager, door):
    assert "Nothing waits for you." in start(door(manager))


def test_what_needs_a_manager_is_said_with_where_to_do_it(version, dach, manager, door):
    now = timezone.now()
    world.handed_over(version, at=now - 3 * HOUR)
    escalation.fire_due(at=now, limit=50)
    client = door(manager)

    said = needs(client)

    assert "1 lead was escalated to you and still waits for its first contact." in said
    assert "1 lead waits in a queue for an owner." in said
    assert any("unread notice" in words for words in said)
    assert "/team/?state=late" in start(client)


def test_an_escalation_is_over_once_somebody_got_in_touch(version, dana, manager, door):
    now = timezone.now()
    late = world.handed_over(version, at=now - 3 * HOUR)
    escalation.fire_due(at=now - 2 * HOUR, limit=50)
    assert any("escalated to you" in words for words in needs(door(manager)))

    handoffs.attempt(late.pk, kind="call", outcome="reached", by=dana.user, at=now - HOUR)

    assert not any("escalated to you" in words for words in needs(door(manager)))


def test_a_promise_about_a_lead_that_was_reached_is_not_told_as_a_first_contact(
    version, dana, manager, door
):
    now = timezone.now()
    handed_over_at = now - timedelta(days=60)
    reached = world.handed_over(version, at=handed_over_at)
    by = dana.user
    handoffs.attempt(reached.pk, kind="call", outcome="reached", by=by, at=handed_over_at)
    handoffs.accept(reached.pk, by=by, at=handed_over_at + HOUR)
    escalation.fire_due(at=now, limit=50)

    said = needs(door(manager))

    assert "1 other promise was escalated to you and is still late." in said
    assert not any("first contact" in words for words in said)


def test_a_signature_is_asked_of_who_has_not_given_it(version, marketer, manager, door):
    at = timezone.now()
    revops = User.objects.get(email="robin.ops@example.com")
    draft = versions.revise(version, by=revops)
    versions.submit(draft, by=revops, at=at)
    wanted = f"{draft} is in review and waits for your signature."
    assert wanted in needs(door(marketer))
    assert wanted in needs(door(manager))

    versions.sign(draft, side=Side.MARKETING, by=marketer, at=at)

    assert wanted not in needs(door(marketer))
    assert wanted in needs(door(manager))


def test_marketing_writes_what_assets_lack_and_nobody_else_is_asked(
    version, marketer, manager, auditor, door
):
    Asset.objects.create(key="bare", title="Bare")

    assert needs(door(marketer)) == ["1 asset lacks the text that reps speak from."]
    assert needs(door(manager)) == []
    assert needs(door(auditor)) == []


def test_revops_see_what_keeps_the_product_from_its_work(robin, version):
    onboarding.put_away(at=timezone.now())
    Delivery.objects.create(
        key="a",
        channel="email",
        address="a@example.com",
        payload={},
        state=Delivery.State.DEAD,
        next_at=timezone.now(),
        finished_at=timezone.now(),
    )

    signs = {sign.explains: sign for sign in robin.get("/").context["signs"]}

    assert not signs["dead_letters"].is_well
    assert signs["dead_letters"].words == "1 was given up"
    assert signs["pending_leads"].is_well
    assert signs["versions_waiting"].is_well
    assert not signs["signs_of_life"].is_well


@pytest.mark.parametrize("who", ["manager", "marketer"])
def test_queries_stay_as_few_with_many_leads(who, request, version, dana, door):
    client = door(request.getfixturevalue(who))
    world.handed_over(version, at=timezone.now() - 2 * HOUR)
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    for number in range(6):
        at = timezone.now() - timedelta(hours=2, days=number)
        world.handed_over(version, at=at)

    with CaptureQueriesContext(connection) as many:
        client.get("/")

    assert len(many) == len(few) <= 34


# What is concluded, and what is not.

NONE = Rate(0, 0)
MONDAY = timezone.now().replace(microsecond=0)


def card(*rates, kept=NONE, is_signed=True):
    """A scorecard whose weeks missed so many first responses, the latest last.

    kept: how many were missed in the 28 days up to now.
    """
    missing = [Rate(0, 0)] * (13 - len(rates))
    weeks = []
    for back, rate in enumerate(reversed([*missing, *rates])):
        begins = MONDAY - back * WEEK
        weeks.append(
            WeekFigures(Week(begins, begins + WEEK), due_count=rate.of, missed_count=rate.count)
        )
    signed = Limits(Limit(10.0, kept, "Samir Haddad"), Limit(5.0, Rate(0, 0), "Maya Lindqvist"))
    limits = signed if is_signed else None
    return Scorecard(Process.CRITERIA_LED, tuple(reversed(weeks)), Rate(0, 0), limits)


def misses(found):
    return next(p for p in verdicts.promises_of(found) if p.explains == "response_misses")


@pytest.mark.parametrize(
    ("kept", "state", "words"),
    [
        pytest.param(Rate(1, 20), "good", "5 % in 28 days: within 10 %", id="kept"),
        pytest.param(
            Rate(3, 20),
            "late",
            "15 % in 28 days: over 10 %: Samir Haddad answers for it",
            id="broken",
        ),
        pytest.param(Rate(3, 19), "few", "too few to say: 19 of 20", id="too few"),
    ],
)
def test_a_signed_limit_is_judged_by_the_last_28_days_whatever_the_week_says(kept, state, words):
    found = card(Rate(15, 20), kept=kept)

    verdict = verdicts.conclude(misses(found), found.weeks)

    assert (verdict.state, verdict.words) == (state, world.unbroken(words))


@pytest.mark.parametrize(
    ("weeks", "state", "words"),
    [
        pytest.param([(30, 0)] * 4 + [(14, 6)], "good", "target 70 % reached", id="this week"),
        pytest.param(
            [(5, 5), (5, 5)], "late", "50 % in 4 weeks: below the target of 70 %", id="four weeks"
        ),
        pytest.param([(5, 5)], "few", "too few to say: 10 of 20", id="too few"),
    ],
)
def test_acceptance_is_judged_by_the_week_or_the_last_four(weeks, state, words):
    figures_of_weeks = tuple(
        WeekFigures(Week(MONDAY, MONDAY + WEEK), accepted_count=accepted, rejected_count=rejected)
        for accepted, rejected in weeks
    )
    acceptance = verdicts.promises_of(card())[0]

    verdict = verdicts.conclude(acceptance, figures_of_weeks)

    assert (verdict.state, verdict.words) == (state, world.unbroken(words))


def test_home_team_page_and_promise_pages_give_one_verdict(version, dana, manager, door):
    at = timezone.now()
    promises(version, dana, missed=4, of=4, at=at - timedelta(days=27))
    promises(version, dana, missed=0, of=20, at=at - timedelta(days=20))
    client = door(manager)

    home = next(
        figure
        for figure in client.get("/").context["figures"]
        if figure.explains == "response_misses"
    )
    gauge = client.get("/team/side/").context["gauges"][0]
    page = client.get("/sla/response/").context["signed"][0].share

    assert home.verdict.words.startswith(world.unbroken("16.7 % in 28 days: over 10 %"))
    assert gauge.value == page.value == world.unbroken("16.7 %")
    assert home.verdict.state == gauge.verdict.state == page.verdict.state == "late"


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        pytest.param(
            [Rate(2, 50), Rate(25, 50)],
            "Missed first responses: from 4 % last week to 50 % this week.",
            id="rose",
        ),
        pytest.param(
            [Rate(4, 50), Rate(5, 50)],
            "Nothing moved by more than chance since last week.",
            id="by chance",
        ),
        pytest.param(
            [Rate(2, 50), Rate(25, 50), Rate(1, 3)],
            "Missed first responses: from 4 % the week before to 50 % last week; this week has "
            "too few cases yet.",
            id="the week is young",
        ),
        pytest.param(
            [*[Rate(0, 10)] * 4, *[Rate(9, 10)] * 4],
            "Missed first responses: from 0 % to 90 %, the last four weeks against the four "
            "before; single weeks have too few cases.",
            id="weeks are thin",
        ),
        pytest.param(
            [Rate(1, 3)],
            "Too few cases to compare shares: it takes 20 on both sides. Handed over so far: 0; "
            "by this time last week: 0.",
            id="too few",
        ),
    ],
)
def test_what_changed_is_said_in_a_sentence_that_claims_no_more_than_it_knows(rates, words):
    assert verdicts.change_sentence(card(*rates)) == world.unbroken(words)


def test_without_a_version_in_force_only_acceptance_is_judged():
    assert [p.explains for p in verdicts.promises_of(card(is_signed=False))] == ["acceptance"]


def test_direct_sqls_are_shown_where_criteria_lead_alone():
    by_criteria = card(Rate(1, 20))
    confirmed = Scorecard(
        Process.SALES_CONFIRMED, by_criteria.weeks, by_criteria.cohort, by_criteria.limits
    )

    assert "direct_sqls" in [fig.explains for fig in figures.figures_of(by_criteria)]
    assert "direct_sqls" not in [fig.explains for fig in figures.figures_of(confirmed)]


def test_corridors_are_drawn_for_the_process_they_are_about():
    confirmed = card(Rate(1, 20))
    assert home.bands_of(confirmed) == []
    (software, *_rest) = home.bands_of(
        Scorecard(Process.SALES_CONFIRMED, confirmed.weeks, Rate(6, 20), None)
    )

    assert (software.x, software.width) == ("46.67%", "11.67%")


def test_an_alarm_of_the_mix_comes_with_what_helps():
    ((what, remedy),) = home.remedies_of(mixed(no_fit=60, other=40))

    assert what == world.unbroken("“No fit” is 60 % of rejections")
    assert remedy.startswith("Look at the fit criteria")


@pytest.mark.parametrize("category", ReasonCategory)
def test_every_alarm_has_its_remedy(category):
    every = home.remedies_of(mixed(**{category.value: 100}))

    assert len(every) == len(mixed(**{category.value: 100}).alarms)


def test_a_chart_shares_one_scale_with_its_limit_and_draws_nothing_of_nothing():
    drawn = chart([Bar(None, "none"), Bar(50, "half"), Bar(100, "all")], label="Two", limit=80)

    assert [column.height for column in drawn.columns] == ["0.00%", "50.00%", "100.00%"]
    assert drawn.limit_y == "20.00%"


def test_a_limit_above_every_column_is_still_in_the_drawing():
    drawn = chart([Bar(1, "little")], label="One", limit=10)

    assert 0 < float(drawn.limit_y.rstrip("%")) < 100


def test_shares_and_money_are_written_for_people():
    assert percent(Rate(1, 3)) == "33.3\N{NO-BREAK SPACE}%", "no line ends before the sign"
    assert percent(Rate(1, 10)) == "10\N{NO-BREAK SPACE}%"
    assert percent(Rate(0, 0)) == "–"
    assert money({"EUR": Decimal("12400.50"), "USD": Decimal(3000)}) == "€12,400 + $3,000"
    assert money({}) == ""


# Marketing's texts.


def test_marketing_writes_the_text_of_an_asset_where_it_is_missed(version, marketer, door):
    Asset.objects.create(key="bare", title="A bare paper")
    client = door(marketer)
    assert "question missing" in client.get("/assets/?view=todo").content.decode()

    said = client.post(
        "/assets/bare/",
        {"pain": "It is late.", "question": "Why?", "proof": "8 percent.", "journey_stage": ""},
        follow=True,
    ).content.decode()

    assert "The text of “A bare paper” is saved." in said
    assert "Every asset has its text" in client.get("/assets/?view=todo").content.decode()


def test_who_may_not_edit_assets_reads_them(version, manager, auditor, dana, door):
    Asset.objects.create(key="bare", title="A bare paper")

    for person in (manager, auditor):
        page = door(person).get("/assets/").content.decode()
        assert "A bare paper" in page
        assert "/assets/bare/" not in page
        assert door(person).post("/assets/bare/", {}).status_code == 403
    assert door(dana.user).get("/assets/").status_code == 403


def test_the_list_of_assets_takes_as_many_queries_for_many(version, marketer, door):
    Asset.objects.create(key="first", title="First")
    client = door(marketer)
    client.get("/assets/")
    with CaptureQueriesContext(connection) as few:
        client.get("/assets/")
    for number in range(12):
        Asset.objects.create(key=f"asset-{number}", title=f"Asset {number}")
    world.did(world.lead(), "content_download", at=timezone.now() - DAY, asset="first")

    with CaptureQueriesContext(connection) as many:
        client.get("/assets/")

    assert len(many) == len(few)
