"""Which account is meant: by domain, else by name; the one matcher for files, API and routing.

A company that is named by its domain is the account of that very domain. A person works at the
account of the e-mail address's domain, or of the next domain above; a provider where anybody can
get an address says nothing. Names are compared without case, accents, punctuation and legal form;
where both names have a legal form, these must be the same: “Acme GmbH” is “ACME G.m.b.H.” and is
meant by “Acme”, but is not “Acme Ltd”.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Lower

from leads.models import Account

FREE_MAIL = frozenset((Path(__file__).parent / "free_mail.txt").read_text("utf-8").split())
"""Domains at which anybody can get an address: they say nothing about a company."""

NAME_THRESHOLD = 0.8
"""How similar (by trigrams, 1: the same) a name must be to be taken for an account's."""

NAME_LEAD = 0.1
"""By how much it must be more similar to that account's name than to any other's."""

NAMES_AGREE = 0.6
"""From which similarity of the words that both have on, a name does not contradict an address."""

REASON_LENGTH = 300

DOMAIN_REASON = f"""left(
    'domain ' || (%(domains)s::text[])[1] || CASE
        WHEN lower(domain) = (%(domains)s::text[])[1] THEN ''
        ELSE ', below ' || lower(domain)
    END, {REASON_LENGTH})"""
"""The reason of a match by `domains_of` an address, in SQL beside `domain` of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company as somebody names it; email: of a person who works there."""

    name: str = ""
    domain: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class AccountMatch:
    """The account that is meant, and by what it was found: “domain acme.de”."""

    account: Account
    reason: str


def domain_of(email: str) -> str:
    """Return the domain of an address in lower case, "" when there is none."""
    return email.rpartition("@")[2].strip().lower() if "@" in email else ""


def bare_domain(said: str) -> str:
    """Return the domain in what a system calls one: "https://www.Acme.com/de" says acme.com."""
    address = said.strip().lower()
    host = re.split("[/?#:]", address.partition("://")[2] or address, maxsplit=1)[0]
    return host.removeprefix("www.").strip(". ")


def company_domain(said: str | None) -> str:
    """Return the domain of a company's own in what a system calls one, "" at a free provider."""
    domain = bare_domain(said or "")
    return "" if domain in FREE_MAIL else domain


def is_free_mail(email: str) -> bool:
    """Say whether the address is at a provider where anybody can get one."""
    return domain_of(email) in FREE_MAIL


def domains_of(email: str) -> list[str]:
    """Return the domain of an address and its parents, longest first; none at a free provider."""
    return parents_of(domain_of(email))


def parents_of(domain: str) -> list[str]:
    """Return a domain and those above it, longest first; none at a free provider."""
    labels = domain.split(".")
    domains = [".".join(labels[place:]) for place in range(len(labels) - 1)]
    return [] if FREE_MAIL.intersection(domains) else domains


def match_account(*, name: str = "", domain: str = "", email: str = "") -> AccountMatch | None:
    """Return the account that is meant, if one is known; one query by domain, three more by name.

    With a `domain`, the account of that very domain, else one of that name without a domain. Else
    the account at whose domain the address is, or below which it is, unless the name contradicts
    it; else the account of that name, or the one whose name is clearly the most like it.
    """
    return match_accounts([Company(name=name, domain=domain, email=email)])[0]


def match_accounts(companies: Sequence[Company]) -> list[AccountMatch | None]:
    """Return for each company what `match_account` says; five queries at most."""
    matches = _by_domain(companies)
    for find in (_by_name, _by_likeness):
        open_places = {
            place: company
            for place, company in enumerate(companies)
            if company.name.strip() and place not in matches
        }
        matches |= find(open_places) if open_places else {}
    return [matches.get(place) for place in range(len(companies))]


def accounts_at(domains: Iterable[str]) -> dict[str, Account]:
    """Return the accounts of these very domains, by domain in lower case; one query."""
    wanted = {domain for domain in domains if domain}
    if not wanted:
        return {}
    accounts = Account.objects.exclude(domain="").alias(key=Lower("domain"))
    return {account.domain.lower(): account for account in accounts.filter(key__in=wanted)}


def cores_of(names: Iterable[str]) -> list[str]:
    """Return the names of companies without what does not tell two apart; one query or none."""
    said = list(names)
    if not any(said):
        return [""] * len(said)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT company_core(name) "
            "FROM unnest(%s::text[]) WITH ORDINALITY AS said (name, place) ORDER BY place",
            [said],
        )
        return [core for (core,) in cursor.fetchall()]


def match_at(domains: Sequence[str], accounts: Mapping[str, Account]) -> AccountMatch | None:
    """Return the account of the longest of these domains, by what `accounts_at` says."""
    for domain in domains:
        if account := accounts.get(domain):
            below = "" if domain == domains[0] else f", below {domain}"
            return AccountMatch(account, f"domain {domains[0]}{below}"[:REASON_LENGTH])
    return None


def _by_domain(companies: Sequence[Company]) -> dict[int, AccountMatch]:
    domains = {
        place: [own] if (own := company_domain(company.domain)) else domains_of(company.email)
        for place, company in enumerate(companies)
    }
    accounts = accounts_at(domain for several in domains.values() for domain in several)
    found = {place: match_at(several, accounts) for place, several in domains.items()}
    matches = {place: match for place, match in found.items() if match}
    doubtful = {
        place: match
        for place, match in matches.items()
        if companies[place].name.strip() and not company_domain(companies[place].domain)
    }
    for place in doubtful.keys() - _agreeing(companies, doubtful):
        del matches[place]
    return matches


def _agreeing(companies: Sequence[Company], matches: Mapping[int, AccountMatch]) -> set[int]:
    """Return those places whose name does not contradict the account that the address says."""
    if not matches:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            _AGREE,
            {
                "places": list(matches),
                "names": [companies[place].name for place in matches],
                "others": [match.account.name for match in matches.values()],
                "labels": [
                    match.account.domain.lower().split(".")[0] for match in matches.values()
                ],
                "least": NAMES_AGREE,
            },
        )
        return {place for (place,) in cursor.fetchall()}


def _by_name(companies: Mapping[int, Company]) -> dict[int, AccountMatch]:
    """Find accounts of that name; where only the legal form is not said, of one alone."""
    candidates = _candidates(_SAME, companies)
    matches = {}
    for place, accounts in candidates.items():
        same = [account for account in accounts if account.is_same_form]
        if same:
            matches[place] = AccountMatch(same[0], f"name {same[0].name}")
        elif len(accounts) == 1:
            reason = (
                f"name “{companies[place].name}” but for the legal form of “{accounts[0].name}”"
            )
            matches[place] = AccountMatch(accounts[0], reason[:REASON_LENGTH])
    return matches


def _by_likeness(companies: Mapping[int, Company]) -> dict[int, AccountMatch]:
    """Find the accounts whose names are clearly the most like what was said."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('pg_trgm.similarity_threshold', %s, TRUE)",
                [str(NAME_THRESHOLD - NAME_LEAD)],
            )
        candidates = _candidates(_LIKE, companies)
    matches = {}
    for place, (best, *others) in candidates.items():
        is_clear = all(best.likeness - other.likeness >= NAME_LEAD for other in others)
        if best.likeness >= NAME_THRESHOLD and is_clear:
            reason = f"name “{companies[place].name}” {best.likeness:.0%} like “{best.name}”"
            matches[place] = AccountMatch(best, reason.replace("%", " %")[:REASON_LENGTH])
    return matches


def _candidates(query: str, companies: Mapping[int, Company]) -> dict[int, list[Any]]:
    rows: Iterable[Any] = Account.objects.raw(
        query,
        {
            "places": list(companies),
            "names": [company.name for company in companies.values()],
            "is_alone": [bool(company_domain(one.domain)) for one in companies.values()],
        },
    )
    candidates = defaultdict(list)
    for account in rows:
        candidates[account.place].append(account)
    return candidates


_SAID = """
FROM unnest(%(places)s::int[], %(names)s::text[], %(is_alone)s::boolean[])
    AS said (place, name, is_alone)
"""

# Another domain is another company: a name found beside one is of an account without.
_MAY_BE = """
    (NOT said.is_alone OR account.domain = '')
    AND (company_form(account.name) = company_form(said.name)
        OR '' IN (company_form(account.name), company_form(said.name)))
"""

_SAME = f"""
SELECT account.*, said.place, company_form(account.name) = company_form(said.name) AS is_same_form
{_SAID} CROSS JOIN LATERAL (
    SELECT * FROM leads_account AS account
    WHERE company_core(account.name) = company_core(said.name) AND {_MAY_BE}
    ORDER BY company_form(account.name) <> company_form(said.name), id LIMIT 2
) AS account
WHERE company_core(said.name) <> ''
"""  # noqa: S608 - constants alone

_LIKE = f"""
SELECT account.*, said.place
{_SAID} CROSS JOIN LATERAL (
    SELECT *, similarity(company_core(account.name), company_core(said.name)) AS likeness
    FROM leads_account AS account
    WHERE company_core(account.name) %% company_core(said.name) AND {_MAY_BE}
        AND regexp_replace(account.name, '[^0-9]+', '', 'g')
            = regexp_replace(said.name, '[^0-9]+', '', 'g')
    ORDER BY likeness DESC, id LIMIT 2
) AS account
"""  # noqa: S608 - constants alone

_AGREE = """
SELECT place FROM unnest(%(places)s::int[], %(names)s::text[], %(others)s::text[],
    %(labels)s::text[]) AS said (place, name, other, label)
WHERE company_core(name) IN ('', company_core(other))
    OR replace(company_core(name), ' ', '') = label
    OR greatest(
        word_similarity(company_core(name), company_core(other)),
        word_similarity(company_core(other), company_core(name))
    ) >= %(least)s
"""
