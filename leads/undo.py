"""What an import saved is taken back where nobody touched it since; the rest is listed with why.

Slice by slice, the last first. Of the history, the database lets go what the ledger of the slice
says that the import itself wrote of what it created; of what was known before, the present value
goes back, and the history tells of both.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models import Q

from leads import accounts, attributes, opportunities, pending, traces
from leads.attributes import Origin, Subject
from leads.enums import ImportMode, ImportState, Stage
from leads.models import (
    Account,
    AttributeChange,
    Campaign,
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
from leads.traces import Reasons

DROPPED = (
    PendingMark,
    LeadIdentity,
    ImpactLine,
    StageTransition,
    Evaluation,
    AttributeChange,
)
"""What goes with a lead, in this order."""

MOST_LISTED = 1000
"""Things that an undo left, kept one by one with the run; all of them are counted."""


@dataclass(slots=True)
class Tally:
    """What was taken back, by kind, and what was left, with why."""

    taken: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def leave(self, kind: str, things: Iterable[models.Model], reasons: Reasons) -> None:
        """List things that stay."""
        for thing in things:
            self.kept[kind] += 1
            said = {"kind": kind, "id": thing.pk, "label": str(thing)}
            self.rows.append(said | {"reason": reasons[thing.pk]})

    def as_json(self, before: dict[str, Any]) -> dict[str, Any]:
        """Return the report of all slices so far; `before` is that of the earlier ones."""
        return {
            "taken_back": dict(Counter(before.get("taken_back", {})) + self.taken),
            "kept": dict(Counter(before.get("kept", {})) + self.kept),
            "rows": [*before.get("rows", []), *self.rows][:MOST_LISTED],
        }


def take_back(run: ImportRun) -> int:
    """Take back the last slice that is still there, in the caller's transaction.

    Returns:
        How many things it had created or changed; 0: none was left, and the run is undone.
    """
    batches = ImportBatch.objects.filter(run=run).order_by("-slice")
    batch = batches[run.next_slice : run.next_slice + 1].first()
    if batch is None:
        run.state = ImportState.UNDONE
        run.save(update_fields=["state"])
        return 0
    tally = Tally()
    with _allowed(batch):
        _take_back_leads_and_deals(run, batch, tally)
        _take_back_touchpoints(run, batch, tally)
        _take_back_accounts(run, batch, tally)
        _take_back_fields(run, batch, tally)
        _take_back_others(run, batch, tally)
    run.undo_report = tally.as_json(run.undo_report)
    run.next_slice += 1
    run.done_count = (run.row_count or 0) * run.next_slice // batches.count()
    run.save(update_fields=["undo_report", "next_slice", "done_count"])
    return sum(tally.taken.values()) + sum(tally.kept.values())


@contextmanager
def _allowed(batch: ImportBatch) -> Iterator[None]:
    """Let the database give up what the slice's ledger lists."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.undoing', %s, true)", [str(batch.pk)])
        yield
        cursor.execute("SELECT set_config('app.undoing', '', true)")


def _take_back_leads_and_deals(run: ImportRun, batch: ImportBatch, tally: Tally) -> None:
    leads = _locked(Lead, batch.leads)
    deals = _locked(Opportunity, batch.opportunities)
    of_deals = traces.of_deals(run, [deal.pk for deal in deals])
    free = [deal.pk for deal in deals if deal.pk not in of_deals]
    of_leads = traces.of_leads(run, [lead.pk for lead in leads], deals=free)
    blocked = _send_back(batch, {deal.lead_id for deal in deals if deal.pk in of_deals}, tally)
    for deal in deals:
        if deal.lead_id in of_leads:
            of_deals.setdefault(deal.pk, traces.LEAD_STAYS)
        if deal.lead_id in blocked:
            of_deals.setdefault(deal.pk, traces.LEAD_WENT_ON)
    _drop_deals([deal.pk for deal in deals if deal.pk not in of_deals], tally)
    _drop_leads([lead.pk for lead in leads if lead.pk not in of_leads], tally)
    tally.leave("leads", [lead for lead in leads if lead.pk in of_leads], of_leads)
    tally.leave("opportunities", [deal for deal in deals if deal.pk in of_deals], of_deals)


def _locked(model: type[models.Model], ids: Collection[int]) -> list[Any]:
    """Lock things, so that nothing comes to refer to them meanwhile."""
    return [*model._base_manager.filter(pk__in=ids).order_by("pk").select_for_update()]


def _send_back(batch: ImportBatch, held: set[int], tally: Tally) -> set[int]:
    """Let leads that were known go back to the stage from which the slice moved them.

    held: leads of deals that stay. Returns those that stay where they are.
    """
    ours = StageTransition.objects.filter(pk__in=batch.transitions)
    first: dict[int, StageTransition] = {}
    for step in ours.order_by("pk"):
        first.setdefault(step.lead_id, step)
    if not first:
        return set()
    later = StageTransition.objects.filter(lead__in=first, pk__gt=min(batch.transitions))
    blocked = {*later.exclude(pk__in=batch.transitions).values_list("lead_id", flat=True)}
    # How long it was to cool off is not known any more.
    blocked |= {pk for pk, step in first.items() if step.from_stage == Stage.RECYCLED}
    blocked |= held & first.keys()
    free = [pk for pk in first if pk not in blocked]
    ours.filter(lead__in=free).delete()
    _set_stages({pk: first[pk].from_stage for pk in free})
    tally.taken["stages"] += len(free)
    stuck = Lead.objects.filter(pk__in=blocked)
    tally.leave("stages", stuck, dict.fromkeys(blocked, traces.LEAD_WENT_ON))
    return blocked


def _set_stages(stages: dict[int, str]) -> None:
    """Put leads at stages, since the step that led there, or since they came."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE leads_lead AS lead SET stage = back.stage, stage_at = COALESCE(
                   (SELECT max(at) FROM leads_stagetransition WHERE lead_id = lead.id),
                   (SELECT min(received_at) FROM leads_attributechange WHERE lead_id = lead.id),
                   created_at)
               FROM unnest(%s::bigint[], %s::text[]) AS back (id, stage)
               WHERE lead.id = back.id""",
            [[*stages], [*stages.values()]],
        )


def _drop_deals(ids: Collection[int], tally: Tally) -> None:
    AttributeChange.objects.filter(opportunity__in=ids).delete()
    Opportunity.objects.filter(pk__in=ids).delete()
    tally.taken["opportunities"] += len(ids)


def _drop_leads(ids: Collection[int], tally: Tally) -> None:
    gone = Lead.objects.filter(pk__in=ids)
    gone.exclude(latest_evaluation=None).update(latest_evaluation=None)
    SuspectedDuplicate.objects.filter(Q(lead__in=ids) | Q(other__in=ids)).delete()
    tally.taken["touchpoints"] += Touchpoint.objects.filter(lead__in=ids).delete()[0]
    for model in DROPPED:
        model._base_manager.filter(lead__in=ids).delete()
    gone.delete()
    tally.taken["leads"] += len(ids)


def _take_back_touchpoints(run: ImportRun, batch: ImportBatch, tally: Tally) -> None:
    """Take back what was told of leads that stay, unless they were qualified by it since."""
    left = Touchpoint.objects.filter(pk__in=batch.touchpoints).select_related("kind")
    lead_ids = {*left.values_list("lead_id", flat=True)}
    if not lead_ids:
        return
    _locked(Lead, lead_ids)
    qualified = traces.qualified_since(run, lead_ids)
    kept = [*left.filter(lead__in=qualified)]
    tally.leave("touchpoints", kept, {one.pk: traces.QUALIFIED for one in kept})
    tally.taken["touchpoints"] += left.exclude(lead__in=qualified).delete()[0]
    opportunities.flag_won_before_contact(lead_ids)
    if run.mode == ImportMode.LIVE:
        pending.mark(lead_ids - qualified)


def _take_back_accounts(run: ImportRun, batch: ImportBatch, tally: Tally) -> None:
    left = {account.pk: account for account in _locked(Account, batch.accounts)}
    while True:
        reasons = traces.of_accounts(run, left)
        free = [pk for pk in left if pk not in reasons]
        if not free:
            break
        AttributeChange.objects.filter(account__in=free).delete()
        Account.objects.filter(pk__in=free).delete()
        tally.taken["accounts"] += len(free)
        # Once subsidiaries are gone, nothing may refer to the account that owned them.
        for pk in free:
            del left[pk]
    tally.leave("accounts", left.values(), reasons)


def _take_back_fields(run: ImportRun, batch: ImportBatch, tally: Tally) -> None:
    """Give fields of what was known their old values, where they still hold what was imported."""
    rows = AttributeChange.objects.filter(pk__in=batch.changes).order_by("pk")
    changes = [*rows.select_related("lead", "account", "opportunity")]
    by_subject: dict[Subject, list[AttributeChange]] = {}
    for change in changes:
        if subject := change.lead or change.account or change.opportunity:
            by_subject.setdefault(subject, []).append(change)
    spoken = traces.changed_later(run, changes)
    created = traces.created_by(run, by_subject)
    for subject, of_subject in by_subject.items():
        if subject not in created:
            (held,) = _locked(type(subject), [subject.pk])
            _put_back(run, held, [one for one in of_subject if one.pk not in spoken], tally)
            _leave_fields(held, [one for one in of_subject if one.pk in spoken], tally)


def _put_back(
    run: ImportRun, subject: Subject, changes: list[AttributeChange], tally: Tally
) -> None:
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for change in changes:
        old.setdefault(change.field, change.old)
        new[change.field] = change.new
    values: dict[str, Any] = {}
    for name, value in new.items():
        attribute: Any = subject._meta.get_field(name)
        if attributes.as_json(getattr(subject, attribute.attname)) == value:
            values[attribute.attname] = _value(attribute, old[name])
    origin = Origin.of(traces.system_of(run), run.undone_at or run.started_at, None)
    changed = attributes.update(subject, values, origin=origin)
    tally.taken["fields"] += len(changed)
    if changed and run.mode == ImportMode.LIVE:
        _mark(subject)


def _value(attribute: Any, old: Any) -> Any:
    """Return what a field held, in its own type; what nobody had said is blank."""
    if old is None and not attribute.null:
        return attribute.get_default()
    kept = attribute.target_field if attribute.is_relation else attribute
    return kept.to_python(old)


def _mark(subject: Subject) -> None:
    if isinstance(subject, Account):
        accounts.mark_leads([subject.pk])
    else:
        pending.mark([subject.pk if isinstance(subject, Lead) else subject.lead_id])
    if isinstance(subject, Opportunity) and subject.account_id:
        accounts.mark_leads([subject.account_id])


def _leave_fields(subject: Subject, changes: list[AttributeChange], tally: Tally) -> None:
    for name in dict.fromkeys(change.field for change in changes):
        tally.leave("fields", [subject], {subject.pk: f"{name} was changed since."})


def _take_back_others(run: ImportRun, batch: ImportBatch, tally: Tally) -> None:
    """Take back names of known leads, campaigns, people, and changes of these."""
    names = LeadIdentity.objects.filter(pk__in=batch.identities)
    tally.taken["identities"] += names.delete()[0]
    for update in batch.updates:
        _put_back_plainly(update, tally)
    campaigns = _locked(Campaign, batch.campaigns)
    _drop("campaigns", campaigns, _changed_after(run, campaigns), tally)
    people = _locked(get_user_model(), batch.people)
    _drop("people", people, {who.pk: IN_USE for who in people if _is_in_use(who)}, tally)


IN_USE = "somebody gave this person a way in."


def _is_in_use(who: Any) -> bool:
    return bool(who.is_active or who.last_login or who.has_usable_password())


def _changed_after(run: ImportRun, campaigns: Iterable[Campaign]) -> Reasons:
    over = run.finished_at
    return {one.pk: traces.CHANGED for one in campaigns if over and one.updated_at > over}


def _drop(kind: str, things: list[Any], reasons: Reasons, tally: Tally) -> None:
    if not things:
        return
    model = type(things[0])
    reasons = traces.of_references(model, [thing.pk for thing in things]) | reasons
    free = [thing.pk for thing in things if thing.pk not in reasons]
    model._base_manager.filter(pk__in=free).delete()
    tally.taken[kind] += len(free)
    tally.leave(kind, [thing for thing in things if thing.pk in reasons], reasons)


def _put_back_plainly(update: dict[str, Any], tally: Tally) -> None:
    """Put back a field of what keeps no history, if it still holds what was imported."""
    model: type[models.Model] = Campaign if update["kind"] == "campaign" else get_user_model()
    row = model._base_manager.select_for_update().filter(pk=update["id"]).first()
    if row is None:
        return
    if attributes.as_json(getattr(row, update["field"])) != update["new"]:
        reason = f"{attributes.name_of(update['field'])} was changed since."
        tally.leave("fields", [row], {row.pk: reason})
        return
    setattr(row, update["field"], update["old"])
    row.save(update_fields=[update["field"]])
    tally.taken["fields"] += 1
