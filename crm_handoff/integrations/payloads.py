"""What another system's JSON means: a mapping from its paths to the fields of the REST API.

A mapping is a dictionary:

    items      path of the list of things that one call tells of; "" is the body itself
    only       {path: [texts]}: things whose value is none of these are left out
    event_id   path of the call's own id, by which a repetition is known
    lead, account, touchpoint
               fields of the REST API, each a path or a value
    detail     what goes along with the touchpoint, by name

A path goes by dots and places, `payload.answers[0].value`. Instead of a path a field may hold
`{"value": …}`, the same for everything, or `{"path": …}` with `table` (what its texts stand for),
`otherwise`, or `unit` (`seconds` or `milliseconds` since 1970, for an instant).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from rest_framework.exceptions import ParseError

from crm_handoff.api.fields import Body
from crm_handoff.api.leads import AccountBody, LeadBody
from crm_handoff.api.parsers import BoundedJsonParser, holds_nul
from crm_handoff.api.touchpoints import TouchpointBody

STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,6})\]")
PATH = re.compile(r"(?:[^.\[\]]+|\[\d{1,6}\])(?:\.[^.\[\]]+|\[\d{1,6}\])*\Z")
UNITS = {"seconds": 1, "milliseconds": 1000}

_NOT_MAPPED = {"system", "account", "lead", "detail"}
_BODIES: Mapping[str, type[Body]] = {
    "lead": LeadBody,
    "account": AccountBody,
    "touchpoint": TouchpointBody,
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    section: tuple(name for name in body().get_fields() if name not in _NOT_MAPPED)
    for section, body in _BODIES.items()
}
"""The fields that each section of a mapping may fill, in the order in which pages show them."""

MOST_ITEMS = 1_000
MOST_PATHS = 500
DEEPEST = 20


class MappingRefused(Exception):
    """The mapping cannot be followed; the message lists every problem, one a line."""


class PayloadUnreadable(Exception):
    """The body is not what the mapping expects; names where and why."""

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(f"{where}: {reason}" if where else reason)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a call tells of, in the fields of the REST API; None: nothing was said."""

    lead: dict[str, Any]
    touchpoint: dict[str, Any] | None


def parse(body: bytes) -> Any:
    """Read a body as JSON, as the REST API does.

    Raises:
        PayloadUnreadable: it is none, too deep, or holds what cannot be stored.
    """
    try:
        return BoundedJsonParser().parse(BytesIO(body))
    except ParseError as error:
        raise PayloadUnreadable("", str(error.detail)) from error


def check(mapping: Mapping[str, Any]) -> None:
    """Look whether a mapping can be followed.

    Raises:
        MappingRefused: it has unknown parts, or paths that are none.
    """
    problems = [*_problems(mapping)]
    if problems:
        raise MappingRefused("\n".join(problems))


def event_id(mapping: Mapping[str, Any], payload: Any) -> str:
    """Return the id that a call gives itself, "" when it gives none."""
    path = mapping.get("event_id")
    found = value_at(payload, path) if path else None
    return str(found) if isinstance(found, str | int) else ""


def read(mapping: Mapping[str, Any], payload: Any) -> list[Item]:
    """Return what a payload says; things that the mapping leaves out are not there.

    Raises:
        PayloadUnreadable: a list is expected and there is none, or a text has no meaning.
    """
    return [
        _item(mapping, thing, place)
        for place, thing in enumerate(_things(mapping, payload), start=1)
        if _is_meant(mapping.get("only") or {}, thing)
    ]


def value_at(payload: Any, path: str) -> Any:
    """Return what stands at a path, None when nothing does."""
    for name, place in STEP.findall(path):
        if name and isinstance(payload, Mapping):
            payload = payload.get(name)
        elif place and isinstance(payload, list) and int(place) < len(payload):
            payload = payload[int(place)]
        else:
            return None
    return payload


def paths_in(payload: Any) -> list[tuple[str, Any]]:
    """Return the paths of a sample's plain values, with the values; the first `MOST_PATHS`."""
    found = []
    for path, value in _walk(payload, "", 0):
        found.append((path, value))
        if len(found) == MOST_PATHS:
            break
    return found


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not STEP.fullmatch(name) or name.startswith("["):
                continue
            yield from _walk(inner, f"{path}.{name}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value[:5]):
            yield from _walk(inner, f"{path}[{place}]", depth + 1)
    elif path:
        yield path, value


def _things(mapping: Mapping[str, Any], payload: Any) -> list[Any]:
    path = mapping.get("items") or ""
    found = value_at(payload, path) if path else payload
    if path and not isinstance(found, list):
        raise PayloadUnreadable(path, "There is no list here.")
    things = found if isinstance(found, list) else [found]
    if len(things) > MOST_ITEMS:
        raise PayloadUnreadable(path, f"No more than {MOST_ITEMS} things at once.")
    for thing in things:
        if not isinstance(thing, Mapping):
            raise PayloadUnreadable(path, "An object is expected here.")
    return things


def _is_meant(only: Mapping[str, list[str]], thing: Any) -> bool:
    return all(str(value_at(thing, path)) in texts for path, texts in only.items())


def _item(mapping: Mapping[str, Any], thing: Any, place: int) -> Item:
    said = {
        section: {
            name: value
            for name, spec in (mapping.get(section) or {}).items()
            if (value := _value(spec, thing, f"{section} {place}: {name}")) is not None
        }
        for section in ("lead", "account", "touchpoint", "detail")
    }
    lead = said["lead"] | ({"account": said["account"]} if said["account"] else {})
    if not said["touchpoint"].get("kind"):
        return Item(lead, None)
    detail = {"detail": said["detail"]} if said["detail"] else {}
    return Item(lead, said["touchpoint"] | detail)


def _value(spec: str | Mapping[str, Any], thing: Any, where: str) -> Any:
    if isinstance(spec, str):
        spec = {"path": spec}
    if "value" in spec:
        return spec["value"]
    found = value_at(thing, spec["path"])
    if found is None or found == "":
        return None
    if "table" in spec:
        return _translated(found, spec, where)
    if "unit" in spec:
        return _instant(found, UNITS[spec["unit"]], where)
    return found


def _translated(found: Any, spec: Mapping[str, Any], where: str) -> Any:
    meant = spec["table"].get(str(found), spec.get("otherwise"))
    if meant is None:
        raise PayloadUnreadable(where, f"“{str(found)[:100]}” is not in the table.")
    return meant


def _instant(found: Any, unit: int, where: str) -> str:
    try:
        return datetime.fromtimestamp(float(found) / unit, tz=UTC).isoformat()
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise PayloadUnreadable(where, f"“{str(found)[:100]}” is no instant.") from error


def _problems(mapping: Mapping[str, Any]) -> Iterator[str]:
    if holds_nul(mapping):
        yield "A mapping holds no NUL characters."
    known = {"items", "only", "event_id", "detail", *FIELDS}
    yield from (f"“{name}” is no part of a mapping." for name in mapping if name not in known)
    for name in ("items", "event_id"):
        path = mapping.get(name) or ""
        if not isinstance(path, str) or (path and not PATH.match(path)):
            yield f"{name}: “{path}” is no path."
    yield from _only_problems(mapping.get("only") or {})
    for section in (*FIELDS, "detail"):
        yield from _section_problems(section, mapping.get(section) or {})
    lead = mapping.get("lead") or {}
    if not {"external_id", "email"} & lead.keys():
        yield "lead: needs external_id or email, to say who is meant."
    touchpoint = mapping.get("touchpoint") or {}
    if touchpoint and not {"kind", "occurred_at"} <= touchpoint.keys():
        yield "touchpoint: needs kind and occurred_at."


def _section_problems(section: str, specs: Any) -> Iterator[str]:
    if not isinstance(specs, Mapping):
        yield f"{section} must be fields."
        return
    for name, spec in specs.items():
        if section != "detail" and name not in FIELDS[section]:
            yield f"{section}: there is no field “{name}”."
        yield from (f"{section} {name}: {problem}" for problem in _spec_problems(spec))


def _only_problems(only: Any) -> Iterator[str]:
    if not isinstance(only, Mapping):
        yield "only: must say which texts are meant at which path."
        return
    for path, texts in only.items():
        is_list = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        if not PATH.match(path) or not is_list:
            yield f"only {path}: must be a path with a list of texts."


def _spec_problems(spec: Any) -> Iterator[str]:
    if isinstance(spec, str):
        spec = {"path": spec}
    if not isinstance(spec, Mapping):
        yield "must be a path, or say what it is."
        return
    unknown = spec.keys() - {"path", "value", "table", "otherwise", "unit"}
    yield from (f"“{name}” is no option." for name in sorted(unknown))
    if ("path" in spec) == ("value" in spec):
        yield "needs either a path or a value."
    path = spec.get("path", "x")
    if not isinstance(path, str) or not PATH.match(path):
        yield f"“{path}” is no path."
    if "unit" in spec and spec["unit"] not in UNITS:
        yield f"the unit is none of {', '.join(UNITS)}."
    if not isinstance(spec.get("table", {}), Mapping):
        yield "the table must map texts."
