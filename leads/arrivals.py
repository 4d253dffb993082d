"""A lead that nobody knew arrives: looked for and saved with its history in one statement."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from django.db import connection, transaction

from leads import attributes, bulk, duplicates, matching
from leads.attributes import Origin
from leads.models import Lead

_FIELDS = {
    field.attname: field
    for field in Lead._meta.concrete_fields
    if not field.primary_key and (field.has_default() or not field.has_db_default())
}
_UNSAID = {
    attname: field.get_db_prep_save(field.get_default(), connection)
    for attname, field in _FIELDS.items()
}
_COLUMNS = ", ".join(f'"{field.column}"' for field in _FIELDS.values())
_FOUND = {
    "account_id": "COALESCE(%(account_id)s::bigint, (SELECT id FROM employer))",
    "account_reason": "COALESCE((SELECT reason FROM employer), %(account_reason)s)",
}
_VALUES = ", ".join(_FOUND.get(attname, f"%({attname})s") for attname in _FIELDS)

_ARRIVE = f"""
WITH known AS (
    SELECT 1 FROM leads_leadidentity
    WHERE system = %(said_by)s AND external_id = %(external_id)s
    UNION ALL
    SELECT 1 FROM leads_lead
    WHERE email <> '' AND lower(email) = %(email)s AND %(email)s <> ''
), employer AS (
    SELECT id, {matching.DOMAIN_REASON} AS reason FROM leads_account
    WHERE %(account_id)s::bigint IS NULL AND domain <> ''
        AND lower(domain) = ANY(%(domains)s::text[])
    ORDER BY length(domain) DESC LIMIT 1
), arrived AS (
    INSERT INTO leads_lead ({_COLUMNS})
    SELECT {_VALUES} WHERE NOT EXISTS (SELECT FROM known)
    RETURNING id, account_id, account_reason, first_name, last_name, created_at, updated_at
), named AS (
    INSERT INTO leads_leadidentity (lead_id, system, external_id)
    SELECT id, %(said_by)s, %(external_id)s FROM arrived
), told AS (
    INSERT INTO leads_attributechange
        (lead_id, field, new, effective_at, received_at, source)
    SELECT arrived.id, said.field, said.new, %(effective_at)s, %(received_at)s, %(said_by)s
    FROM arrived, (
        SELECT key, value FROM jsonb_each(%(told)s::jsonb)
        UNION ALL
        SELECT 'account', to_jsonb(id) FROM employer
    ) AS said (field, new)
), marked AS (
    INSERT INTO leads_pendingmark (lead_id) SELECT id FROM arrived WHERE %(mark)s
){{suspected}}
SELECT id, account_id, account_reason, created_at, updated_at FROM arrived
"""  # noqa: S608 - names of columns alone

_NOBODYS_LIKE = _ARRIVE.format(suspected="")
_PERHAPS_KNOWN = _ARRIVE.format(suspected=f", suspected AS ({duplicates.SUSPECT})")


def create(
    values: Mapping[str, Any],
    *,
    external_id: str,
    origin: Origin,
    mark: bool,
    account_reason: str = "",
) -> Lead | None:
    """Create a lead with its identity, history and mark, unless identity or e-mail are known.

    One statement, which is a transaction of its own outside any other. The account is found by
    the e-mail's domain when none is said (else `account_reason` says by what); leads of the same
    name there are noted as suspected duplicates.

    Returns:
        The new lead; None when there is one already, and then nothing is saved.

    Raises:
        IntegrityError: somebody else created it in this very moment, or a value is not allowed.
    """
    lead = Lead(stage_at=origin.received_at, account_reason=account_reason, **values)
    said = {
        "public_id": lead.public_id,
        "stage_at": lead.stage_at,
        "account_reason": account_reason,
        **values,
    }
    parameters = _UNSAID | {
        attname: _FIELDS[attname].get_db_prep_save(value, connection)
        for attname, value in said.items()
    }
    told = {attributes.name_of(name): attributes.as_json(value) for name, value in values.items()}
    parameters |= {
        "said_by": origin.system,
        "external_id": external_id,
        "domains": matching.domains_of(lead.email),
        "effective_at": origin.effective_at,
        "received_at": origin.received_at,
        "told": json.dumps(told),
        "mark": mark,
    }
    has_company = bool(lead.account_id or parameters["domains"])
    is_like_others = has_company and bool(lead.first_name and lead.last_name)
    is_within = connection.in_atomic_block
    # Within another transaction a refusal must not spoil what was done there before.
    with transaction.atomic() if is_within else nullcontext(), bulk.cursor() as cursor:
        cursor.execute(_PERHAPS_KNOWN if is_like_others else _NOBODYS_LIKE, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    lead.pk, lead.account_id, lead.account_reason, lead.created_at, lead.updated_at = row
    lead._state.adding, lead._state.db = False, connection.alias
    return lead
