"""Who is told of an agreement, once each, and what they are told."""

from datetime import UTC, datetime

import pytest

from crm_handoff.agreements import telling
from crm_handoff.people.models import User
from crm_handoff.people.roles import Role
from definitions import refusals, versions
from definitions.enums import Side
from definitions.models import DefinitionVersion
from routing.models import Notice
from tests.web import world

AT = datetime(2026, 2, 2, 9, tzinfo=UTC)


@pytest.fixture
def version(db: None) -> DefinitionVersion:
    """The shipped agreement in force, of a company with a rep and an auditor."""
    version = world.company()
    world.rep("Dana Fischer", world.territory())
    world.person("Ines Audit", Role.AUDITOR)
    return version


@pytest.fixture
def next_version(version: DefinitionVersion) -> DefinitionVersion:
    """Its second edition, in review."""
    robin = named("Robin Ops")
    draft = versions.revise(version, by=robin)
    return versions.submit(draft, by=robin, at=AT)


def named(name: str) -> User:
    return User.objects.get(full_name=name)


def told(kind: str) -> set[str]:
    """Whom one notice of the kind is owed; nobody two."""
    names = Notice.objects.filter(kind=kind).values_list("recipient__full_name", flat=True)
    assert len(names) == len(set(names))
    return set(names)


def test_those_who_may_sign_are_told_that_a_version_waits(next_version):
    telling.signatures_wanted(next_version, at=AT)
    telling.signatures_wanted(next_version, at=AT)

    assert told("signature_wanted") == {"Maya Lindqvist", "Samir Haddad"}
    detail = Notice.objects.filter(kind="signature_wanted").first().detail
    assert (detail["name"], detail["number"], detail["author"]) == (
        next_version.definition.name,
        2,
        "Robin Ops",
    )


def test_each_round_of_signatures_is_told_anew(next_version):
    telling.signatures_wanted(next_version, at=AT)
    versions.withdraw(next_version, by=named("Robin Ops"))
    versions.submit(next_version, by=named("Robin Ops"), at=AT)

    telling.signatures_wanted(next_version, at=AT)

    assert Notice.objects.filter(kind="signature_wanted").count() == 4


def test_who_left_is_told_nothing(next_version):
    User.objects.filter(full_name="Maya Lindqvist").update(is_active=False)

    telling.signatures_wanted(next_version, at=AT)

    assert told("signature_wanted") == {"Samir Haddad"}


def test_a_refusal_reaches_the_author_revops_and_the_other_side(next_version):
    world.person("Olga Ops", Role.REVOPS)
    refusal = refusals.refuse(
        next_version, side=Side.SALES, by=named("Samir Haddad"), reason="Too many leads.", at=AT
    )

    telling.refused(refusal, at=AT)

    assert told("signature_refused") == {"Robin Ops", "Olga Ops", "Maya Lindqvist"}
    detail = Notice.objects.filter(kind="signature_refused").first().detail
    assert (detail["side"], detail["by"], detail["said"]) == (
        "sales",
        "Samir Haddad",
        "Too many leads.",
    )


def test_both_teams_are_told_that_a_version_took_effect(version):
    telling.activated(version, at=AT)
    telling.activated(version, at=AT)

    assert told("version_active") == {
        "Dana Fischer",
        "Maya Lindqvist",
        "Robin Ops",
        "Samir Haddad",
    }
    assert Notice.objects.filter(detail__before=None).count() == 4


def test_a_later_version_says_which_one_it_follows(next_version, version):
    next_version.activated_at = AT

    telling.activated(next_version, at=AT)

    assert set(Notice.objects.values_list("detail__before", flat=True)) == {version.number}


def test_telling_both_teams_takes_as_many_queries_for_thirty_as_for_three(
    version, django_assert_num_queries
):
    fresh = DefinitionVersion.objects.get()
    with django_assert_num_queries(4):
        telling.activated(fresh, at=AT)
    territory = world.territory("France", ("FR",))
    for number in range(30):
        world.rep(f"Rep {number}", territory)
    Notice.objects.all().delete()
    fresh = DefinitionVersion.objects.get()

    with django_assert_num_queries(4):
        telling.activated(fresh, at=AT)


def test_operators_and_revops_are_told_of_a_failure_once_a_day(version):
    for hour in (9, 10):
        telling.activation_failed(version, problem="The disk is full.", at=AT.replace(hour=hour))

    assert told("activation_failed") == {"Maya Lindqvist", "Robin Ops", "Samir Haddad"}

    telling.activation_failed(version, problem="The disk is full.", at=AT.replace(day=3))

    assert Notice.objects.filter(kind="activation_failed").count() == 6
