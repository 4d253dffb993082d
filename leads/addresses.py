"""E-mail addresses and domains, each in one form."""

import re

from email_validator import EmailNotValidError, validate_email

from leads.matching import bare_domain

PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,24}\Z"
)
"""Addresses that need no closer look, which is slow; all others get one."""

DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")
LONGEST_DOMAIN = 253


def normalize_email(written: str) -> str:
    """Return an e-mail address with its domain in lower case, an international one in Unicode.

    No server is asked.

    Raises:
        ValueError: it is none; the message is the rest of a sentence.
    """
    if len(written) <= 64 and PLAIN_EMAIL.match(written):
        return written
    try:
        return validate_email(written, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f"is no e-mail address: {error}") from error


def normalize_domain(written: str) -> str:
    """Return the domain of a company, also out of the address of its site; in Unicode.

    Raises:
        ValueError: it is none; the message is the rest of a sentence.
    """
    said = bare_domain(written)
    if not said.isascii() or "xn--" in said:
        return _international(said)
    if len(said) > LONGEST_DOMAIN or not DOMAIN.match(said):
        raise ValueError("is no domain.")
    return said


def _international(said: str) -> str:
    try:
        return validate_email(f"it@{said}", check_deliverability=False).domain
    except EmailNotValidError as error:
        raise ValueError("is no domain.") from error
