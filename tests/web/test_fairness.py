"""The fairness page says from recorded decisions who should have received how many turns."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.people.models import User
from crm_handoff.reports import fairness
from crm_handoff.reports.fairness import Fairness, Share
from crm_handoff.web import fairness as pages
from routing.models import Rep, Territory, TerritoryMembership
from tests.routing import sales
from tests.web import world
from tests.web.world import DAY


@pytest.fixture
def lena(dach):
    return world.rep("Lena Vogt", dach)


@pytest.fixture
def clock(version):
    """Leads come a minute apart."""
    return iter(timezone.now() - timedelta(minutes=90 - n) for n in range(90))


def come(version, clock, count, **fields):
    return [world.handed_over(version, world.lead(**fields), at=next(clock)) for _ in range(count)]


def shares(**window):
    window = {"since": timezone.now() - 7 * DAY, "until": timezone.now() + DAY} | window
    members = TerritoryMembership.objects.all()
    found = fairness.of_members(members, **window)
    return {str(share.member.rep): share for territory in found for share in territory.shares}


def test_equal_people_expect_and_receive_the_same(version, dana, lena, clock):
    come(version, clock, 6)

    found = shares()

    assert [(share.expected, share.received) for share in found.values()] == [(3, 3), (3, 3)]
    assert found["Dana Fischer"].skipped == {}


def test_the_share_goes_by_weight(version, dana, lena, clock):
    lena.memberships.update(weight=3)
    come(version, clock, 8)

    found = shares()

    assert (found["Dana Fischer"].expected, found["Dana Fischer"].received) == (2, 2)
    assert (found["Lena Vogt"].expected, found["Lena Vogt"].received) == (6, 6)


def test_who_could_not_take_a_turn_did_not_expect_it_and_is_told_why(version, dana, lena, clock):
    lena.memberships.get().territory.__class__.objects.update(make_up_turns=0)
    Rep.objects.filter(pk=lena.pk).update(capacity=1)
    come(version, clock, 4)

    found = shares()

    assert (found["Lena Vogt"].received, found["Lena Vogt"].skipped) == (1, {"full": 2})
    assert found["Lena Vogt"].expected == pytest.approx(1, abs=0.5)
    assert found["Dana Fischer"].received == 3


def test_an_absence_is_owed(version, dana, lena, clock):
    sales.away(lena, since=timezone.now() - 2 * DAY, until=timezone.now() + DAY)
    come(version, clock, 2)

    found = shares()

    assert found["Lena Vogt"].skipped == {"away": 2}
    assert found["Lena Vogt"].expected == 0
    assert found["Lena Vogt"].owed > 0
    assert found["Dana Fischer"].owed < 0


def test_who_speaks_the_language_goes_first_and_the_others_are_passed_over(
    version, dana, lena, clock
):
    Rep.objects.filter(pk=lena.pk).update(languages=["de"])
    come(version, clock, 2, language="de")

    found = shares()

    assert found["Lena Vogt"].received == 2
    assert found["Dana Fischer"].skipped == {"language": 2}
    assert found["Dana Fischer"].expected == 0


def test_what_a_person_gave_counts_apart(version, dana, lena, clock, manager):
    (handoff,) = come(version, clock, 1)
    other = lena if handoff.rep == dana else dana
    world.handoffs.reassign(
        handoff.pk, by=manager, at=timezone.now(), rep=other, reason="They know each other."
    )

    found = shares()

    assert (found[str(other)].received, found[str(other)].otherwise_count) == (0, 1)


def test_what_reads_as_one_turn_is_called_even():
    assert page_of(received=3, expected=1.96).verdict.startswith("Even: ")
    assert page_of(received=3, expected=1.96).lines[0].ahead == "+1"
    assert page_of(received=1, expected=2).lines[0].ahead == "\N{MINUS SIGN}1"

    uneven = page_of(received=3, expected=1.9)
    assert " is 1.1 turns ahead: " in uneven.verdict
    assert not uneven.is_even


def test_why_somebody_was_passed_over_is_counted_where_there_are_several_reasons():
    def skipped(**times):
        line = page_of(received=1, expected=1, skipped=times).lines[0]
        return line.skipped_count, line.skipped

    assert skipped(full=9) == (9, "full")
    assert skipped(full=2, away=1) == (3, "full 2 · away 1")


def page_of(*, received, expected, skipped=None):
    """Return the section of a territory with one member."""
    member = TerritoryMembership(
        rep=Rep(user=User(full_name="Sophie Lang")), territory=Territory()
    )
    share = Share(member, expected, received, 0, skipped or {}, 0)
    return pages.section_of(Fairness(member.territory, received, 0, [share]))


def test_every_decision_counts_however_many_are_alike(version, dana, lena, clock):
    (first,) = come(version, clock, 1)
    decision = first.decisions.get()
    mia = world.rep("Mia Sommer", decision.territory)
    dice = random.Random(7)
    expected, received = Counter(), Counter()
    since = decision.at + timedelta(seconds=1)
    for _ in range(60):
        candidates = [_candidate(one, dice) for one in (dana, lena, mia)]
        taker = dice.choice((dana, lena, mia))
        decision.pk, decision.at = None, since
        decision.rep, decision.candidates = taker, candidates
        decision.save(force_insert=True)
        received[taker.pk] += any(
            one["rep"] == taker.pk and "outside" not in one for one in candidates
        )
        eligible = [one for one in candidates if one["eligible"] and "outside" not in one]
        able = [one for one in eligible if "speaks" in one] or eligible
        for one in able:
            expected[one["rep"]] += one["weight"] / sum(each["weight"] for each in able)

    found = shares(since=since)

    for share in found.values():
        assert share.expected == pytest.approx(expected[share.member.rep_id])
        assert share.received == received[share.member.rep_id]


def _candidate(rep, dice):
    is_free = dice.random() < 0.7
    found = {"rep": rep.pk, "name": str(rep), "weight": dice.choice((1, 1, 11)), "why": ""}
    found |= {"eligible": is_free, "code": "ok" if is_free else dice.choice(("full", "away"))}
    found |= {"speaks": True} if dice.random() < 0.3 else {}
    return found | ({"outside": True} if dice.random() < 0.2 else {})


def test_only_the_window_counts(version, dana, clock):
    come(version, clock, 1)

    later = shares(since=timezone.now() + timedelta(hours=1))

    assert later["Dana Fischer"].received == 0


def test_the_page_shows_each_territory_with_its_verdict(version, dana, lena, clock, manager, door):
    come(version, clock, 4)

    page = door(manager).get("/routing/fairness/").content.decode()

    assert "DACH" in page
    assert "Even: nobody is more than one turn from their share." in page
    assert "Lena Vogt" in page


def test_a_rep_sees_their_own_line(version, dana, lena, clock, door):
    come(version, clock, 2)

    page = door(dana.user).get("/routing/fairness/").content.decode()

    assert "Do I get my share?" in page
    assert "Dana Fischer" in page
    assert "Lena Vogt" not in page


def test_before_the_first_turn_the_page_says_what_will_be_there(version, manager, door):
    page = door(manager).get("/routing/fairness/").content.decode()

    assert "No territory has people yet" in page


def test_an_address_that_makes_no_sense_shows_the_usual_window(version, manager, door):
    assert door(manager).get("/routing/fairness/?weeks=99").context["window"] == "4"


def test_both_pages_ask_as_often_with_thirty_people_as_with_three(version, dach, manager, door):
    client = door(manager)
    for number in range(3):
        world.rep(f"Rep {number}", dach)
    few = {address: queries(client, address) for address in ("/routing/", "/routing/fairness/")}
    for number in range(3, 30):
        world.rep(f"Rep {number}", dach if number % 2 else world.territory(f"T{number}", ("FR",)))

    many = {address: queries(client, address) for address in few}

    assert many == few
    assert max(many.values()) <= 15


def queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
