"""What marketing makes, how often leads touch it, and what reps still cannot say about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from leads.models import Asset, Touchpoint
from routing.models import Handoff

TOUCHED_WITHIN = timedelta(days=90)

TEXTS = ("pain", "question", "proof")
"""What a talking point is made of."""

WITHOUT_TEXT = Q(pain="") | Q(question="") | Q(proof="")
"""An asset of which a rep can make no whole talking point."""


@dataclass(frozen=True, slots=True)
class AssetFigures:
    """How many assets there are, and how many of them lack text."""

    count: int
    without_text_count: int


def figures(assets: QuerySet[Asset]) -> AssetFigures:
    """Count assets; one query."""
    counts = assets.aggregate(every=Count("pk"), lacking=Count("pk", filter=WITHOUT_TEXT))
    return AssetFigures(counts["every"], counts["lacking"])


def ranked(assets: QuerySet[Asset], *, at: datetime) -> QuerySet[Asset]:
    """Return assets with what they were good for, those without text first, then most used.

    Annotates `lacking` (texts missing, 0 to 3), `touch_count` (touchpoints of people, not bots,
    in the 90 days before `at`) and `handed_count` (leads handed over in that time who had touched
    the asset before).
    """
    since = at - TOUCHED_WITHIN
    touches = Touchpoint.objects.filter(asset=OuterRef("pk"), is_bot=False, occurred_at__lte=at)
    recent = touches.filter(occurred_at__gte=since).order_by().values("asset")
    handed = (
        Handoff.objects.filter(
            opened_at__gte=since,
            opened_at__lte=at,
            lead__touchpoints__asset=OuterRef("pk"),
            lead__touchpoints__is_bot=False,
            lead__touchpoints__occurred_at__lte=F("opened_at"),
        )
        .order_by()
        .values("lead__touchpoints__asset")
    )
    pain, question, proof = (
        Case(When(**{text: ""}, then=1), default=0, output_field=IntegerField()) for text in TEXTS
    )
    return assets.annotate(
        lacking=pain + question + proof,
        touch_count=_count(recent.annotate(n=Count("pk"))),
        handed_count=_count(handed.annotate(n=Count("lead", distinct=True))),
    ).order_by("-lacking", "-handed_count", "-touch_count", "title", "pk")


def _count(rows: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(rows.values("n")), 0, output_field=IntegerField())
