"""A rep to whom the rotation gives nothing is told so on their queue, and why."""

import pytest
from django.utils import timezone

from routing import suspensions
from routing.models import Queue, Rep, Suspension
from tests.routing.clockwork import person
from tests.web import world
from tests.web.world import DAY

pytestmark = pytest.mark.django_db


def queue_of(client):
    return client.get("/queue/").content.decode()


@pytest.fixture
def managed(dana, manager):
    Rep.objects.filter(pk=dana.pk).update(manager=manager)
    return dana


def test_who_missed_too_often_is_told_since_when_why_and_who_ends_it(
    version, managed, manager, door
):
    began_at = timezone.now() - 3 * DAY
    suspension = Suspension.objects.create(rep=managed, began_at=began_at, missed_count=4)

    page = queue_of(door(managed.user))

    assert "You are out of rotation since" in page
    assert "because 4 first responses were missed" in page
    assert "until Samir Haddad puts you back: new leads go to others." in page
    suspensions.end(suspension, by=manager, at=timezone.now())
    assert "out of rotation" not in queue_of(door(managed.user))


def test_of_a_manager_who_left_whoever_stands_in_is_named(version, dana, door):
    left = person("Lea Gone", is_active=False)
    Rep.objects.filter(pk=dana.pk).update(manager=left)
    Suspension.objects.create(rep=dana, began_at=timezone.now() - DAY, missed_count=1)

    page = queue_of(door(dana.user))

    stands_in = Queue.objects.get(is_fallback=True).manager
    assert f"until {stands_in} puts you back" in page


def test_without_a_manager_any_may_end_it(version, dana, door):
    Suspension.objects.create(rep=dana, began_at=timezone.now() - DAY, missed_count=1)

    page = queue_of(door(dana.user))

    assert "because 1 first response was missed, until a manager puts you back" in page


def test_who_takes_turns_nowhere_is_told_that_revops_decides(version, dach, dana, door):
    dach.memberships.filter(rep=dana).update(is_active=False)

    page = queue_of(door(dana.user))

    assert "You take no turns in the rotation until RevOps lets you" in page


def test_who_takes_turns_somewhere_is_told_nothing(version, dach, dana, door):
    dach.memberships.filter(rep=dana).update(is_active=False)
    world.territory("Nordics", ("SE",)).memberships.create(rep=dana)

    assert "take no turns" not in queue_of(door(dana.user))


def test_who_works_no_territory_misses_nothing(version, dach, dana, door):
    dach.memberships.filter(rep=dana).delete()

    assert "take no turns" not in queue_of(door(dana.user))


def test_who_is_no_active_rep_any_more_is_told(version, dana, door):
    Rep.objects.filter(pk=dana.pk).update(is_active=False)

    assert "You are not active as a rep" in queue_of(door(dana.user))


def test_in_german_it_is_german(version, dana, door):
    Suspension.objects.create(rep=dana, began_at=timezone.now() - DAY, missed_count=2)
    dana.user.language = "de"
    dana.user.save(update_fields=["language"])

    assert "nicht in der Rotation" in queue_of(door(dana.user))
