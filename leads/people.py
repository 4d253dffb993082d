"""People whom a file names: found by address, or kept without a way in."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db.models.functions import Lower


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a row names them: an e-mail address in lower case, and a name or id."""

    email: str
    called: str


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
    model = get_user_model()
    model._default_manager.bulk_create(
        [
            model(
                email=person.email,
                full_name=name.replace("{id}", person.called)[:200],
                password=make_password(None),
                is_active=False,
            )
            for person in missing
        ],
        ignore_conflicts=True,
    )
    return _read(wanted)


def _read(emails: Iterable[str]) -> dict[str, int]:
    people = get_user_model()._default_manager.alias(address=Lower("email"))
    found = people.filter(address__in=list(emails)).values_list("email", "pk")
    return {email.lower(): pk for email, pk in found}
