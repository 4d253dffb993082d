"""Addresses of the REST API, below `/api/v1/`."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from crm_handoff.api import (
    errors,
    evaluations,
    handoffs,
    leads,
    opportunities,
    reasons,
    touchpoints,
)

app_name = "api"

urlpatterns = [
    path("leads/", leads.LeadList.as_view(), name="leads"),
    path(
        "leads/by-identity/<str:system>/<path:external_id>/",
        leads.LeadByIdentity.as_view(),
        name="lead-by-identity",
    ),
    path("leads/<uuid:lead>/", leads.LeadDetail.as_view(), name="lead"),
    path(
        "leads/<uuid:lead>/evaluations/",
        evaluations.EvaluationList.as_view(),
        name="evaluations",
    ),
    path(
        "leads/<uuid:lead>/evaluations/<str:at>/",
        evaluations.EvaluationDetail.as_view(),
        name="evaluation",
    ),
    path("touchpoints/", touchpoints.TouchpointList.as_view(), name="touchpoints"),
    path("opportunities/", opportunities.OpportunityList.as_view(), name="opportunities"),
    path(
        "opportunities/by-identity/<str:system>/<path:external_id>/",
        opportunities.OpportunityByIdentity.as_view(),
        name="opportunity-by-identity",
    ),
    path(
        "opportunities/<uuid:opportunity>/",
        opportunities.OpportunityDetail.as_view(),
        name="opportunity",
    ),
    path("handoffs/", handoffs.HandoffList.as_view(), name="handoffs"),
    path("handoffs/<uuid:handoff>/", handoffs.HandoffDetail.as_view(), name="handoff"),
    path("handoffs/<uuid:handoff>/attempts/", handoffs.AttemptView.as_view(), name="attempts"),
    path("handoffs/<uuid:handoff>/accept/", handoffs.AcceptView.as_view(), name="accept"),
    path("handoffs/<uuid:handoff>/reject/", handoffs.RejectView.as_view(), name="reject"),
    path("handoffs/<uuid:handoff>/undo/", handoffs.UndoView.as_view(), name="undo"),
    path("rejection-reasons/", reasons.ReasonList.as_view(), name="rejection-reasons"),
    path("touchpoint-kinds/", reasons.KindList.as_view(), name="touchpoint-kinds"),
    # Also keeps Django from redirecting a POST without its last slash, which would lose the body.
    re_path(r"", login_not_required(csrf_exempt(errors.not_found)), name="not-found"),
]
