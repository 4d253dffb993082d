"""SLA terms in words: to whom they apply, what they promise, and what keeps them."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from crm_handoff.agreements import values, words
from crm_handoff.agreements.words import PATH_NAMES, PATHS, Row, Text
from definitions.enums import STARTS, AttemptKind, Milestone, StartEvent
from definitions.vocabulary import Dimension

KEPT_BY: dict[str, Text] = {
    Milestone.ACCEPTANCE: lazy("acceptance or rejection"),
    Milestone.OUTCOME: lazy("an opportunity, a rejection, or a return"),
}
"""What keeps a promise that attempts do not keep."""

START_WORDS: dict[str, Text] = {
    StartEvent.ASSIGNED: lazy("the assignment to a rep"),
    StartEvent.FIRST_ATTEMPT: lazy("the first attempt"),
    StartEvent.ACCEPTED: lazy("acceptance"),
}
"""From what a promise is counted, where that is not the qualification."""


def line(promised: Row, *, labels: Mapping[str, str]) -> str:
    """Write an SLA term in a line; `labels` are those of the criteria by key."""
    milestone = Milestone(promised.get("milestone") or Milestone.FIRST_RESPONSE)
    said = _("%(milestone)s for %(whom)s: %(promise)s") % {
        "milestone": milestone.label,
        "whom": when(promised.get("when"), labels=labels),
        "promise": promise(promised),
    }
    count = len(promised.get("cadence") or ())
    if not count:
        return said
    return ngettext(
        "%(term)s; cadence of %(count)s task", "%(term)s; cadence of %(count)s tasks", count
    ) % {"term": said, "count": values.words(count)}


def when(given: Row | None, *, labels: Mapping[str, str]) -> str:
    """Write to whom an SLA term applies; `labels` are those of the criteria by key."""
    when = given or {}
    conditions = []
    if when.get("stage") and when.get("path"):
        said = {"stage": when["stage"].upper(), "path": PATHS[when["path"]]}
        conditions.append(_("%(stage)s %(path)s") % said)
    elif when.get("stage"):
        conditions.append(when["stage"].upper())
    elif when.get("path"):
        conditions.append(str(PATH_NAMES[when["path"]]))
    if when.get("min_points") is not None:
        conditions.append(words.at_least_points(when["min_points"]))
    if when.get("intent"):
        said = {"level": words.level(Dimension.INTENT, when["intent"])}
        conditions.append(_("intent %(level)s") % said)
    conditions += [words.quoted(labels.get(key, key)) for key in when.get("criteria") or ()]
    return values.listed(conditions) if conditions else _("everyone")


def promise(term: Row) -> str:
    """Write what an SLA term promises: "5 minutes of business time, 24 hours at the latest"."""
    start = START_WORDS.get(start_of(term))
    if start is None:
        return _time(term)
    return _("%(time)s, counted from %(start)s") % {"time": _time(term), "start": start}


def start_of(term: Row) -> StartEvent:
    """Return from what an SLA term is counted."""
    milestone = Milestone(term.get("milestone") or Milestone.FIRST_RESPONSE)
    return StartEvent(term.get("counts_from") or STARTS[milestone][0])


def _time(term: Row) -> str:
    promised = {"time": words.span(term["respond_within"])}
    business = term.get("is_business_time", True)
    if not term.get("at_latest_within"):
        return (
            _("%(time)s of business time") if business else _("%(time)s around the clock")
        ) % promised
    promised["latest"] = words.span(term["at_latest_within"])
    sentence = (
        _("%(time)s of business time, %(latest)s at the latest")
        if business
        else _("%(time)s around the clock, %(latest)s at the latest")
    )
    return sentence % promised


def stops(term: Row) -> str:
    """Write what keeps the promise of an SLA term: "a call or a two-way chat"."""
    milestone = Milestone(term.get("milestone") or Milestone.FIRST_RESPONSE)
    if milestone in KEPT_BY:
        return str(KEPT_BY[milestone])
    kinds = term.get("stop_kinds") or ()
    if not kinds:
        return _("any attempt")
    return values.listed([values.within(AttemptKind(kind).label) for kind in kinds], style="or")


def steps(term: Row) -> list[str]:
    """Write what happens before and after an SLA term is missed, in order of time."""
    said = [
        _("%(percent)s percent of the time gone: the owner is warned")
        % {"percent": values.words(term.get("warn_at_pct", 50))}
    ]
    said += [
        _("%(percent)s percent of the time gone: the owner is warned again")
        % {"percent": values.words(percent)}
        for percent in term.get("later_warnings") or ()
    ]
    rungs = {
        "remind_after": _("%(time)s after the miss: the owner is reminded"),
        "manager_after": _("%(time)s after the miss: the owner's manager is told"),
        "escalate_after": _("%(time)s after the miss: escalated to the operator"),
        "reassign_after": _("%(time)s after the miss: given to another rep"),
    }
    return said + [
        sentence % {"time": words.span(term[name])}
        for name, sentence in rungs.items()
        if term.get(name)
    ]


def cadence(term: Row) -> list[str]:
    """Write the tasks that whoever receives the lead gets: "After 4 hours: call, “Say hello”"."""
    return [cadence_task(task) for task in term.get("cadence") or ()]


def cadence_task(task: Row) -> str:
    """Write one task of a cadence."""
    return _("After %(time)s: %(kind)s, “%(what)s”") % {
        "time": words.span(task["after"]),
        "kind": values.within(AttemptKind(task["kind"]).label),
        "what": task["what"],
    }
