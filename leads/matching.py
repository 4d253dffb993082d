"""Which account a person belongs to, by the domain of the e-mail address."""

import re
from pathlib import Path

from django.db.models.functions import Lower

from leads.models import Account

FREE_MAIL = frozenset((Path(__file__).parent / "free_mail.txt").read_text("utf-8").split())
"""Domains at which anybody can get an address: they say nothing about a company."""


def domain_of(email: str) -> str:
    """Return the domain of an address in lower case, "" when there is none."""
    return email.rpartition("@")[2].strip().lower() if "@" in email else ""


def bare_domain(said: str) -> str:
    """Return the domain in what a system calls one: "https://www.Acme.com/de" says acme.com."""
    address = said.strip().lower()
    host = re.split("[/?#:]", address.partition("://")[2] or address, maxsplit=1)[0]
    return host.removeprefix("www.").strip(". ")


def is_free_mail(email: str) -> bool:
    """Say whether the address is at a provider where anybody can get one."""
    return domain_of(email) in FREE_MAIL


def domains_of(email: str) -> list[str]:
    """Return the domain of an address and its parents, longest first; none at a free provider."""
    domain = domain_of(email)
    if not domain or domain in FREE_MAIL:
        return []
    labels = domain.split(".")
    return [".".join(labels[place:]) for place in range(len(labels) - 1)]


def account_of(email: str) -> Account | None:
    """Return the account whose domain, or whose parent domain, the address is at; one query.

    The longest domain wins: `anna@eu.acme.com` is at `eu.acme.com` before `acme.com`. A free
    provider is nobody's.
    """
    domains = domains_of(email)
    if not domains:
        return None
    accounts = (
        Account.objects.exclude(domain="").alias(key=Lower("domain")).filter(key__in=domains)
    )
    found = {account.domain.lower(): account for account in accounts}
    return next((found[name] for name in domains if name in found), None)
