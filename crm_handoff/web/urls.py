"""Addresses of the product's pages."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from crm_handoff.web import (
    answers,
    evaluation,
    funnel,
    home,
    imports,
    lead,
    notices,
    queue,
    session,
    team,
    webhooks,
)

app_name = "web"

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", login_not_required(session.SignIn.as_view()), name="login"),
    path("logout/", session.SignOut.as_view(), name="logout"),
    path("queue/", queue.queue, name="queue"),
    path("team/", team.team, name="team"),
    path("funnel/", funnel.funnel, name="funnel"),
    path("imports/", imports.runs, name="imports"),
    path("imports/new/", imports.upload, name="import_new"),
    path("imports/<uuid:run_id>/", imports.run, name="import"),
    path("imports/<uuid:run_id>/describe/", imports.describe, name="import_describe"),
    path("imports/<uuid:run_id>/layout/", imports.layout, name="import_layout"),
    path("imports/<uuid:run_id>/check/", imports.check, name="import_check"),
    path("imports/<uuid:run_id>/start/", imports.start, name="import_start"),
    path("imports/<uuid:run_id>/cancel/", imports.cancel, name="import_cancel"),
    path("imports/<uuid:run_id>/refused/", imports.refused, name="import_refused"),
    path("imports/<uuid:run_id>/undo/", imports.undo, name="import_undo"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="read_all"),
    path("notices/<int:pk>/read/", notices.read, name="read"),
    path("leads/", evaluation.leads, name="leads"),
    path("leads/<uuid:public_id>/", evaluation.lead, name="lead"),
    path(
        "leads/<uuid:public_id>/evaluations/<int:evaluation_id>/",
        evaluation.lead,
        name="evaluation",
    ),
    path("handoffs/<uuid:public_id>/", lead.handoff, name="handoff"),
    path("handoffs/<uuid:public_id>/attempt/", answers.attempt, name="attempt"),
    path("handoffs/<uuid:public_id>/accept/", answers.accept, name="accept"),
    path("handoffs/<uuid:public_id>/reject/", answers.reject, name="reject"),
    path("handoffs/<uuid:public_id>/undo/", answers.undo, name="undo"),
    path("handoffs/<uuid:public_id>/confirm/", answers.confirm, name="confirm"),
    path("handoffs/<uuid:public_id>/opportunity/", answers.open_opportunity, name="opportunity"),
    path("handoffs/<uuid:public_id>/outcome/", answers.close_opportunity, name="outcome"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/new/", webhooks.new_webhook, name="new_webhook"),
    path("webhooks/<uuid:public_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<uuid:public_id>/mapping/", webhooks.save_mapping, name="webhook_mapping"),
    path("webhooks/<uuid:public_id>/try/", webhooks.try_mapping, name="webhook_try"),
    path("webhooks/<uuid:public_id>/read-again/", webhooks.read_again, name="webhook_read_again"),
    path("webhooks/<uuid:public_id>/secret/", webhooks.replace_secret, name="webhook_secret"),
    path("webhooks/<uuid:public_id>/active/", webhooks.set_active, name="webhook_active"),
]
