"""What a version would change of live leads: the headline, by origin and owner, lead by lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from crm_handoff.agreements import values, words
from crm_handoff.agreements.words import DIMENSIONS
from crm_handoff.pages import LookAhead
from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import impact as reports
from crm_handoff.reports.impact import Changes, Report, StageCount
from crm_handoff.web import tags
from crm_handoff.web.examples import deciding
from crm_handoff.web.explanation import level_words
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.shares import with_sign
from crm_handoff.web.versions import Page, version_page
from definitions.agreement import Agreement
from definitions.engine import Verdict
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from definitions.versions import ContentInvalid
from definitions.vocabulary import LEVELS, Dimension
from leads import examples, impacts
from leads.enums import ImpactState, StandingChange
from leads.impacts import VersionWasActivated
from leads.models import Impact, ImpactLine

ASK = "leads.add_impact"
MAY = ("definitions.view_definitionversion", "leads.view_impact", SEE_EVERYONES_LEADS)

PAGE = 50

FORESEEN = frozenset({VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.SIGNED})
"""States in which there is something to foresee."""


NARROWED: dict[str, str | Promise] = {
    StandingChange.UP: lazy("Move up"),
    StandingChange.NO_LONGER: lazy("No longer meet"),
    StandingChange.MEETS_AGAIN: lazy("Meet again"),
}
"""Filters by the change that they leave; whoever is handed over has a filter of their own."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the preview of a version is: the latest done, and one at work.

    `is_stale`: the text changed since the one that is done was asked for; `problem`: why the last
    one failed, when it did.
    """

    done: Impact | None = None
    at_work: Impact | None = None
    is_stale: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A lead whose standing changes, and why."""

    line: ImpactLine
    why: str


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(MAY, raise_exception=True)
def version_impact(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Show what a version would change of live leads; a POST asks for it, or asks again."""
    page = version_page(request, definition, number)
    if request.method == "POST":
        return _ask(request, page)
    standing = standing_of(page.version)
    if request.htmx:
        return _progress(request, page, standing)
    context = {
        "page": page,
        "standing": standing,
        "is_foreseen": page.version.state in FORESEEN,
    }
    if standing.done:
        found = reports.report(standing.done)
        context |= {"report": found, "sentences": sentences(standing.done, found)}
    return render(request, "web/definitions/impact.html", context)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required((*MAY, "leads.view_lead"), raise_exception=True)
def impact_leads(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """List the leads whose standing a version would change, page by page, with why."""
    page = version_page(request, definition, number)
    impact = standing_of(page.version).done
    if impact is None:
        raise Http404
    visible = access.leads.impact_lines_visible_to(request.user).filter(impact=impact)
    lines = _narrowed(visible, request.GET, impact).select_related(
        "lead__account", "version_before__definition", "version_after__definition"
    )
    shown = LookAhead(lines.order_by("-is_handoff", "change", "pk"), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "impact": impact,
        "leads": shown,
        "rows": _rows(list(shown.object_list), impact),
        "chosen": request.GET,
        "changes": NARROWED,
    }
    return render(request, "web/definitions/impact_leads.html", context)


def standing_of(version: DefinitionVersion) -> Standing:
    """Say how far the preview of a version is; two queries, a draft's text beside."""
    found = list(Impact.objects.filter(version=version).order_by("-pk")[:2])
    at_work = next((one for one in found if one.state in ImpactState.AT_WORK), None)
    done = next((one for one in found if one.state == ImpactState.DONE), None)
    failed = found[0] if found and found[0].state == ImpactState.FAILED else None
    return Standing(
        done=done,
        at_work=at_work,
        is_stale=bool(done and impacts.is_stale(done, version)),
        problem=failed.problem if failed else "",
    )


def summary(impact: Impact) -> str:
    """Say in a few sentences what a preview that is done comes to; one query."""
    stages, changes = reports.stages_of(impact), reports.changes_of(impact)
    return " ".join([_headline(impact, stages), *_counts(changes), *_stays(impact)])


def sentences(impact: Impact, found: Report) -> list[str]:
    """Say what a preview comes to, the headline first."""
    said = [_headline(impact, found.stages), *_counts(found.changes), *_stays(impact)]
    if found.loads:
        held = sum(load.held_count for load in found.loads) / len(found.loads)
        would = sum(load.would_hold for load in found.loads) / len(found.loads)
        load = {"held": tags.figure(round(held)), "would": tags.figure(round(would))}
        said.append(
            _("The reps concerned would hold %(would)s open leads each instead of %(held)s.")
            % load
        )
    return said


def _headline(impact: Impact, stages: Sequence[StageCount]) -> str:
    """Say how many live leads would meet the handoff stage."""
    least = examples.STAGES.index(impact.version.handoff_stage)
    above = [one for one in stages if examples.STAGES.index(one.stage) >= least]
    before, after = sum(one.before for one in above), sum(one.after for one in above)
    said = {
        "stage": impact.version.handoff_stage.upper(),
        "before": tags.figure(before),
        "after": tags.figure(after),
        "change": _signed(before, after),
    }
    if before == after:
        sentence = ngettext(
            "%(stage)s unchanged: %(after)s live lead meets it now and then.",
            "%(stage)s unchanged: %(after)s live leads meet it now and then.",
            after,
        )
    elif before:
        sentence = ngettext(
            "%(stage)s %(change)s: %(after)s live lead would meet it instead of %(before)s.",
            "%(stage)s %(change)s: %(after)s live leads would meet it instead of %(before)s.",
            after,
        )
    else:
        sentence = ngettext(
            "%(stage)s: %(after)s live lead would meet it, none does now.",
            "%(stage)s: %(after)s live leads would meet it, none does now.",
            after,
        )
    return sentence % said


def _signed(before: int, after: int) -> str:
    """Write a change in percent with plus or minus: "+12 %"."""
    if not before:
        return ""
    change = round(100 * (after - before) / before)
    sign = "\N{MINUS SIGN}" if change < 0 else "+"
    return with_sign(f"{sign}{abs(change)}")


def _counts(changes: Changes) -> list[str]:
    if not changes.lead_count:
        return [_("No live lead changes its standing.")]
    said = (
        (changes.up, ngettext("%(n)s moves up.", "%(n)s move up.", changes.up)),
        (
            changes.no_longer,
            ngettext(
                "%(n)s no longer meets its stage.",
                "%(n)s no longer meet their stage.",
                changes.no_longer,
            ),
        ),
        (
            changes.meets_again,
            ngettext(
                "%(n)s meets its stage again.",
                "%(n)s meet their stage again.",
                changes.meets_again,
            ),
        ),
        (
            changes.handed_over,
            ngettext(
                "%(n)s is handed over to sales.",
                "%(n)s are handed over to sales.",
                changes.handed_over,
            ),
        ),
    )
    return [sentence % {"n": tags.figure(count)} for count, sentence in said if count]


def _stays(impact: Impact) -> list[str]:
    """Say how many of those that sales has would fall short, and that they stay."""
    short = impact.with_sales_short_count
    if not short:
        return []
    sentence = ngettext(
        "%(n)s of %(all)s that sales has would not reach the handoff by it, and stays with sales.",
        "%(n)s of %(all)s that sales has would not reach the handoff by it, and stay with sales.",
        short,
    )
    return [sentence % {"n": tags.figure(short), "all": tags.figure(impact.with_sales_count)}]


def _ask(request: PageRequest, page: Page) -> HttpResponseRedirect:
    if not request.user.has_perm(ASK):
        raise PermissionDenied
    try:
        impacts.ask(page.version, by=request.user, at=timezone.now())
    except VersionWasActivated:
        messages.error(request, _("This version is or was in force: there is nothing to foresee."))
    except ContentInvalid as refusal:
        said = _("The draft must be mended before it can be previewed: %(problems)s")
        messages.error(request, said % {"problems": " ".join(refusal.problems[:3])})
    return redirect(page.address("version_impact"))


def _progress(request: PageRequest, page: Page, standing: Standing) -> HttpResponse:
    """Answer a page that waits: how far it is, or that there is something to read."""
    if standing.at_work is None:
        return HttpResponseClientRefresh()
    context = {"page": page, "standing": standing}
    return render(request, "web/definitions/impact_progress.html", context)


def _narrowed(
    lines: QuerySet[ImpactLine], said: QueryDict, impact: Impact
) -> QuerySet[ImpactLine]:
    if said.get("change") in StandingChange.values:
        lines = lines.filter(change=said["change"])
    if said.get("handoff"):
        lines = lines.filter(is_handoff=True)
    for name in ("source", "campaign"):
        if name in said:
            key = str(said[name]).replace("\0", "")
            known = {f"lead__{name}__key": key} if key else {f"lead__{name}": None}
            lines = lines.filter(**known)
    if territory := said.get("territory", ""):
        lines = lines.filter(lead__in=reports.leads_in(impact, territory))
    return lines


def _rows(lines: Sequence[ImpactLine], impact: Impact) -> list[Row]:
    """Say why of each; a constant number of queries for a page of them."""
    own = [line.lead_id for line in lines if line.version_after_id == impact.version_id]
    agreement, verdicts = reports.verdicts(impact, own)
    return [Row(line, _why(line, agreement, verdicts)) for line in lines]


def _reached(verdict: Verdict) -> str:
    """Say what is reached and by which levels: "SQL: fit in, intent high"."""
    if not verdict.stage:
        return ""
    levels = [
        _("%(dimension)s %(level)s") % {"dimension": DIMENSIONS[name], "level": level_words(level)}
        for name, level in verdict.levels.items()
        if level != LEVELS[Dimension(name)][0]
    ]
    said = {
        "stage": words.stage_name(verdict.stage, verdict.path),
        "levels": values.listed(levels),
    }
    return _("%(stage)s: %(levels)s") % said


def _why(line: ImpactLine, agreement: Agreement, verdicts: Mapping[int, Verdict]) -> str:
    verdict = verdicts.get(line.lead_id)
    if verdict is None:
        return _("%(version)s judges it then.") % {"version": line.version_after}
    if line.change != StandingChange.NO_LONGER:
        return _reached(verdict)
    is_rule_stage = line.stage_before in examples.STAGES
    stage = line.stage_before if is_rule_stage else agreement.handoff_stage
    lacking = [deciding(one) for one in examples.decisive_for(agreement, verdict, stage)]
    return "; ".join(
        _("%(criterion)s: wants %(wanted)s, seen %(seen)s")
        % {"criterion": one.label, "wanted": one.wanted, "seen": one.seen}
        for one in lacking[: examples.MOST_NAMED]
    )
