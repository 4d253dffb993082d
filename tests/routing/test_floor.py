"""The criteria floor: checked at handover, when facts are corrected, and when sales says so."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from crm_handoff import pipeline
from crm_handoff.people.models import User
from definitions.models import DefinitionVersion
from leads import intake
from leads.companies import AccountFacts
from leads.intake import LeadFacts
from leads.models import Account, Lead
from leads.qualification import Judged
from routing import floor, handoffs
from routing.enums import FloorCheckCause
from routing.floor import NotACriterion
from routing.models import FloorCheck, Handoff, RejectionReason, Rep
from tests.routing import sales
from tests.routing.sales import NOON
from tests.web import world

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)

ASKED_RECENTLY = {
    "label": "A demo request in 14 days",
    "fact": "touchpoint_count",
    "parameters": {"days": 14, "kinds": ["demo_request"]},
    "operator": "at_least",
    "wanted": 1,
}


@pytest.fixture(autouse=True)
def rita() -> Rep:
    rep = sales.rep("Rita")
    sales.team(rep)
    return rep


@pytest.fixture
def version() -> DefinitionVersion:
    return sales.agreement()


def handed_over(
    version: DefinitionVersion, *, people: int | None = 300, at: datetime = NOON, **fields: object
) -> Handoff:
    """A handoff of somebody at a company of so many people."""
    who = sales.lead(account=sales.account(employee_count=people))
    met = ["company_size"] if people and 50 <= people <= 2000 else []
    handoff = handoffs.open(sales.qualified(version, who, met=met, **fields), at=at)
    assert handoff is not None
    return handoff


def correct(handoff: Handoff, *, people: int) -> None:
    Account.objects.filter(leads__handoffs=handoff).update(employee_count=people)


def checks(handoff: Handoff) -> list[tuple[str, list[str]]]:
    rows = FloorCheck.objects.filter(handoff=handoff).order_by("at", "pk")
    return [*rows.values_list("cause", "missed")]


def is_below(handoff: Handoff) -> bool:
    handoff.refresh_from_db(fields=["floor_missed"])
    return handoff.floor_missed


def recheck(*which: Handoff, at: datetime = LATER) -> list[FloorCheck]:
    found = Handoff.objects.filter(pk__in=[one.pk for one in which])
    return floor.recheck(found.select_related("version", "evaluation"), at=at)


def test_every_handover_is_checked_and_the_check_is_kept(version: DefinitionVersion) -> None:
    above, below = handed_over(version), handed_over(version, people=40)

    assert checks(above) == [(FloorCheckCause.HANDOVER, [])]
    assert checks(below) == [(FloorCheckCause.HANDOVER, ["company_size"])]
    assert (is_below(above), is_below(below)) == (False, True)
    assert FloorCheck.objects.get(handoff=above).values == {"company_size": 1}


def test_on_an_exempt_path_the_size_of_a_target_account_does_not_count() -> None:
    version = sales.agreement(
        floor={"criteria": ["company_size"], "exempt_paths": ["account_based"]}
    )
    who = sales.lead(account=sales.account(employee_count=40))
    qualified = sales.qualified(version, who, met=[])
    assert qualified.evaluation is not None
    qualified.evaluation.path = "account_based"

    handoff = handoffs.open(qualified, at=NOON)

    assert handoff is not None
    assert checks(handoff) == [(FloorCheckCause.HANDOVER, [])]


def test_a_corrected_headcount_counts_as_it_is_known_now(version: DefinitionVersion) -> None:
    handoff = handed_over(version)
    correct(handoff, people=12)

    recheck(handoff)

    assert is_below(handoff)
    assert checks(handoff)[1:] == [(FloorCheckCause.CORRECTION, ["company_size"])]
    assert FloorCheck.objects.latest("pk").values == {"company_size": 12}


def test_a_correction_can_clear_a_handover_as_well(version: DefinitionVersion) -> None:
    handoff = handed_over(version, people=None)
    assert is_below(handoff)
    correct(handoff, people=120)

    recheck(handoff)

    assert not is_below(handoff)
    assert checks(handoff)[-1] == (FloorCheckCause.CORRECTION, [])


def test_a_check_that_finds_nothing_else_is_not_kept(version: DefinitionVersion) -> None:
    handoff = handed_over(version)
    correct(handoff, people=51)

    assert recheck(handoff) == []
    assert len(checks(handoff)) == 1


def test_what_the_lead_had_done_counts_as_at_the_handover() -> None:
    version = sales.agreement(
        signals={"asked": ASKED_RECENTLY}, floor={"criteria": ["asked", "company_size"]}
    )
    who = sales.lead(account=sales.account())
    handoff = handoffs.open(sales.qualified(version, who, met=["asked", "company_size"]), at=NOON)
    assert handoff is not None

    # A month later nobody has asked within 14 days, which says nothing of the handover.
    assert recheck(handoff, at=NOON + timedelta(days=27)) == []
    assert not is_below(handoff)


def test_checking_many_takes_as_many_queries_as_checking_few(
    version: DefinitionVersion, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    few = [handed_over(version) for _ in range(2)]
    many = [handed_over(version) for _ in range(7)]
    for handoff in (*few, *many):
        correct(handoff, people=12)
    recheck()

    with django_assert_num_queries(9):
        assert len(recheck(*few)) == 2
    with django_assert_num_queries(9):
        assert len(recheck(*many)) == 7


def test_a_fact_that_comes_in_is_held_against_the_open_handoff_at_once() -> None:
    version = world.company()
    world.rep("Rosa Weber", world.territory())
    who = world.lead("Maria")
    handoff = world.handed_over(version, who)
    assert not is_below(handoff)

    say(who, people=20)
    pipeline.judge_pending()

    assert is_below(handoff)
    assert checks(handoff)[-1] == (FloorCheckCause.CORRECTION, ["floor_headcount"])


def say(who: Lead, *, people: int) -> None:
    """The source corrects how many people work at the lead's company."""
    account = who.account
    assert account is not None
    identity = who.identities.get()
    intake.record_lead(
        LeadFacts(
            system=identity.system,
            external_id=identity.external_id,
            account=AccountFacts(name=account.name, domain=account.domain, employee_count=people),
        ),
        received_at=timezone.now(),
    )


class TestRejectionsThatNameACriterion:
    @pytest.fixture
    def reason(self) -> RejectionReason:
        return sales.reason("no_fit")

    @pytest.fixture
    def handoff(self, version: DefinitionVersion) -> Handoff:
        return handed_over(version)

    def reject(self, handoff: Handoff, reason: RejectionReason, key: str) -> bool | None:
        assert handoff.rep is not None
        by = User.objects.get(pk=handoff.rep.user_id)
        rejection = handoffs.reject(
            handoff.pk,
            reason=reason,
            comment="They are twelve people.",
            criterion_key=key,
            by=by,
            at=LATER,
        )
        return rejection.is_borne_out

    def test_borne_out_by_the_facts_it_counts_as_below_the_floor(
        self, handoff: Handoff, reason: RejectionReason
    ) -> None:
        correct(handoff, people=12)

        assert self.reject(handoff, reason, "company_size") is True
        assert is_below(handoff)
        assert checks(handoff)[-1] == (FloorCheckCause.REJECTION, ["company_size"])

    def test_contradicted_by_the_facts_it_changes_nothing(
        self, handoff: Handoff, reason: RejectionReason
    ) -> None:
        assert self.reject(handoff, reason, "company_size") is False
        assert not is_below(handoff)
        assert len(checks(handoff)) == 1

    def test_a_criterion_outside_the_floor_is_checked_but_does_not_count(
        self, handoff: Handoff, reason: RejectionReason
    ) -> None:
        assert self.reject(handoff, reason, "four_touchpoints") is True
        assert not is_below(handoff)

    def test_no_criterion_is_named_and_none_is_checked(
        self, handoff: Handoff, reason: RejectionReason
    ) -> None:
        assert self.reject(handoff, reason, "") is None

    def test_one_that_the_agreement_does_not_have_is_refused(
        self, handoff: Handoff, reason: RejectionReason
    ) -> None:
        with pytest.raises(NotACriterion):
            self.reject(handoff, reason, "shoe_size")
        handoff.refresh_from_db()
        assert handoff.closed_at is None


def test_long_closed_handovers_are_left_as_they_were_found(version: DefinitionVersion) -> None:
    handoff = handed_over(version)
    assert handoff.rep is not None
    handoffs.reject(
        handoff.pk,
        reason=sales.reason("bad_timing"),
        comment="Next year.",
        by=sales.user_of(handoff.rep),
        at=LATER,
    )
    correct(handoff, people=12)

    assert floor.heed([Judged(handoff.lead)], at=NOON + floor.WINDOW) == []
    [check] = floor.heed([Judged(handoff.lead)], at=NOON + floor.WINDOW - timedelta(seconds=1))
    assert check.missed == ["company_size"]
