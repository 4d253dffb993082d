"""Handover packets for other systems: sources by names that mean something outside."""

from collections.abc import Callable, Iterator
from typing import Any

from leads.models import Touchpoint

Naming = dict[str, Callable[[int], Any]]


def public(packet: dict[str, Any]) -> dict[str, Any]:
    """Return a packet whose sources name no internal id; one query.

    A touchpoint is named by system and external id, an evaluation by its instant; of attempts and
    rejections their own lines say when they were, so their source says no more.
    """
    ids = {pk for name, pk in _sources(packet) if name == "touchpoint"}
    rows = Touchpoint.objects.filter(pk__in=ids).values_list("pk", "system", "external_id")
    touchpoints = {
        pk: {"system": system, "external_id": external_id} for pk, system, external_id in rows
    }
    judged_at = packet.get("qualification", {}).get("at")
    renamed: dict[str, Any] = _renamed(
        packet,
        {
            "touchpoint": touchpoints.get,
            "evaluation": lambda _: judged_at,
            "attempt": lambda _: None,
            "rejection": lambda _: None,
        },
    )
    return renamed


def _sources(value: Any) -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, int):
                yield name, inner
            else:
                yield from _sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sources(inner)


def _renamed(value: Any, naming: Naming) -> Any:
    if isinstance(value, list):
        return [_renamed(inner, naming) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: naming[name](inner)
        if name in naming and isinstance(inner, int)
        else _renamed(inner, naming)
        for name, inner in value.items()
    }
