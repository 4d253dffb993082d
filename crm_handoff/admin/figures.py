"""Key figures of the front page: what there is, what waits, and what needs somebody."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince

from crm_handoff.people import access
from leads.models import ImportRun

CAP = 1000
"""Rows up to which the front page counts; beyond, it says “and more”."""


class Figure(NamedTuple):
    """A number of the front page: what it counts, and the list that shows the rows.

    `sql` gives one number; it is capped or read from an index, for the page opens at any size.
    `is_alarm`: more than none needs somebody.
    """

    group: str
    title: str
    model: str
    sql: str
    query: str = ""
    is_alarm: bool = False


class Shown(NamedTuple):
    """A figure as the page draws it."""

    title: str
    value: str
    address: str
    is_alarm: bool = False


def _up_to_cap(rows: str) -> str:
    return f"SELECT count(*) FROM (SELECT FROM {rows} LIMIT {CAP + 1}) AS capped"  # noqa: S608


def _about(table: str) -> str:
    # The database's own estimate; counting a million rows would take longer than the page.
    return (
        f"SELECT CASE WHEN reltuples > {CAP} THEN reltuples::bigint "  # noqa: S608
        f"ELSE ({_up_to_cap(table)}) END FROM pg_class WHERE oid = '{table}'::regclass"
    )


FIGURES = (
    Figure(
        "The agreement",
        "in review, to be signed",
        "definitions.definitionversion",
        _up_to_cap("definitions_definitionversion WHERE state = 'in_review'"),
        "state__exact=in_review",
    ),
    Figure(
        "The agreement",
        "drafts",
        "definitions.definitionversion",
        _up_to_cap("definitions_definitionversion WHERE state = 'draft'"),
        "state__exact=draft",
    ),
    Figure("Leads", "leads", "leads.lead", _about("leads_lead")),
    Figure("Leads", "accounts", "leads.account", _about("leads_account")),
    Figure(
        "Leads",
        "waiting for judgement over 30 s",
        "leads.pendingmark",
        _up_to_cap(
            "leads_pendingmark WHERE NOT is_backlog AND marked_at < now() - interval '30 seconds' "
            "AND coalesce(retry_at, '-infinity') < now()"
        ),
        is_alarm=True,
    ),
    Figure(
        "Data that comes in",
        "calls in quarantine",
        "integrations.inboundevent",
        _up_to_cap("integrations_inboundevent WHERE state = 'quarantined'"),
        "state__exact=quarantined",
        is_alarm=True,
    ),
    Figure(
        "Data that comes in",
        "keys in use",
        "crm_handoff.apikey",
        _up_to_cap(
            "crm_handoff_apikey WHERE revoked_at IS NULL "
            "AND coalesce(expires_at, 'infinity') > now()"
        ),
    ),
    Figure(
        "Marketing",
        "assets without a talking point",
        "leads.asset",
        _up_to_cap("leads_asset WHERE '' IN (pain, question, proof)"),
    ),
    Figure(
        "Routing",
        "open with reps",
        "routing.rep",
        "SELECT coalesce(sum(open_count + excess_count), 0) FROM routing_rep",
    ),
    Figure(
        "Routing",
        "waiting in queues",
        "routing.handoff",
        _up_to_cap("routing_handoff WHERE status = 'queued'"),
        "status__exact=queued",
        is_alarm=True,
    ),
    Figure(
        "Routing",
        "reps away now",
        "routing.absence",
        _up_to_cap("routing_absence WHERE span @> now()"),
    ),
    Figure(
        "Clocks",
        "running",
        "routing.slatimer",
        _up_to_cap("routing_slatimer WHERE state = 'running'"),
        "state__exact=running",
    ),
    Figure(
        "Clocks",
        "due within the hour",
        "routing.slatimer",
        _up_to_cap(
            "routing_slatimer WHERE state = 'running' AND due_at < now() + interval '1 hour'"
        ),
        "state__exact=running",
    ),
    Figure(
        "Messages",
        "dead letters",
        "integrations.delivery",
        _up_to_cap("integrations_delivery WHERE state = 'dead'"),
        "state__exact=dead",
        is_alarm=True,
    ),
    Figure(
        "Messages",
        "to be sent",
        "integrations.delivery",
        _up_to_cap("integrations_delivery WHERE state = 'ready'"),
        "state__exact=ready",
    ),
    Figure(
        "People and system",
        "people here",
        "crm_handoff.user",
        _up_to_cap("crm_handoff_user WHERE is_active"),
        "presence=here",
    ),
    Figure(
        "People and system",
        "invited, not here yet",
        "crm_handoff.invitation",
        _up_to_cap("crm_handoff_invitation WHERE accepted_at IS NULL AND revoked_at IS NULL"),
        "accepted_at__isempty=1&revoked_at__isempty=1",
    ),
)
"""Figures by the groups of the sidebar; one query answers all."""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Give the front page its groups, each with the figures that the person may open.

    Two queries at any number of figures.
    """
    figures: dict[str, list[Shown]] = {}
    for group, shown in _shown(request):
        figures.setdefault(group, []).append(shown)
    for run in _last_import(request):
        figures.setdefault("Data that comes in", []).append(run)
    groups = [
        {
            "title": group["title"],
            "figures": figures.get(group["title"], []),
            "pages": [item for item in group["items"] if item["has_permission"]],
        }
        for group in context["sidebar_navigation"]
    ]
    return context | {"groups": [group for group in groups if group["pages"]]}


def _shown(request: HttpRequest) -> Iterator[tuple[str, Shown]]:
    permitted = [one for one in FIGURES if request.user.has_perm(_permission(one))]
    if not permitted:
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'({one.sql})' for one in permitted)}")
        numbers = cursor.fetchone()
    for figure, number in zip(permitted, numbers, strict=True):
        yield (
            figure.group,
            Shown(
                figure.title,
                _written(int(number), is_estimate="pg_class" in figure.sql),
                _address(figure),
                figure.is_alarm and number > 0,
            ),
        )


def _permission(figure: Figure) -> str:
    app, name = figure.model.split(".")
    return f"{app}.view_{name}"


def _address(figure: Figure) -> str:
    address = reverse(f"admin:{figure.model.replace('.', '_')}_changelist")
    return f"{address}?{figure.query}" if figure.query else address


def _written(number: int, *, is_estimate: bool) -> str:
    if number <= CAP:
        return f"{number:,}"
    return f"about {number:,}" if is_estimate else f"over {CAP:,}"


def _last_import(request: HttpRequest) -> Iterator[Shown]:
    run = access.operations.imports_visible_to(request.user).order_by("-pk").first()
    if isinstance(run, ImportRun):
        ago = timesince(run.started_at, depth=1)
        yield Shown(
            f"last import: {run.file_name}, {ago} ago",
            str(run.get_state_display()),
            reverse("web:import", args=[run.public_id]),
            run.state == "failed",
        )
