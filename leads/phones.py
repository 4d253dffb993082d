"""Telephone numbers in the one form that a system can dial: E.164, like +4930901820."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

SCIENTIFIC = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?[eE][-+]?[0-9]+")
FRACTION = re.compile(r"[-+]?[0-9]+[.,][0-9]{1,2}")
LETTER = re.compile(r"[^\W\d_]")
EXTENSION = re.compile(r"(?:[0-9]\s*x|\bext(?:n|ension)?[.:=]?|#)\s*[0-9]+\Z", re.IGNORECASE)
LONGEST = 64


@lru_cache(maxsize=4096)
def normalize_phone(text: str, *, region: str) -> str:
    """Return a telephone number in E.164.

    Args:
        text: the number as somebody wrote it.
        region: the country (ISO 3166-1 alpha-2) in which a number without country code is dialed;
            blank where that is not known.

    Raises:
        ValueError: it is no number, a spreadsheet mangled it, or its country is not known; the
            message is the rest of a sentence that begins with the number.
    """
    plain = text.strip()
    _refuse_mangled(plain)
    try:
        number = phonenumbers.parse(_with_plus(plain, region), region.upper() or None)
    except NumberParseException as error:
        raise ValueError(_refusal(error, plain)) from error
    if number.extension:
        raise ValueError("has an extension, which a number in E.164 cannot hold.")
    if not phonenumbers.is_valid_number(number):
        where = f" in {region.upper()}" if region and not plain.startswith(("+", "00")) else ""
        raise ValueError(f"is no valid telephone number{where}.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _refuse_mangled(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError("is too long for a telephone number.")
    if SCIENTIFIC.fullmatch(text):
        raise ValueError("was rounded by a spreadsheet: its last digits are lost.")
    if text.startswith("-"):
        raise ValueError("begins with a minus: a spreadsheet computed it.")
    if FRACTION.fullmatch(text):
        raise ValueError("is a decimal fraction: a spreadsheet made a number of it.")
    if EXTENSION.search(text):
        raise ValueError("has an extension, which a number in E.164 cannot hold.")
    if LETTER.search(text) or text.startswith("="):
        raise ValueError("is no telephone number.")


def _with_plus(text: str, region: str) -> str:
    """Write the international prefix as a plus where no country says what it is."""
    return f"+{text[2:]}" if text.startswith("00") and not region else text


def _refusal(error: NumberParseException, text: str) -> str:
    if error.error_type != NumberParseException.INVALID_COUNTRY_CODE:
        return "is no telephone number."
    if text.startswith(("+", "00")):
        return "has no country code that exists."
    return "has no country code, and no country says which one is meant."
