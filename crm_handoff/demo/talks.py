"""How the demo's two teams talk about their agreement: workshop, threads, wishes, reviews."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from crm_handoff.agreements import reviewing
from crm_handoff.demo import cast
from crm_handoff.demo.journeys import DAY, HOUR
from crm_handoff.models import User
from definitions import discussions, reviews
from definitions.enums import Side, VersionState
from definitions.models import Definition, DefinitionReview, DefinitionVersion, Proposal
from leads import examples, impacts
from leads.examples import Said
from leads.portraits import Portrait

REVIEW_EVERY = timedelta(days=90)

ATTENDEES = """Maya Lindqvist, marketing
Samir Haddad, sales
Dana Fischer, SDR
Robin Ops, RevOps"""
IDEAL_CUSTOMER = (
    "A software, logistics or manufacturing company of 50 to 2,000 people in DACH, the British "
    "Isles or France, whose operations team grew faster than its tools."
)
DECISIONS = """Four touchpoints on two channels and two days, one of them a direct action
A demo request skips engagement, nothing else
Assistants are nobody's decision-makers
Five minutes for a demo request, by telephone"""

THREAD = (
    (
        cast.MARKETING,
        "four_touchpoints",
        "Since autumn most deals had three touchpoints, not four.",
    ),
    (cast.DANA, "four_touchpoints", "True for webinars. Who came by ads alone was cold."),
    (
        cast.MANAGER,
        "four_touchpoints",
        "Fine with three, as long as one is a direct action. Is it?",
    ),
    (cast.REVOPS, "four_touchpoints", "It is: SQL asks for a direct action on every path."),
    (cast.MANAGER, "target_industry", "Two of our renewals are retail chains. Do we lose them?"),
    (cast.MARKETING, "", "I signed. Sales: what do you still need?"),
)
"""Who says what about which criterion of the version in review; "" is about the whole."""

WISHES = (
    (cast.DANA, "Current tool", "My first question on every call.", "adopted",
     "In the next version's handover fields."),
    (cast.OLIVER, "Number of locations", "Chains decide slowly.", "declined",
     "Company size tells the same, and is known of everybody."),
    (cast.ALEX, "End of the current contract", "Decides when it is worth calling.", "", ""),
)  # fmt: skip
"""Who misses which field, why, and what became of it."""

COMPANY = {"employee_count": 240, "industry": "logistics", "country": "DE", "language": "en"}
PRICING = {"kind": "pricing_page_view", "channel": "website"}
DEMO = {"kind": "demo_request", "channel": "website", "days_ago": 0}
WEBINAR = {"kind": "webinar_attended", "channel": "webinar", "days_ago": 9}

EXAMPLES = {
    "mid-market": (
        Said(
            name="COO who asked for a demo",
            stage="sql",
            is_expected=True,
            portrait=Portrait(COMPANY | {"job_title": "COO"}, [DEMO, PRICING | {"days_ago": 1}]),
            why="A direct action skips engagement.",
        ),
        Said(
            name="Head of operations after a webinar and a white paper",
            stage="mql",
            is_expected=True,
            portrait=Portrait(
                COMPANY | {"job_title": "Head of Operations"},
                [WEBINAR, {"kind": "whitepaper", "channel": "website", "days_ago": 4}],
            ),
            why="Two touchpoints of interest are enough for marketing.",
        ),
        Said(
            name="Intern at a target account",
            stage="sql",
            is_expected=False,
            portrait=Portrait(
                COMPANY | {"job_title": "Intern", "is_target_account": True},
                [DEMO, WEBINAR, PRICING | {"days_ago": 2}],
            ),
            why="A company that we chose still needs somebody with a say.",
        ),
        Said(
            name="Student with a demo request",
            stage="mql",
            is_expected=False,
            portrait=Portrait({"job_title": "Student"}, [DEMO]),
            why="No company, no budget.",
        ),
        Said(
            name="CEO of a group of 12,000",
            stage="sql",
            is_expected=False,
            portrait=Portrait(
                COMPANY | {"job_title": "CEO", "employee_count": 12_000}, [DEMO, WEBINAR]
            ),
            why="Enterprise is not ours to sell to yet.",
        ),
        Said(
            name="COO of a retail chain",
            stage="sql",
            is_expected=False,
            portrait=Portrait(COMPANY | {"job_title": "COO", "industry": "retail"}, [DEMO]),
            why="Sales refused more than half of retail.",
        ),
    ),
    "small-business": (
        Said(
            name="Owner who looked at pricing twice",
            stage="mql",
            is_expected=True,
            portrait=Portrait(
                {"job_title": "Owner", "employee_count": 14, "expected_acv": "12000"},
                [PRICING | {"days_ago": 1}, PRICING | {"days_ago": 0}],
            ),
            why="Whoever looks twice wants to buy.",
        ),
        Said(
            name="Freelancer without a company",
            stage="mql",
            is_expected=False,
            portrait=Portrait({"job_title": "Freelancer", "expected_acv": "900"}, [WEBINAR]),
            why="Fewer than five people are not worth a call.",
        ),
    ),
}
"""Whom each definition must and must not pass, as both teams agreed in the workshop."""


def prepare(people: Mapping[str, User], *, at: datetime) -> None:
    """Hold the workshop before the first agreement is signed, and keep its examples."""
    revops = people[cast.REVOPS]
    for definition in Definition.objects.order_by("pk"):
        for said in EXAMPLES[definition.key]:
            examples.create(definition, said, by=revops, at=at)
    discussions.record_workshop(
        DefinitionVersion.objects.get(definition__key="mid-market"),
        held_on=at.date(),
        attendees=ATTENDEES,
        ideal_customer=IDEAL_CUSTOMER,
        decisions=DECISIONS,
        by=revops,
        at=at,
    )


def discuss(people: Mapping[str, User], *, at: datetime) -> None:
    """Talk about the version in review, and about fields that reps miss."""
    version = DefinitionVersion.objects.get(state=VersionState.IN_REVIEW)
    for minutes, (email, key, text) in enumerate(THREAD):
        instant = at + timedelta(minutes=17 * minutes)
        discussions.remark(version, text=text, by=people[email], at=instant, criterion_key=key)
    for email, field, why, outcome, word in WISHES:
        wish = discussions.propose(
            version.definition, field=field, why=why, by=people[email], at=at
        )
        if outcome:
            answered_by = people[cast.REVOPS]
            discussions.answer(
                wish, outcome=Proposal.Outcome(outcome), word=word, by=answered_by, at=at + DAY
            )


def foresee(people: Mapping[str, User], *, at: datetime) -> None:
    """Preview what the version in review would change."""
    version = DefinitionVersion.objects.get(state=VersionState.IN_REVIEW)
    impacts.ask(version, by=people[cast.REVOPS], at=at)
    while impacts.work():
        pass


def review(people: Mapping[str, User], *, at: datetime) -> None:
    """Open the reviews that are due; both sides confirm them on the same day."""
    reviewing.attend(at=at)
    for opened in DefinitionReview.objects.filter(closed_at=None).order_by("pk"):
        _sign(opened, Side.MARKETING, people[cast.MARKETING], at=at + 2 * HOUR)
        _sign(opened, Side.SALES, people[cast.MANAGER], at=at + 5 * HOUR)


def begin_review(people: Mapping[str, User], *, at: datetime) -> None:
    """Open the reviews that are due; sales has not looked at them yet."""
    reviewing.attend(at=at)
    for opened in DefinitionReview.objects.filter(closed_at=None).order_by("pk"):
        _sign(opened, Side.MARKETING, people[cast.MARKETING], at=at + 2 * HOUR)


def _sign(opened: DefinitionReview, side: Side, by: User, *, at: datetime) -> None:
    reviews.sign(
        opened,
        side=side,
        outcome=DefinitionReview.Outcome.CONFIRMED,
        looked_at=reviews.PARTS,
        by=by,
        at=at,
    )
