"""Whether the rotation treats everybody alike: expected, received, passed over and why, owed."""

from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.reps import RepName
from crm_handoff.api.response_rates import WEEKS_SAID, weeks_asked
from crm_handoff.api.views import DetailView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.reports import fairness, weeks
from crm_handoff.reports.fairness import Fairness


class ShareAnswer(Answer):
    """A member's part in the turns of a territory.

    `expected`: turns by weight among those who could have taken each. `received`: turns taken.
    `otherwise`: leads of the territory that came by name, by account or by a person. `skipped`:
    how often the rotation passed over them, by reason. `owed`: turns that the rotation owes them
    now, less than 0 when they are ahead.
    """

    rep = RepName(source="member.rep")
    takes_turns = serializers.BooleanField(source="is_in")
    expected = serializers.FloatField()
    received = serializers.IntegerField()
    otherwise = serializers.IntegerField(source="otherwise_count")
    skipped = serializers.DictField(child=serializers.IntegerField())
    owed = serializers.FloatField()


class TurnsAnswer(Answer):
    """The turns of one territory; `queued` are leads that nobody could take."""

    territory = answers.key("territory")
    name = serializers.CharField(source="territory.name")
    turns = serializers.IntegerField(source="turn_count")
    queued = serializers.IntegerField(source="queued_count")
    members = ShareAnswer(many=True, source="shares")


class Turns(NamedTuple):
    """What was given in a window."""

    begins_at: datetime
    ends_at: datetime
    found: list[Fairness]


class FairnessAnswer(Answer):
    """The turns that the rotation gave in the window, by territory and member."""

    window_begins_at = InstantField(source="begins_at")
    window_ends_at = InstantField(source="ends_at")
    territories = TurnsAnswer(many=True, source="found")


class FairnessView(DetailView):
    """`/fairness/`."""

    required_permissions: ClassVar = {"GET": "routing.view_routingdecision"}
    answer = FairnessAnswer
    numbers: ClassVar = {"weeks": WEEKS_SAID}

    def row(self, request: Request, **kwargs: Any) -> Turns:
        """Return the territories that take turns; a rep sees their own part.

        The window begins with the first of the organization's weeks, the present one included.
        """
        at, count = database_now(), weeks_asked(request)
        members = access.routing.memberships_visible_to(request.user).filter(
            territory__is_active=True
        )
        since = weeks.rule_of_organization().weeks_until(at, count=count)[0].starts_at
        return Turns(since, at, fairness.of_members(members, since=since, until=at))
