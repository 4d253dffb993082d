"""The page on which both sides review a version in force: figures, findings, two signatures."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.agreements import reviewing
from crm_handoff.people.models import User
from crm_handoff.reports.agreement import CriterionFigures, Figures, ReasonCount
from crm_handoff.web import needs, reviews
from definitions import reviews as operations
from definitions import versions
from definitions.models import Definition, DefinitionReview, DefinitionVersion
from tests.web import world
from tests.web.world import DAY

PAGE = "/definitions/mid-market/review/"
GOOD = {
    "side": "sales",
    "outcome": "confirmed",
    "looked_at": ["acceptance", "rejections", "won"],
    "password": world.PASSWORD,
}


@pytest.fixture
def review(version: DefinitionVersion) -> DefinitionReview:
    """The review of the shipped agreement, which was due long ago, opened just now."""
    reviewing.attend(at=timezone.now())
    return DefinitionReview.objects.get()


@pytest.fixture
def sales(manager: User, door) -> Client:
    return door(manager)


@pytest.fixture
def marketing(marketer: User, door) -> Client:
    return door(marketer)


def text(response) -> str:
    return response.content.decode()


def address(review: DefinitionReview, act: str = "") -> str:
    return f"/definitions/mid-market/reviews/{review.public_id}/{act}"


def sign(client: Client, review: DefinitionReview, **said):
    return client.post(address(review, "sign/"), GOOD | said, follow=True)


def with_figures(review: DefinitionReview, **counts) -> None:
    figures = Figures(
        since=review.opened_at - 90 * DAY,
        until=review.opened_at,
        **{
            "handed_over": 101,
            "accepted": 40,
            "rejected": 60,
            "pending": 1,
            "expired": 0,
            "returned": 3,
            "sqls": 100,
            "won": 30,
            "reasons": (ReasonCount("No fit", 45), ReasonCount("Bad timing", 15)),
            "criteria": (
                CriterionFigures("webinar", "Attended a webinar", "", "", 50, 48, "No fit", 50, 2),
                CriterionFigures(
                    "pricing", "Looked at pricing", "intent", "high", 50, 12, "", 50, 28
                ),
            ),
        }
        | counts,
    )
    operations.keep_figures(review, figures.as_json())


def test_the_page_shows_what_the_version_brought_about(sales, review):
    with_figures(review)

    page = text(sales.get(PAGE))

    assert world.unbroken("40 %") in page
    assert "below target" in page
    assert "Does it still hold?" in page
    webinar = page[page.index("Attended a webinar") :]
    assert (
        webinar.index(world.unbroken("96 %"))
        < webinar.index(world.unbroken("24 %"))
        < webinar.index("rejected more often")
    )
    assert "goes with winning" in page
    assert "intent: high" in page


def test_few_cases_are_called_few(sales, review):
    with_figures(review, accepted=2, rejected=1, won=1, criteria=(), reasons=())

    page = text(sales.get(PAGE))

    assert "too few to say" in page
    assert "Sales answered 3 leads of this version so far" in page
    assert "1 lead of this version was won so far" in page


def test_a_version_that_handed_nothing_over_says_what_will_appear(sales, review):
    page = text(sales.get(PAGE))

    assert "Sales answered no lead of this version yet." in page
    assert "Sales rejected no lead of this version." in page
    assert "No deal of a lead of this version was won yet." in page


def test_before_it_is_due_the_page_says_when_the_next_review_opens(sales, version):
    Definition.objects.update(review_every_days=9_000)

    page = text(sales.get(PAGE))

    assert "The next review opens on" in page
    assert "Every 9000 days" in page


def test_a_version_that_is_not_in_force_any_more_has_its_earlier_reviews(sales, review, version):
    versions.retire(version, by=version.author, at=timezone.now())

    page = text(sales.get(PAGE))
    past = text(sales.get(address(review)))

    assert "Not in force any more" in page
    assert "without an outcome" in page
    assert "Ended without an outcome" in past
    assert 'name="password"' not in past


def test_both_sides_sign_and_the_version_is_confirmed(sales, marketing, review):
    first = text(sign(marketing, review, side="marketing", comment="Fine."))
    second = text(sign(sales, review))

    assert "It closes when the other side has signed, too." in first
    assert "is confirmed. The next review is due" in second
    review.refresh_from_db()
    assert review.outcome == "confirmed"
    page = text(sales.get(address(review)))
    assert "Maya Lindqvist: it still holds" in page
    assert "What the won deals had in common" in page
    assert "The next review opens on" in text(sales.get(PAGE))


def test_a_change_makes_a_draft_and_leads_there(sales, marketing, review):
    sign(marketing, review, side="marketing", outcome="revised", comment="Webinars.")
    page = text(sign(sales, review))

    assert "the change begins with" in page
    assert 'href="/definitions/mid-market/versions/2/"' in page
    assert "Maya Lindqvist: it should change" in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"password": "wrong"}, "That is not your password; nothing was signed."),
        ({"password": ""}, "Type your password: it makes this yours."),
        ({"looked_at": []}, "Tick what you looked at."),
        ({"outcome": ""}, "Say whether it still holds."),
        ({"outcome": "revised"}, "Say what should change: the next version starts there."),
    ],
)
def test_what_is_missing_is_said_beside_its_field_and_nothing_is_signed(
    sales, review, said, words
):
    response = sales.post(address(review, "sign/"), GOOD | said)

    assert response.status_code == 422
    assert words in text(response)
    assert not review.signatures.exists()


def test_what_was_ticked_and_written_stays_when_something_is_missing(sales, review):
    page = text(
        sales.post(
            address(review, "sign/"),
            GOOD | {"looked_at": ["won"], "comment": "A hint.", "password": "wrong"},
        )
    )

    assert 'value="won" checked' in page
    assert 'value="acceptance" checked' not in page
    assert 'value="confirmed" checked' in page
    assert "A hint.</textarea>" in page
    assert world.PASSWORD not in page


def test_nobody_signs_for_the_other_side(sales, review):
    assert sales.post(address(review, "sign/"), GOOD | {"side": "marketing"}).status_code == 403
    assert not review.signatures.exists()


def test_revops_and_the_auditor_read_but_do_not_sign(robin, auditor, door, review):
    for client in (robin, door(auditor)):
        page = text(client.get(PAGE))
        assert "You read this page, but do not sign" in page
        assert client.post(address(review, "sign/"), GOOD).status_code == 403


def test_a_rep_sees_no_review(dana, door, review):
    client = door(dana.user)

    assert client.get(PAGE).status_code == 403
    assert client.get(address(review)).status_code == 403


def test_a_double_click_is_no_error(sales, review):
    sign(sales, review)
    again = sign(sales, review)

    assert again.status_code == 200
    assert "You signed the review." in text(again)
    assert review.signatures.count() == 1


def test_a_colleague_who_was_quicker_is_said(sales, review, version):
    colleague = User.objects.create_user("sven@example.com", full_name="Sven Sales")
    operations.sign(
        review,
        side="sales",
        outcome="confirmed",
        looked_at=["won"],
        by=colleague,
        at=timezone.now(),
    )

    response = sales.post(address(review, "sign/"), GOOD)

    assert response.status_code == 409
    assert "Somebody signed for this side before you" in text(response)


def test_findings_are_written_together(sales, marketing, robin, review):
    where = address(review, "findings/")
    sales.post(where, {"findings": "Webinars lead nowhere.\r\nPricing wins.", "seen": ""})
    late = robin.post(where, {"findings": "No fit.", "seen": ""})

    assert late.status_code == 409
    assert "Webinars lead nowhere.\nPricing wins.\n\nNo fit.</textarea>" in text(late)
    seen = "Webinars lead nowhere.\r\nPricing wins."
    page = text(marketing.post(where, {"findings": "All of it.", "seen": seen}, follow=True))
    assert "All of it.</textarea>" in page


def test_who_only_reads_writes_no_findings(auditor, door, review):
    client = door(auditor)

    assert client.post(address(review, "findings/"), {"findings": "x"}).status_code == 403
    assert "Save the findings" not in text(client.get(PAGE))


def test_findings_of_a_closed_review_stay(sales, marketing, review):
    sign(marketing, review, side="marketing")
    sign(sales, review)

    page = text(sales.post(address(review, "findings/"), {"findings": "Late."}, follow=True))

    assert "Both sides have signed this review by now" in page
    assert "Nobody wrote down findings." in page


@pytest.mark.parametrize(
    "where",
    [
        "/definitions/nothing/review/",
        "/definitions/nothing/reviews/{id}/",
        "/definitions/mid-market/reviews/00000000-0000-4000-8000-000000000000/",
    ],
)
def test_what_does_not_exist_is_not_found(sales, review, where):
    assert sales.get(where.format(id=review.public_id)).status_code == 404


def test_a_definition_that_was_never_in_force_has_no_review(sales, version):
    copied = Definition.objects.create(key="enterprise", name="Enterprise")

    assert sales.get(f"/definitions/{copied.key}/review/").status_code == 404


def test_home_asks_who_may_sign_until_their_side_has(sales, manager, marketer, review):
    now = timezone.now()

    def asked(user: User) -> list[tuple[str, str]]:
        found = needs.needs_of(user, at=now)
        return [(need.address, need.state) for need in found if need.address == PAGE]

    assert asked(manager) == asked(marketer) == [(PAGE, "soon")]
    sign(sales, review)
    assert asked(User.objects.get(pk=manager.pk)) == []
    reviewing.attend(at=now + timedelta(days=15))
    assert asked(User.objects.get(pk=marketer.pk)) == [(PAGE, "late")]


def test_the_page_asks_as_often_for_thirty_reviews_as_for_three(sales, version, review):
    def closed(count: int) -> None:
        people = (("marketing", version.marketing_operator), ("sales", version.sales_operator))
        for _ in range(count):
            found = DefinitionReview.objects.get(closed_at=None)
            for side, by in people:
                operations.sign(
                    found,
                    side=side,
                    outcome="confirmed",
                    looked_at=["won"],
                    by=by,
                    at=timezone.now(),
                )
            DefinitionReview.objects.create(
                version=version, due_at=found.due_at, opened_at=timezone.now()
            )

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert sales.get(PAGE).status_code == 200
        return len(captured)

    closed(3)
    asked()
    few = asked()
    closed(27)

    assert asked() == few <= 18


def test_every_part_of_a_review_has_words():
    assert set(reviews.PARTS) == set(operations.PARTS)
    assert set(reviews.OUTCOMES) == set(DefinitionReview.Outcome.values)
