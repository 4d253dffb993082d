"""Plans: the fewest acts that may bring what a stage still wants; judged elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

from definitions.agreement import Agreement, Kind
from definitions.conditions import FactRef
from definitions.vocabulary import Category, IntentLevel, Parameter
from leads.shortfalls import Need, Shortfall
from leads.tallies import AGGREGATES, counts

MOST_ACTS = 8
"""Touchpoints of one plan at most."""

MOST_SORTS = 6
"""Sorts of touchpoints that are combined, those that count for most first."""

INTENTS = tuple(IntentLevel)


@dataclass(frozen=True, slots=True)
class Act:
    """Something a lead does, or that a person answers about them.

    A touchpoint of `kind` on `channel`, for `campaign` and with `asset` where something asks for
    one, `days_before` the last of its plan; else an answer `value` to `what`. `others`: further
    kinds that do as well; `serves`: labels of the criteria for which it is done.
    `is_new_channel`, `is_new_day`: it counts by being on one.
    """

    kind: str = ""
    channel: str = ""
    campaign: str = ""
    asset_id: int | None = None
    days_before: int = 0
    others: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    is_new_channel: bool = False
    is_new_day: bool = False
    what: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan may make use of: what this lead has not used yet.

    `kinds` are the keys of kinds that exist, in order; `channels` those used so far; `assets` ids
    not touched yet.
    """

    kinds: tuple[str, ...]
    channels: frozenset[str]
    assets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Sort:
    """Touchpoints alike in what they count for: `bits` has one for each need."""

    bits: int
    acts: tuple[Act, ...]


def plan(shortfall: Shortfall, agreement: Agreement, about: Surroundings) -> tuple[Act, ...]:
    """Return the fewest acts by which a shortfall without points may be made up; pure.

    Empty when none are found. The touchpoints ask for as little as they can: a stronger kind only
    where a weaker one does not count.
    """
    answers = {
        _what(need.criterion.ref): need.answer for need in shortfall.needs if not need.count
    }
    told = tuple(Act(what=what, value=value) for what, value in answers.items())
    needs = [need for need in shortfall.needs if need.count]
    if not needs:
        return told
    sorts = _sorts(needs, agreement, about)
    chosen = _fewest(needs, sorts)
    if chosen is None:
        return ()
    masks = _weakest(needs, chosen, [sort.bits for sort in sorts])
    by_bits = {sort.bits: _widened(sort, sorts) for sort in sorts}
    touched = _spread(needs, [by_bits[bits] for bits in masks], about)
    return (*touched, *told) if touched else ()


def answering(needs: Iterable[Need]) -> tuple[Act, ...]:
    """Return the answers that some needs want, each once."""
    answers = {_what(need.criterion.ref): need.answer for need in needs}
    return tuple(Act(what=what, value=value) for what, value in answers.items())


def scoring(agreement: Agreement, about: Surroundings) -> Act | None:
    """Return the touchpoint that gives the most points to somebody who has none of its kind."""
    gains = {
        key: sum(
            rule.points
            for rule in agreement.score_rules
            if rule.ref.fact in AGGREGATES and counts(rule.ref, key, agreement.kinds.get(key))
        )
        for key in about.kinds
    }
    best = max(gains, key=lambda key: gains[key], default="")
    return _act(best, agreement.kinds.get(best)) if gains.get(best, 0) > 0 else None


def signs_of_life(agreement: Agreement, about: Surroundings) -> list[Act]:
    """Return a touchpoint of every strength of intent, weakest first, then a direct one."""
    found: dict[tuple[bool, int], Act] = {}
    for key in about.kinds:
        kind = agreement.kinds.get(key)
        if kind and kind.category != Category.OTHER:
            strength = (kind.is_direct_intent, INTENTS.index(kind.intent_level))
            found.setdefault(strength, _act(key, kind))
    return [found[strength] for strength in sorted(found)]


def other(act: Act, place: int, agreement: Agreement) -> Act:
    """Return an act with the other kind at that place of those that do as well, if there is."""
    if place >= len(act.others):
        return act
    said = _act(act.others[place], agreement.kinds.get(act.others[place]))
    return replace(
        act, kind=said.kind, channel=act.channel if act.is_new_channel else said.channel
    )


def _what(ref: FactRef) -> str:
    return str(ref.parameter(Parameter.WHAT, ref.fact))


def _act(key: str, kind: Kind | None, **said: Any) -> Act:
    return Act(kind=key, **{"channel": kind.category if kind else "web"} | said)


def _sorts(needs: Sequence[Need], agreement: Agreement, about: Surroundings) -> list[_Sort]:
    """Return what touchpoints there can be by what they count for; plainest acts first in each."""
    by_bits: dict[int, list[Act]] = {}
    for act in _options(needs, agreement, about):
        kind = agreement.kinds.get(act.kind)
        bits = sum(1 << place for place, need in enumerate(needs) if _serves(need, act, kind))
        if bits:
            by_bits.setdefault(bits, []).append(act)
    return [
        _Sort(bits, tuple(sorted(acts, key=lambda act: _plainness(act, agreement, about))))
        for bits, acts in by_bits.items()
    ]


def _options(needs: Sequence[Need], agreement: Agreement, about: Surroundings) -> Iterable[Act]:
    channels = _asked(needs, Parameter.CHANNELS)
    campaigns = [*_asked(needs, Parameter.CAMPAIGNS), *_wanted_campaigns(needs)]
    for key in about.kinds:
        kind = agreement.kinds.get(key)
        for campaign in ["", *campaigns]:
            yield _act(key, kind, campaign=campaign)
            for channel in channels:
                yield _act(key, kind, campaign=campaign, channel=channel)


def _asked(needs: Sequence[Need], name: Parameter) -> list[str]:
    return sorted({one for need in needs for one in need.criterion.ref.parameter(name) or ()})


def _wanted_campaigns(needs: Sequence[Need]) -> list[str]:
    return [
        key
        for need in needs
        if need.criterion.ref.fact == "campaigns"
        for key in need.criterion.wanted or ["any"]
    ]


def _serves(need: Need, act: Act, kind: Kind | None) -> bool:
    ref = need.criterion.ref
    if ref.fact == "campaigns":
        wanted = need.criterion.wanted
        return bool(act.campaign) and (not wanted or act.campaign in wanted)
    campaigns, channels = ref.parameter(Parameter.CAMPAIGNS), ref.parameter(Parameter.CHANNELS)
    return (
        counts(ref, act.kind, kind)
        and (not campaigns or act.campaign in campaigns)
        and (not channels or act.channel in channels)
    )


def _plainness(act: Act, agreement: Agreement, about: Surroundings) -> tuple[Any, ...]:
    kind = agreement.kinds.get(act.kind)
    return (
        kind is None or kind.category == Category.OTHER,
        INTENTS.index(kind.intent_level) if kind else 0,
        bool(act.campaign),
        about.kinds.index(act.kind),
    )


def _fewest(needs: Sequence[Need], sorts: Sequence[_Sort]) -> list[int] | None:
    """Return the smallest choice of sorts, by their bits, that covers every need."""
    best = [one.bits for one in sorts if not any(_is_within(one, other) for other in sorts)]
    best = sorted(best, key=int.bit_count, reverse=True)[:MOST_SORTS]
    for size in range(max(need.count for need in needs), MOST_ACTS + 1):
        for chosen in combinations_with_replacement(best, size):
            if _covers(needs, chosen):
                return list(chosen)
    return None


def _is_within(one: _Sort, other: _Sort) -> bool:
    return one.bits != other.bits and one.bits & other.bits == one.bits


def _covers(needs: Sequence[Need], chosen: Sequence[int]) -> bool:
    return all(
        sum(bits >> place & 1 for bits in chosen) >= need.count for place, need in enumerate(needs)
    )


def _weakest(needs: Sequence[Need], chosen: list[int], sorts: Sequence[int]) -> list[int]:
    """Replace each act in turn by the sort that counts for the fewest needs and still does."""
    for place in range(len(chosen)):
        for bits in sorted(sorts, key=int.bit_count):
            weaker = [*chosen[:place], bits, *chosen[place + 1 :]]
            if _covers(needs, weaker):
                chosen = weaker
                break
    return chosen


def _widened(sort: _Sort, sorts: Sequence[_Sort]) -> _Sort:
    """Return a sort with the acts of those that count for all that it does, weakest first."""
    wider = sorted(sorts, key=lambda one: one.bits.bit_count())
    stronger = [act for one in wider if _is_within(sort, one) for act in one.acts]
    return _Sort(sort.bits, (*sort.acts, *stronger))


def _spread(
    needs: Sequence[Need], chosen: Sequence[_Sort], about: Surroundings
) -> tuple[Act, ...]:
    """Give the acts the channels, days and assets that some needs want different ones of."""
    on_channel = _marked(needs, chosen, "touchpoint_channels")
    on_day = _marked(needs, chosen, "touchpoint_days")
    on_asset = _marked(needs, chosen, "touchpoint_assets")
    used, assets = set(about.channels), list(about.assets)
    if len(on_asset) > len(assets):
        return ()
    acts = []
    for place, sort in enumerate(chosen):
        act = _on_new_channel(sort, used) if place in on_channel else sort.acts[0]
        asset_id = assets.pop(0) if place in on_asset else None
        days = on_day.index(place) if place in on_day else 0
        others = tuple(
            dict.fromkeys(
                other.kind for other in sort.acts if other.kind != act.kind and not act.campaign
            )
        )
        acts.append(
            replace(
                act,
                asset_id=asset_id,
                days_before=days,
                is_new_day=place in on_day,
                others=others,
                serves=tuple(
                    need.criterion.label for bit, need in enumerate(needs) if sort.bits >> bit & 1
                ),
            )
        )
    return tuple(acts)


def _marked(needs: Sequence[Need], chosen: Sequence[_Sort], fact: str) -> list[int]:
    """Return the places of as many acts as the needs of a fact want, each counting for it."""
    marked: list[int] = []
    for bit, need in enumerate(needs):
        if need.criterion.ref.fact == fact:
            able = [place for place, sort in enumerate(chosen) if sort.bits >> bit & 1]
            held = sum(place in marked for place in able)
            marked += [place for place in able if place not in marked][: need.count - held]
    return marked


def _on_new_channel(sort: _Sort, used: set[str]) -> Act:
    """Return an act on a channel that the lead has not used; the channel counts as used then."""
    fresh = [act for act in sort.acts if act.channel not in used]
    if fresh:
        act = fresh[0]
    else:
        unused = [str(one) for one in Category if str(one) not in used]
        act = replace(sort.acts[0], channel=(unused or [f"another-{len(used)}"])[0])
    used.add(act.channel)
    return replace(act, is_new_channel=True)


def smaller(acts: Sequence[Act]) -> Iterable[tuple[Act, ...]]:
    """Yield every different part of a plan, the empty one first and the whole last."""
    seen: set[frozenset[tuple[Act, int]]] = set()
    parts = ([act for place, act in enumerate(acts) if mask >> place & 1] for mask in _masks(acts))
    for part in parts:
        tally: Mapping[Act, int] = {act: part.count(act) for act in part}
        if (key := frozenset(tally.items())) not in seen:
            seen.add(key)
            yield tuple(part)


def _masks(acts: Sequence[Act]) -> list[int]:
    return sorted(range(1 << len(acts)), key=int.bit_count)
