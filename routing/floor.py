"""Whether handovers keep to the criteria floor of their agreement: at handover, and ever after."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from definitions.agreement import Agreement
from definitions.engine import Verdict
from definitions.models import DefinitionVersion
from definitions.queries import agreement_of
from definitions.vocabulary import FACTS, Subject
from leads import facts
from leads.evaluations import plain
from leads.models import Evaluation
from leads.qualification import Judged
from routing.enums import FloorCheckCause, HandoffStatus
from routing.models import FloorCheck, Handoff

WINDOW = timedelta(days=28)
"""Handovers so recent make up the rate of a batch; later their check no longer changes."""

Seen = Mapping[str, tuple[bool, Any]]
"""Whether a criterion is met and the value seen of it, by key."""


class NotACriterion(Exception):
    """A rejection names a criterion that the agreement of the handoff does not have."""

    def __init__(self) -> None:
        super().__init__(
            _("The agreement that this lead was handed over under has no such criterion.")
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """What the floor of an agreement finds of a handover.

    `missed` are the keys of floor criteria that do not hold, in the agreement's order; `values`
    what was seen of each criterion of the floor.
    """

    missed: tuple[str, ...]
    values: dict[str, Any]


def look(version: DefinitionVersion, evaluation: Evaluation) -> Finding:
    """Hold the judgement that a lead is handed over by against the floor; keeps nothing."""
    return _find(agreement_of(version), _as_handed_over(evaluation), evaluation.path)


def check_handover(handoff: Handoff, evaluation: Evaluation, *, at: datetime) -> FloorCheck:
    """Keep what the floor says of a new handoff, which has `floor_missed` by `look` already.

    One statement.
    """
    check = _check(handoff, look(handoff.version, evaluation), FloorCheckCause.HANDOVER, at=at)
    check.save(force_insert=True)
    return check


def heed(judged: Iterable[Judged], *, at: datetime) -> list[FloorCheck]:
    """Check the handoffs of leads that were judged anew, in the transaction that judged them.

    The leads are locked. One query for those that have no handoff to check.
    """
    found = {one.lead.pk: one for one in judged}
    known = {
        (pk, one.version.pk): one.verdict
        for pk, one in found.items()
        if one.version is not None and one.verdict is not None
    }
    is_recent = Q(status__in=sorted(HandoffStatus.OPEN)) | Q(opened_at__gt=at - WINDOW)
    handoffs = Handoff.objects.filter(is_recent, lead__in=found)
    return _recheck(handoffs.select_related("version", "evaluation").defer("packet"), known, at=at)


@transaction.atomic
def recheck(handoffs: Iterable[Handoff], *, at: datetime) -> list[FloorCheck]:
    """Check handovers again by what is known of company and person now; return new outcomes.

    What the lead had done counts as it was found at the handover. A check is kept only when it
    finds something else than the one before, and `floor_missed` of the handoff follows. The leads
    should be locked. The number of queries does not grow with the handoffs.
    """
    return _recheck(handoffs, {}, at=at)


def found(handoffs: Sequence[Handoff]) -> dict[int, Finding]:
    """Return what the latest check of each handoff found, by handoff; one query.

    Of those handed over before checks were kept, what the judgement that they were handed over by
    says: give them with version and evaluation.
    """
    checks = FloorCheck.objects.filter(handoff__in=[handoff.pk for handoff in handoffs])
    latest = checks.order_by("handoff", "-at", "-pk").distinct("handoff")
    kept = {check.handoff_id: Finding(tuple(check.missed), check.values) for check in latest}
    return {
        handoff.pk: kept.get(handoff.pk) or look(handoff.version, handoff.evaluation)
        for handoff in handoffs
    }


def bears_out(handoff: Handoff, key: str, *, at: datetime) -> bool:
    """Say whether a criterion that a rejection names does not hold by the facts known now.

    When it belongs to the floor, the handover is checked again with them: what a person noticed
    counts. The handoff's lead is locked.

    Raises:
        NotACriterion: the agreement has no criterion of that key.
    """
    agreement = agreement_of(handoff.version)
    if key not in {criterion.key for criterion in agreement.criteria}:
        raise NotACriterion
    seen = _seen_now([handoff], agreement, at=at)[handoff.pk]
    if key in agreement.floor_criteria:
        finding = _find(agreement, seen, handoff.evaluation.path)
        _keep([(handoff, finding)], FloorCheckCause.REJECTION, at=at)
    is_met, _value = seen.get(key, (False, None))
    return not is_met


def _recheck(
    handoffs: Iterable[Handoff], known: Mapping[tuple[int, int], Verdict], *, at: datetime
) -> list[FloorCheck]:
    by_version: dict[int, list[Handoff]] = defaultdict(list)
    for handoff in handoffs:
        by_version[handoff.version_id].append(handoff)
    findings: list[tuple[Handoff, Finding]] = []
    for of_version in by_version.values():
        findings += _find_all(of_version, known, at=at)
    return _keep(findings, FloorCheckCause.CORRECTION, at=at)


def _find_all(
    handoffs: Sequence[Handoff], known: Mapping[tuple[int, int], Verdict], *, at: datetime
) -> Iterator[tuple[Handoff, Finding]]:
    """Find what the floor of one version says of its handoffs now."""
    agreement = agreement_of(handoffs[0].version)
    if not agreement.floor_criteria:
        return
    unknown = [one for one in handoffs if (one.lead_id, one.version_id) not in known]
    seen = _seen_now(unknown, agreement, at=at)
    for handoff in handoffs:
        verdict = known.get((handoff.lead_id, handoff.version_id))
        told = seen[handoff.pk] if verdict is None else _as_judged(handoff, verdict, agreement)
        yield handoff, _find(agreement, told, handoff.evaluation.path)


def _seen_now(
    handoffs: Sequence[Handoff], agreement: Agreement, *, at: datetime
) -> dict[int, dict[str, tuple[bool, Any]]]:
    """Answer every criterion anew, by handoff; what the lead had done as at the handover."""
    asked = [one for one in agreement.criteria if not _is_of_deeds(one.ref.fact)]
    refs = tuple(dict.fromkeys(one.ref for one in asked))
    leads = [handoff.lead_id for handoff in handoffs]
    only = replace(agreement, refs=refs, score_rules=(), decaying=())
    values = facts.answer(leads, only, at=at, known_at=at).values if leads and refs else {}
    places = {ref: place for place, ref in enumerate(refs)}
    seen = {}
    for handoff in handoffs:
        told = _as_handed_over(handoff.evaluation)
        if answers := values.get(handoff.lead_id):
            for one in asked:
                value = answers[places[one.ref]]
                told[one.key] = one.predicate(value), plain(value)
        seen[handoff.pk] = told
    return seen


def _as_judged(handoff: Handoff, verdict: Verdict, agreement: Agreement) -> Seen:
    now = {
        key: (met, plain(value))
        for key, met, value in verdict.results
        if not _is_of_deeds(agreement.criterion(key).ref.fact)
    }
    return _as_handed_over(handoff.evaluation) | now


def _as_handed_over(evaluation: Evaluation) -> dict[str, tuple[bool, Any]]:
    return {result["key"]: (result["met"], result.get("seen")) for result in evaluation.results}


def _is_of_deeds(fact: str) -> bool:
    return FACTS[fact].subject is Subject.TOUCHPOINTS


def _find(agreement: Agreement, seen: Seen, path: str) -> Finding:
    met = [key for key, (is_met, _) in seen.items() if is_met]
    return Finding(
        missed=agreement.missed_floor(met=met, path=path),
        values={key: seen[key][1] for key in agreement.floor_criteria if key in seen},
    )


def _keep(
    findings: Sequence[tuple[Handoff, Finding]], cause: FloorCheckCause, *, at: datetime
) -> list[FloorCheck]:
    """Keep the findings that differ from what was found before; `floor_missed` follows."""
    if not findings:
        return []
    before = _missed_before([handoff for handoff, _ in findings])
    changed = [
        (handoff, finding)
        for handoff, finding in findings
        if before.get(handoff.pk, frozenset()) != frozenset(finding.missed)
    ]
    if not changed:
        return []
    # In the order in which everybody locks several: the updates then wait for nobody.
    list(_locked([handoff.pk for handoff, _ in changed]))
    checks = FloorCheck.objects.bulk_create(
        _check(handoff, finding, cause, at=at) for handoff, finding in changed
    )
    for handoff, finding in changed:
        handoff.floor_missed = bool(finding.missed)
    for is_missed in (True, False):
        of_outcome = [handoff.pk for handoff, _ in changed if handoff.floor_missed is is_missed]
        stale = Handoff.objects.filter(pk__in=of_outcome).exclude(floor_missed=is_missed)
        stale.update(floor_missed=is_missed)
    return checks


def _locked(ids: Iterable[int]) -> Iterable[int]:
    handoffs = Handoff.objects.select_for_update(no_key=True).filter(pk__in=ids)
    return handoffs.order_by("pk").values_list("pk", flat=True)


def _missed_before(handoffs: Sequence[Handoff]) -> dict[int, frozenset[str]]:
    return {pk: frozenset(finding.missed) for pk, finding in found(handoffs).items()}


def _check(
    handoff: Handoff, finding: Finding, cause: FloorCheckCause, *, at: datetime
) -> FloorCheck:
    return FloorCheck(
        handoff=handoff, at=at, cause=cause, missed=[*finding.missed], values=finding.values
    )
