"""Sources, campaigns and personas by the keys under which integrations name them."""

from collections.abc import Iterable
from typing import TypeVar

from leads.models import Campaign, Persona, Source


class UnknownKey(ValueError):
    """A key names nothing that exists, and the thing is not made on sight."""

    def __init__(self, *, field: str, key: str) -> None:
        self.field = field
        self.key = key
        super().__init__(f"{field}: “{key}” is not known.")


def sources_by_key(keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of sources, creating those never seen; one query when all are known."""
    return _ids_by_key(Source, keys)


def campaigns_by_key(keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of campaigns, creating those never seen; one query when all are known."""
    return _ids_by_key(Campaign, keys)


def persona_of(key: str) -> int:
    """Return the id of a persona.

    Raises:
        UnknownKey: nobody made it.
    """
    found = Persona.objects.filter(key=key).values_list("pk", flat=True).first()
    if found is None:
        raise UnknownKey(field="persona", key=key)
    return found


_Keyed = TypeVar("_Keyed", Source, Campaign)


def _ids_by_key(model: type[_Keyed], keys: Iterable[str]) -> dict[str, int]:
    wanted = frozenset(keys)
    if not wanted:
        return {}
    known = _read(model, wanted)
    missing = sorted(wanted - known.keys())
    if missing:
        model._default_manager.bulk_create(
            (model(key=key, name=_name_of(key)) for key in missing), ignore_conflicts=True
        )
        known = _read(model, wanted)
    return known


def _read(model: type[_Keyed], keys: frozenset[str]) -> dict[str, int]:
    return dict(model._default_manager.filter(key__in=keys).values_list("key", "pk"))


def _name_of(key: str) -> str:
    return key.replace("_", " ").replace("-", " ").strip().capitalize() or key
