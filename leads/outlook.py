"""What is missing: the smallest change over what a lead can still do that reaches a stage."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from definitions import engine, queries
from definitions.agreement import Agreement, CompiledCriterion
from definitions.engine import Verdict
from definitions.models import DefinitionVersion, TouchpointKind
from definitions.vocabulary import Parameter, RuleStage
from leads import facts, imagined, lifecycle, plans, qualification, returns, segments, shortfalls
from leads.enums import Cause, Stage
from leads.models import Assertion, Asset, Lead, Touchpoint
from leads.plans import MOST_ACTS, Act, Surroundings
from leads.shortfalls import Shortfall
from leads.tallies import ACCOUNT_FACTS

MOST_JUDGEMENTS = 80
"""Times that a lead is judged anew for one stage at most; an outlook has two stages at most."""

MOST_WAYS = 24
"""Ways to a stage that are planned, those that want the fewest criteria first."""

MOST_PLANS = 6
"""Plans that are tried, those of the fewest acts first."""

MOST_CHANGED = 2
"""Plans tried with other answers too, for a lead that was recycled for what people answered."""

MOST_OTHERS = 2
"""Kinds that do as well as the one proposed, each judged too, that are named beside it."""

MOST_LOOKED_AT = 500
"""Latest touchpoints whose leaving a window is looked at for the last instant."""

HORIZON = timedelta(days=90)
"""A change that suffices for so long has no last instant."""

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


class Status(StrEnum):
    """What there is to say of a lead's next stage."""

    OPEN = "open"
    COMPLETE = "complete"
    """Sales has the lead, or had it to the end: marketing's agreement asks for nothing more."""
    RESTING = "resting"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Blocker:
    """A criterion that nothing the lead can do would meet, or an exclusion that it meets.

    `seen` is the value.
    """

    criterion: CompiledCriterion
    seen: object

    @property
    def is_known(self) -> bool:
        """Whether there is a value that does not fit, rather than none."""
        return self.seen is not None


@dataclass(frozen=True, slots=True)
class Goal:
    """A stage and the smallest change that reaches it.

    `acts` done from now on and completed between `earliest` and `by` take the lead to `reaches`
    by `path` (each judged before it is told); `by` None: for as long as anybody looks ahead.
    Without acts: `is_due` when the stage is reached with the next judgement, else `blockers` say
    what stands in the way, or `accused` in which dimension a recycled lead has to change; all
    three empty: too much is missing for a small change.
    """

    stage: str
    acts: tuple[Act, ...] = ()
    reaches: str = ""
    path: str = ""
    earliest: datetime | None = None
    by: datetime | None = None
    blockers: tuple[Blocker, ...] = ()
    accused: tuple[str, ...] = ()
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a lead is missing. `until` when it rests, `is_firm` when nothing ends that earlier."""

    status: Status
    version: DefinitionVersion | None = None
    goals: tuple[Goal, ...] = ()
    until: datetime | None = None
    is_firm: bool = False


def outlook_of(lead: Lead, *, at: datetime) -> Outlook:
    """Say what the lead's next stage, and the one that is handed to sales, still want.

    Every change told was judged as if it were done, now and at its last instant, by the functions
    that judge leads; at most `MOST_JUDGEMENTS` times for each stage, and thrice more to begin and
    to make sure. Nothing of it is kept.
    """
    version = segments.version_for(lead, at=at)
    if version is None:
        return Outlook(Status.UNJUDGED)
    if _is_past(lead, version):
        return Outlook(Status.COMPLETE, version)
    if lead.stage == Stage.RECYCLED and lead.cool_off_until and lead.cool_off_until > at:
        return Outlook(
            Status.RESTING, version, until=lead.cool_off_until, is_firm=lead.is_cool_off_firm
        )
    agreement = queries.agreement_of(version)
    goals = tuple(
        _Trial(lead, version, agreement, stage, at=at).goal()
        for stage in _stages(lead, version, agreement)
    )
    return Outlook(Status.OPEN, version, goals)


def _is_past(lead: Lead, version: DefinitionVersion) -> bool:
    return lead.stage in Stage.TERMINAL or lifecycle.is_with_sales(
        version.process, lead.stage, handoff_stage=version.handoff_stage
    )


def _stages(lead: Lead, version: DefinitionVersion, agreement: Agreement) -> list[str]:
    """Return the next stage of a lead and the one at which it is handed over."""
    if lead.stage == Stage.RECYCLED:
        return [version.handoff_stage]
    ruled = {rule.stage for rule in agreement.stage_rules}
    above = [
        str(stage)
        for stage in RuleStage
        if stage in ruled
        and lifecycle.RANKS[stage] > lifecycle.RANKS.get(lead.stage, 0)
        and lifecycle.is_allowed(version.process, lead.stage, stage, cause=Cause.EVALUATION)
    ]
    wanted = dict.fromkeys([*above[:1], version.handoff_stage])
    return [stage for stage in wanted if stage in above]


class _Trial:
    """Changes tried on one lead for one stage, until the judgements are used up."""

    def __init__(
        self,
        lead: Lead,
        version: DefinitionVersion,
        agreement: Agreement,
        stage: str,
        *,
        at: datetime,
    ) -> None:
        self.lead = lead
        self.version = version
        self.agreement = agreement
        self.stage = stage
        self.at = at
        self.zone = ZoneInfo(version.day_zone)
        self.judgements_left = MOST_JUDGEMENTS

    def goal(self) -> Goal:
        """Return the smallest change that reaches the stage, or what stands in its way."""
        values, verdict = self._judged(self.at)
        if self.suffices((), self.at):
            return Goal(self.stage, is_due=True)
        ways = shortfalls.of_stage(self.agreement, self.stage, values, verdict)
        for acts in self._plans([way for way in ways if not way.blocked][:MOST_WAYS], verdict):
            if (end := self._end(acts)) is not None:
                return self._told(self._smallest(acts, end), end)
        return self._excluded(values, verdict) or self._blocked(ways, values)

    def suffices(self, acts: Sequence[Act], end: datetime) -> bool:
        """Say whether the lead reaches the stage once it has done the acts; a few queries."""
        if not self.judgements_left:
            return False
        self.judgements_left -= 1
        with imagined.done(self.lead, acts, end=end, zone=self.zone):
            _, verdict = self._judged(end)
            steps = self._steps(verdict, end)
        return bool(steps) and lifecycle.RANKS[steps[-1][1]] >= lifecycle.RANKS[self.stage]

    def _judged(self, at: datetime) -> tuple[Sequence[object], Verdict]:
        answers = facts.answer([self.lead.pk], self.agreement, at=at, known_at=at)
        values = answers.values[self.lead.pk]
        latest = answers.latest.get(self.lead.pk, ())
        return values, engine.judge(self.agreement, values, at=at, latest=latest)

    def _steps(self, verdict: Verdict, at: datetime) -> tuple[tuple[str, str, str], ...]:
        process = self.version.process
        if self.lead.stage != Stage.RECYCLED:
            return lifecycle.climb(process, self.lead.stage, verdict.reached)
        if lifecycle.RANKS.get(verdict.stage, 0) < lifecycle.RANKS[self.version.handoff_stage]:
            return ()
        candidates = {self.lead.pk: (self.lead, verdict)}
        if not returns.returning(candidates, self.agreement, at=at):
            return ()
        return lifecycle.step_back_in(process, verdict.reached)

    def _plans(self, ways: Iterable[Shortfall], verdict: Verdict) -> list[tuple[Act, ...]]:
        """Return plans to try, the smallest first; each may still turn out not to suffice."""
        about = self._surroundings()
        found: list[tuple[Act, ...]] = []
        for way in ways:
            acts = plans.plan(way, self.agreement, about)
            if not acts and way.needs:
                continue
            if way.is_short_of_points:
                found += self._scoring(acts, about)
            elif acts:
                found.append(acts)
            else:
                found += [(act,) for act in plans.signs_of_life(self.agreement, about)]
        smallest = sorted(dict.fromkeys(found), key=len)[:MOST_PLANS]
        return [*smallest, *self._changed(smallest, verdict)]

    def _changed(
        self, found: Sequence[tuple[Act, ...]], verdict: Verdict
    ) -> list[tuple[Act, ...]]:
        """Return plans with other answers in what a recycled lead was recycled for."""
        if self.lead.stage != Stage.RECYCLED or not self.lead.recycled_for:
            return []
        needs = shortfalls.answers_in(self.agreement, self.lead.recycled_for, verdict)
        answers = plans.answering(needs)
        if not answers:
            return []
        return [
            (*acts, *(one for one in answers if one not in acts)) for acts in found[:MOST_CHANGED]
        ]

    def _scoring(self, acts: tuple[Act, ...], about: Surroundings) -> list[tuple[Act, ...]]:
        """Return the plan with as many touchpoints for points as there may be, to be shrunk."""
        best = plans.scoring(self.agreement, about)
        room = MOST_ACTS - len(acts)
        return [(*acts, *[best] * room)] if best and room > 0 else []

    def _surroundings(self) -> Surroundings:
        touched = Touchpoint.objects.filter(lead=self.lead, is_bot=False)
        windows = [days for ref in self.agreement.refs if (days := ref.parameter(Parameter.DAYS))]
        recent = touched.filter(occurred_at__gt=self.at - timedelta(days=max(windows, default=0)))
        untouched = Asset.objects.exclude(pk__in=touched.exclude(asset=None).values("asset"))
        return Surroundings(
            kinds=tuple(TouchpointKind.objects.order_by("pk").values_list("key", flat=True)),
            channels=frozenset(recent.values_list("channel", flat=True).distinct()),
            assets=tuple(untouched.order_by("pk").values_list("pk", flat=True)[:MOST_ACTS]),
        )

    def _end(self, acts: Sequence[Act]) -> datetime | None:
        """Return the earliest instant at which a plan can be completed and suffices."""
        days = max((act.days_before for act in acts), default=0)
        has_days = any(act.is_new_day for act in acts)
        for delay in (days, days + 1) if has_days else (days,):
            end = self.at.astimezone(self.zone) + delay * DAY if delay else self.at
            if self.suffices(acts, end):
                return end
        return None

    def _smallest(self, acts: Sequence[Act], end: datetime) -> tuple[Act, ...]:
        """Return the smallest part of a plan that suffices; no part of that does."""
        for part in plans.smaller(acts):
            if part and self.suffices(part, end):
                return part
        return ()

    def _told(self, acts: tuple[Act, ...], end: datetime) -> Goal:
        """Return the change with its last instant, both judged as leads are judged."""
        reached = self._reached(acts, end) if acts else None
        if reached is None:
            return Goal(self.stage)
        by = self._last_instant(acts, end)
        if by is not None and self._reached(acts, by) is None:
            by = end
        stage, path = reached
        return Goal(
            self.stage,
            acts=self._with_others(acts, end),
            reaches=stage,
            path=path,
            earliest=end,
            by=by,
        )

    def _reached(self, acts: Sequence[Act], end: datetime) -> tuple[str, str] | None:
        """Return the stage and path that qualification gives, None when it is below the goal."""
        with imagined.done(self.lead, acts, end=end, zone=self.zone):
            (judged,) = qualification.judge([self.lead.pk], at=end)
        stage = judged.lead.stage
        if lifecycle.RANKS.get(stage, 0) < lifecycle.RANKS[self.stage] or judged.verdict is None:
            return None
        return stage, judged.verdict.path

    def _with_others(self, acts: tuple[Act, ...], end: datetime) -> tuple[Act, ...]:
        """Leave beside each act those kinds alone that were judged to do as well."""
        found: list[list[str]] = [[] for _ in acts]
        for place in range(MOST_OTHERS):
            variant = tuple(plans.other(act, place, self.agreement) for act in acts)
            if variant != acts and self.suffices(variant, end):
                for names, act, said in zip(found, acts, variant, strict=True):
                    names += [said.kind] if said.kind != act.kind else []
        return tuple(
            replace(act, others=tuple(names)) for act, names in zip(acts, found, strict=True)
        )

    def _last_instant(self, acts: Sequence[Act], end: datetime) -> datetime | None:
        """Return the last instant at which a plan may end and still suffice; None for ever.

        Looks at the instants before something leaves a window, as many as the logarithm of them.
        """
        if self.suffices(acts, end + HORIZON):
            return None
        turns = [turn for turn in self._turns() if end < turn <= end + HORIZON]
        low, high = 0, len(turns)
        while low < high:
            middle = (low + high) // 2
            if self.suffices(acts, turns[middle] - TICK):
                low = middle + 1
            else:
                high = middle
        return turns[low - 1] - TICK if low else end

    def _turns(self) -> list[datetime]:
        """Return the instants at which passing time alone can change an answer, in order."""
        happened = self._happened()
        windows = {ref.parameter(Parameter.DAYS) for ref in self.agreement.refs} - {None}
        turns = {on + days * DAY for on in happened for days in windows} | set(happened)
        if self._steps_daily():
            turns |= {on + days * DAY for on in happened for days in range(2 * HORIZON.days)}
        for instants in Assertion.objects.filter(lead=self.lead).values_list(
            "asserted_at", "expires_at"
        ):
            turns |= {instant for instant in instants if instant}
        return sorted(turns)

    def _happened(self) -> list[datetime]:
        facts_asked = {ref.fact for ref in self.agreement.refs}
        if self.lead.account_id and facts_asked & ACCOUNT_FACTS:
            touched = Touchpoint.objects.filter(lead__account=self.lead.account_id)
        else:
            touched = Touchpoint.objects.filter(lead=self.lead)
        latest = touched.filter(is_bot=False).order_by("-occurred_at")
        return list(latest.values_list("occurred_at", flat=True)[:MOST_LOOKED_AT])

    def _steps_daily(self) -> bool:
        return bool(self.agreement.decaying) or any(
            ref.fact == "days_since_touchpoint" for ref in self.agreement.refs
        )

    def _excluded(self, values: Sequence[object], verdict: Verdict) -> Goal | None:
        """Return what keeps the lead out, None when it meets no exclusion from the stage."""
        if self.stage == RuleStage.IQL:
            return None
        met = [
            criterion
            for criterion, (_, is_met, _) in zip(
                self.agreement.criteria, verdict.results, strict=True
            )
            if is_met and criterion.is_exclusion
        ]
        blockers = tuple(Blocker(one, values[one.index]) for one in met)
        return Goal(self.stage, blockers=blockers) if blockers else None

    def _blocked(self, ways: Sequence[Shortfall], values: Sequence[object]) -> Goal:
        if any(not way.blocked for way in ways):
            accused = tuple(self.lead.recycled_for) if self.lead.stage == Stage.RECYCLED else ()
            return Goal(self.stage, accused=accused)
        nearest = next(iter(ways), None)
        blocked = nearest.blocked if nearest else ()
        return Goal(self.stage, blockers=tuple(Blocker(one, values[one.index]) for one in blocked))
