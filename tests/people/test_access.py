from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from crm_handoff.models import User
from crm_handoff.people import access, keys, roles
from crm_handoff.people.roles import Role
from leads import intake
from leads.models import (
    Asset,
    AttributeChange,
    Campaign,
    ImportRun,
    Persona,
    Source,
    SuspectedDuplicate,
)
from routing import handoffs
from routing.models import NamedAccount, Notice
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)


def fresh(user):
    """The person without the rights that Django remembers on an instance."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def rita():
    rep = sales.rep("Rita")
    sales.team(rep)
    roles.grant(rep.user, Role.REP)
    return rep


@pytest.fixture
def other():
    rep = sales.rep("Olga")
    roles.grant(rep.user, Role.REP)
    return fresh(rep.user)


@pytest.fixture
def handoff(rita):
    account = sales.account()
    lead = sales.lead("Anna", account=account)
    handoff = sales.opened(sales.agreement(), lead)
    sales.touch(lead, "webinar", at=NOON)
    return handoff


def person(role):
    user = User.objects.create_user(f"{role}@example.com")
    roles.grant(user, role)
    return fresh(user)


def name_of(ask):
    return f"{ask.__module__.rpartition('.')[2]}.{ask.__name__}"


QUESTIONS = [
    access.leads.visible_to,
    access.handoffs.visible_to,
    access.leads.accounts_visible_to,
    access.leads.evaluations_visible_to,
    access.leads.touchpoints_visible_to,
]


@pytest.mark.parametrize("ask", QUESTIONS, ids=name_of)
def test_who_sees_what(handoff, rita, other, ask):
    assert ask(fresh(rita.user)).count() == 1
    assert ask(other).count() == 0
    assert ask(AnonymousUser()).count() == 0
    assert ask(User.objects.create_user("nobody@example.com")).count() == 0
    for role in (Role.REVOPS, Role.MARKETING_LEAD, Role.SALES_MANAGER, Role.AUDITOR):
        assert ask(person(role)).count() == 1


def test_an_inactive_person_sees_nothing(handoff):
    revops = person(Role.REVOPS)
    revops.is_active = False
    revops.save()

    assert not access.leads.visible_to(fresh(revops)).exists()


@pytest.mark.parametrize(
    ("scope", "leads", "handoffs"),
    [("read", 1, 1), ("ingest", 0, 0), ("handoff", 0, 1), ("config", 0, 0)],
)
def test_a_key_sees_everybodys_rows_of_what_its_scope_names(handoff, scope, leads, handoffs):
    issued = keys.issue("Site", system="site", created_by=person(Role.REVOPS), scopes=[scope])
    integration = keys.IntegrationUser(issued.key)

    assert access.leads.visible_to(integration).count() == leads
    assert access.handoffs.visible_to(integration).count() == handoffs
    assert not access.people.notices_visible_to(integration).exists()


def test_a_rep_keeps_seeing_what_they_rejected(handoff, rita):
    handoffs.reject(handoff.pk, reason=sales.reason(), comment="Frozen.", by=rita.user, at=LATER)

    assert access.handoffs.visible_to(fresh(rita.user)).get() == handoff
    assert access.leads.visible_to(fresh(rita.user)).get() == handoff.lead


def test_a_rep_stops_seeing_what_was_given_to_another(handoff, rita, other):
    manager = person(Role.SALES_MANAGER)
    handoffs.accept(handoff.pk, by=rita.user, at=LATER)

    handoffs.reassign(handoff.pk, by=manager, at=LATER, rep=other.rep)

    assert not access.handoffs.visible_to(fresh(rita.user)).exists()
    assert not access.leads.visible_to(fresh(rita.user)).exists()
    assert access.handoffs.visible_to(other).get() == handoff


def test_a_queued_handoff_is_for_those_who_assign(rita):
    rita.is_active = False
    rita.save()
    queued = sales.opened(sales.agreement())

    assert queued.status == "queued"
    assert not access.handoffs.visible_to(fresh(rita.user)).exists()
    assert access.handoffs.visible_to(person(Role.SALES_MANAGER)).exists()


def test_who_may_answer(handoff, rita, other):
    assert access.handoffs.may_answer(fresh(rita.user), handoff)
    assert access.handoffs.may_answer(person(Role.SALES_MANAGER), handoff)
    assert not access.handoffs.may_answer(other, handoff)
    assert not access.handoffs.may_answer(person(Role.REVOPS), handoff)


def test_notices_are_for_their_recipient_alone(handoff, rita, other):
    assert set(access.people.notices_visible_to(rita.user)) == set(
        Notice.objects.filter(recipient=rita.user)
    )
    assert access.people.notices_visible_to(rita.user).exists()
    assert not access.people.notices_visible_to(other).exists()
    assert not access.people.notices_visible_to(AnonymousUser()).exists()


def test_a_rep_sees_a_deal_of_their_own_without_its_lead(handoff, other):
    deal = intake.record_opportunity(
        intake.OpportunityFacts(
            system="crm", external_id="1", lead=handoff.lead, owner_id=other.pk
        ),
        received_at=LATER,
    )

    assert access.leads.opportunities_visible_to(other).get() == deal
    assert not access.leads.visible_to(other).exists()


def test_the_history_of_attributes_follows_the_lead(rita, other):
    lead = intake.record_lead(
        intake.LeadFacts(system="site", external_id="1", first_name="Anna", country="DE"),
        received_at=NOON,
    ).lead
    sales.opened(sales.agreement(), lead)

    assert (
        access.leads.changes_visible_to(fresh(rita.user)).count()
        == AttributeChange.objects.count()
    )
    assert not access.leads.changes_visible_to(other).exists()
    assert access.leads.assertions_visible_to(fresh(rita.user)).count() == 0
    assert access.leads.transitions_visible_to(other).count() == 0


WITH_THE_PERMISSION = [
    access.marketing.sources_visible_to,
    access.marketing.campaigns_visible_to,
    access.marketing.personas_visible_to,
    access.marketing.assets_visible_to,
    access.routing.territories_visible_to,
    access.routing.queues_visible_to,
    access.routing.calendars_visible_to,
    access.routing.reasons_visible_to,
    access.agreements.definitions_visible_to,
    access.agreements.versions_visible_to,
    access.people.reps_visible_to,
    access.routing.memberships_visible_to,
    access.people.absences_visible_to,
    access.routing.named_accounts_visible_to,
    access.operations.imports_visible_to,
    access.leads.duplicates_visible_to,
    access.handoffs.decisions_visible_to,
    access.handoffs.timers_visible_to,
]


@pytest.fixture
def company(handoff, rita):
    """One row, at least, of everything that the questions above are about."""
    other = sales.rep("Paul")
    sales.away(other, until=None)
    NamedAccount.objects.create(account=handoff.lead.account, rep=other)
    campaign = Campaign.objects.create(key="spring", name="Spring")
    Asset.objects.create(key="guide", title="Guide", campaign=campaign)
    Source.objects.create(key="events", name="Events")
    Persona.objects.create(key="ops", name="Operations")
    sales.fallback()
    sales.reason()
    ImportRun.objects.create(file_name="fair.csv", started_at=NOON)
    SuspectedDuplicate.objects.create(lead=handoff.lead, other=sales.lead(), reason="name")


@pytest.mark.parametrize(
    "ask",
    WITH_THE_PERMISSION,
    ids=name_of,
)
def test_who_may_see_what_is_laid_out(company, other, ask):
    everything = ask(person(Role.REVOPS)).count()

    assert everything >= 1
    for role in (Role.MARKETING_LEAD, Role.SALES_MANAGER, Role.AUDITOR):
        assert ask(person(role)).count() == everything
    assert ask(AnonymousUser()).count() == 0
    assert ask(User.objects.create_user("nobody@example.com")).count() == 0


OWN_ALONE = [
    access.routing.memberships_visible_to,
    access.people.absences_visible_to,
    access.routing.named_accounts_visible_to,
    access.operations.imports_visible_to,
    access.leads.duplicates_visible_to,
    access.handoffs.decisions_visible_to,
    access.handoffs.timers_visible_to,
]


@pytest.mark.parametrize("ask", OWN_ALONE, ids=name_of)
def test_a_rep_does_not_see_what_is_about_others(company, other, ask):
    assert ask(other).count() == 0


def test_a_rep_sees_themselves_among_the_reps(company, other):
    assert [rep.user for rep in access.people.reps_visible_to(other)] == [other]
