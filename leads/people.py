"""People whom a file names: found by address, or kept without a way in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Lower

from leads import attributes
from leads.attributes import OVERWRITE_ALL, Changes, Policies

NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a row names them: an e-mail address in lower case, and a name or id."""

    email: str
    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What somebody says about a person of the organization; None where nothing was said.

    time_zone: IANA zone name.
    """

    email: str
    full_name: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """What became of facts about a person; changes: what known fields held and hold."""

    person_id: int
    is_created: bool
    changes: Changes = field(default_factory=dict)


class TimeZoneUnknown(ValueError):
    """No such time zone is known."""

    def __init__(self, said: str) -> None:
        super().__init__(f"time_zone: “{said}” is not an IANA time zone.")


@transaction.atomic
def record_people(
    items: Sequence[PersonFacts], *, policies: Policies = OVERWRITE_ALL
) -> list[PersonOutcome | TimeZoneUnknown]:
    """Find people by address or keep them without a way in, and save what is new of them.

    New people are inactive, have no usable password and no role; a known person's are left as they
    are. Of a known person, only what the policies permit changes. Four queries at most, and
    repeating it changes nothing.

    Returns:
        For each item, in order, its outcome, or TimeZoneUnknown.
    """
    taken = [item for item in items if not _refusal(item)]
    known = _people(map(_address, taken))
    new = {_address(item): item for item in reversed(taken) if _address(item) not in known}
    if new:
        _create({address: item.full_name or "" for address, item in new.items()})
        known |= _people(new)
    changed: dict[int, Any] = {}
    outcomes: list[PersonOutcome | TimeZoneUnknown] = []
    for item in items:
        if refusal := _refusal(item):
            outcomes.append(refusal)
            continue
        person = known[_address(item)]
        is_created = new.pop(_address(item), None) is not None
        changes = attributes.assign(
            person, _values(item), policies=OVERWRITE_ALL if is_created else policies
        )
        if changes:
            changed[person.pk] = person
        outcomes.append(PersonOutcome(person.pk, is_created, {} if is_created else changes))
    get_user_model()._default_manager.bulk_update(
        list(changed.values()), ["full_name", "time_zone"], batch_size=1000
    )
    return outcomes


def _refusal(facts: PersonFacts) -> TimeZoneUnknown | None:
    zone = facts.time_zone
    return TimeZoneUnknown(zone) if zone and zone not in available_timezones() else None


def _address(facts: PersonFacts) -> str:
    return facts.email.strip().lower()


def _values(facts: PersonFacts) -> dict[str, Any]:
    said = {"full_name": facts.full_name, "time_zone": facts.time_zone}
    return {field: value for field, value in said.items() if value}


def ids_of(people: Iterable[Person], *, name: str) -> dict[str, int]:
    """Return the ids of people by address, creating those never seen; at most three queries.

    New people are inactive and have no usable password; they are named by the pattern `name`, in
    which `{id}` stands for what the row calls them.
    """
    wanted = {person.email: person for person in people}
    known = _read(wanted)
    missing = [person for email, person in sorted(wanted.items()) if email not in known]
    if not missing:
        return known
    _create(
        {person.email: name.replace("{id}", person.called)[:NAME_LENGTH] for person in missing}
    )
    return _read(wanted)


def _create(names: Mapping[str, str]) -> None:
    """Keep people without a way in; names by address. Those who exist are left as they are."""
    model = get_user_model()
    model._default_manager.bulk_create(
        [
            model(email=email, full_name=name, password=make_password(None), is_active=False)
            for email, name in names.items()
        ],
        ignore_conflicts=True,
    )


def _read(emails: Iterable[str]) -> dict[str, int]:
    return {email: person.pk for email, person in _people(emails).items()}


def _people(emails: Iterable[str]) -> dict[str, AbstractBaseUser]:
    people = get_user_model()._default_manager.alias(address=Lower("email"))
    return {person.email.lower(): person for person in people.filter(address__in=list(emails))}
