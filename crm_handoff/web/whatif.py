"""What if: one lead, or somebody imagined, before two versions as of any instant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from crm_handoff import reasons
from crm_handoff.agreements import values
from crm_handoff.agreements.words import DIMENSIONS
from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.search import UnsearchableText, search
from crm_handoff.web import tags
from crm_handoff.web.citing import Cited
from crm_handoff.web.examples import deciding, readable
from crm_handoff.web.explanation import Bar, Explanation, Line, explain, level_words
from crm_handoff.web.leads import SEARCHED
from crm_handoff.web.portrait_forms import PortraitForm
from crm_handoff.web.portrait_offers import offers_of
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.versions import Page, version_page
from definitions import queries
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from definitions.shapes import EARLIEST_YEAR
from definitions.vocabulary import Dimension
from leads import evaluations, examples, judgements, stand_ins
from leads.evaluations import Judgement
from leads.judgements import Look, VersionUnreadable
from leads.models import Lead

MAY = (
    "definitions.view_definitionversion",
    "leads.view_lead",
    "leads.view_evaluation",
    SEE_EVERYONES_LEADS,
)

MOST_FOUND = 8
"""Leads that are offered for what was searched."""

MOST_VERSIONS = 100
"""Versions that can be compared with, the latest of each definition first."""

NOBODY = "-"
"""Stands for comparing with no other version."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What one version says of somebody, explained; a `problem` where a draft cannot say yet."""

    version: DefinitionVersion
    look: Look | None = None
    explanation: Explanation | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that two versions say of somebody, and whether they differ in it."""

    name: str
    one: str
    other: str

    @property
    def differs(self) -> bool:
        """Whether the two say different things."""
        return self.one != self.other


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions on one lead: the headline, why, and everything side by side."""

    headline: str
    reasons: tuple[str, ...]
    cells: tuple[Cell, ...]


class TryForm(forms.Form):
    """As of when, and with which other version to compare."""

    at = forms.DateTimeField(
        label=lazy("As of"),
        required=False,
        widget=forms.DateTimeInput({"class": "input", "type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        help_text=lazy("Blank: now."),
        error_messages={"invalid": lazy("Pick a day and a time.")},
    )
    other = forms.ChoiceField(label=lazy("Compare with"), required=False)

    def __init__(self, *args: Any, versions: Sequence[DefinitionVersion], **options: Any) -> None:
        super().__init__(*args, **options)
        self.versions = {str(version.public_id): version for version in versions}
        chosen: Any = self.fields["other"]
        chosen.choices = [
            (NOBODY, _("No other version")),
            *((key, _named(version)) for key, version in self.versions.items()),
        ]
        chosen.widget.attrs["class"] = "input"

    def clean_at(self) -> datetime:
        at: datetime | None = self.cleaned_data["at"]
        now = timezone.now()
        if at is not None and at > now:
            raise ValidationError(_("Choose a time that has passed, or leave it blank."))
        if at is not None and at.year < EARLIEST_YEAR:
            raise ValidationError(
                _("Choose a time since %(year)s, or leave it blank.") % {"year": EARLIEST_YEAR}
            )
        return at or now


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(MAY, raise_exception=True)
def version_try(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Try a version on a lead (`lead` in the address) or on typed facts; nothing is kept."""
    page = version_page(request, definition, number)
    said = request.POST if request.method == "POST" else request.GET
    offered = _versions(page)
    form = TryForm({"other": _usual(page, offered)} | said.dict(), versions=offered)
    at = form.cleaned_data["at"] if form.is_valid() else timezone.now()
    versions = [page.version, *_other(form)]
    context: dict[str, Any] = {"page": page, "form": form, "at": at} | _leads(request)
    is_typed = request.method == "POST" or "facts" in request.GET
    if form.is_valid():
        work = _typed if is_typed else _picked
        context |= work(request, page, versions, at=at)
    elif is_typed:
        context |= {"portrait": _portrait(request, page)}
    context |= {"is_typed": is_typed, "kept_query": _kept_query(said)}
    template = "tried" if request.htmx else "try"
    is_wrong = not form.is_valid() or context.get("is_wrong")
    status = 422 if is_wrong else 200
    return render(request, f"web/definitions/{template}.html", context, status=status)


def _picked(
    request: PageRequest, page: Page, versions: Sequence[DefinitionVersion], *, at: datetime
) -> dict[str, Any]:
    """Try the lead that the address names, if it names one; 404 when it is not seen."""
    lead = _lead(request)
    if lead is None:
        return {}
    tried = [_try(lead.pk, version, at=at) for version in versions]
    return {"lead": lead, "tried": tried[0], "others": tried[1:]} | _compared(tried)


def _typed(
    request: PageRequest, page: Page, versions: Sequence[DefinitionVersion], *, at: datetime
) -> dict[str, Any]:
    """Try what was typed, once it can be understood."""
    form = _portrait(request, page)
    context: dict[str, Any] = {"portrait": form}
    if not form.is_bound:
        return context
    if not form.is_valid():
        return context | {"is_wrong": True}
    zone = ZoneInfo(page.version.day_zone)
    with stand_ins.had([form.portrait()], at=at, zone=zone) as (pk,):
        tried = [_uncited(_try(pk, version, at=at)) for version in versions]
    return context | {"tried": tried[0], "others": tried[1:]} | _compared(tried)


def _portrait(request: PageRequest, page: Page) -> PortraitForm:
    """Return the form as it was sent, like an example that the address names, or blank."""
    example = _example(request, page)
    initial = examples.portrait_of(example) if example else None
    answered = initial.answers if initial else ()
    offers = offers_of(readable(page.version), answered=answered)
    data = request.POST if request.method == "POST" else None
    return PortraitForm(offers, data, initial=initial)


def _try(lead_id: int, version: DefinitionVersion, *, at: datetime) -> Tried:
    """Judge somebody by a version and explain it."""
    try:
        look = judgements.look_at(lead_id, version, at=at)
    except VersionUnreadable:
        return Tried(version, problem=_("This draft cannot be tried before it is mended."))
    judgement = Judgement(lead_id, version, look.verdict, at, at)
    return Tried(version, look, explain(evaluations.kept(0, judgement)))


def _uncited(tried: Tried) -> Tried:
    """Leave out of what is said of somebody imagined where it comes from: from the form."""
    told = tried.explanation
    if told is None:
        return tried

    def bare(lines: Sequence[Line]) -> list[Line]:
        return [replace(line, cited=Cited()) for line in lines]

    bars: list[Bar] = [replace(bar, lines=bare(bar.lines)) for bar in told.bars]
    return replace(tried, explanation=replace(told, bars=bars, signals=bare(told.signals)))


def _compared(tried: Sequence[Tried]) -> dict[str, Any]:
    if len(tried) != 2:
        return {}
    one, other = tried
    return {"comparison": compare(one, other)} if one.look and other.look else {}


def compare(one: Tried, other: Tried) -> Comparison:
    """Say in words what two versions say differently of somebody.

    Raises:
        ValueError: one of them says nothing.
    """
    if one.look is None or other.look is None:
        raise ValueError("Only what says something can be compared.")
    return Comparison(
        headline=_headline(one, other),
        reasons=tuple(_reasons(one, other)),
        cells=tuple(_cells(one, other)),
    )


def _headline(one: Tried, other: Tried) -> str:
    said = {
        "one": one.version,
        "other": other.version,
        "stage": _reached(one),
        "instead": _reached(other),
    }
    if said["stage"] == said["instead"]:
        return _("Both say the same: %(stage)s.") % said
    return _("%(one)s says %(stage)s instead of %(instead)s.") % said


def _reasons(one: Tried, other: Tried) -> Iterator[str]:
    """Say what the version with the lower stage lacks for the higher one."""
    low, high = sorted((one, other), key=_rank)
    if _rank(low) < _rank(high) and low.look and high.look:
        agreement = queries.agreement_of(low.version)
        stage = high.look.verdict.stage
        for decisive in examples.decisive_for(agreement, low.look.verdict, stage):
            told = deciding(decisive)
            said = {"version": low.version, "criterion": told.label} | {
                "wanted": told.wanted,
                "seen": told.seen,
                "dimension": _dimension(decisive.criterion.dimension, decisive.criterion.level),
            }
            yield _sentence(told.is_exclusion, said)
    for tried in (one, other):
        if tried.look and not _takes(tried):
            said = {"version": tried.version}
            yield _("The segment of %(version)s does not take this lead.") % said


def _sentence(is_exclusion: bool, said: dict[str, Any]) -> str:
    if is_exclusion:
        return _("%(version)s keeps it out by “%(criterion)s”: %(seen)s.") % said
    if said["dimension"]:
        return (
            _("%(version)s wants for %(dimension)s “%(criterion)s”: %(wanted)s; seen: %(seen)s.")
            % said
        )
    return _("%(version)s wants “%(criterion)s”: %(wanted)s; seen: %(seen)s.") % said


def _dimension(dimension: str, level: str) -> str:
    if not dimension:
        return ""
    said = {"dimension": DIMENSIONS[dimension], "level": level_words(level)}
    return _("%(dimension)s %(level)s") % said


def _cells(one: Tried, other: Tried) -> Iterator[Cell]:
    pair = (one, other)
    yield Cell(_("Stage"), *(_reached(tried) for tried in pair))
    for dimension in Dimension:
        levels = [
            level_words(tried.look.verdict.levels[dimension]) for tried in pair if tried.look
        ]
        if any(_has(tried, dimension) for tried in pair):
            yield Cell(str(DIMENSIONS[dimension]), *levels)
    points = [tags.figure(tried.look.verdict.points) for tried in pair if tried.look]
    yield Cell(_("Points"), *points)
    takes = [values.words(_takes(tried)) for tried in pair]
    yield Cell(_("In its segment"), *takes)


def _has(tried: Tried, dimension: str) -> bool:
    return (
        any(bar.key == dimension for bar in tried.explanation.bars) if tried.explanation else False
    )


def _reached(tried: Tried) -> str:
    return tried.explanation.reached if tried.explanation else ""


def _takes(tried: Tried) -> bool:
    is_catch_all = tried.version.definition.is_catch_all
    return is_catch_all or bool(tried.look and tried.look.is_in_segment)


def _rank(tried: Tried) -> int:
    stage = tried.look.verdict.stage if tried.look else ""
    return examples.STAGES.index(stage) if stage else -1


def _versions(page: Page) -> list[DefinitionVersion]:
    """Return the versions to compare with, those of the same definition first."""
    visible = access.agreements.versions_visible_to(page.request.user).exclude(pk=page.version.pk)
    rows = (
        visible.select_related("definition")
        .defer("content")
        .order_by("definition__position", "definition_id", "-number")[:MOST_VERSIONS]
    )
    return sorted(rows, key=lambda version: version.definition_id != page.version.definition_id)


def _named(version: DefinitionVersion) -> str:
    said = {"version": version, "state": tags.within(version.get_state_display())}
    return _("%(version)s (%(state)s)") % said


def _usual(page: Page, versions: Sequence[DefinitionVersion]) -> str:
    """Return the version with which to compare unless another is chosen: the one in force."""
    own = [one for one in versions if one.definition_id == page.version.definition_id]
    in_force = [one for one in own if one.state == VersionState.ACTIVE]
    earlier = [one for one in own if one.number < page.version.number]
    chosen = next(iter(in_force or earlier), None)
    return str(chosen.public_id) if chosen else NOBODY


def _other(form: TryForm) -> list[DefinitionVersion]:
    chosen = form.versions.get(form.cleaned_data.get("other", "")) if form.is_valid() else None
    return [chosen] if chosen else []


def _leads(request: PageRequest) -> dict[str, Any]:
    """Return what was searched with the leads found, the latest change first."""
    said = request.GET.get("q", "").strip()
    if not said:
        return {"q": ""}
    visible = access.leads.visible_to(request.user).select_related("account")
    try:
        found = search(visible, said, SEARCHED).order_by("-updated_at", "-pk")[:MOST_FOUND]
    except UnsearchableText as refusal:
        return {"q": said, "wrong": reasons.said(str(refusal))}
    return {"q": said, "found": list(found)}


def _lead(request: PageRequest) -> Lead | None:
    if not request.GET.get("lead"):
        return None
    visible = access.leads.visible_to(request.user).select_related("account")
    return get_object_or_404(visible, public_id=_uuid(request.GET["lead"]))


def _example(request: PageRequest, page: Page) -> Any:
    if not request.GET.get("example"):
        return None
    visible = access.agreements.examples_visible_to(request.user).filter(
        definition=page.definition
    )
    return get_object_or_404(visible, public_id=_uuid(request.GET["example"]))


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def _kept_query(said: Any) -> str:
    """Return what of the address is kept when a lead is picked: instant and other version."""
    return urlencode({name: said[name] for name in ("at", "other") if said.get(name)})
