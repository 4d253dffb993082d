"""Leads that wait: for an agreement, for time, for what is missing; none is lost, none spins."""

from datetime import timedelta

import pytest

from crm_handoff import pipeline
from definitions import catalog
from leads.models import Lead, PendingMark
from routing import defaults
from routing.models import Handoff, Queue, Territory
from tests import recipes
from tests.routing import sales


@pytest.fixture(autouse=True)
def sales_team(db):
    """A territory that covers everybody, worked by one rep."""
    catalog.load_defaults()
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    return sales.team(sales.rep("Rita"), countries=[])


def test_leads_that_came_before_any_agreement_are_judged_once_there_is_one(noon):
    early, won_elsewhere = recipes.demanding_lead(at=noon), recipes.demanding_lead(at=noon)
    Lead.objects.filter(pk=won_elsewhere.pk).update(stage="won")
    assert pipeline.judge_pending(at=noon) == 2
    assert not PendingMark.objects.exists()
    version = recipes.signed(recipes.shipped_text(), at=noon)

    pipeline.put_in_force(version, by=version.author, at=noon + timedelta(days=1))
    pipeline.judge_pending(at=noon + timedelta(days=1))

    assert Handoff.objects.get().lead == early


def test_a_lead_that_no_version_takes_is_not_looked_at_for_ever(noon):
    lead = recipes.known_lead(at=noon)
    pipeline.judge_pending(at=noon)
    Lead.objects.filter(pk=lead.pk).update(reevaluate_at=noon)

    assert pipeline.judge_pending(at=noon + timedelta(days=1)) == 1
    assert pipeline.judge_pending(at=noon + timedelta(days=1)) == 0


def test_a_lead_that_failed_rests_also_when_time_would_change_its_verdict(active_version, noon):
    """Without a fallback queue nobody can own a lead outside every territory."""
    lead = recipes.demanding_lead(at=noon)
    fallback = Queue.objects.get(is_fallback=True)
    Queue.objects.update(is_fallback=False)
    Territory.objects.update(is_active=False)
    Lead.objects.filter(pk=lead.pk).update(reevaluate_at=noon)

    assert pipeline.judge_pending(at=noon) == 1
    marks = PendingMark.objects.filter(lead=lead).count()
    assert pipeline.judge_pending(at=noon + timedelta(seconds=29)) == 0
    assert PendingMark.objects.filter(lead=lead).count() == marks

    Queue.objects.filter(pk=fallback.pk).update(is_fallback=True)
    assert pipeline.judge_pending(at=noon + timedelta(seconds=31)) == 1
    assert Handoff.objects.get().queue == fallback
    assert not PendingMark.objects.exists()
