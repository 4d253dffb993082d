"""Every address of the product, walked as each kind of caller."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from crm_handoff.integrations import inbound
from crm_handoff.integrations.models import InboundSource
from crm_handoff.models import Invitation, User
from crm_handoff.people import keys
from definitions import versions
from definitions.models import DefinitionReview, DefinitionVersion, Proposal, Question
from leads import examples
from leads.examples import Said
from leads.models import Asset, Campaign, Example, ImportRun, Opportunity, Persona, Source
from leads.portraits import Portrait
from routing import drafts, plans
from routing.models import (
    Absence,
    AbsenceSeries,
    BulkRejection,
    FollowUp,
    Handoff,
    Notice,
    RejectionReason,
    Rep,
    ReviewTask,
    RoutingCondition,
    RoutingPlan,
    SlaAlert,
    Suspension,
)

pytestmark = pytest.mark.usefixtures("organization", "db")

PEOPLE = {
    "rep": "sdr@demo.example",
    "other rep": "ae@demo.example",
    "marketing lead": "marketing.lead@demo.example",
    "sales manager": "sales.manager@demo.example",
    "revops": "revops@demo.example",
    "auditor": "auditor@demo.example",
}
CALLERS = ("anonymous", *PEOPLE, "integration")
STAFF = ("marketing lead", "sales manager", "revops", "auditor")
METHODS = ("GET", "POST")
LETTER = {"uidb64": "MQ", "token": "made-up"}
OPEN_TO_ALL = {
    "/healthz/",
    "/readyz/",
    "/login/",
    "/forgot/",
    "/password/MQ/made-up/",
    "/api/schema/",
    "/api/docs/",
}
OWN = {
    "bell",
    "change_password",
    "forgot",
    "home",
    "login",
    "logout",
    "mark_notices",
    "notices",
    "preferences",
    "profile",
    "read_all",
    "read_undo",
    "set_password",
}
"""Pages that show a person nothing but their own."""
CALM = {200, 302, 400, 403, 404, 405}

EXPECTED = {
    # caller: anonymous, rep, other rep, marketing lead, sales manager, revops, auditor, key
    ("web", "home", "GET"): "302 302 302 200 200 200 200 302",
    ("web", "sla_criteria", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "sla_criteria", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "sla_batch", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "sla_batch", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "sla_batch_reject", "GET"): "302 403 403 403 200 403 403 302",
    ("web", "sla_batch_reject", "POST"): "302 403 403 403 200 403 403 302",
    ("web", "bulk_rejection", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "bulk_rejection", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "bulk_rejection_undo", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "bulk_rejection_undo", "POST"): "302 403 403 302 302 302 302 302",
    ("api", "criteria-rates", "GET"): "401 403 403 200 200 200 200 200",
    ("api", "criteria-rates", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "batch-reject", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "batch-reject", "POST"): "401 403 403 403 400 403 403 403",
    ("api", "bulk-rejections", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "bulk-rejections", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "bulk-rejection", "GET"): "401 404 404 200 200 200 200 200",
    ("api", "bulk-rejection", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "floor-checks", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "floor-checks", "POST"): "401 405 405 405 405 405 405 405",
    ("web", "sla_response", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "sla_response", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "sla_alert", "GET"): "302 404 404 200 200 200 200 302",
    ("web", "sla_alert", "POST"): "302 404 404 403 422 422 403 302",
    ("web", "health_checks", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "health_checks", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "suspension_end", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "suspension_end", "POST"): "302 403 403 403 302 302 403 302",
    ("api", "alerts", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "alerts", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "alert", "GET"): "401 404 404 200 200 200 200 200",
    ("api", "alert", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "alert-acknowledge", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "alert-acknowledge", "POST"): "401 403 403 403 400 400 403 403",
    ("api", "suspensions", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "suspensions", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "suspension", "GET"): "401 404 404 200 200 200 200 200",
    ("api", "suspension", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "suspension-end", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "suspension-end", "POST"): "401 403 403 403 200 200 403 403",
    ("api", "fairness", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "fairness", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "response-rates", "GET"): "401 403 403 200 200 200 200 200",
    ("api", "response-rates", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "definition-response-rates", "GET"): "401 403 403 200 200 200 200 200",
    ("api", "definition-response-rates", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "checkups", "GET"): "401 403 403 200 200 200 200 200",
    ("api", "checkups", "POST"): "401 405 405 405 405 405 405 405",
    ("web", "home", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "login", "GET"): "200 302 302 302 302 302 302 200",
    ("web", "login", "POST"): "200 302 302 302 302 302 302 200",
    ("web", "logout", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "logout", "POST"): "302 302 302 302 302 302 302 302",
    ("web", "forgot", "GET"): "200 200 200 200 200 200 200 200",
    ("web", "forgot", "POST"): "422 422 422 422 422 422 422 422",
    ("web", "set_password", "GET"): "200 200 200 200 200 200 200 200",
    ("web", "set_password", "POST"): "200 200 200 200 200 200 200 200",
    ("web", "start", "GET"): "302 403 403 403 403 200 403 302",
    ("web", "start", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "start_organization", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "start_organization", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "start_operators", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "start_operators", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "start_put_away", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "start_put_away", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "invite", "GET"): "302 403 403 403 403 200 403 302",
    ("web", "invite", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "invite_many", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "invite_many", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "invitation_send", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "invitation_send", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "invitation_revoke", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "invitation_revoke", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "profile", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "profile", "POST"): "302 422 422 422 422 422 422 302",
    ("web", "change_password", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "change_password", "POST"): "302 422 422 422 422 422 422 302",
    ("web", "queue", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "queue", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "accept_many", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "accept_many", "POST"): "302 302 302 302 302 302 302 302",
    ("web", "wrote_many", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "wrote_many", "POST"): "302 302 302 302 302 302 302 302",
    ("web", "undo_many", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "undo_many", "POST"): "302 302 302 302 302 302 302 302",
    ("web", "away", "GET"): "302 200 200 403 403 403 403 302",
    ("web", "away", "POST"): "302 422 422 403 403 403 403 302",
    ("web", "away_end", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "away_end", "POST"): "302 302 404 403 403 403 403 302",
    ("web", "task_new", "GET"): "302 200 404 403 200 403 403 302",
    ("web", "task_new", "POST"): "302 422 404 403 422 403 403 302",
    ("web", "task_done", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "task_done", "POST"): "302 302 404 403 302 403 403 302",
    ("web", "task_reopen", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "task_reopen", "POST"): "302 302 404 403 302 403 403 302",
    ("web", "task_move", "GET"): "302 200 404 403 200 403 403 302",
    ("web", "task_move", "POST"): "302 422 404 403 422 403 403 302",
    ("web", "pull_waiting", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "pull_waiting", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "pull", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "pull", "POST"): "302 404 404 403 404 403 403 302",
    ("web", "routing", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "routing", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "fairness", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "fairness", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "team", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "team", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "team_side", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "team_side", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "team_assign", "GET"): "302 403 403 403 302 302 403 302",
    ("web", "team_assign", "POST"): "302 403 403 403 302 302 403 302",
    ("web", "team_away", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "team_away", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "team_absence_effect", "GET"): "302 403 403 403 200 200 403 302",
    ("web", "team_absence_effect", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "absences", "GET"): "302 200 200 403 403 403 403 302",
    ("web", "absences", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "away_effect", "GET"): "302 200 200 403 403 403 403 302",
    ("web", "away_effect", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "calendar_connect", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "calendar_connect", "POST"): "302 422 422 403 403 403 403 302",
    ("web", "calendar_stop", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "calendar_stop", "POST"): "302 404 404 403 403 403 403 302",
    ("web", "absence_change", "GET"): "302 404 404 403 200 200 403 302",
    ("web", "absence_change", "POST"): "302 404 404 403 422 422 403 302",
    ("web", "series_change", "GET"): "302 200 404 403 200 200 403 302",
    ("web", "series_change", "POST"): "302 422 404 403 422 422 403 302",
    ("web", "series_end", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "series_end", "POST"): "302 302 404 403 302 302 403 302",
    ("web", "team_absence", "GET"): "302 403 403 403 200 200 403 302",
    ("web", "team_absence", "POST"): "302 403 403 403 200 200 403 302",
    ("web", "absence_end", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "absence_end", "POST"): "302 403 403 403 302 302 403 302",
    ("web", "assets", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "assets", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "asset", "GET"): "302 403 403 200 403 200 403 302",
    ("web", "asset", "POST"): "302 403 403 200 403 200 403 302",
    ("web", "definitions", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "definitions", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "definition", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "definition", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "version", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "version", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "version_file", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "version_file", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "version_compare", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "version_compare", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "version_history", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "version_history", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "version_try", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "version_try", "POST"): "302 403 403 422 422 422 422 302",
    ("web", "version_examples", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "version_examples", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "example_new", "GET"): "302 403 403 200 200 200 403 302",
    ("web", "example_new", "POST"): "302 403 403 422 422 422 403 302",
    ("web", "example", "GET"): "302 403 403 200 200 200 403 302",
    ("web", "example", "POST"): "302 403 403 422 422 422 403 302",
    ("web", "example_retire", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "example_retire", "POST"): "302 403 403 302 302 302 403 302",
    ("web", "version_impact", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "version_impact", "POST"): "302 403 403 302 302 302 403 302",
    ("web", "impact_leads", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "impact_leads", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "questions", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "questions", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "question_answer", "GET"): "302 404 404 200 200 200 200 302",
    ("web", "question_answer", "POST"): "302 404 404 422 403 403 403 302",
    ("web", "definition_review", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "definition_review", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "review", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "review", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "review_sign", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "review_sign", "POST"): "302 403 403 422 422 403 403 302",
    ("web", "review_findings", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "review_findings", "POST"): "302 403 403 302 302 302 403 302",
    ("web", "version_sign", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "version_sign", "POST"): "302 403 403 422 422 403 403 302",
    ("web", "version_refuse", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "version_refuse", "POST"): "302 403 403 422 422 403 403 302",
    ("web", "version_withdraw", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "version_withdraw", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "version_discussion", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "version_discussion", "POST"): "302 422 422 422 422 422 403 302",
    ("web", "version_workshops", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "version_workshops", "POST"): "302 403 403 422 422 422 403 302",
    ("web", "proposals", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "proposals", "POST"): "302 422 422 422 422 422 403 302",
    ("web", "proposal_answer", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "proposal_answer", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "funnel", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "funnel", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "accounts", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "accounts", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "account", "GET"): "302 200 404 200 200 200 200 302",
    ("web", "account", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "account_target", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "account_target", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "imports", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "imports", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "import_new", "GET"): "302 403 403 403 403 200 403 302",
    ("web", "import_new", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "import", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "import", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "import_describe", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "import_describe", "POST"): "302 403 403 403 403 200 403 302",
    ("web", "import_layout", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "import_layout", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "import_check", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "import_check", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "import_start", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "import_start", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "import_cancel", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "import_cancel", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "import_refused", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "import_refused", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "import_undo", "GET"): "302 403 403 403 403 200 403 302",
    ("web", "import_undo", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "webhooks", "GET"): "302 403 403 403 403 200 200 302",
    ("web", "webhooks", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "new_webhook", "GET"): "302 403 403 403 403 200 403 302",
    ("web", "new_webhook", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "webhook", "GET"): "302 403 403 403 403 200 200 302",
    ("web", "webhook", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "webhook_mapping", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "webhook_mapping", "POST"): "302 403 403 403 403 422 403 302",
    ("web", "webhook_try", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "webhook_try", "POST"): "302 403 403 403 403 200 403 302",
    ("web", "webhook_read_again", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "webhook_read_again", "POST"): "302 403 403 403 403 302 403 302",
    ("web", "webhook_secret", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "webhook_secret", "POST"): "302 403 403 403 403 200 403 302",
    ("web", "webhook_active", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "webhook_active", "POST"): "302 403 403 403 403 302 403 302",
    ("api", "webhook", "GET"): "405 405 405 405 405 405 405 405",
    ("api", "webhook", "POST"): "401 401 401 401 401 401 401 401",
    ("web", "notices", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "notices", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "read_all", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "read_all", "POST"): "302 302 302 302 302 302 302 302",
    ("web", "read", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "read", "POST"): "302 302 404 404 404 404 404 302",
    ("web", "bell", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "bell", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "read_undo", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "read_undo", "POST"): "302 400 400 400 400 400 400 302",
    ("web", "mark_notices", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "mark_notices", "POST"): "302 302 302 302 302 302 302 302",
    ("web", "preferences", "GET"): "302 200 200 200 200 200 200 302",
    ("web", "preferences", "POST"): "302 302 302 302 302 302 302 302",
    ("web", "leads", "GET"): "302 403 403 200 200 200 200 302",
    ("web", "leads", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "lead", "GET"): "302 200 404 200 200 200 200 302",
    ("web", "lead", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "evaluation", "GET"): "302 200 404 200 200 200 200 302",
    ("web", "evaluation", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "outlook", "GET"): "302 200 404 200 200 200 200 302",
    ("web", "outlook", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "lead_touchpoints", "GET"): "302 200 404 200 200 200 200 302",
    ("web", "lead_touchpoints", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "note", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "note", "POST"): "302 422 404 422 422 422 403 302",
    ("web", "handoff", "GET"): "302 200 404 200 200 200 200 302",
    ("web", "handoff", "POST"): "302 405 405 405 405 405 405 302",
    ("web", "attempt", "GET"): "302 200 404 403 200 403 403 302",
    ("web", "attempt", "POST"): "302 200 404 403 200 403 403 302",
    ("web", "accept", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "accept", "POST"): "302 302 404 403 302 403 403 302",
    ("web", "reject", "GET"): "302 200 404 403 200 403 403 302",
    ("web", "reject", "POST"): "302 200 404 403 200 403 403 302",
    ("web", "pause", "GET"): "302 403 403 403 200 200 403 302",
    ("web", "pause", "POST"): "302 403 403 403 422 422 403 302",
    ("web", "resume", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "resume", "POST"): "302 403 403 403 302 302 403 302",
    ("web", "undo", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "undo", "POST"): "302 302 404 302 302 302 302 302",
    ("web", "confirm", "GET"): "302 200 404 403 200 403 403 302",
    ("web", "confirm", "POST"): "302 200 404 403 200 403 403 302",
    ("web", "opportunity", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "opportunity", "POST"): "302 422 404 403 422 403 403 302",
    ("web", "outcome", "GET"): "302 405 405 405 405 405 405 302",
    ("web", "outcome", "POST"): "302 422 404 403 422 403 403 302",
    ("api", "leads", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "leads", "POST"): "401 403 403 403 403 400 403 400",
    ("api", "lead-by-identity", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "lead-by-identity", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "lead", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "lead", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "evaluations", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "evaluations", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "evaluation", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "evaluation", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "touchpoints", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "touchpoints", "POST"): "401 403 403 403 403 400 403 400",
    ("api", "opportunities", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "opportunities", "POST"): "401 400 400 403 400 400 403 400",
    ("api", "opportunity-by-identity", "GET"): "401 404 404 404 404 404 404 404",
    ("api", "opportunity-by-identity", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "opportunity", "GET"): "401 404 200 200 200 200 200 200",
    ("api", "opportunity", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "handoffs", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "handoffs", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "handoff", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "handoff", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "take", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "take", "POST"): "401 404 404 403 404 403 403 403",
    ("api", "routing-plans", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "routing-plans", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "routing-plan", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "routing-plan", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "attempts", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "attempts", "POST"): "401 400 404 403 400 403 403 403",
    ("api", "accept", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "accept", "POST"): "401 200 404 403 200 403 403 403",
    ("api", "reject", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "reject", "POST"): "401 400 404 403 400 403 403 403",
    ("api", "pause", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "pause", "POST"): "401 403 403 403 400 400 403 403",
    ("api", "resume", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "resume", "POST"): "401 403 403 403 409 409 403 403",
    ("api", "undo", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "undo", "POST"): "401 409 404 403 409 403 403 403",
    ("api", "rejection-reasons", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "rejection-reasons", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "touchpoint-kinds", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "touchpoint-kinds", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "rejection-reason", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "rejection-reason", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "accounts", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "accounts", "POST"): "401 403 403 403 403 400 403 400",
    ("api", "account", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "account", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "sources", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "sources", "POST"): "401 403 403 403 403 400 403 403",
    ("api", "source", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "source", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "campaigns", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "campaigns", "POST"): "401 403 403 400 403 400 403 403",
    ("api", "campaign", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "campaign", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "personas", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "personas", "POST"): "401 403 403 400 403 400 403 403",
    ("api", "persona", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "persona", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "assets", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "assets", "POST"): "401 403 403 400 403 400 403 403",
    ("api", "asset", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "asset", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "duplicates", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "duplicates", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "imports", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "imports", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "import", "GET"): "401 404 404 200 200 200 200 200",
    ("api", "import", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "import-rows", "GET"): "401 404 404 200 200 200 200 200",
    ("api", "import-rows", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "definitions", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "definitions", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "definition", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "definition", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "versions", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "versions", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "version", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "version", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "published", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "published", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "version-differences", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "version-differences", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "version-text", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "version-text", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "territories", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "territories", "POST"): "401 403 403 403 403 400 403 403",
    ("api", "territory", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "territory", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "territory-members", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "territory-members", "POST"): "401 403 403 403 403 400 403 403",
    ("api", "territory-member", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "territory-member", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "queues", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "queues", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "queue", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "queue", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "reps", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "reps", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "rep", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "rep", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "absence-series", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "absence-series", "POST"): "401 403 403 403 400 400 403 403",
    ("api", "absence-series-item", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "absence-series-item", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "absence-series-end", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "absence-series-end", "POST"): "401 403 403 403 200 200 403 403",
    ("api", "absences", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "absences", "POST"): "401 403 403 403 400 400 403 403",
    ("api", "absence", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "absence", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "named-accounts", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "named-accounts", "POST"): "401 403 403 403 403 400 403 403",
    ("api", "named-account", "GET"): "401 200 404 200 200 200 200 200",
    ("api", "named-account", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "calendars", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "calendars", "POST"): "401 403 403 403 403 400 403 403",
    ("api", "calendar", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "calendar", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "routing-decisions", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "routing-decisions", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "examples", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "examples", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "questions", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "questions", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "timers", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "timers", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "notices", "GET"): "401 200 200 200 200 200 200 200",
    ("api", "notices", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "notices-read", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "notices-read", "POST"): "401 200 200 200 200 200 200 200",
    ("api", "notice", "GET"): "401 200 404 404 404 404 404 404",
    ("api", "notice", "POST"): "401 405 405 405 405 405 405 405",
    ("api", "notice-read", "GET"): "401 405 405 405 405 405 405 405",
    ("api", "notice-read", "POST"): "401 200 404 404 404 404 404 404",
    ("api", "not-found", "GET"): "404 404 404 404 404 404 404 404",
    ("api", "not-found", "POST"): "404 404 404 404 404 404 404 404",
}
"""How each address of web and API answers each caller who sends nothing; the lead is the rep's."""


class Address(NamedTuple):
    """One address, with values of the demo in the place of its parameters."""

    part: str
    name: str
    path: str


def patterns(
    resolver: URLResolver, spaces: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*spaces, entry.namespace) if entry.namespace else spaces
            yield from patterns(entry, inner)
        else:
            yield spaces, entry


def held_by_the_rep() -> Handoff:
    held = Handoff.objects.filter(rep__user__email=PEOPLE["rep"], status="assigned")
    return held.order_by("-pk")[0]


def sent_file() -> ImportRun:
    """A file that was sent to be imported, and waits to be described."""
    return ImportRun.objects.get_or_create(
        file_name="fair.csv",
        defaults={
            "layout": {"format": "csv"},
            "header": ["E-mail"],
            "started_at": datetime(2026, 1, 13, 12, tzinfo=UTC),
        },
    )[0]


def known() -> dict[str, Any]:
    """Values for the parameters of web and API, all of the rep's own open handoff."""
    handoff = held_by_the_rep()
    deals = Opportunity.objects.filter(owner__email=PEOPLE["other rep"])
    deal = deals.first() or Opportunity.objects.first()
    identity = handoff.lead.identities.first()
    return {
        "handoff": handoff.public_id,
        "lead": handoff.lead.public_id,
        "opportunity": deal.public_id,
        "system": identity.system,
        "external_id": identity.external_id,
        "at": "latest",
        "evaluation_id": handoff.evaluation_id,
        "start": 0,
        "run_id": sent_file().public_id,
        **planned(handoff),
        "question": asked_about(handoff).public_id,
        "proposal": proposed_for(handoff).public_id,
        "review": reviewed(handoff.version).public_id,
        "example": tried_by(handoff.version).public_id,
        "pk": Notice.objects.filter(recipient=handoff.rep.user).first().pk,
        "notice": Notice.objects.filter(recipient=handoff.rep.user).first().public_id,
        **of_the_company(handoff),
        "webhook": calling().public_id,
        "source": calling().public_id,
        "invitation": Invitation.objects.first().public_id,
        "version": handoff.version.public_id,
        **LETTER,
    }


def tried_by(version: DefinitionVersion) -> Example:
    """An example of the definition."""
    found = Example.objects.filter(definition=version.definition).first()
    said = Said(name="Buyer", stage="sql", is_expected=True, portrait=Portrait())
    at = datetime(2026, 1, 13, 12, tzinfo=UTC)
    return found or examples.create(version.definition, said, by=version.author, at=at)


def asked_about(handoff: Handoff) -> ReviewTask:
    """A question about the rep's lead, asked of the marketing lead; drafted for others, too."""
    task, _ = ReviewTask.objects.get_or_create(
        lead=handoff.lead,
        key="ideal_customer",
        defaults={
            "version": handoff.version,
            "question": "Is it an ideal customer?",
            "side": "marketing",
            "valid_days": 30,
            "owner": User.objects.get(email=PEOPLE["marketing lead"]),
            "opened_at": datetime(2026, 1, 13, 12, tzinfo=UTC),
        },
    )
    if not Question.objects.exists():
        Question.objects.create(
            version=versions.revise(handoff.version, by=handoff.version.author),
            key="ideal_customer",
            question="Is it an ideal customer?",
            side="marketing",
            answer_within=timedelta(hours=8),
        )
    return task


def reviewed(version: DefinitionVersion) -> DefinitionReview:
    """An open review of the version."""
    at = datetime(2026, 1, 13, 12, tzinfo=UTC)
    review, _ = DefinitionReview.objects.get_or_create(
        version=version, closed_at=None, defaults={"due_at": at, "opened_at": at}
    )
    return review


def proposed_for(handoff: Handoff) -> Proposal:
    """A field that somebody misses, and that waits for an answer."""
    by, at = User.objects.get(email=PEOPLE["rep"]), datetime(2026, 1, 13, 12, tzinfo=UTC)
    proposal, _ = Proposal.objects.get_or_create(
        definition=handoff.version.definition,
        field="Budget year",
        defaults={"why": "It tells when to call.", "proposed_by": by, "proposed_at": at},
    )
    return proposal


def planned(handoff: Handoff) -> dict[str, Any]:
    """A task about the rep's handoff, and a holiday of theirs far ahead."""
    at = datetime(2026, 1, 13, 12, tzinfo=UTC)
    task, _ = FollowUp.objects.get_or_create(
        handoff=handoff, what="Send the offer", kind="email", due_at=at, created_at=at
    )
    holiday, _ = Absence.objects.get_or_create(
        rep=handoff.rep, span=DateTimeTZRange(datetime(2999, 1, 1, tzinfo=UTC), None)
    )
    weekly, _ = AbsenceSeries.objects.get_or_create(
        rep=handoff.rep, weekdays=[4], starts_on=date(2026, 1, 1), time_zone="UTC"
    )
    return {
        "task_id": task.public_id,
        "absence_id": holiday.public_id,
        "series_id": weekly.public_id,
        "series": weekly.public_id,
    }


def calling() -> InboundSource:
    """A website that calls by webhooks."""
    revops = User.objects.get(email=PEOPLE["revops"])
    known = InboundSource.objects.first()
    return (
        known
        or inbound.create_source(name="Website", system="website", preset="generic", by=revops)[0]
    )


def broken(handoff: Handoff) -> SlaAlert:
    """A limit of sales that was broken, and about which nobody said anything yet."""
    at = datetime(2026, 1, 13, 12, tzinfo=UTC)
    alert, _ = SlaAlert.objects.get_or_create(
        definition=handoff.version.definition,
        side="sales",
        acknowledged_at=None,
        defaults={
            "window_begins_at": at,
            "window_ends_at": at + timedelta(weeks=1),
            "counted": 40,
            "missed_count": 5,
            "limit_pct": 10,
            "at": at,
        },
    )
    return alert


def rejected_together(handoff: Handoff) -> BulkRejection:
    """What a batch had below the floor, rejected long ago."""
    bulk, _ = BulkRejection.objects.get_or_create(
        definition=handoff.version.definition,
        batch_kind="source",
        batch_key=str(Source.objects.first().pk),
        defaults={
            "batch_name": "Website",
            "handed_over_count": 20,
            "missed_count": 2,
            "limit_pct": 5,
            "reason": RejectionReason.objects.first(),
            "comment": "Too small.",
            "by": User.objects.get(email=PEOPLE["sales manager"]),
            "at": datetime(2026, 1, 13, 12, tzinfo=UTC),
        },
    )
    return bulk


def suspended(handoff: Handoff) -> Suspension:
    """A rep out of rotation, other than the one who holds the handoff."""
    rep = Rep.objects.exclude(pk=handoff.rep_id).order_by("pk")[0]
    suspension, _ = Suspension.objects.get_or_create(
        rep=rep,
        ended_at=None,
        defaults={"began_at": datetime(2026, 1, 13, 12, tzinfo=UTC), "missed_count": 5},
    )
    return suspension


def of_the_company(handoff: Handoff) -> dict[str, Any]:
    """Values for the parameters of what is laid out: territories, campaigns and the like."""
    return {
        "account": handoff.lead.account.public_id,
        "source_key": Source.objects.first().key,
        "campaign": Campaign.objects.first().key,
        "persona": Persona.objects.first().key,
        "asset": Asset.objects.first().key,
        "run": ImportRun.objects.first().public_id,
        "definition": handoff.version.definition.key,
        "number": handoff.version.number,
        "plan": ruled(handoff).number,
        "territory": handoff.territory.key,
        "rep": handoff.rep.public_id,
        "alert": broken(handoff).public_id,
        "bulk": rejected_together(handoff).public_id,
        "kind": "source",
        "key": str(Source.objects.first().pk),
        "batch": str(Source.objects.first().pk),
        "suspension": suspended(handoff).public_id,
        "queue": handoff.territory.queue.key,
        "calendar": handoff.calendar.key,
        "reason": RejectionReason.objects.first().key,
        "absence": Absence.objects.first().public_id,
    }


def ruled(handoff: Handoff) -> RoutingPlan:
    """Published routing rules, one with a condition among them."""
    revops = User.objects.get(email=PEOPLE["revops"])
    if (known := plans.in_force()) is not None:
        return known
    plan = drafts.start(by=revops, at=handoff.opened_at)
    condition = RoutingCondition(
        rule=plan.rules.get(kind="territory"), fact="points", operator="at_least", wanted=1
    )
    drafts.save_condition(condition, by=revops)
    plan = plans.draft()
    assert plan is not None
    seen = drafts.fingerprint_of(plan)
    return drafts.publish(plan, by=revops, at=handoff.opened_at, seen=seen)


def values_of(pattern: URLPattern, given: dict[str, Any]) -> dict[str, Any]:
    wanted = pattern.pattern.converters or pattern.pattern.regex.groupindex
    of_lead = ("lead", "evaluation", "note", "outlook", "lead_touchpoints")
    subject = "lead" if pattern.name in of_lead else "handoff"
    subject = "webhook" if (pattern.name or "").startswith("webhook") else subject
    subject = "invitation" if (pattern.name or "").startswith("invitation") else subject
    subject = "version" if pattern.name == "start_operators" else subject
    subject = "proposal" if pattern.name == "proposal_answer" else subject
    subject = "review" if (pattern.name or "").startswith("review") else subject
    subject = "example" if pattern.name in ("example", "example_retire") else subject
    subject = "account" if (pattern.name or "").startswith("account") else subject
    subject = "alert" if pattern.name == "sla_alert" else subject
    subject = "suspension" if pattern.name == "suspension_end" else subject
    subject = "bulk" if (pattern.name or "").startswith("bulk_rejection") else subject
    return {name: given.get(name, given[subject]) for name in wanted}


def first_key(name: str) -> Any:
    """The key of a row of the model that an address of the admin is about."""
    for model in admin.site._registry:
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(prefix):
            return model._default_manager.order_by("pk").values_list("pk", flat=True)[0]
    return User.objects.order_by("pk").values_list("pk", flat=True)[0]


def of_admin(pattern: URLPattern) -> dict[str, Any]:
    given = {
        "app_label": "routing",
        "content_type_id": 1,
        "name": "revoke" if "apikey" in (pattern.name or "") else "submit",
        "url": "no/such/page",
    }
    names = pattern.pattern.converters or pattern.pattern.regex.groupindex
    return {name: given.get(name) or first_key(pattern.name or "") for name in names}


def addresses() -> list[Address]:
    """Every address there is, those without a name included."""
    found, given = [], known()
    for spaces, pattern in patterns(get_resolver()):
        part = spaces[0] if spaces else ""
        if pattern.name is None:
            # The admin's are redirects of old addresses, and one that finds nothing.
            found += [] if part else [Address(part, "", f"/{pattern.pattern}")]
            continue
        values = of_admin(pattern) if part == "admin" else values_of(pattern, given)
        name = ":".join((*spaces, pattern.name))
        found.append(Address(part, pattern.name, reverse(name, kwargs=values)))
    return found


def of_part(part: str) -> list[Address]:
    return [address for address in addresses() if address.part == part]


def caller(name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name == "integration":
        operator = User.objects.get(email=PEOPLE["revops"])
        issued = keys.issue("Walk", system="website", created_by=operator)
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issued.token}"
    elif name != "anonymous":
        user = User.objects.get(email=PEOPLE[name])
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def ask(client: Client, method: str, path: str) -> Any:
    """Ask and leave no trace, so that each question meets the same company."""
    cookies = client.cookies.copy()
    with transaction.atomic():
        response = client.generic(method, path, "", content_type="application/json")
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


def test_the_table_covers_every_address_of_web_and_api():
    walked = {
        (address.part, address.name, method)
        for address in addresses()
        for method in METHODS
        if address.part in ("web", "api")
    }

    assert walked == set(EXPECTED)


@pytest.mark.parametrize("name", CALLERS)
def test_web_and_api_answer_each_caller_as_the_table_says(name):
    client, column = caller(name), CALLERS.index(name)

    answers = {
        (address.part, address.name, method): ask(client, method, address.path).status_code
        for address in addresses()
        for method in METHODS
        if address.part in ("web", "api")
    }

    assert answers == {key: int(row.split()[column]) for key, row in EXPECTED.items()}


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_what_a_person_sees_stays_in_no_cache(name):
    client = caller(name)

    kept = {
        address.name
        for address in of_part("web")
        if (shown := ask(client, "GET", address.path)).status_code == 200
        and "no-store" not in shown.headers.get("Cache-Control", "")
    }

    assert kept == set()


@pytest.mark.parametrize("name", ["anonymous", "integration"])
@pytest.mark.parametrize("method", METHODS)
def test_whoever_is_no_person_is_sent_to_sign_in(name, method):
    client = caller(name)

    for address in addresses():
        if address.part == "api" or address.path in OPEN_TO_ALL:
            continue  # the API has its column in the table
        response = ask(client, method, address.path)
        assert response.status_code == 302, address
        assert "/login/" in response["location"], address


@pytest.mark.parametrize("path", sorted(OPEN_TO_ALL))
def test_anybody_may_sign_in_and_ask_for_the_health(path):
    assert ask(caller("anonymous"), "GET", path).status_code in (200, 503)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["rep", "other rep"])
def test_a_rep_never_enters_the_administration(name, method):
    client = caller(name)

    for address in of_part("admin"):
        response = ask(client, method, address.path)
        while response.status_code == 302:
            response = ask(client, "GET", response["location"])
        assert response.status_code == 403, address


@pytest.mark.parametrize("name", STAFF)
def test_the_administration_never_fails(name):
    client = caller(name)

    answers = {
        address: ask(client, "GET", address.path).status_code for address in of_part("admin")
    }

    assert {address: status for address, status in answers.items() if status not in CALM} == {}


@pytest.mark.parametrize("name", STAFF)
def test_an_address_of_the_administration_that_does_not_exist_is_not_found(name):
    assert ask(caller(name), "GET", "/admin/no/such/page/").status_code == 404


def test_every_page_asks_for_a_permission_or_shows_a_person_their_own():
    nobody = User.objects.create_user("nobody@tests.example")
    client = Client(raise_request_exception=False)
    client.force_login(nobody, "django.contrib.auth.backends.ModelBackend")

    reached = {
        address.name
        for address in of_part("web")
        for method in METHODS
        if ask(client, method, address.path).status_code not in (403, 404, 405)
    }

    assert reached == OWN
