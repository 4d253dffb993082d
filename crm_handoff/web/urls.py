"""Addresses of the product's pages."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from crm_handoff.web import answers, evaluation, funnel, home, lead, notices, queue, session, team

app_name = "web"

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", login_not_required(session.SignIn.as_view()), name="login"),
    path("logout/", session.SignOut.as_view(), name="logout"),
    path("queue/", queue.queue, name="queue"),
    path("team/", team.team, name="team"),
    path("funnel/", funnel.funnel, name="funnel"),
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
]
