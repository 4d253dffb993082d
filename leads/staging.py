"""A file's rows, staged in the database before anything of them is saved."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from itertools import islice
from typing import Any, cast

from django.db import connection, transaction

from leads import chunks, files, plain
from leads.enums import ImportMode, Stage
from leads.intake import LeadFacts
from leads.mappings import Bound, FileMapping
from leads.models import ImportRow, ImportRun
from leads.plain import Quick
from leads.records import LOST, FileRefused, Layout, Record
from leads.rows import Keys, Row, RowRefused, row_of
from leads.touchpoints import Identity, TouchpointFacts

SLICE = 1000
"""Rows saved in one transaction: a few more where rows of one lead are drawn together."""

PLAIN_SLICE = 20_000
"""The same where the database saves them by itself."""

AT_ONCE = 5000
"""Rows read before they go to the database together."""

UNASKED = 20
"""How often as many more go there before somebody is asked whether to go on."""

MOST_ROUNDS = 20
"""How often rows that share a name are drawn together, then those that share one with them …"""


Claim = tuple["About", Any, Any]
"""Of what kind of thing a row speaks, its name, and what it says of it."""


class StagingStopped(Exception):
    """Somebody canceled the import while its file was read."""


class Role(IntEnum):
    """What a name is to a row, in the lowest bits of the name's number.

    OWN: rows that share it go into one slice. PARENT: of the company that owns the row's. OWNER:
    of the row's company, which may own others.
    """

    OWN = 0
    PARENT = 1
    OWNER = 2


class About(IntEnum):
    """What a row says something of; two rows must not say two things of one of them."""

    LEAD = 0
    ACCOUNT = 1
    TOUCHPOINT = 2
    DEAL = 3
    CAMPAIGN = 4
    PERSON = 5


_TOUCHPOINT = int(About.TOUCHPOINT)


def keys_for(mapping: FileMapping, *, mode: str) -> Keys:
    """Read what the rows may name; three queries.

    Raises:
        FileRefused: the mapping itself names an unknown kind, or stages in live mode.
    """
    if mode == ImportMode.LIVE and mapping.lead and "stage" in mapping.lead.cells:
        raise FileRefused("The mapping gives leads a stage: that goes in history mode alone.")
    keys = Keys.read()
    for section in mapping.touchpoints:
        kind = section.cells["kind"].value
        if kind is not None and kind not in keys.kinds:
            raise FileRefused(f"The mapping's kind of touchpoint “{kind}” is not known.")
    return keys


@transaction.atomic
def stage(
    run: ImportRun, bound: Bound, *, keys: Keys, goes_on: Callable[[], bool] = lambda: True
) -> int:
    """Read the run's file into rows, all or none of them; what was staged before is dropped.

    Rows that cannot be taken, repeat a row above or contradict it are told apart. Those of one
    lead come into one slice, so that a slice can be tried by itself.

    Returns:
        How many rows wait to be saved.

    Raises:
        FileRefused: somewhere below, the file cannot be read.
        StagingStopped: `goes_on`, asked now and then, said no.
    """
    ImportRow.objects.filter(run=run).delete()
    is_plain = plain.is_plain(bound.mapping)
    quick = Quick.of(bound, keys) if is_plain else None
    staged = _Staged(run.pk, bound, keys, is_plain, quick, PLAIN_SLICE if is_plain else SLICE)
    with chunks.opened(run) as file, connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        records = files.read(file, Layout.of_json(run.layout))
        while first := "".join(map(staged.line_of, islice(records, AT_ONCE))):
            if not goes_on():
                raise StagingStopped("The import was canceled while its file was read.")
            # The database takes in what was read while more is read.
            with cursor.copy(_COPY) as copy:
                copy.write(first.encode("utf-8", "replace"))
                for _ in range(UNASKED):
                    more = "".join(map(staged.line_of, islice(records, AT_ONCE)))
                    copy.write(more.encode("utf-8", "replace"))
    _tell_apart(run)
    _draw_together(run)
    return ImportRow.objects.filter(run=run, slice__isnull=False).count()


_COLUMNS = "run_id, line, slice, state, values, repair, problems, named, keys, said, touchpoints"
_COPY = f"COPY leads_importrow ({_COLUMNS}) FROM STDIN"


@dataclass(slots=True)
class _Staged:
    """Rows on their way into the staging table, and how many of them are to be saved."""

    run_id: int
    bound: Bound
    keys: Keys
    is_plain: bool
    quick: Quick | None
    size: int
    ready_count: int = 0

    def line_of(self, record: Record) -> str:
        """Write a row as a line of COPY."""
        if self.quick and not (record.damage or record.repair):
            found = self.quick.told(record.values)
            if found:
                return self._line_of_plain(record, *found)
        return self._line_of_any(record)

    def _line_of_plain(self, record: Record, name: str, told: str) -> str:
        """Write what `_line` writes of a row of one claim, several times as fast."""
        claim = (hash(name) & _SIXTY_BITS) << 3 | _TOUCHPOINT
        return (
            f"{self.run_id}\t{record.line}\t{self._next()}\t{_written(record.values)}\t\t\\N\t\\N\t"
            f"{{{claim}}}\t{{{hash(told)}}}\t[{_escaped(told)}]\n"
        )

    def _line_of_any(self, record: Record) -> str:
        row = row_of(record, self.bound, keys=self.keys)
        if isinstance(row, RowRefused):
            return self._line(record, "\\N\trefused", problems=_dumped(problems_of(row)))
        place = self._next()
        told = [_told(one) for one in row.touchpoints]
        claims = [
            (About.TOUCHPOINT, one.external_id or said, said)
            for one, said in zip(row.touchpoints, told, strict=True)
        ]
        is_named = all(one.external_id for one in row.touchpoints)
        if self.is_plain and is_named and not record.repair:
            return self._line(record, place, claims, touchpoints=_escaped(f"[{','.join(told)}]"))
        claims += _claims(row)
        names = _names(row) + (_kinship(row) if self.has_parents else [])
        return self._line(record, place, claims, named=_array(names))

    @property
    def has_parents(self) -> bool:
        """Whether rows say which company owns theirs."""
        account = self.bound.mapping.account
        return bool(account and "parent_domain" in account.cells)

    def _next(self) -> str:
        place = f"{self.ready_count // self.size}\tready"
        self.ready_count += 1
        return place

    def _line(
        self,
        record: Record,
        place: str,
        claims: Sequence[Claim] = (),
        *,
        problems: str = "\\N",
        named: str = "\\N",
        touchpoints: str = "\\N",
    ) -> str:
        keys = _array([(hash(name) & _SIXTY_BITS) << 3 | about for about, name, _ in claims])
        said = _array([hash(said) for *_, said in claims])
        repair = _escaped(" ".join(record.repair.split()))
        return (
            f"{self.run_id}\t{record.line}\t{place}\t{_written(record.values)}\t{repair}\t"
            f"{problems}\t{named}\t{keys}\t{said}\t{touchpoints}\n"
        )


def _written(values: Sequence[str]) -> str:
    """Write a row's values as JSON for COPY."""
    text = '","'.join(values)
    if text.isprintable() and "\\" not in text and text.count('"') == 2 * len(values) - 2:
        return f'["{text}"]'
    if "\0" in text:
        # The database takes no such character, not even where it is shown as refused.
        values = [value.replace("\0", LOST) for value in values]
    return _dumped(values)


def problems_of(row: RowRefused) -> list[dict[str, str]]:
    """Return why a row was refused, as it is kept with the row."""
    return [{"column": one.column, "reason": one.reason} for one in row.problems]


def _told(one: TouchpointFacts) -> str:
    lead = cast(Identity, one.lead)
    who = ("who", lead.external_id) if lead.external_id else ("mail", lead.email)
    return plain.told(who, {name: getattr(one, name) for name in plain.TOLD})


def _claims(row: Row) -> list[Claim]:
    """Return what the row speaks of beside touchpoints, and what it says of each."""
    claims: list[Claim] = []
    if row.lead:
        claims += _lead_claims(row.lead, row.effective_at, row.stage)
    if row.deal:
        claims.append((About.DEAL, row.deal["external_id"], tuple(row.deal.items())))
    if row.account:
        claims.append((About.ACCOUNT, (row.account.domain, row.account.name), row.account))
    if row.campaign:
        claims.append((About.CAMPAIGN, row.campaign.key, row.campaign))
    if row.person:
        address = row.person.email.lower()
        claims.append((About.PERSON, address, replace(row.person, email=address)))
    return claims


def _lead_claims(lead: LeadFacts, since: datetime | None, stage: Stage | None) -> Iterator[Claim]:
    """Yield what is said of a lead: by its address if it has one, which then is said of its id."""
    address = _address(lead)
    if not address:
        yield About.LEAD, ("id", lead.external_id, since), (lead, stage)
        return
    yield (
        About.LEAD,
        ("mail", address, since),
        (replace(lead, external_id="", email=address), stage),
    )
    if lead.external_id:
        yield About.LEAD, ("address of", lead.external_id, since), address


_ROLELESS = ~3

_SIXTY_BITS = (1 << 60) - 1
"""A claim's number: the hash of what is named, and in the lowest bits what kind of thing it is."""


def _address(lead: LeadFacts) -> str:
    return (lead.email or "").lower()


def _names(row: Row) -> list[int]:
    """Return the names by which rows of one thing are drawn together, as numbers."""
    names: list[tuple[str, str | None]] = []
    if row.lead:
        names += [("lead", row.lead.external_id), ("mail", _address(row.lead))]
    if row.account:
        names += [("domain", row.account.domain), ("name", row.account.name)]
    if row.campaign:
        names.append(("campaign", row.campaign.key))
    if row.person:
        names.append(("person", row.person.email))
    return [hash(name) & _ROLELESS for name in names if name[1]]


def _kinship(row: Row) -> list[int]:
    """Return the domains by which a parent comes no later than its subsidiaries, as numbers."""
    account = row.account or (row.lead and row.lead.account)
    if not account:
        return []
    names = {Role.PARENT: account.parent_domain, Role.OWNER: account.domain}
    return [hash(("kin", name)) & _ROLELESS | role for role, name in names.items() if name]


def _tell_apart(run: ImportRun) -> None:
    """Find rows that repeat an earlier one in all that they say, or contradict it in anything."""
    with connection.cursor() as cursor:
        cursor.execute(_ONLY_HASHES)
        cursor.execute(_APART, {"run": run.pk, "about": [about.name.lower() for about in About]})


# Of rows that were only just staged, the planner knows nothing.
_ONLY_HASHES = "SET LOCAL enable_nestloop = off"

_APART = """
WITH claim AS MATERIALIZED (
    SELECT id, line, claim.key, claim.said
    FROM leads_importrow AS row, unnest(row.keys, row.said) AS claim (key, said)
    WHERE run_id = %(run)s AND slice IS NOT NULL
), first AS (
    SELECT key, min(line) AS line FROM claim GROUP BY key HAVING count(*) > 1
), told AS (
    SELECT claim.id, claim.key, first.line, claim.said = before.said AS is_repeated
    FROM first JOIN claim AS before USING (key, line) JOIN claim USING (key)
    WHERE claim.line > first.line
), wrong AS (
    SELECT DISTINCT ON (id) id, 'says something else of the same '
        || (%(about)s::text[])[1 + (key & 7)] || ' than line ' || line || '.' AS reason
    FROM told WHERE NOT is_repeated ORDER BY id, key & 7, line
), again AS (
    SELECT id, count(*) AS claim_count FROM told GROUP BY id HAVING bool_and(is_repeated)
)
UPDATE leads_importrow AS row SET slice = NULL,
    state = CASE WHEN wrong.id IS NULL THEN 'duplicate' ELSE 'refused' END,
    problems = CASE WHEN wrong.id IS NOT NULL
        THEN jsonb_build_array(jsonb_build_object('column', '', 'reason', wrong.reason)) END
FROM (SELECT DISTINCT id FROM told) AS one LEFT JOIN wrong USING (id) LEFT JOIN again USING (id)
WHERE row.id = one.id AND (wrong.id IS NOT NULL OR again.claim_count = cardinality(row.keys))
"""


def _draw_together(run: ImportRun) -> None:
    """Give rows that share a name one slice: the first of theirs.

    A name that more rows bear than go into a slice draws nothing together. The first row of a
    company that owns others goes where the first of those is: it is joined to them there.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONLY_HASHES)
        for _ in range(MOST_ROUNDS):
            cursor.execute(_TOGETHER, {"run": run.pk, "most": SLICE})
            if cursor.rowcount == 0:
                return


_TOGETHER = """
WITH named AS MATERIALIZED (
    SELECT id, line, slice, unnest(named) AS name FROM leads_importrow
    WHERE run_id = %(run)s AND slice IS NOT NULL
), spread AS (
    SELECT name, min(slice) AS slice FROM named WHERE name & 3 = 0 GROUP BY name
    HAVING min(slice) < max(slice) AND count(*) <= %(most)s
), owned AS (
    SELECT name + 1 AS name, min(slice) AS slice FROM named WHERE name & 3 = 1 GROUP BY name
), owner AS (
    SELECT DISTINCT ON (name) id, name FROM named WHERE name & 3 = 2 ORDER BY name, slice, line
), goal AS (
    SELECT id, spread.slice FROM named JOIN spread USING (name)
    UNION ALL SELECT id, slice FROM owner JOIN owned USING (name)
), moved AS (
    SELECT id, min(slice) AS slice FROM goal GROUP BY id
)
UPDATE leads_importrow AS row SET slice = moved.slice
FROM moved WHERE row.id = moved.id AND row.slice > moved.slice
"""


def _array(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _dumped(value: Any) -> str:
    return _escaped(_encode(value))


def _escaped(text: str) -> str:
    """Write a text, which has no line breaks or tabs, for COPY."""
    return text.replace("\\", "\\\\")
