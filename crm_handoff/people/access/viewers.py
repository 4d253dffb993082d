"""Whoever asks what they may see, and the ways in which rows are narrowed for them."""

from typing import Any, Protocol, TypeVar

from django.db.models import Model, Q, QuerySet

from crm_handoff.people.roles import SEE_EVERYONES_LEADS

RowT = TypeVar("RowT", bound=Model)


class Viewer(Protocol):
    """Whoever asks: a person, nobody in particular, or an integration (which has no `pk`)."""

    @property
    def pk(self) -> Any:
        """Primary key of a person, None for everybody else."""

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Say whether the permission was given."""


def all_with_permission(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    """Return every row of a model to whoever has its view permission, none to others."""
    rows = model._default_manager.all()
    is_allowed = user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    return rows if is_allowed else rows.none()


def own_or_all(model: type[RowT], user: Viewer, own: Q) -> QuerySet[RowT]:
    """Return every row to whoever sees everybody's leads, to others those that are their own."""
    rows = all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(own) if user.pk else rows.none()


def of_everybody(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    """Return every row to whoever sees everybody's leads, none to others."""
    rows = all_with_permission(model, user)
    return rows if user.has_perm(SEE_EVERYONES_LEADS) else rows.none()
