"""What the touchpoints of a lead speak of: talking points, persona and journey stage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from definitions.agreement import Agreement
from definitions.vocabulary import IntentLevel
from leads.models import Asset, Lead, Touchpoint

DEPTHS = {
    IntentLevel.NONE.value: 1,
    IntentLevel.LOW.value: 2,
    IntentLevel.MEDIUM.value: 3,
    IntentLevel.HIGH.value: 4,
}
"""How deep a touchpoint goes, by how strongly its kind speaks of buying; total."""

HALF_LIFE = timedelta(days=14)
"""After so long a touchpoint weighs half; the order of what it is weighed with stays the same."""

JOURNEY = tuple(Asset.JourneyStage.values)
"""Journey stages from the first to the last."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A touchpoint and what its kind means under the agreement."""

    touchpoint: Touchpoint
    intent_level: str
    is_direct: bool

    @property
    def is_intent(self) -> bool:
        """Whether it speaks of buying strongly enough to be marked."""
        return self.is_direct or self.intent_level in (IntentLevel.MEDIUM, IntentLevel.HIGH)

    @property
    def depth(self) -> int:
        """How deep it goes: 1 for a glance to 4 for asking to buy."""
        return DEPTHS[self.intent_level]

    def weight(self, *, at: datetime) -> float:
        """Return its depth, less the longer ago it was."""
        return float(self.depth * 0.5 ** ((at - self.touchpoint.occurred_at) / HALF_LIFE))

    @property
    def asset_title(self) -> str:
        """The title of what was read, watched or attended; blank when nothing was."""
        return self.touchpoint.asset.title if self.touchpoint.asset else ""

    @property
    def source(self) -> dict[str, int]:
        """Where a line that rests on it comes from."""
        return {"touchpoint": self.touchpoint.pk}


def read(touchpoint: Touchpoint, agreement: Agreement) -> Seen:
    """Return a touchpoint as the agreement takes it; reads its kind."""
    kind = agreement.kinds.get(touchpoint.kind.key)
    return Seen(
        touchpoint=touchpoint,
        intent_level=str(kind.intent_level) if kind else IntentLevel.NONE.value,
        is_direct=bool(kind and kind.is_direct_intent),
    )


def talking_points(seen: Iterable[Seen], *, at: datetime) -> list[dict[str, Any]]:
    """Return what to make of each asset touched, what weighs most first.

    An asset weighs what its touchpoints weigh together: by depth and recency. It cites the
    deepest of them, of equals the latest.
    """
    return sorted(
        (
            _talking_point(asset, touches, at=at)
            for asset, touches in _by_asset(seen).items()
            if asset.pain or asset.question or asset.proof
        ),
        key=lambda point: (point["weight"], point["last_at"]),
        reverse=True,
    )


def _talking_point(asset: Asset, touches: list[Seen], *, at: datetime) -> dict[str, Any]:
    deepest = max(touches, key=lambda one: (one.depth, one.touchpoint.occurred_at))
    return {
        "asset": asset.key,
        "title": asset.title,
        "pain": asset.pain,
        "question": asset.question,
        "proof": asset.proof,
        "journey_stage": asset.journey_stage,
        "label": deepest.touchpoint.kind.name,
        "occurred_at": deepest.touchpoint.occurred_at.isoformat(),
        "touched_count": len(touches),
        "last_at": max(one.touchpoint.occurred_at for one in touches).isoformat(),
        "depth": deepest.depth,
        "weight": round(sum(one.weight(at=at) for one in touches), 3),
        "source": deepest.source,
    }


def _by_asset(seen: Iterable[Seen]) -> dict[Asset, list[Seen]]:
    touched: dict[Asset, list[Seen]] = {}
    for one in seen:
        if one.touchpoint.asset is not None:
            touched.setdefault(one.touchpoint.asset, []).append(one)
    return touched


def persona_of(
    lead: Lead, seen: Iterable[Seen], systems: Mapping[str, str], *, at: datetime
) -> dict[str, Any] | None:
    """Return the persona that somebody declared, else that of the assets that weigh most."""
    if lead.persona is not None:
        source = {"field": "lead.persona", "system": systems.get("lead.persona", "")}
        return {"value": lead.persona.name, "is_declared": True, "asset": "", "source": source}
    weights: dict[str, float] = {}
    latest: dict[str, Seen] = {}
    for one in seen:
        asset = one.touchpoint.asset
        if asset is not None and asset.persona is not None:
            name = asset.persona.name
            weights[name] = weights.get(name, 0) + one.weight(at=at)
            latest.setdefault(name, one)
    if not weights:
        return None
    name = max(weights, key=lambda name: weights[name])
    return {
        "value": name,
        "is_declared": False,
        "asset": latest[name].asset_title,
        "source": latest[name].source,
    }


def journey_of(seen: Iterable[Seen]) -> dict[str, Any] | None:
    """Return the furthest stage that the assets touched speak to, and the latest touch of it."""
    placed = [one for one in seen if one.touchpoint.asset and one.touchpoint.asset.journey_stage]
    if not placed:
        return None
    furthest = max(placed, key=_place)
    return {
        "value": JOURNEY[_place(furthest)[0]],
        "asset": furthest.asset_title,
        "label": furthest.touchpoint.kind.name,
        "occurred_at": furthest.touchpoint.occurred_at.isoformat(),
        "source": furthest.source,
    }


def _place(one: Seen) -> tuple[int, datetime]:
    asset = one.touchpoint.asset
    stage = JOURNEY.index(asset.journey_stage) if asset else 0
    return stage, one.touchpoint.occurred_at
