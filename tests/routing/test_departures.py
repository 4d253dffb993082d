"""Reps who go away or leave: their leads move on by themselves, clocks kept."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import close_old_connections, connection

from definitions.models import DefinitionVersion
from routing import absences, departures, handoffs, pauses
from routing.enums import HandoffStatus, PauseReason, RuleKind, TimerState
from routing.models import Absence, Handoff, Notice, Rep, RoutingDecision, SlaTimer
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def rita(db: None) -> Rep:
    return sales.rep("Rita", languages=["de"])


@pytest.fixture
def ben(db: None) -> Rep:
    return sales.rep("Ben", languages=["de"], is_active=False)


@pytest.fixture
def version(rita: Rep, ben: Rep) -> DefinitionVersion:
    sales.team(rita, ben)
    return sales.agreement()


@pytest.fixture
def three(version: DefinitionVersion, rita: Rep, ben: Rep) -> list[Handoff]:
    """Three leads that Rita holds untouched; Ben is there for the next ones."""
    held = [sales.opened(version) for _ in range(3)]
    Rep.objects.filter(pk=ben.pk).update(is_active=True)
    assert {handoff.rep_id for handoff in held} == {rita.pk}
    return held


def away(rita: Rep, **said: object) -> Absence:
    begins_at = NOON + HOUR
    values = {"begins_at": begins_at, "ends_at": begins_at + DAY, "by": sales.user_of(rita)}
    return absences.enter(rita, **values | said)  # type: ignore[arg-type]


def begin(*, at: object = NOON + HOUR) -> int:
    return departures.begin_due(at=at, limit=10)  # type: ignore[arg-type]


def owners(found: list[Handoff]) -> list[str]:
    rows = Handoff.objects.filter(pk__in=[handoff.pk for handoff in found]).order_by("pk")
    return [str(row.rep or row.queue) for row in rows.select_related("rep__user", "queue")]


def clocks(found: list[Handoff]) -> list[tuple[object, ...]]:
    rows = SlaTimer.objects.filter(handoff__in=found).order_by("pk")
    return list(rows.values_list("milestone", "state", "started_at", "due_at"))


def test_untouched_leads_go_to_who_stands_in_and_their_clocks_go_on(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    absence, before = away(rita, delegate=ben), clocks(three)

    assert begin(at=NOON + HOUR - MINUTE) == 0
    assert owners(three) == ["Rita"] * 3
    assert begin() == 1

    assert owners(three) == ["Ben"] * 3
    assert clocks(three) == before
    absence.refresh_from_db()
    assert absence.moved_on_at == NOON + HOUR
    decisions = RoutingDecision.objects.filter(handoff__in=three, at=NOON + HOUR)
    assert {decision.rule for decision in decisions} == {RuleKind.DELEGATE}
    assert {decision.inputs["reason"] for decision in decisions} == {"Rita is away"}


def test_without_a_stand_in_the_rotation_takes_them(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    away(rita)

    begin()

    assert owners(three) == ["Ben"] * 3


def test_who_stands_in_but_is_full_is_passed_over(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    Rep.objects.filter(pk=ben.pk).update(capacity=2)
    away(rita, delegate=ben)

    begin()

    assert sorted(owners(three))[:2] == ["Ben", "Ben"]
    last = Handoff.objects.get(pk__in=[handoff.pk for handoff in three], rep=None)
    assert last.status == HandoffStatus.QUEUED


def test_when_everybody_is_away_they_wait_in_a_queue_whose_manager_is_told(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    sales.away(ben, until=None)
    away(rita, delegate=ben)

    begin()

    waiting = Handoff.objects.filter(pk__in=[handoff.pk for handoff in three])
    assert {handoff.status for handoff in waiting} == {HandoffStatus.QUEUED}
    assert {clock.state for clock in SlaTimer.objects.filter(handoff__in=three)} == {
        TimerState.RUNNING
    }
    queue = waiting[0].queue
    assert queue is not None
    assert Notice.objects.filter(kind="queued", recipient=queue.manager).count() == 3


def test_the_rep_is_told_once_how_many_moved_and_new_owners_of_each(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    away(rita, delegate=ben)

    begin()
    begin(at=NOON + 2 * HOUR)

    told = Notice.objects.get(kind="reassigned_away", recipient=rita.user)
    assert (told.handoff, told.detail["moved"]) == (None, 3)
    assert Notice.objects.filter(kind="assigned", recipient=ben.user).count() == 3


def test_what_was_touched_accepted_or_paused_stays(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    touched, accepted, paused = three
    user = sales.user_of(rita)
    handoffs.attempt(touched.pk, kind="call", outcome="no_answer", by=user, at=NOON + MINUTE)
    handoffs.accept(accepted.pk, by=user, at=NOON + MINUTE)
    pauses.pause(paused.pk, reason=PauseReason.LEAD_ASKED, until=NOON + 2 * DAY, at=NOON + MINUTE)
    away(rita, delegate=ben)

    assert begin() == 1

    assert owners(three) == ["Rita"] * 3


def test_what_a_person_gives_to_an_absent_rep_stays(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    away(rita, delegate=ben)
    begin()
    manager = sales.person("Manuel")

    handoffs.reassign(
        three[0].pk, by=manager, at=NOON + 2 * HOUR, rep=rita, reason="She knows them"
    )
    begin(at=NOON + 3 * HOUR)

    assert owners(three)[0] == "Rita"


def test_an_absence_called_off_or_over_moves_nothing(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    away(rita, delegate=ben)

    assert begin(at=NOON + 3 * DAY) == 0

    assert owners(three) == ["Rita"] * 3
    assert Absence.objects.get().moved_on_at == NOON + 3 * DAY


def test_an_absence_moved_into_the_future_moves_leads_on_anew(
    three: list[Handoff], rita: Rep, ben: Rep, version: DefinitionVersion
) -> None:
    absence = away(rita, delegate=ben)
    begin()
    absences.change(
        absence.pk,
        begins_at=NOON + DAY,
        ends_at=NOON + 2 * DAY,
        delegate=ben,
        note="",
        by=sales.user_of(rita),
        at=NOON + 2 * HOUR,
    )
    Rep.objects.filter(pk=ben.pk).update(is_active=False)
    another = sales.opened(version, at=NOON + 2 * HOUR)
    assert owners([another]) == ["Rita"]
    Rep.objects.filter(pk=ben.pk).update(is_active=True)

    begin(at=NOON + DAY)

    assert owners([another]) == ["Ben"]


@pytest.mark.parametrize("way", ["rep", "user"])
def test_who_leaves_is_emptied_whichever_way_they_were_deactivated(
    three: list[Handoff], rita: Rep, ben: Rep, way: str
) -> None:
    handoffs.accept(three[0].pk, by=sales.user_of(rita), at=NOON + MINUTE)
    if way == "rep":
        Rep.objects.filter(pk=rita.pk).update(is_active=False)
    else:
        type(rita.user).objects.filter(pk=rita.user_id).update(is_active=False)

    assert departures.empty_due(at=NOON + HOUR, limit=10) == 3
    assert departures.empty_due(at=NOON + HOUR, limit=10) == 0

    assert owners(three) == ["Ben"] * 3
    rita.refresh_from_db()
    assert rita.open_count == 0


def test_what_who_leaves_had_accepted_stays_accepted_for_whoever_gets_it(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    handoffs.accept(three[0].pk, by=sales.user_of(rita), at=NOON + MINUTE)
    Rep.objects.filter(pk=rita.pk).update(is_active=False)

    departures.empty_due(at=NOON + HOUR, limit=10)

    accepted, *others = Handoff.objects.order_by("pk")
    assert (accepted.rep, accepted.status) == (ben, HandoffStatus.ACCEPTED)
    assert accepted.accepted_at == NOON + MINUTE
    assert {one.status for one in others} == {HandoffStatus.ASSIGNED}


def test_what_was_accepted_waits_in_a_queue_when_nobody_is_there_to_get_it(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    handoffs.accept(three[0].pk, by=sales.user_of(rita), at=NOON + MINUTE)
    Rep.objects.update(is_active=False)

    departures.empty_due(at=NOON + HOUR, limit=10)

    assert {one.status for one in Handoff.objects.all()} == {HandoffStatus.QUEUED}


def test_nobody_there_loses_a_lead_and_work_is_found_by_its_query(
    three: list[Handoff], rita: Rep
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(departures.LEFT_BEHIND)
        assert cursor.fetchone() is None
        Rep.objects.filter(pk=rita.pk).update(is_active=False)
        cursor.execute(departures.LEFT_BEHIND)
        assert cursor.fetchone() is not None
        cursor.execute(departures.DUE)
        assert cursor.fetchone() == (None,)
        Absence.objects.create(rep=rita, span=(NOON, None))
        cursor.execute(departures.DUE)
        assert cursor.fetchone() == (NOON,)


def test_a_lead_that_cannot_be_passed_on_keeps_no_other(
    three: list[Handoff], rita: Rep, ben: Rep, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = three[0]
    territory = stuck.territory
    assert territory is not None
    # Routed from nowhere: no territory covers it any more, and there is no fallback queue.
    Handoff.objects.filter(pk=stuck.pk).update(territory=None)
    type(stuck.lead).objects.filter(pk=stuck.lead_id).update(country="US")
    away(rita, delegate=None)

    assert begin() == 0

    assert owners(three) == ["Rita", "Ben", "Ben"]
    assert Absence.objects.get().moved_on_at is None


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_move_each_lead_once(
    three: list[Handoff], rita: Rep, ben: Rep
) -> None:
    away(rita, delegate=ben)
    start = Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(5):
            begin()
        close_old_connections()
        connection.close()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert owners(three) == ["Ben"] * 3
    assert RoutingDecision.objects.filter(rule=RuleKind.DELEGATE).count() == 3
    assert Notice.objects.filter(kind="reassigned_away").count() == 1
    assert Absence.objects.get().moved_on_at is not None


def test_a_lead_whose_pause_ends_while_its_rep_is_away_moves_on_then(
    three: list[Handoff], rita: Rep
) -> None:
    away(rita)
    pauses.pause(
        three[0].pk,
        reason=PauseReason.LEAD_ASKED,
        until=NOON + 3 * HOUR,
        at=NOON,
        by=sales.user_of(rita),
    )
    begin()
    assert owners(three) == ["Rita", "Ben", "Ben"]

    pauses.resume_due(at=NOON + 3 * HOUR, limit=10)
    begin(at=NOON + 3 * HOUR)

    assert owners(three) == ["Ben", "Ben", "Ben"]
    assert Notice.objects.filter(kind="reassigned_away", handoff=None).count() == 1


@pytest.mark.parametrize("answer", ["accept", "reject"])
def test_what_was_answered_as_an_absence_began_moves_on_when_the_answer_is_taken_back(
    version: DefinitionVersion, rita: Rep, ben: Rep, answer: str
) -> None:
    handoff = sales.opened(version)
    Rep.objects.filter(pk=ben.pk).update(is_active=True)
    began_at, by = NOON + HOUR, sales.user_of(rita)
    away(rita)
    if answer == "accept":
        handoffs.accept(handoff.pk, by=by, at=began_at)
    else:
        handoffs.reject(handoff.pk, reason=sales.reason(), comment="No", by=by, at=began_at)
    begin()

    handoffs.undo(handoff.pk, by=by, at=began_at + timedelta(seconds=20))
    begin(at=began_at + timedelta(seconds=21))

    assert owners([handoff]) == ["Ben"]
