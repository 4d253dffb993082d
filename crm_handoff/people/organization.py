"""What holds for the whole organization."""

import zoneinfo

from django.utils import translation

from crm_handoff.people.models import Organization


def time_zone() -> str:
    """Return the IANA zone in which reports count days, UTC before there is an organization."""
    return Organization.objects.values_list("time_zone", flat=True).first() or "UTC"


def zone_for(own: str) -> zoneinfo.ZoneInfo:
    """Return the zone in which somebody reads times: their own, else the organization's.

    A name that is not a zone is passed over; UTC when neither is one.
    """
    return _zone(own) or _zone(time_zone()) or zoneinfo.ZoneInfo("UTC")


def language_for(own: str) -> str:
    """Return the code of the language in which to write to somebody: theirs, or everybody's.

    A language that the product does not speak is passed over; English when it speaks neither.
    """
    everybodys = Organization.objects.values_list("language", flat=True)
    known = translation.check_for_language
    if own and known(own):
        return own
    return next((code for code in everybodys if known(code)), "en")


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None
