"""The rows of a draft: saved, moved and deleted one at a time; nonsense is refused by name."""

import logging
import re
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, models, transaction
from django.db.models import Max, Q, QuerySet

from definitions import soundness
from definitions.content import content_of
from definitions.enums import VersionState
from definitions.models import (
    Criterion,
    DefinitionVersion,
    Level,
    Question,
    ScoreRule,
    SegmentRule,
    SlaTerm,
    StageRule,
    VersionKind,
    VersionTitleRule,
)
from definitions.validity import problems_in
from definitions.versions import VersionIsFrozen

logger = logging.getLogger(__name__)

ContentRow = (
    Level
    | Criterion
    | ScoreRule
    | Question
    | StageRule
    | SegmentRule
    | SlaTerm
    | VersionKind
    | VersionTitleRule
)

Place = tuple[str, str] | None
"""Dimension and level that a criterion helps to grant; None for a signal."""

PARTS: dict[type[models.Model], str] = {
    Level: "levels",
    Criterion: "criteria",
    ScoreRule: "score",
    Question: "questions",
    StageRule: "stages",
    SegmentRule: "segment",
    SlaTerm: "sla_terms",
    VersionKind: "kinds",
    VersionTitleRule: "title_rules",
}
"""What problems call each kind of row; total."""


PEOPLE = ("marketing_operator", "marketing_deputy", "sales_operator", "sales_deputy")

OWN_PARTS = tuple(
    f"{part}{end}"
    for part in ("handoff_stage", "in_flight", "limits", "floor", "operators")
    for end in (":", ".")
)
"""How problems with a version's own fields start."""


class RowRefused(Exception):
    """The row makes no sense as it is; `problems` has a sentence each, which names the row."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DraftIsHistory(Exception):
    """The draft was in review before, or something is said about it; it is kept."""


def name_of(row: ContentRow) -> str:
    """Return the name by which problems call a row, like `criteria.two_days` or `segment[1]`.

    One query for rows that are known by their place.
    """
    part = PARTS[type(row)]
    match row:
        case Criterion(is_exclusion=True):
            return f"exclusions.{row.key}"
        case StageRule():
            return f"{part}.{row.stage}.{row.path}"
        case Level():
            return f"{part}.{row.dimension}.{row.key}"
        case SegmentRule() | VersionTitleRule():
            before = Q(position__lt=row.position) | Q(position=row.position, pk__lte=row.pk)
            return f"{part}[{_siblings(row).filter(before).count()}]"
        case _:
            return f"{part}.{row.key}"


def is_about(problem: str, name: str) -> bool:
    """Say whether a problem starts with that row's name, or is about a field of it."""
    return problem.startswith((f"{name}:", f"{name}."))


@transaction.atomic
def check_row(row: ContentRow, *, place: Place = None) -> None:
    """Try what saving a row would make of its draft, and take it back.

    Raises:
        VersionIsFrozen: the version is no draft any more.
        RowRefused: a problem starts with the row's name, or names it and was not there before.
    """
    _lock(row.version_id)
    version = _read(row.version_id)
    before = frozenset(problems_in(content_of(version)))
    pk = row.pk
    try:
        with transaction.atomic():
            _write(row, place)
            problems = problems_in(content_of(version))
            name = name_of(row)
            transaction.set_rollback(True)
    except IntegrityError as error:
        if "one_" not in str(error):
            raise
        raise RowRefused([f"{name_of(row)}: there is one like it already"]) from error
    finally:
        row.pk, row._state.adding = pk, pk is None
    own = [one for one in problems if is_about(one, name)]
    caused = [one for one in problems if one not in before and _mentions(one, name)]
    if refused := list(dict.fromkeys(own + caused)):
        raise RowRefused(refused)


@transaction.atomic
def save_row(row: ContentRow, *, by: AbstractBaseUser, place: Place = None) -> None:
    """Save a row of a draft, a new one behind its like.

    A criterion goes to `place`, whose level is made when it is the first there; a level that
    loses its last criterion goes with it.

    Raises:
        VersionIsFrozen: the version is no draft any more.
        RowRefused: as `check_row` says.
    """
    check_row(row, place=place)
    _write(row, place)
    logger.info("%s of version %s saved by %s", name_of(row), row.version_id, by)


def problems_of(version: DefinitionVersion) -> list[str]:
    """Return what must be mended in a draft before it is submitted, a sentence each."""
    return soundness.problems_of(version)


@transaction.atomic
def check_version(version: DefinitionVersion) -> None:
    """Try what the version's own fields say, its rows aside.

    Raises:
        VersionIsFrozen: the version is no draft any more.
        RowRefused: a problem starts with one of its own parts.
    """
    _lock(version.pk)
    problems = problems_in(content_of(version))
    if refused := [one for one in problems if one.startswith(OWN_PARTS)]:
        raise RowRefused(refused)


@transaction.atomic
def save_version(
    version: DefinitionVersion, *, fields: Iterable[str], by: AbstractBaseUser
) -> None:
    """Save some of a draft's own fields, its rows aside.

    Raises:
        VersionIsFrozen: the version is no draft any more.
        RowRefused: as `check_version` says.
    """
    check_version(version)
    version.save(update_fields=list(fields))
    logger.info("%s edited by %s", version, by)


@transaction.atomic
def delete_row(row: ContentRow, *, by: AbstractBaseUser) -> None:
    """Delete a row of a draft; a level with its criteria, and with its last criterion.

    What names the row elsewhere stays, and is a problem to mend before the draft is submitted.

    Raises:
        VersionIsFrozen: the version is no draft any more.
    """
    _lock(row.version_id)
    name = name_of(row)
    row.delete()
    _drop_bare_levels(row.version_id)
    logger.info("%s of version %s deleted by %s", name, row.version_id, by)


@transaction.atomic
def move_row(row: ContentRow, *, is_up: bool, by: AbstractBaseUser) -> None:
    """Move a row before or behind its neighbor among its like; at the end nothing changes.

    Raises:
        VersionIsFrozen: the version is no draft any more.
    """
    _lock(row.version_id)
    order = list(_siblings(row).order_by("position", "pk"))
    place = next(number for number, one in enumerate(order) if one.pk == row.pk)
    other = place - 1 if is_up else place + 1
    if not 0 <= other < len(order):
        return
    order[place], order[other] = order[other], order[place]
    _number(order)
    logger.info("%s of version %s moved by %s", name_of(row), row.version_id, by)


@transaction.atomic
def discard(version: DefinitionVersion, *, by: AbstractBaseUser) -> None:
    """Delete a draft that was never submitted and that nobody spoke about, with its rows.

    Raises:
        VersionIsFrozen: it is no draft any more.
        DraftIsHistory: it was in review, or it has remarks, a workshop or an impact to keep.
    """
    _lock(version.pk)
    version.refresh_from_db()
    name = str(version)
    if version.review_round > 1:
        raise DraftIsHistory(f"{name} was in review before; it is kept as history.")
    try:
        version.delete()
    except models.ProtectedError as error:
        raise DraftIsHistory(f"{name} has been discussed; it is kept as history.") from error
    logger.info("%s discarded by %s", name, by)


def _lock(version_id: int) -> None:
    version = DefinitionVersion.objects.select_for_update(no_key=True).get(pk=version_id)
    if version.state != VersionState.DRAFT:
        raise VersionIsFrozen(f"{version} is {version.get_state_display().lower()}.")


def _read(version_id: int) -> DefinitionVersion:
    versions = DefinitionVersion.objects.select_related("definition", *PEOPLE)
    return versions.get(pk=version_id)


def _write(row: ContentRow, place: Place) -> None:
    if isinstance(row, Criterion):
        row.level = _level_at(row.version_id, place)
    if not isinstance(row, VersionKind) and row._state.adding and not row.position:
        last = type(row).objects.filter(version=row.version_id).aggregate(last=Max("position"))
        row.position = (last["last"] or 0) + 1
    row.save()
    _drop_bare_levels(row.version_id)


def _level_at(version_id: int, place: Place) -> Level | None:
    if place is None:
        return None
    dimension, key = place
    level, _ = Level.objects.get_or_create(version_id=version_id, dimension=dimension, key=key)
    return level


def _drop_bare_levels(version_id: int) -> None:
    Level.objects.filter(version=version_id, criteria=None).delete()


def _siblings(row: ContentRow) -> QuerySet[Any]:
    rows = type(row).objects.filter(version=row.version_id)
    if isinstance(row, Criterion):
        return rows.filter(level=row.level_id, is_exclusion=row.is_exclusion)  # type: ignore[misc]
    return rows


def _number(order: Iterable[Any]) -> None:
    # No two rows may share a place even between two statements.
    rows = list(order)
    places = sorted(row.position for row in rows)
    if len(set(places)) < len(places):
        places = list(range(1, len(rows) + 1))
    moved = [
        (row, place) for row, place in zip(rows, places, strict=True) if row.position != place
    ]
    free = max(places) + 1
    for number, (row, _) in enumerate(moved):
        type(row).objects.filter(pk=row.pk).update(position=free + number)
    for row, place in moved:
        type(row).objects.filter(pk=row.pk).update(position=place)


def _mentions(problem: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", problem) is not None
