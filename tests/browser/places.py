"""Every page of the product, as each role of the demo opens it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm_handoff import alerts
from crm_handoff.agreements import reviewing
from crm_handoff.integrations.models import InboundSource
from crm_handoff.people import access
from crm_handoff.people.models import User
from crm_handoff.reports import criteria
from crm_handoff.web import batches
from definitions.enums import AttemptKind, Side, VersionState
from definitions.models import DefinitionReview, DefinitionVersion
from definitions.vocabulary import Process
from leads.enums import ImportState, Stage
from leads.models import Account, Asset, Example, ImportRun, Lead
from routing import handoffs, timers
from routing.batches import Batch
from routing.enums import AttemptOutcome, BatchKind, HandoffStatus
from routing.models import (
    Absence,
    AbsenceSeries,
    BulkRejection,
    FollowUp,
    Handoff,
    RejectionReason,
    ReviewTask,
    SlaAlert,
)
from tests.web import import_steps

REVOPS = "revops@demo.example"
MARKETING = "marketing.lead@demo.example"
SALES = "sales.manager@demo.example"
SDR = "sdr@demo.example"
AE = "ae@demo.example"
AUDITOR = "auditor@demo.example"


@dataclass(frozen=True, slots=True)
class Place:
    """A page by a name that files bear, where it is, who of the demo opens it, and its answer."""

    name: str
    address: str
    who: str = ""
    status: int = 200


def send_files() -> None:
    """Send three files as RevOps: to be described, checked, and imported."""
    client = Client()
    client.force_login(User.objects.get(email=REVOPS), "django.contrib.auth.backends.ModelBackend")
    import_steps.sent(client)
    _waiting, started = (import_steps.checked(client, import_steps.sent(client)) for _ in "12")
    import_steps.post(client, started, "import_start")
    import_steps.work()


def web_places() -> list[Place]:
    """Return the product's own pages with the demo's most telling rows."""
    return [
        *(Place(f"rep-{name}", address, SDR) for name, address in _rep()),
        *(Place(f"ae-{name}", address, AE) for name, address in _ae()),
        *(Place(f"marketing-{name}", address, MARKETING) for name, address in _marketing()),
        *(Place(f"sales-{name}", address, SALES) for name, address in _sales()),
        *(Place(f"revops-{name}", address, REVOPS) for name, address in _revops()),
        *(Place(f"auditor-{name}", address, AUDITOR) for name, address in _auditor()),
        Place("rep-refused", reverse("web:team"), SDR, status=403),
    ]


def admin_places() -> list[Place]:
    """Return the administration's pages as RevOps open them: index, lists, one row of each."""
    places = [Place("admin", reverse("admin:index"), REVOPS)]
    for model in sorted(admin.site._registry, key=lambda one: one._meta.label_lower):
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        places.append(Place(f"admin-{name}", reverse(f"admin:{name}_changelist"), REVOPS))
        row = _telling_row(model)
        if row is not None:
            change = reverse(f"admin:{name}_change", args=[row.pk])
            places.append(Place(f"admin-{name}-one", change, REVOPS))
    return places


def _telling_row(model: type[Model]) -> Model | None:
    if model is DefinitionVersion:
        return DefinitionVersion.objects.order_by("-pk").first()
    if model is Handoff:
        return _handoff(HandoffStatus.ASSIGNED)
    row: Model | None = model._default_manager.order_by("pk").first()
    return row


def _rep() -> Iterator[tuple[str, str]]:
    yield "queue", reverse("web:queue")
    yield from _rep_short(SDR)
    handoff = _held_by(SDR)
    for action in ("attempt", "reject", "task_new"):
        yield action, reverse(f"web:{action}", args=[handoff.public_id])
    yield "task_move", reverse("web:task_move", args=[_task_of(SDR).public_id])
    yield "away", reverse("web:away")
    yield "fairness", reverse("web:fairness")
    yield "absences", reverse("web:absences")
    yield "why", reverse("web:lead", args=[handoff.lead.public_id])
    yield "earlier", reverse("web:evaluation", args=_evaluation(handoff.lead))
    yield "definitions", reverse("web:definitions")
    yield "definition", reverse("web:definition", args=["mid-market"])
    yield "notices", reverse("web:notices")
    yield "profile", reverse("web:profile")
    yield "preferences", reverse("web:preferences")


def _rep_short(email: str) -> Iterator[tuple[str, str]]:
    yield "lead", reverse("web:handoff", args=[_held_by(email).public_id])


def _ae() -> Iterator[tuple[str, str]]:
    yield from _rep_short(AE)
    yield "confirm", reverse("web:confirm", args=[_to_confirm().public_id])


def _marketing() -> Iterator[tuple[str, str]]:
    yield "home", reverse("web:home")
    yield "leads", reverse("web:leads")
    yield "lead", reverse("web:lead", args=[_rejected().lead.public_id])
    yield "handoff", reverse("web:handoff", args=[_rejected().public_id])
    yield "accounts", reverse("web:accounts")
    yield "account", reverse("web:account", args=[_target().public_id])
    yield "assets", reverse("web:assets")
    yield "asset", reverse("web:asset", args=[Asset.objects.order_by("pk")[0].key])
    yield "funnel", reverse("web:funnel")
    yield "definitions", reverse("web:definitions")
    yield "definition", reverse("web:definition", args=["mid-market"])
    yield "questions", reverse("web:questions")
    yield "question", reverse("web:question_answer", args=[_question().public_id])
    yield "proposals", reverse("web:proposals", args=["mid-market"])
    for page in ("version_sign", "version_discussion"):
        yield page, reverse(f"web:{page}", args=["mid-market", 2])
    for page in ("version", "version_compare", "version_history"):
        yield page, reverse(f"web:{page}", args=["mid-market", 2])
    for page in ("version_try", "version_examples", "example_new", "version_impact"):
        yield page, reverse(f"web:{page}", args=["mid-market", 2])
    example = Example.objects.filter(definition__key="mid-market").order_by("pk")[0]
    yield "example", reverse("web:example", args=["mid-market", 2, example.public_id])
    yield "impact-leads", reverse("web:impact_leads", args=["mid-market", 2])
    tried = reverse("web:version_try", args=["mid-market", 2])
    yield "try-lead", f"{tried}?lead={_rejected().lead.public_id}"
    yield "try-facts", f"{tried}?facts=1"


def _sales() -> Iterator[tuple[str, str]]:
    yield "home", reverse("web:home")
    yield "team", reverse("web:team")
    yield "routing", reverse("web:routing")
    yield "fairness", reverse("web:fairness")
    handoff = _handoff(HandoffStatus.ASSIGNED).public_id
    yield "responses", f"{reverse('web:sla_response')}?weeks=13"
    yield "criteria", reverse("web:sla_criteria")
    yield "weeks", f"{reverse('web:sla_criteria')}?kind=week"
    batch = _batch()
    yield "batch", batches.address_of(batch)
    yield "batch-reject", batches.address_of(batch, "web:sla_batch_reject")
    yield "rejected", reverse("web:bulk_rejection", args=[_rejected_together(batch).public_id])
    yield "health", reverse("web:health_checks")
    yield "alert", reverse("web:sla_alert", args=[_broken().public_id])
    yield "assign", f"{reverse('web:team_assign')}?handoff={handoff}"
    yield "absence", reverse("web:team_absence")
    yield "absences-of-the-team", reverse("web:team_away")
    yield "absence-change", reverse("web:absence_change", args=[_absence().public_id])
    yield "series-change", reverse("web:series_change", args=[_series().public_id])
    yield "handoff", reverse("web:handoff", args=[_handoff(HandoffStatus.ACCEPTED).public_id])
    yield "pause", reverse("web:pause", args=[handoff])
    yield "review", reverse("web:definition_review", args=["mid-market"])
    yield "review-of", reverse("web:review", args=["mid-market", _reviewed().public_id])


def _absence() -> Absence:
    """Return an absence to come that somebody entered."""
    return Absence.objects.filter(series=None, span__startswith__gt=timezone.now()).earliest("pk")


def _series() -> AbsenceSeries:
    """Return a recurring absence that goes on."""
    return AbsenceSeries.objects.filter(ended_at=None).earliest("pk")


def _batch() -> Batch:
    """Return the batch with most handovers."""
    found = criteria.by_batch(at=timezone.now(), kinds=[BatchKind.SOURCE])
    return max(found, key=lambda one: one.handed_over_count).batch


def _rejected_together(batch: Batch) -> BulkRejection:
    """Return leads of a batch that sales rejected together."""
    bulk, _ = BulkRejection.objects.get_or_create(
        definition=batch.definition,
        batch_kind=batch.kind,
        batch_key=batch.key,
        defaults={
            "batch_name": batch.name,
            "handed_over_count": 98,
            "missed_count": 5,
            "limit_pct": 5,
            "reason": RejectionReason.objects.get(key="no_fit"),
            "comment": "The list was bought without company sizes.",
            "by": User.objects.get(email=SALES),
            "at": timezone.now() - timedelta(days=1),
        },
    )
    return bulk


def _broken() -> SlaAlert:
    """Return a signed limit that was broken, and about which nobody said anything yet."""
    alerts.attend(at=timezone.now())
    return SlaAlert.objects.filter(acknowledged_at=None).latest("pk")


def _reviewed() -> DefinitionReview:
    """Return the review of the agreement in force, opened as when it is due."""
    reviewing.attend(at=timezone.now() + timedelta(days=91))
    return DefinitionReview.objects.get(version__definition__key="mid-market")


def _revops() -> Iterator[tuple[str, str]]:
    yield "home", reverse("web:home")
    yield "routing", reverse("web:routing")
    yield "start", reverse("web:start")
    yield "invite", reverse("web:invite")
    yield "account", reverse("web:account", args=[_target().public_id])
    yield "imports", reverse("web:imports")
    yield "import-new", reverse("web:import_new")
    for state in (ImportState.UPLOADED, ImportState.CHECKED, ImportState.DONE):
        run = ImportRun.objects.filter(state=state).latest("pk")
        yield f"import-{state}", reverse("web:import", args=[run.public_id])
    yield "import-undo", reverse("web:import_undo", args=[run.public_id])
    yield "webhooks", reverse("web:webhooks")
    yield "webhook-new", reverse("web:new_webhook")
    yield "webhook", reverse("web:webhook", args=[InboundSource.objects.latest("pk").public_id])


def _auditor() -> Iterator[tuple[str, str]]:
    yield "home", reverse("web:home")
    yield "team", reverse("web:team")


def _held_by(email: str) -> Handoff:
    """Return an open handoff of somebody, the one with most to read."""
    user = User.objects.get(email=email)
    held = access.handoffs.visible_to(user).filter(rep__user=user, status__in=HandoffStatus.HELD)
    return _most(held.select_related("lead"), lambda one: len(one.packet["talking_points"]))


def _to_confirm() -> Handoff:
    """Return an accepted handoff of the process in which reps confirm, called at least once.

    On some days of the demo's year nobody has one: then the AE accepts what waits for them.
    """
    held = Handoff.objects.filter(
        rep__user__email=AE, version__process=Process.SALES_CONFIRMED
    ).order_by("pk")
    confirmable = held.filter(
        status=HandoffStatus.ACCEPTED, lead__stage="sal", attempts__isnull=False
    )
    if found := confirmable.last():
        return found
    waiting, at = held.filter(status=HandoffStatus.ASSIGNED).latest("pk"), timezone.now()
    by = User.objects.get(email=AE)
    handoffs.attempt(
        waiting.pk, by=by, kind=AttemptKind.CALL, outcome=AttemptOutcome.REACHED, at=at
    )
    handoffs.accept(waiting.pk, by=by, at=at)
    return waiting


def _question() -> ReviewTask:
    """Return a question about a lead that waits for the marketing lead; the first is asked."""
    asked = ReviewTask.objects.first()
    if asked is not None:
        return asked
    at, version = (
        timezone.now(),
        DefinitionVersion.objects.get(definition__key="mid-market", state=VersionState.ACTIVE),
    )
    task = ReviewTask.objects.create(
        lead=Lead.objects.filter(stage=Stage.IQL, account__isnull=False).latest("pk"),
        version=version,
        key="ideal_customer",
        question="Does this company sell mostly to other companies?",
        side=Side.MARKETING,
        valid_days=90,
        owner=User.objects.get(email=MARKETING),
        opened_at=at,
    )
    timers.start_for_question(task, within=timedelta(hours=8), at=at)
    return task


def _task_of(email: str) -> FollowUp:
    waiting = FollowUp.objects.filter(done_at=None, cancelled_at=None)
    return waiting.filter(handoff__rep__user__email=email).latest("pk")


def _evaluation(lead: Lead) -> tuple[Any, int]:
    """Return what the address of the first evaluation that a lead ever had is made of."""
    return lead.public_id, lead.evaluations.order_by("pk").values_list("pk", flat=True)[0]


def _handoff(status: HandoffStatus) -> Handoff:
    found = Handoff.objects.filter(status=status).select_related("lead")
    return _most(found.order_by("-opened_at")[:50], lambda one: one.attempts.count())


def _rejected() -> Handoff:
    return (
        Handoff.objects.filter(status=HandoffStatus.REJECTED).select_related("lead").latest("pk")
    )


def _target() -> Account:
    targets = Account.objects.filter(is_target=True)
    return _most(targets, lambda one: Lead.objects.filter(account=one).count())


def _most(rows: Any, measure: Callable[[Any], int]) -> Any:
    return max(rows, key=measure)
