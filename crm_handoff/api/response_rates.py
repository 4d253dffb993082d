"""How often sales missed the promise of a first response: by whom, where and when."""

from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.views import DetailView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import misses, weeks
from crm_handoff.reports.misses import By, Line, Misses, Window
from definitions.models import Definition

USUAL_WEEKS, MOST_WEEKS = 4, 52

WEEKS_SAID = "Weeks up to now, 1 to 52; otherwise 4."


class RateAnswer(Answer):
    """`missed` of `counted`, with the 95 % Wilson interval; percentages are 0 to 100."""

    missed = serializers.IntegerField(source="count")
    counted = serializers.IntegerField(source="of")
    pct = serializers.FloatField(allow_null=True)
    low_pct = serializers.FloatField()
    high_pct = serializers.FloatField()


class LineAnswer(Answer):
    """A part of sales: a rep or queue, a manager, a territory, an SLA term, a source, a week.

    `name` is blank for those without one.
    """

    by = serializers.ChoiceField(choices=[(one.value, one.value) for one in By])
    name = serializers.CharField()
    starts_at = InstantField(allow_null=True)
    rate = RateAnswer()


class Counted(NamedTuple):
    """What was counted, of which definition (None: all), in which window."""

    definition: Definition | None
    window: Window
    found: Misses

    @property
    def lines(self) -> list[Line]:
        """Return every line, in the order of the ways of putting together."""
        return [line for by in By for line in self.found.lines[by]]


class ResponseRatesAnswer(Answer):
    """First-response clocks that came due in the window, and how many were missed."""

    definition = serializers.SlugField(source="definition.key", allow_null=True)
    window_begins_at = InstantField(source="window.begins_at")
    window_ends_at = InstantField(source="window.ends_at")
    overall = RateAnswer(source="found.overall")
    lines = LineAnswer(many=True)


class ResponseRates(DetailView):
    """`/response-rates/` and `/definitions/{key}/response-rates/`."""

    required_permissions: ClassVar = {"GET": "routing.view_slatimer"}
    answer = ResponseRatesAnswer
    numbers: ClassVar = {"weeks": WEEKS_SAID}

    def row(self, request: Request, **kwargs: Any) -> Counted:
        if not request.user.has_perm(SEE_EVERYONES_LEADS):
            raise PermissionDenied("Whoever sees everybody's leads sees how they were answered.")
        definition = None
        if "definition" in kwargs:
            known = access.agreements.definitions_visible_to(request.user)
            definition = get_object_or_404(known, key=kwargs["definition"])
        at = database_now()
        window = Window(at - timedelta(weeks=weeks_asked(request)), at)
        rule = weeks.rule_of_organization()
        return Counted(definition, window, misses.misses(window, rule=rule, definition=definition))


def weeks_asked(request: Request) -> int:
    """Return how many weeks a request wants to see.

    Raises:
        ValidationError: what it says is no such number.
    """
    said = request.query_params.get("weeks", str(USUAL_WEEKS))
    if not (said.isascii() and said.isdigit() and len(said) < 3 and 1 <= int(said) <= MOST_WEEKS):
        detail = "Say a number of weeks from 1 to 52."
        raise ValidationError({"weeks": [ErrorDetail(detail, code="invalid")]})
    return int(said)
