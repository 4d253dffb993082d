"""Signing a version: read top-down what changes, then put one's name under it, or say why not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from crm_handoff.agreements import rounds
from crm_handoff.people import roles
from crm_handoff.people.models import User
from crm_handoff.people.roles import Role
from crm_handoff.web.needs import needs_of
from definitions import discussions, refusals, versions
from definitions.enums import Side
from definitions.models import DefinitionVersion, Refusal, SignOff
from leads import examples, impacts
from leads.examples import Said
from leads.portraits import Portrait
from routing.enums import NoticeKind
from routing.models import Notice
from tests.web import agreement_steps, world
from tests.web.agreement_steps import page_of, said_after, text_of
from tests.web.conftest import Doors

NOW = datetime(2026, 2, 2, 9, tzinfo=UTC)
WHY = "Four touchpoints are too few for partner leads."


@pytest.fixture
def revops(version: DefinitionVersion) -> User:
    return User.objects.get(email="robin.ops@example.com")


@pytest.fixture
def draft(version: DefinitionVersion, revops: User) -> DefinitionVersion:
    """Version 2: a copy in which four touchpoints became five."""
    second = versions.revise(version, by=revops)
    second.change_note = "Sales asked for more proof."
    second.save(update_fields=["change_note"])
    second.criterion_set.filter(key="four_touchpoints").update(wanted=5)
    return second


@pytest.fixture
def asked(draft: DefinitionVersion, revops: User) -> DefinitionVersion:
    """Version 2 in review."""
    return rounds.submit(draft, by=revops, at=NOW)


def read(client: Client, version: DefinitionVersion) -> str:
    return agreement_steps.read(client, page_of(version, "version_sign"))


def sign(client: Client, version: DefinitionVersion, **typed: Any) -> Any:
    said = {"seen": version.content_hash, "password": world.PASSWORD, "comment": ""} | typed
    return client.post(page_of(version, "version_sign"), said)


def refuse(client: Client, version: DefinitionVersion, **typed: Any) -> Any:
    said = {"seen": version.content_hash, "reason": WHY} | typed
    return client.post(page_of(version, "version_refuse"), said)


def test_the_page_leads_from_what_changes_to_the_box(
    asked: DefinitionVersion, marketer: User, door: Doors
) -> None:
    shown = read(door(marketer), asked)

    order = ("What changes", "The examples", "What people say", "When it takes effect", "password")
    places = [shown.index(heading) for heading in order]
    assert places == sorted(places)
    assert "Sales asked for more proof." in shown
    assert "Sign for marketing" in shown
    assert asked.content_hash in shown


def test_what_changes_is_said_in_words_against_the_version_in_force(
    asked: DefinitionVersion, marketer: User, door: Doors
) -> None:
    shown = read(door(marketer), asked)

    assert "against version 1" in shown
    assert "SQL engagement: 4+ touchpoints in 30 days" in shown
    assert "5+ in 30 days" in shown
    assert shown.count("Sales asked for more proof.") == 1, "the note is quoted once"


def test_examples_are_tried_on_the_text_the_broken_ones_first(
    asked: DefinitionVersion, revops: User, marketer: User, door: Doors
) -> None:
    for name, is_expected in (("Anybody", False), ("Somebody of whom nothing is known", True)):
        said = Said(name=name, stage="sql", is_expected=is_expected, portrait=Portrait({}, [], {}))
        examples.create(asked.definition, said, by=revops, at=NOW)

    response = door(marketer).get(page_of(asked, "version_sign"))

    assert [one.is_kept for one in response.context["tried"].results] == [False, True]
    assert "1 of 2 as they must be" in text_of(response)
    assert text_of(response).index("must be SQL") < text_of(response).index("must not be SQL")


def test_the_preview_stands_above_the_signature(
    asked: DefinitionVersion, marketer: User, auditor: User, door: Doors
) -> None:
    client = door(marketer)
    assert "Nobody has previewed this version yet" in read(client, asked)

    client.post(page_of(asked, "version_impact"))
    assert "A preview is being worked out" in read(client, asked)
    while impacts.work():
        pass

    assert "No live lead changes its standing." in read(client, asked)
    assert "Preview again" in read(client, asked)
    assert "Preview again" not in read(door(auditor), asked)


def test_home_leads_to_the_signature_and_the_author_to_a_refusal(
    asked: DefinitionVersion, revops: User, marketer: User, manager: User, door: Doors
) -> None:
    def needs(user: User) -> list[str]:
        return [
            one.words
            for one in needs_of(user, at=NOW)
            if one.address == page_of(asked, "version_sign")
        ]

    assert needs(marketer) == [f"{asked} is in review and waits for your signature."]
    assert needs(revops) == []

    refuse(door(manager), asked, side="sales")
    assert needs(revops) == [f"Samir Haddad refused to sign {asked}."]
    sign(door(manager), asked, side="sales")
    assert needs(revops) == [], "they signed after all"
    assert needs(manager) == []


def test_the_box_is_for_the_side_that_one_may_sign(
    asked: DefinitionVersion,
    marketer: User,
    manager: User,
    revops: User,
    auditor: User,
    door: Doors,
) -> None:
    assert "Sign for marketing" in read(door(marketer), asked)
    assert "Sign for sales" in read(door(manager), asked)
    for reader in (revops, auditor):
        shown = read(door(reader), asked)
        assert "do not sign" in shown
        assert "password" not in shown
        assert "Can sign for marketing: Maya Lindqvist" in shown


def test_a_rep_reads_the_agreement_but_not_this_page(
    asked: DefinitionVersion, dana: Any, door: Doors
) -> None:
    rep = door(dana.user)

    assert rep.get(page_of(asked, "version_sign")).status_code == 403
    assert sign(rep, asked, side="sales").status_code == 403
    assert refuse(rep, asked, side="sales").status_code == 403
    assert not SignOff.objects.filter(version=asked).exists()


def test_a_draft_shows_that_nothing_can_be_signed_yet(
    draft: DefinitionVersion, marketer: User, door: Doors
) -> None:
    shown = read(door(marketer), draft)

    assert "this is a draft" in shown
    assert 'type="password"' not in shown


def test_two_people_sign_and_each_is_told_what_comes_next(
    asked: DefinitionVersion, marketer: User, manager: User, door: Doors
) -> None:
    marketing, sales = door(marketer), door(manager)

    first = sign(marketing, asked, side="marketing", comment="Agreed.")
    second = sign(sales, asked, side="sales")

    assert said_after(marketing, first) == [
        f"You signed {asked} for marketing. It waits for the other side."
    ]
    assert "Both sides have: it takes effect" in said_after(sales, second)[0]
    asked.refresh_from_db()
    assert asked.state == "signed"
    given = asked.signoffs.order_by("pk").values_list("side", "signer", "comment", "content_hash")
    assert [*given] == [
        ("marketing", marketer.pk, "Agreed.", asked.content_hash),
        ("sales", manager.pk, "", asked.content_hash),
    ]


def test_the_other_side_reads_the_comment_and_the_refusal(
    asked: DefinitionVersion, marketer: User, manager: User, door: Doors
) -> None:
    sign(door(marketer), asked, side="marketing", comment="Agreed, with a heavy heart.")
    refuse(door(manager), asked, side="sales")

    shown = read(door(marketer), asked)

    assert "Agreed, with a heavy heart." in shown
    assert WHY in shown
    assert "Samir Haddad</b> refused for sales" in shown


@pytest.mark.parametrize("password", ["", "wrong", None], ids=["blank", "wrong", "missing"])
def test_a_signature_needs_the_signers_password(
    asked: DefinitionVersion, marketer: User, door: Doors, password: str | None
) -> None:
    typed = {} if password is None else {"password": password}
    said = {"side": "marketing", "seen": asked.content_hash, "comment": "Fine by me."}

    response = door(marketer).post(page_of(asked, "version_sign"), said | typed)

    assert response.status_code == 422
    assert 'aria-describedby="id_password_wrong"' in text_of(response)
    assert "Fine by me." in text_of(response), "what was typed is kept"
    assert not asked.signoffs.exists()


def test_guesses_of_the_password_end_in_the_pause_of_the_sign_in(
    asked: DefinitionVersion, marketer: User, door: Doors, settings: Settings
) -> None:
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 3
    client = door(marketer)

    answers = [sign(client, asked, side="marketing", password="wrong") for _ in range(3)]
    right = sign(client, asked, side="marketing")

    assert [one.status_code for one in answers] == [422, 422, 429]
    assert right.status_code == 429, "the pause holds for the right password, too"
    assert AccessAttempt.objects.get().username == marketer.email
    assert not asked.signoffs.exists()


def test_nobody_signs_for_a_side_that_is_not_theirs(
    asked: DefinitionVersion, marketer: User, robin: Client, door: Doors
) -> None:
    assert sign(door(marketer), asked, side="sales").status_code == 403
    assert sign(robin, asked, side="marketing").status_code == 403
    assert refuse(door(marketer), asked, side="sales").status_code == 403
    assert sign(door(marketer), asked, side="").status_code == 422
    assert not asked.signoffs.exists()
    assert not asked.refusals.exists()


@pytest.fixture
def both(version: DefinitionVersion) -> User:
    """Somebody who leads marketing and manages sales."""
    person = world.person("Bo Both", Role.MARKETING_LEAD)
    roles.grant(person, Role.SALES_MANAGER)
    return person


def test_who_speaks_for_both_sides_chooses_one_and_is_refused_the_other(
    asked: DefinitionVersion, both: User, door: Doors
) -> None:
    client = door(both)
    assert "For which side?" in read(client, asked)
    sign(client, asked, side="marketing")

    refused = sign(client, asked, side="sales")

    assert refused.status_code == 409
    assert "signed for by two different people" in text_of(refused)
    assert "Can sign for sales: Bo Both, Samir Haddad" in text_of(refused)
    assert "signed for by two different people" in read(client, asked)
    assert [*asked.signoffs.values_list("side", flat=True)] == ["marketing"]


def test_a_text_that_changed_under_the_reader_is_not_signed(
    asked: DefinitionVersion, revops: User, marketer: User, door: Doors
) -> None:
    read_hash = asked.content_hash
    versions.withdraw(asked, by=revops)
    asked.criterion_set.filter(key="four_touchpoints").update(wanted=6)
    rounds.submit(asked, by=revops, at=NOW)

    stale = sign(door(marketer), asked, side="marketing", seen=read_hash, comment="Fine.")

    assert stale.status_code == 409
    assert "The text was changed after you opened this page" in text_of(stale)
    assert asked.content_hash in text_of(stale), "the form is over the present text now"
    assert "Fine." in text_of(stale)
    assert not asked.signoffs.exists()
    assert sign(door(marketer), asked, side="marketing").status_code == 302


def test_what_was_withdrawn_meanwhile_is_not_signed(
    asked: DefinitionVersion, revops: User, marketer: User, door: Doors
) -> None:
    read_hash = asked.content_hash
    versions.withdraw(asked, by=revops)

    stale = sign(door(marketer), asked, side="marketing", seen=read_hash)

    assert stale.status_code == 409
    assert "was withdrawn to be edited" in text_of(stale)


def test_a_second_click_or_tab_finds_the_signature_there(
    asked: DefinitionVersion, marketer: User, manager: User, door: Doors
) -> None:
    client = door(marketer)
    sign(client, asked, side="marketing")

    again = sign(client, asked, side="marketing")

    assert f"You signed {asked} for marketing." in said_after(client, again)[-1]
    sign(door(manager), asked, side="sales")
    later = sign(client, asked, side="marketing")
    assert f"You signed {asked} for marketing." in said_after(client, later)[-1]
    assert asked.signoffs.count() == 2


def test_who_comes_second_for_a_side_is_told_who_was_first(
    asked: DefinitionVersion, marketer: User, door: Doors
) -> None:
    sign(door(marketer), asked, side="marketing")
    late = world.person("Nora Late", Role.MARKETING_LEAD)

    refused = sign(door(late), asked, side="marketing")

    assert refused.status_code == 409
    assert "Maya Lindqvist has signed for marketing before you" in text_of(refused)
    assert asked.signoffs.count() == 1


def test_a_refusal_says_why_and_everybody_concerned_is_told(
    asked: DefinitionVersion, revops: User, marketer: User, manager: User, door: Doors
) -> None:
    client = door(manager)

    response = refuse(client, asked, side="sales")

    assert "told why" in said_after(client, response)[0]
    refusal = Refusal.objects.get()
    assert (refusal.side, refusal.refused_by, refusal.reason) == ("sales", manager, WHY)
    told = Notice.objects.filter(kind=NoticeKind.SIGNATURE_REFUSED)
    assert {notice.recipient for notice in told} == {revops, marketer}
    asked.refresh_from_db()
    assert asked.state == "in_review"
    assert "Sign for sales" in read(client, asked), "they may sign after all"


@pytest.mark.parametrize("reason", ["", "   ", "\u200b"], ids=["blank", "spaces", "no width"])
def test_a_refusal_needs_a_reason(
    asked: DefinitionVersion, manager: User, door: Doors, reason: str
) -> None:
    response = refuse(door(manager), asked, side="sales", reason=reason)

    assert response.status_code == 422
    assert "Say what would have to change" in text_of(response)
    assert '<details class="section" open>' in text_of(response)
    assert not Refusal.objects.exists()


def test_nobody_refuses_twice_in_a_round(
    asked: DefinitionVersion, manager: User, door: Doors
) -> None:
    client = door(manager)
    refuse(client, asked, side="sales")

    again = refuse(client, asked, side="sales", reason="And the budget.")

    assert again.status_code == 409
    assert "your reason is kept" in text_of(again)
    assert Refusal.objects.get().reason == WHY


def test_submitting_asks_those_who_may_sign(
    asked: DefinitionVersion, marketer: User, manager: User, door: Doors
) -> None:
    told = Notice.objects.filter(kind=NoticeKind.SIGNATURE_WANTED)

    assert {notice.recipient for notice in told} == {marketer, manager}


def test_revops_withdraw_and_the_signatures_no_longer_count(
    asked: DefinitionVersion, marketer: User, robin: Client, door: Doors
) -> None:
    sign(door(marketer), asked, side="marketing", comment="Agreed.")
    assert "1 signature no longer counts" in read(robin, asked)

    response = robin.post(page_of(asked, "version_withdraw"))

    assert said_after(robin, response) == [
        f"{asked} is a draft again; its signatures no longer count."
    ]
    asked.refresh_from_db()
    assert (asked.state, asked.review_round) == ("draft", 2)
    assert "an earlier round" in read(robin, asked), "what was said stays readable"
    again = robin.post(page_of(asked, "version_withdraw"))
    assert "was withdrawn to be edited" in said_after(robin, again)[0]


def test_only_revops_withdraw(
    asked: DefinitionVersion, marketer: User, auditor: User, door: Doors
) -> None:
    for person in (marketer, auditor):
        client = door(person)
        assert "Withdraw to draft" not in read(client, asked)
        assert client.post(page_of(asked, "version_withdraw")).status_code == 403
    asked.refresh_from_db()
    assert asked.state == "in_review"


def test_the_version_in_force_can_be_neither_signed_nor_withdrawn(
    version: DefinitionVersion, marketer: User, robin: Client, door: Doors
) -> None:
    client = door(marketer)
    assert "You signed for marketing" in read(client, version)

    response = robin.post(page_of(version, "version_withdraw"))

    assert "has both signatures by now" in said_after(robin, response)[0]
    version.refresh_from_db()
    assert version.state == "active"


def test_a_first_version_is_new_altogether(
    version: DefinitionVersion, revops: User, marketer: User, door: Doors
) -> None:
    assert "Everything is new" in read(door(marketer), version)


def test_an_effective_date_is_said_before_and_after_signing(
    draft: DefinitionVersion, revops: User, marketer: User, manager: User, door: Doors
) -> None:
    draft.effective_at = datetime(2030, 3, 1, 8, tzinfo=UTC)
    draft.save(update_fields=["effective_at"])
    rounds.submit(draft, by=revops, at=NOW)
    assert "1 Mar 2030" in read(door(marketer), draft)

    versions.sign(draft, side=Side.MARKETING, by=marketer, at=NOW)
    client = door(manager)
    assert (
        "it takes effect Fri 1 Mar 2030"
        in said_after(client, sign(client, draft, side="sales"))[0]
    )


def test_unknown_versions_do_not_exist(
    marketer: User, asked: DefinitionVersion, door: Doors
) -> None:
    client = door(marketer)

    for key, number in (("mid-market", 9), ("nothing", 1), ("mid-market", 10**30)):
        assert client.get(reverse("web:version_sign", args=[key, number])).status_code == 404


def test_what_people_said_takes_no_further_queries(
    asked: DefinitionVersion,
    revops: User,
    marketer: User,
    manager: User,
    door: Doors,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = door(marketer)
    _talk(asked, revops, manager, 3)
    read(client, asked)
    with CaptureQueriesContext(connection) as few:
        read(client, asked)
    _talk(asked, revops, manager, 27)

    with django_assert_num_queries(len(few)):
        read(client, asked)


def _talk(version: DefinitionVersion, revops: User, manager: User, count: int) -> None:
    for number in range(count):
        at = NOW + timedelta(minutes=number)
        discussions.remark(version, text=f"Remark {number}", by=manager, at=at)
        versions.withdraw(version, by=revops)
        discussions.record_workshop(
            version,
            held_on=NOW.date(),
            attendees="Maya\nSamir",
            ideal_customer="",
            decisions="Five",
            by=revops,
            at=at,
        )
        versions.submit(version, by=revops, at=at)
        refusals.refuse(version, side=Side.SALES, by=manager, reason=f"No {number}", at=at)
