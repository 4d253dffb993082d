"""What a caller changes about a row that people edit: checked whole, saved, and recorded.

Facts come in by intake; this is for what RevOps and marketing keep by hand: territories, reps,
campaigns and the like. Each change stands in the history that the administration pages show.
"""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import ValidationError as Invalid
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import Http404
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.request import Request

from crm_handoff.api.fields import Body
from crm_handoff.people.models import ApiKey, User

RowT = TypeVar("RowT", bound=Model)

TAKEN, OVERLAPS = "23505", "23P01"
"""SQLSTATE of a broken uniqueness, and of a broken exclusion."""


class AlreadyExists(APIException):
    """There is one of that name."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "There is one like this already."
    default_code = "already_exists"


class Overlaps(APIException):
    """It lies across another one in time."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "This overlaps another one."
    default_code = "overlaps"


class Refusal(NamedTuple):
    """Which field a broken constraint accuses, and in which words."""

    field: str
    detail: str


REFUSALS = {
    "absence_delegate_is_somebody_else": Refusal("delegate", "Somebody else stands in for a rep."),
    "campaign_cost_has_currency": Refusal("currency", "A cost needs its currency."),
    "territory_size_in_order": Refusal("max_employees", "It is less than min_employees."),
}
"""What a caller is told about each constraint over several fields; read by `_refusal_of`."""


class EditBody(Body):
    """What is said about a row that people edit; what is left out stays as it is.

    Unlike facts, what is null or blank here empties the field.
    """

    @classmethod
    def patched(cls, data: Any) -> dict[str, Any]:
        """Return the values of a request that changes a row.

        Raises:
            ValidationError: naming each field at fault.
        """
        return dict(_partial(cls).run_validation(data))


@cache
def _partial(body: type[EditBody]) -> EditBody:
    # `partial` would excuse also what is left out of the rows in a list.
    patch = body()
    for field in patch.fields.values():
        field.required = False
    return patch


@transaction.atomic
def create(row: RowT, *, request: Request) -> RowT:
    """Save a new row and record who made it.

    Raises:
        ValidationError: naming each field at fault.
        AlreadyExists: there is one of that name.
        Overlaps: it lies across another one in time.
    """
    _check(row)
    _write(row)
    record(row, ADDITION, "Added", request=request)
    return row


@transaction.atomic
def change(row: RowT, values: Mapping[str, Any], *, request: Request) -> RowT:
    """Save what differs of the values and record who changed it; nothing differs: no effect.

    Raises:
        ValidationError: naming each field at fault.
        Overlaps: it lies across another one in time.
    """
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed:
        return row
    for name in changed:
        setattr(row, name, values[name])
    _check(row)
    _write(row, update_fields=changed)
    record(row, CHANGE, f"Changed {', '.join(changed)}", request=request)
    # Triggers stamp the row, and move the counters of a rep.
    row.refresh_from_db()
    return row


@transaction.atomic
def remove(row: Model, *, request: Request) -> None:
    """Delete a row, to which nothing points, and record who did.

    Raises:
        Http404: somebody else just did.
    """
    record(row, DELETION, "Removed", request=request)
    count, _ = row.delete()
    if not count:
        raise Http404


def record(row: Model, flag: int, what: str, *, request: Request) -> None:
    """Add a line to the history of a row that the administration pages show."""
    person, how = _author(request)
    LogEntry.objects.log_actions(
        person.pk, [row], flag, change_message=f"{what} by {how}.", single_object=True
    )


def author_of(request: Request) -> User:
    """Return the person who writes, or who made the API key that does."""
    return _author(request)[0]


def _author(request: Request) -> tuple[User, str]:
    if isinstance(request.auth, ApiKey):
        return request.auth.created_by, f"API key “{request.auth.name}”"
    assert isinstance(request.user, User)  # noqa: S101 - a key or a person, nobody else may write
    return request.user, "the API"


def _check(row: Model) -> None:
    # What a form would demand may be unknown here, for example which person entered something.
    unknown = {
        field.name
        for field in row._meta.concrete_fields
        if field.null and getattr(row, field.attname) is None
    }
    try:
        row.full_clean(unknown, validate_unique=False, validate_constraints=False)
    except Invalid as error:
        raise ValidationError(
            {
                field: [ErrorDetail(text, code=fault.code or "invalid") for text in fault.messages]
                for field, faults in error.error_dict.items()
                for fault in faults
            }
        ) from None


def _write(row: Model, **options: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**options)
    except IntegrityError as error:
        refusal = _refusal_of(error)
        if refusal is None:
            raise
        raise refusal from None


def _refusal_of(error: IntegrityError) -> APIException | None:
    """Say what the database refused, in the words of the caller's fields."""
    cause: Any = error.__cause__
    if cause.sqlstate == TAKEN:
        return AlreadyExists()
    if cause.sqlstate == OVERLAPS:
        return Overlaps()
    refusal = REFUSALS.get(cause.diag.constraint_name)
    if refusal is None:
        return None
    return ValidationError({refusal.field: [ErrorDetail(refusal.detail, code="invalid")]})
