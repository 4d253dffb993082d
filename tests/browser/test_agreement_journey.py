"""An agreement from its first draft to the day on which it judges leads, as people bring it there.

RevOps draft it and mend what is wrong, both teams read and sign it, and it comes into force.
"""

from datetime import timedelta
from typing import NamedTuple

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_handoff import pipeline
from crm_handoff.agreements import rounds
from crm_handoff.people import roles
from crm_handoff.people.models import User
from crm_handoff.people.roles import Role
from definitions import versions
from definitions.enums import Side, VersionState
from definitions.models import DefinitionVersion, SignOff
from leads import impacts
from leads.enums import Stage
from routing.enums import HandoffStatus
from routing.models import Handoff
from tests.browser.conftest import NARROW, WIDE
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

NAME = "Mid-market (30–100K)"
TEMPLATE = "Four criteria, 30–100K"
WHY = "Sales refused those who had done too little."

READY = (
    ("content_download", "web", 6),
    ("webinar_attended", "event", 5),
    ("email_click", "email", 4),
    ("demo_request", "web", 1),
)
"""What somebody does who is ready for sales: the kind, the channel, and how many days ago."""


class Team(NamedTuple):
    revops: User
    marketer: User
    manager: User


@pytest.fixture
def open_browser(browser, sign_in):
    """Return what signs somebody in at a browser of their own; an error of its page fails."""
    contexts = []

    def enter(user, size=WIDE, **looks):
        context = browser.new_context(viewport=size, **looks)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        sign_in(page, user)
        return page

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def first(dana):
    """Version 1 of the mid-market agreement, in force; an MQL needs two touchpoints."""
    return DefinitionVersion.objects.get()


@pytest.fixture
def team(first):
    """RevOps, and the person who signs for each side."""
    emails = ("robin.ops", "maya.lindqvist", "samir.haddad")
    return Team(*(User.objects.get(email=f"{email}@example.com") for email in emails))


@pytest.fixture
def under_way(first):
    """Leads judged by version 1: one with sales, one qualified, and one not yet."""
    at = timezone.now() - HOUR
    sql, mql, iql = (world.lead(name) for name in ("Maria", "Jonas", "Ada"))
    world.interested(sql, at=at)
    for who in (mql, iql):
        world.did(who, "content_download", at=at)
    world.did(mql, "webinar_attended", at=at)
    judge()
    assert [stage_of(who) for who in (sql, mql, iql)] == [Stage.SQL, Stage.MQL, Stage.IQL]
    return sql, mql, iql


def judge(*, at=None):
    """Do the workers' work; `at`: None is now."""
    while pipeline.judge_pending(at=at):
        pass


def stage_of(lead):
    lead.refresh_from_db()
    return lead.stage


def stricter(team, **fields):
    """Version 2 in review: a copy of the first whose MQL needs three touchpoints."""
    draft = versions.revise(DefinitionVersion.objects.get(number=1), by=team.revops)
    DefinitionVersion.objects.filter(pk=draft.pk).update(**fields)
    draft.refresh_from_db()
    draft.criterion_set.filter(key="two_touchpoints").update(wanted=3)
    return rounds.submit(draft, by=team.revops, at=timezone.now() - 2 * HOUR)


def save(page):
    page.get_by_role("button", name="Save").first.click()


def edit_row(page, part, title):
    """Open the form of a row of the draft that is shown."""
    named = page.locator("strong").get_by_text(title, exact=True)
    row = page.get_by_role("region", name=part, exact=True).locator("li").filter(has=named)
    row.get_by_role("link", name="Edit").click()


def start_from_template(page):
    """Begin the next version of the definition with the template for its segment."""
    page.get_by_role("link", name="Definitions").first.click()
    page.get_by_role("link", name="New draft").click()
    page.get_by_role("radio", name=TEMPLATE).check()
    page.get_by_label("For the definition").select_option(label=NAME)
    page.get_by_role("button", name="Start from the template").click()
    expect(page.get_by_text(f"{NAME} v2 is a draft")).to_be_visible()


def edit_rows(page):
    """Make two mistakes, read which row is wrong and why, and put them right."""
    edit_row(page, "Fit", "50 to 2,000 people")
    value = page.get_by_label("Value", exact=True)
    value.fill("5000")
    save(page)
    expect(page.get_by_text("criteria.company_size: wanted must have the least")).to_be_visible()
    value.fill("60")
    page.get_by_label("Label").fill("60 to 2,000 people")
    save(page)
    expect(page.get_by_text("“60 to 2,000 people” was saved.")).to_be_visible()

    edit_row(page, "Stages", "SQL")
    page.get_by_label("Engagement").select_option("low")
    save(page)
    expect(page.get_by_text("stages.sql.standard: asks less engagement than mql")).to_be_visible()
    page.get_by_label("Engagement").select_option("high")
    save(page)

    edit_row(page, "Engagement", "Two or more touchpoints in 30 days")
    value.fill("3")
    page.get_by_label("Label").fill("Three or more touchpoints in 30 days")
    save(page)


def name_operators(page, effective_at):
    """Say who answers for it, why, and from when; until then each missing name is listed."""
    mend = page.locator("#problems")
    expect(mend).to_contain_text("2 things must be mended before submitting")
    expect(mend).to_contain_text("operators.sales: nobody is named operator")
    page.get_by_label("Change note").fill(WHY)
    page.locator("[name=effective_at_0]").fill(f"{effective_at:%Y-%m-%d}")
    page.locator("[name=effective_at_1]").fill(f"{effective_at:%H:%M:%S}")
    page.get_by_label("Marketing operator").select_option(label="Maya Lindqvist")
    page.get_by_label("Sales operator").select_option(label="Samir Haddad")
    save(page)
    expect(mend).to_contain_text("Nothing to mend")


def preview(page):
    """Ask what it would change; the page waits, and shows it once a worker is through."""
    page.get_by_role("link", name="Preview the impact").click()
    page.get_by_role("button", name="Preview the impact").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    while impacts.work():
        pass
    expect(page.get_by_role("heading", name="SQL unchanged: 1 live lead")).to_be_visible()
    expect(page.get_by_text("1 lead that sales has stays with sales")).to_be_visible()


def add_example(page):
    """Imagine somebody who must become an SQL."""
    page.get_by_role("link", name="Examples").click()
    page.get_by_role("link", name="Add an example").click()
    page.get_by_label("Name", exact=True).fill("Head of operations who asks for a demo")
    page.get_by_label("must reach", exact=True).check()
    page.get_by_label("Job title").fill("Chief Operating Officer")
    page.get_by_label("People in the company").fill("420")
    page.get_by_label("Industry").fill("logistics")
    rows = page.locator(".touches > li")
    for place, (kind, channel, days_ago) in enumerate(READY):
        if place >= rows.count():
            page.get_by_role("button", name="Add a touchpoint").click()
        rows.nth(place).get_by_label("What").select_option(kind)
        rows.nth(place).get_by_label("Channel").fill(channel)
        rows.nth(place).get_by_label("Days ago").fill(str(days_ago))
    page.get_by_role("button", name="Keep the example").click()
    expect(page.get_by_text("The one example comes out as it must.")).to_be_visible()


def submit(page):
    """Submit the draft whose page in the administration is open."""
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("is in review: both sides can sign it now.")).to_be_visible()


def open_what_to_sign(page):
    """Follow from home what waits for one's signature."""
    need = page.get_by_role("listitem").filter(has_text="waits for your signature")
    need.get_by_role("link", name="Read and sign").click()
    page.wait_for_url("**/sign/")


def sign(page, side, *, password=world.PASSWORD):
    page.get_by_label("Your password, once more").fill(password)
    page.get_by_role("button", name=f"Sign for {side}").click()


def read_and_sign(page):
    """Read what changes and what comes of it, mistype the password, and sign for marketing."""
    open_what_to_sign(page)
    expect(
        page.get_by_text("2+ touchpoints in 30 days (of any category but other)")
    ).to_be_visible()
    expect(page.get_by_text("No live lead changes its standing.")).to_be_visible()
    expect(page.get_by_text("1 of 1 as it must be")).to_be_visible()
    sign(page, "marketing", password="not my password")
    expect(page.get_by_text("is not your password")).to_be_visible()
    assert not SignOff.objects.filter(version__number=2).exists()
    sign(page, "marketing")
    expect(page.get_by_text("for marketing. It waits for the other side.")).to_be_visible()


def withdraw_and_edit(page):
    """Take it back to draft: the page says, before and after, that a signature is void."""
    page.get_by_role("link", name="Read and sign").click()
    page.get_by_text("Withdraw it to edit").click()
    expect(page.get_by_text("and 1 signature no longer counts")).to_be_visible()
    page.get_by_role("button", name="Withdraw to draft").click()
    expect(page.get_by_text("is a draft again; its signatures no longer count.")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("Counts no longer: the version was withdrawn")).to_be_visible()
    page.get_by_role("link", name="Edit the draft").click()
    page.get_by_label("Change note").fill(f"{WHY} The rest stays.")
    save(page)


def sign_anew(page):
    """Find one's signature void, and sign the text that is submitted again."""
    expect(page.get_by_text("round 2")).to_be_visible()
    expect(page.get_by_text("The rest stays.").first).to_be_visible()
    expect(page.get_by_text("preview it again before you sign")).to_be_visible()
    sign(page, "marketing")
    expect(page.get_by_text("It waits for the other side now.")).to_be_visible()


def sign_on_the_phone(page):
    """Sign for sales on a phone: the last signature."""
    open_what_to_sign(page)
    assert fits(page)
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)
    sign(page, "sales")
    expect(page.get_by_text("Both sides have: it takes effect").first).to_be_visible()
    expect(page.get_by_text("Both sides signed. It takes effect")).to_be_visible()
    assert fits(page)


def come_into_force(*, at):
    """Let the relay look a second before the effective date, and on it."""
    second = DefinitionVersion.objects.get(number=2)
    assert pipeline.put_due_in_force(at=at - SECOND) == 0
    assert pipeline.put_due_in_force(at=at) == 1
    second.refresh_from_db()
    assert (second.state, second.activated_at) == (VersionState.ACTIVE, at)
    return second


def expect_to_stand(under_way, *, mql_by):
    """Expect nobody to have moved, and each to be judged by the version that the plan says."""
    assert [stage_of(who) for who in under_way] == [Stage.SQL, Stage.MQL, Stage.IQL]
    assert [who.version.number for who in under_way] == [1, mql_by, 2]
    assert Handoff.objects.get().status == HandoffStatus.ASSIGNED


def test_a_draft_is_mended_signed_by_both_sides_and_comes_into_force(
    open_browser, under_way, team, live_server
):
    effective_at = (timezone.now() + HOUR).replace(microsecond=0)
    desk = open_browser(team.revops)
    start_from_template(desk)
    edit_rows(desk)
    name_operators(desk, effective_at)
    preview(desk)
    add_example(desk)
    desk.get_by_role("link", name="Edit the draft").click()
    submit(desk)

    marketing = open_browser(team.marketer)
    read_and_sign(marketing)
    withdraw_and_edit(desk)
    marketing.reload()
    expect(marketing.get_by_text("Nothing can be signed yet")).to_be_visible()
    submit(desk)
    marketing.reload()
    sign_anew(marketing)
    sign_on_the_phone(open_browser(team.manager, NARROW))

    second = come_into_force(at=effective_at)
    world.did(under_way[2], "webinar_attended", at=effective_at)
    judge(at=effective_at + MINUTE)
    expect_to_stand(under_way, mql_by=1)
    marketing.goto(f"{live_server.url}/definitions/mid-market/")
    expect(marketing.get_by_text("signed by both sides, in force since")).to_be_visible()
    expect(marketing.get_by_text(second.content_hash)).to_be_visible()


@pytest.mark.parametrize(
    ("plan", "words", "number"),
    [
        ("grandfather", "leads under way stay with their version.", 1),
        ("requalify", "No longer meets the agreement", 2),
    ],
)
def test_a_qualified_lead_goes_on_as_the_plan_says(
    open_browser, live_server, under_way, team, plan, words, number
):
    at = timezone.now() - HOUR
    second = stricter(team, in_flight_plan=plan, effective_at=at)
    versions.sign(second, side=Side.MARKETING, by=team.marketer, at=at)
    versions.sign(second, side=Side.SALES, by=team.manager, at=at)
    pipeline.put_due_in_force()
    judge()
    world.did(under_way[2], "webinar_attended", at=timezone.now())
    judge()
    expect_to_stand(under_way, mql_by=number)

    page = open_browser(team.marketer)
    for lead, judged_by, said in zip(
        under_way, (1, number, 2), ("Sales has this lead", words, ""), strict=True
    ):
        page.goto(f"{live_server.url}/leads/{lead.public_id}/")
        expect(page.get_by_role("region", name="Judged by")).to_contain_text(f"v{judged_by}.")
        expect(page.get_by_role("main")).to_contain_text(said)
        page.wait_for_load_state("networkidle")


def test_somebody_who_may_sign_for_both_sides_signs_for_one(open_browser, team):
    roles.grant(team.marketer, Role.SALES_MANAGER)
    stricter(team)
    tab = open_browser(team.marketer)
    open_what_to_sign(tab)
    other_tab = tab.context.new_page()
    other_tab.goto(tab.url)
    for page, side in ((tab, "Marketing"), (other_tab, "Sales")):
        page.get_by_role("radio", name=side).first.check()
        page.get_by_label("Your password, once more").fill(world.PASSWORD)
        page.get_by_role("button", name="Sign", exact=True).click()

    expect(
        tab.get_by_text("You may sign for the other side, too, but not for both")
    ).to_be_visible()
    alert = other_tab.get_by_role("alert")
    expect(alert).to_contain_text("The two sides are signed for by two different people")
    assert [one.side for one in SignOff.objects.filter(version__number=2)] == [Side.MARKETING]


def test_signing_twice_in_two_tabs_is_one_signature(open_browser, team):
    stricter(team)
    tab = open_browser(team.marketer)
    open_what_to_sign(tab)
    other_tab = tab.context.new_page()
    other_tab.goto(tab.url)
    for page in (tab, other_tab):
        sign(page, "marketing")
        expect(page.get_by_text("for marketing. It waits for the other side.")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
    assert SignOff.objects.filter(version__number=2).count() == 1

    tab.go_back()
    expect(tab.get_by_label("Your password, once more")).to_have_count(0)
    expect(tab.get_by_text("waits for your signature")).to_have_count(0)


def test_the_agreement_is_printed_as_one(open_browser, first, team, live_server):
    page = open_browser(team.manager, color_scheme="dark")
    page.goto(f"{live_server.url}/definitions/mid-market/")

    paper = page.pdf(prefer_css_page_size=True, tagged=True, outline=True)
    page.emulate_media(media="print")

    assert paper.startswith(b"%PDF-")
    assert 3 <= paper.count(b"/Type /Page\n") <= 12
    for heading in (b"Standard path", b"What sales promises", b"Signatures", b"Authority"):
        assert b"/Title (%b)" % heading in paper, heading
    for words in (
        "Agreement between marketing and sales",
        f"{NAME}, version 1",
        first.content_hash,
    ):
        expect(page.get_by_text(words, exact=True)).to_be_visible()
    for hand in ("Maya Lindqvist", "Samir Haddad"):
        expect(page.locator(".signature").get_by_text(hand)).to_be_visible()
    expect(page.locator(".parties").get_by_text("In force", exact=True)).to_be_visible()
    for screen_only in (".places", ".version", ".contents", "[data-print]"):
        expect(page.locator(screen_only).first).to_be_hidden()
    paint = "getComputedStyle(document.body)"
    assert page.evaluate(f"{paint}.backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(f"{paint}.color") == "rgb(17, 17, 17)"
