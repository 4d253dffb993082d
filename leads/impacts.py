"""What a version would change: asked for, worked out in chunks over live leads, and kept."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from definitions import document, engine, rows, versions
from definitions.agreement import Agreement
from definitions.content import content_of
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from definitions.validity import problems_in
from leads import bulk, hearings, lifecycle, qualification, scopes, segments
from leads.enums import ImpactState, Stage, StandingChange
from leads.hearings import Heard
from leads.models import Impact, Lead
from leads.segments import Docket, Dockets, Order, Ruling

logger = logging.getLogger(__name__)

CHUNK = 1000
"""Leads judged in one transaction."""

BROKEN = "Something went wrong that should not: the log says more. Ask for the preview again."

WAITING = """
SELECT statement_timestamp() FROM leads_impact AS impact
WHERE state IN ('waiting', 'running') AND NOT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND objid = impact.id
        AND classid::bigint = hashtext('impact')::bigint & 4294967295
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) LIMIT 1"""
"""SQL: the present, if a preview is asked for that no worker is at."""


class VersionWasActivated(Exception):
    """The version is or was in force: there is nothing to foresee."""


@transaction.atomic
def ask(version: DefinitionVersion, *, by: AbstractBaseUser, at: datetime) -> Impact:
    """Ask what a version would change of live leads if it came into force at `at`.

    The text is taken as it is now, of a draft too. While a preview of the same text is at work,
    that is returned; one of a text that was edited since is dropped.

    Raises:
        VersionWasActivated: it is or was in force.
        ContentInvalid: the rows of a draft make no sound agreement.
    """
    held = DefinitionVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
    if held.state in (VersionState.ACTIVE, VersionState.RETIRED):
        raise VersionWasActivated(f"{held} is {held.get_state_display().lower()}.")
    text = _text_of(held)
    content_hash = _hash_of(text)
    at_work = Impact.objects.filter(version=held, state__in=ImpactState.AT_WORK)
    if asked := at_work.filter(content_hash=content_hash).first():
        return asked
    at_work.delete()
    return Impact.objects.create(
        version=held,
        content=text,
        content_hash=content_hash,
        asked_by_id=by.pk,
        asked_at=at,
        at=at,
    )


def latest(version: DefinitionVersion) -> Impact | None:
    """Return the latest preview that is done, of the text that the version has now."""
    done = Impact.objects.filter(version=version, state=ImpactState.DONE).order_by("-pk")
    return next((one for one in done if not is_stale(one, version)), None)


def is_stale(impact: Impact, version: DefinitionVersion) -> bool:
    """Say whether the version's text was changed since the preview was asked for."""
    return impact.content_hash != (
        version.content_hash or _hash_of(versions.canonical_text(version))
    )


def work() -> bool:
    """Judge the next chunk of a preview that nobody else works on, in one transaction.

    One that fails for a reason of its own ends as `failed`; with the database away, it is taken
    up again where it was. Returns whether there was anything to do.
    """
    claimed: Impact | None = None
    try:
        with transaction.atomic():
            claimed = _claimed()
            if claimed:
                _go_on(claimed)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Impact %s failed", claimed and claimed.pk)
        _fail(claimed)
    return claimed is not None


def _text_of(version: DefinitionVersion) -> str:
    if version.content:
        return version.content
    content = content_of(version)
    if problems := problems_in(content):
        raise versions.ContentInvalid(problems)
    return document.render(content)


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _claimed() -> Impact | None:
    """Take the oldest preview that is at work and free."""
    for pk in (
        Impact.objects.filter(state__in=ImpactState.AT_WORK)
        .order_by("pk")
        .values_list("pk", flat=True)
    ):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('impact'), %s::int)", [pk])
            is_free = cursor.fetchone()[0]
        found = Impact.objects.filter(pk=pk, state__in=ImpactState.AT_WORK)
        if is_free and (
            impact := found.select_related("version__definition")
            .select_for_update(of=("self",))
            .first()
        ):
            return impact
    return None


def _fail(impact: Impact | None) -> None:
    if impact:
        at_work = Impact.objects.filter(pk=impact.pk, state__in=ImpactState.AT_WORK)
        at_work.update(state=ImpactState.FAILED, problem=BROKEN, finished_at=Now())


def _go_on(impact: Impact) -> None:
    ruling, segment = _imagined(impact)
    scope = scopes.scope_of(ruling.version, segment, at=impact.at)
    if impact.state == ImpactState.WAITING:
        impact.state, impact.total_count = ImpactState.RUNNING, scopes.count(scope)
    ids = scopes.ids_after(scope, impact.last_lead_id, limit=CHUNK)
    if ids:
        order = segments.order_at(impact.at).with_in_force(ruling)
        found = _Chunk(qualification.read(ids), order).look()
        _note(impact, ids, found)
    if len(ids) < CHUNK:
        _end(impact)
    impact.save()


def _note(impact: Impact, ids: Sequence[int], found: "_Found") -> None:
    impact.last_lead_id = ids[-1]
    impact.judged_count += len(ids)
    impact.total_count = max(impact.total_count, impact.judged_count)
    impact.stages_before = _summed(impact.stages_before, found.before)
    impact.stages_after = _summed(impact.stages_after, found.after)
    impact.with_sales_count += found.with_sales_count
    impact.with_sales_short_count += found.with_sales_short_count
    _store(impact, found.lines)


def _end(impact: Impact) -> None:
    """End a preview, and forget earlier ones of the version."""
    impact.state, impact.total_count = ImpactState.DONE, impact.judged_count
    impact.finished_at = Now()
    Impact.objects.filter(version=impact.version_id, pk__lt=impact.pk).delete()
    logger.info("Impact of %s: %s leads judged", impact.version, impact.judged_count)


def _summed(counts: Mapping[str, int], more: Counter[str]) -> dict[str, int]:
    return dict(Counter(counts) + more)


def _imagined(impact: Impact) -> tuple[Ruling, Sequence[Mapping[str, Any]]]:
    """Return the version as the text says it is, in force, and the text's segment."""
    content, agreement = _read(impact.content)
    version = copy(impact.version)
    for name, value in rows.fields_of(content).items():
        setattr(version, name, value)
    version.activated_at = impact.at
    return Ruling(version, agreement), content.get("segment", [])


@lru_cache(maxsize=8)
def _read(text: str) -> tuple[dict[str, Any], Agreement]:
    content = document.read(text)
    return content, engine.compile(content)


@dataclass(frozen=True, slots=True)
class _Line:
    """What would change for a lead, and by which version."""

    heard: Heard
    change: StandingChange
    version_id: int


@dataclass(slots=True)
class _Found:
    """What a chunk of leads comes to."""

    lines: list[_Line]
    before: Counter[str]
    after: Counter[str]
    with_sales_count: int = 0
    with_sales_short_count: int = 0


class _Chunk:
    """Some leads under an order that holds an imagined version."""

    def __init__(self, leads: Sequence[Lead], order: Order) -> None:
        self.leads = leads
        self.order = order
        self.stages = _stages_met(leads)
        self.found = _Found([], Counter(filter(None, self.stages.values())), Counter())

    def look(self) -> _Found:
        dockets = segments.dockets(self.leads, self.order)
        for docket in dockets.taken:
            if docket.is_with_sales:
                self._look_at_sales(docket)
            else:
                self._look_at(docket)
        return self.found

    def _look_at(self, docket: Docket) -> None:
        for heard in hearings.hear(docket, at=self.order.at).heard:
            self._count(heard.verdict.stage)
            if change := _change(heard):
                line = _Line(heard, change, docket.ruling.version.pk)
                self.found.lines.append(line)

    def _look_at_sales(self, docket: Docket) -> None:
        """Count who of those that sales has would fall short of the handoff stage."""
        counted = set()
        for own in self._of_imagined(docket):
            least = lifecycle.RANKS[own.ruling.version.handoff_stage]
            for heard in hearings.hear(own, at=self.order.at).heard:
                counted.add(heard.lead.pk)
                self._count(heard.verdict.stage)
                is_short = lifecycle.RANKS.get(heard.verdict.stage, 0) < least
                if heard.lead.stage != Stage.OPPORTUNITY:
                    self.found.with_sales_count += 1
                    self.found.with_sales_short_count += is_short
        for lead in docket.leads:
            if lead.pk not in counted:
                self._count(self.stages.get(lead.pk, ""))

    def _of_imagined(self, docket: Docket) -> Iterable[Docket]:
        found: Dockets = segments.dockets_in_force(docket.leads, self.order)
        return [one for one in found.taken if one.ruling is self.order.imagined]

    def _count(self, stage: str) -> None:
        if stage:
            self.found.after[stage] += 1


def _change(heard: Heard) -> StandingChange | None:
    lead = heard.lead
    if heard.steps:
        return StandingChange.UP
    if heard.falls_short and not lead.no_longer_meets:
        return StandingChange.NO_LONGER
    if lead.no_longer_meets and not heard.falls_short and lead.stage in segments.QUALIFIED:
        return StandingChange.MEETS_AGAIN
    return StandingChange.HANDED_OVER if heard.is_handoff_due else None


def _stages_met(leads: Iterable[Lead]) -> dict[int, str]:
    """Return by lead the stage whose rules its latest evaluation found met; one query."""
    ids = {one.latest_evaluation_id: one.pk for one in leads if one.latest_evaluation_id}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, stage FROM leads_evaluation WHERE id = ANY(%s::bigint[])",
            [bulk.array(ids)],
        )
        return {ids[pk]: stage for pk, stage in cursor.fetchall()}


def _store(impact: Impact, lines: Iterable[_Line]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY leads_impactline (impact_id, lead_id, change, stage_before, stage_after, path, "
            "is_handoff, version_before_id, version_after_id) FROM STDIN"
        ) as copied,
    ):
        for line in lines:
            heard = line.heard
            copied.write_row(
                (
                    impact.pk,
                    heard.lead.pk,
                    line.change.value,
                    heard.lead.stage,
                    heard.stage,
                    heard.steps[-1][2] if heard.steps else "",
                    heard.is_handoff_due,
                    heard.lead.version_id,
                    line.version_id,
                )
            )
