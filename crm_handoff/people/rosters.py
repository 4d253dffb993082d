"""Lists of people as others paste them: a line a person, read leniently, refused by the line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.utils.translation import gettext as _

from crm_handoff.people.invitations import Invitee, RepPlace
from crm_handoff.people.roles import Role
from routing.enums import RepKind
from routing.models import Territory

LONGEST_NAME = 200
LONGEST_ADDRESS = MaxLengthValidator(254)

SEPARATORS = re.compile(r"\s*[,;\t]\s*")

ROLES: Mapping[str, tuple[Role, RepKind]] = MappingProxyType(
    {
        **{role.value.replace("_", " "): (role, RepKind.SDR) for role in Role},
        **{kind.value: (Role.REP, kind) for kind in RepKind},
        "marketing": (Role.MARKETING_LEAD, RepKind.SDR),
        "sales": (Role.SALES_MANAGER, RepKind.SDR),
    }
)
"""What people write for a role, and which kind of rep it means."""


class LineUnreadable(ValueError):
    """A line names nobody whom one could invite; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was pasted; `number` counts from 1."""

    number: int
    text: str


def lines_of(text: str) -> list[Line]:
    """Return the lines that say something, with their numbers."""
    return [
        Line(number, line.strip())
        for number, line in enumerate(text.replace("\0", "").splitlines(), start=1)
        if line.strip()
    ]


def read(line: Line, *, territories: Mapping[str, Territory]) -> Invitee:
    """Read “name, e-mail, role[, languages[, territory]]”; commas, semicolons or tabs between.

    territories: by key and by name, in lower case.

    Raises:
        LineUnreadable: a part is missing, or means nothing.
    """
    parts = [part.strip().strip('"') for part in SEPARATORS.split(line.text)]
    if len(parts) < 3:
        raise LineUnreadable(_("Write name, e-mail and role, with commas between them."))
    name, email, written, *rest = parts
    if len(name) > LONGEST_NAME:
        raise LineUnreadable(_("Write no more than %(most)s characters.") % {"most": LONGEST_NAME})
    role, kind = _role_of(written)
    languages = _languages_of(rest[0]) if rest else ()
    territory = _territory_of(rest[1], territories) if len(rest) > 1 and rest[1] else None
    place = RepPlace(kind, languages, territory)
    return Invitee(_address_of(email), name, [role], place)


def known_territories() -> dict[str, Territory]:
    """Return the active territories by key and by name, in lower case; one query."""
    found = Territory.objects.filter(is_active=True)
    return {word.lower(): row for row in found for word in (row.key, row.name)}


def _address_of(written: str) -> str:
    address = written.removeprefix("<").removesuffix(">").lower()
    try:
        validate_email(address)
        LONGEST_ADDRESS(address)
    except ValidationError:
        raise LineUnreadable(
            _("“%(written)s” is not an e-mail address.") % {"written": written}
        ) from None
    return address


def _role_of(written: str) -> tuple[Role, RepKind]:
    word = " ".join(written.lower().replace("_", " ").split())
    if word not in ROLES:
        raise LineUnreadable(
            _("“%(written)s” is no role. Write one of: %(roles)s.")
            % {"written": written, "roles": ", ".join(sorted(ROLES))}
        )
    return ROLES[word]


def _languages_of(written: str) -> tuple[str, ...]:
    codes = written.lower().split()
    wrong = [code for code in codes if not re.fullmatch("[a-z]{2}", code)]
    if wrong:
        raise LineUnreadable(
            _("“%(written)s” is no two-letter code of a language, for example en.")
            % {"written": wrong[0]}
        )
    return tuple(dict.fromkeys(codes))


def _territory_of(written: str, territories: Mapping[str, Territory]) -> Territory:
    if written.lower() not in territories:
        raise LineUnreadable(_("There is no territory “%(written)s” yet.") % {"written": written})
    return territories[written.lower()]
