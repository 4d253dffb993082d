"""Arguments that several commands share."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from crm_handoff.people.models import ApiKey, User
from definitions.models import DefinitionVersion


def add_version(parser: ArgumentParser, *, is_person_asked: bool = True) -> None:
    """Ask for a definition's key, perhaps a number, and who is at work."""
    parser.add_argument("definition", help="Key of the definition, for example mid-market.")
    parser.add_argument("--number", type=int, help="Which version; without it the latest.")
    if is_person_asked:
        parser.add_argument("--as", dest="email", required=True, help="E-mail of who does it.")


def version_of(options: Mapping[str, Any]) -> DefinitionVersion:
    """Return the version that the arguments name.

    Raises:
        CommandError: there is none.
    """
    versions = DefinitionVersion.objects.filter(definition__key=options["definition"])
    if options["number"] is not None:
        versions = versions.filter(number=options["number"])
    version = versions.select_related("definition").order_by("-number").first()
    if version is None:
        raise CommandError(f"There is no such version of {options['definition']}.")
    return version


def person(options: Mapping[str, Any]) -> User:
    """Return who the arguments say is at work.

    Raises:
        CommandError: nobody has that address.
    """
    try:
        return User.objects.get_by_natural_key(options["email"])
    except User.DoesNotExist as error:
        raise CommandError(f"Nobody has the address {options['email']}.") from error


def api_key(options: Mapping[str, Any]) -> ApiKey:
    """Return the API key whose prefix the arguments name.

    Raises:
        CommandError: there is none.
    """
    try:
        return ApiKey.objects.get(prefix=options["prefix"])
    except ApiKey.DoesNotExist as error:
        raise CommandError(f"There is no key {options['prefix']}.") from error
