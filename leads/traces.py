"""Who touched what an import created: the reasons for which an undo leaves it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from django.db import models
from django.db.models import Exists, ManyToOneRel, OuterRef, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from leads.enums import Cause
from leads.models import (
    Account,
    AttributeChange,
    Evaluation,
    ImpactLine,
    ImportBatch,
    ImportRun,
    Lead,
    LeadIdentity,
    Opportunity,
    PendingMark,
    StageTransition,
    SuspectedDuplicate,
    Touchpoint,
)

Reasons = dict[int, str]
"""Why a thing stays, by its id."""

CHANGED = "it was changed since."
TOLD_MORE = "more was told of it since."
QUALIFIED = "it was qualified or answered since."
NAMED = "it got another name since."
HAS_A_DEAL = "it has an opportunity."
LEAD_STAYS = "its lead stays."
LEAD_WENT_ON = "its lead went on since."

OWN: Mapping[type[models.Model], frozenset[type[models.Model]]] = {
    Lead: frozenset(
        {
            AttributeChange,
            Evaluation,
            ImpactLine,
            LeadIdentity,
            Opportunity,
            PendingMark,
            StageTransition,
            SuspectedDuplicate,
            Touchpoint,
        }
    ),
    Account: frozenset({AttributeChange}),
    Opportunity: frozenset({AttributeChange}),
    Evaluation: frozenset({Lead, StageTransition}),
}
"""What goes with a thing, or is looked at by itself; all else that refers to it keeps it."""


def system_of(run: ImportRun) -> str:
    """Return the system whose file it was."""
    return run.content.get("system") or ""


def of_leads(run: ImportRun, ids: Collection[int], *, deals: Collection[int]) -> Reasons:
    """Say which leads somebody touched since the import created them.

    deals: those that go with their leads; any other keeps its lead.
    """
    ours = Q(system=system_of(run), received_at=run.received_at)
    reasons = _named(run, ids)
    for reason, rows in (
        (TOLD_MORE, Touchpoint.objects.filter(lead__in=ids).exclude(ours)),
        (CHANGED, AttributeChange.objects.filter(lead__in=ids).exclude(**_written_by(run))),
        (QUALIFIED, StageTransition.objects.filter(lead__in=ids).exclude(cause=Cause.EXTERNAL)),
        (HAS_A_DEAL, Opportunity.objects.filter(lead__in=ids).exclude(pk__in=deals)),
    ):
        reasons |= dict.fromkeys(rows.values_list("lead_id", flat=True), reason)
    return reasons | of_references(Lead, ids)


def of_accounts(run: ImportRun, ids: Collection[int]) -> Reasons:
    """Say which accounts somebody changed or refers to since the import created them."""
    changes = AttributeChange.objects.filter(account__in=ids).exclude(**_written_by(run))
    reasons = dict.fromkeys(changes.values_list("account_id", flat=True), CHANGED)
    return reasons | of_references(Account, ids)


def of_deals(run: ImportRun, ids: Collection[int]) -> Reasons:
    """Say which deals somebody changed or refers to since the import created them."""
    changes = AttributeChange.objects.filter(opportunity__in=ids).exclude(**_written_by(run))
    reasons = dict.fromkeys(changes.values_list("opportunity_id", flat=True), CHANGED)
    return reasons | of_references(Opportunity, ids)


def of_references(model: type[models.Model], ids: Collection[int]) -> Reasons:
    """Say what refers to things, beside what goes with them; a query for each kind of it."""
    own = OWN.get(model, frozenset())
    reasons: Reasons = {}
    for field in model._meta.get_fields(include_hidden=True):
        if not isinstance(field, ManyToOneRel) or field.related_model in own:
            continue
        name = field.field.name
        found = field.related_model._base_manager.filter(**{f"{name}__in": ids})
        kind = str(field.related_model._meta.verbose_name)
        said = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} refers to it."
        reasons |= dict.fromkeys(found.values_list(name, flat=True), said)
    return reasons


def qualified_since(run: ImportRun, lead_ids: Collection[int]) -> set[int]:
    """Return those leads that were qualified or handed off since the import."""
    moved = StageTransition.objects.filter(lead__in=lead_ids, at__gte=run.received_at)
    judged = Evaluation.objects.filter(lead__in=lead_ids, at__gte=run.received_at)
    lead_of = dict(judged.values_list("pk", "lead_id"))
    used = of_references(Evaluation, lead_of)
    return {
        *moved.exclude(cause=Cause.EXTERNAL).values_list("lead_id", flat=True),
        *(lead_of[pk] for pk in used),
    }


def created_by(run: ImportRun, things: Iterable[models.Model]) -> set[models.Model]:
    """Return those leads, accounts and deals that the import itself created; three queries."""
    created: set[models.Model] = set()
    for model, kind in ((Lead, "leads"), (Account, "accounts"), (Opportunity, "opportunities")):
        of_model = {thing.pk: thing for thing in things if isinstance(thing, model)}
        created |= {of_model[pk] for pk in _listed(run, kind, of_model)}
    return created


def latest_run_of(lead_id: int) -> int | None:
    """Return the latest import that created a lead or changed it, unless it was undone.

    One query, by the history of the lead.
    """
    system = Coalesce(KeyTextTransform("system", "content"), Value(""))
    runs = ImportRun.objects.annotate(system=system).filter(
        received_at__in=AttributeChange.objects.filter(lead=lead_id).values("received_at"),
        undone_at=None,
    )
    wrote = AttributeChange.objects.filter(
        lead=lead_id,
        received_at=OuterRef("received_at"),
        source=OuterRef("system"),
    )
    return (
        runs.filter(Exists(wrote))
        .order_by("-received_at", "-pk")
        .values_list("pk", flat=True)
        .first()
    )


def _listed(run: ImportRun, kind: str, ids: Collection[int]) -> set[int]:
    """Return those ids that the ledger of any slice lists."""
    if not ids:
        return set()
    batches = ImportBatch.objects.filter(run=run, **{f"{kind}__overlap": list(ids)})
    return {pk for listed in batches.values_list(kind, flat=True) for pk in listed} & {*ids}


def _named(run: ImportRun, ids: Collection[int]) -> Reasons:
    """Say which leads have a name that the import did not give them."""
    names = dict(LeadIdentity.objects.filter(lead__in=ids).values_list("pk", "lead_id"))
    given = _listed(run, "identities", names)
    strange = LeadIdentity.objects.filter(pk__in=names).exclude(system=system_of(run))
    counts = Counter(lead_id for pk, lead_id in names.items() if pk not in given)
    several = {lead_id for lead_id, count in counts.items() if count > 1}
    return dict.fromkeys(several.union(strange.values_list("lead_id", flat=True)), NAMED)


def _written_by(run: ImportRun) -> dict[str, object]:
    return {"source": system_of(run), "received_at": run.received_at}


def changed_later(run: ImportRun, changes: Iterable[AttributeChange]) -> set[int]:
    """Return those changes after which somebody else changed the same field of the same thing."""
    mine = Q(source=system_of(run), received_at__in=[run.received_at, run.undone_at])
    same = Q()
    for subject in ("lead", "account", "opportunity"):
        same |= Q(**{subject: OuterRef(subject)})
    later = AttributeChange.objects.filter(same, field=OuterRef("field"), pk__gt=OuterRef("pk"))
    found = AttributeChange.objects.filter(
        Exists(later.exclude(mine)), pk__in=[change.pk for change in changes]
    )
    return {*found.values_list("pk", flat=True)}
