"""How the administration pages look: names, colors, and a sidebar by the work of RevOps."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

COLORS = {
    "primary": {
        "50": "#f4f7fe",
        "100": "#eaeffd",
        "200": "#d3ddfb",
        "300": "#adc1ff",
        "400": "#8eaaff",
        "500": "#5b7de8",
        "600": "#2f55d4",
        "700": "#2546b4",
        "800": "#1f3a93",
        "900": "#222c4a",
        "950": "#0e1530",
    }
}
"""The accent of the product's own pages, in steps from light to dark."""

PLACES = {
    "The agreement": (
        ("Definitions", "definitions.definition", "description"),
        ("Versions", "definitions.definitionversion", "history_edu"),
        ("Sign-offs", "definitions.signoff", "draw"),
        ("Refused signatures", "definitions.refusal", "cancel"),
        ("Reviews", "definitions.definitionreview", "event_repeat"),
        ("Review signatures", "definitions.reviewsignature", "signature"),
        ("Remarks", "definitions.remark", "forum"),
        ("Workshops", "definitions.workshop", "groups"),
        ("Proposed fields", "definitions.proposal", "lightbulb"),
        ("Examples", "leads.example", "person_check"),
        ("Previews", "leads.impact", "insights"),
        ("Leads of previews", "leads.impactline", "compare_arrows"),
        ("Touchpoint kinds", "definitions.touchpointkind", "touch_app"),
        ("Title rules", "definitions.titlerule", "badge"),
    ),
    "Leads": (
        ("Leads", "leads.lead", "person_search"),
        ("Accounts", "leads.account", "domain"),
        ("Waiting for judgement", "leads.pendingmark", "hourglass_empty"),
        ("Questions", "routing.reviewtask", "quiz"),
        ("Suspected duplicates", "leads.suspectedduplicate", "content_copy"),
        ("Touchpoints", "leads.touchpoint", "timeline"),
        ("Evaluations", "leads.evaluation", "fact_check"),
        ("Stage transitions", "leads.stagetransition", "moving"),
        ("Notes", "leads.note", "sticky_note_2"),
        ("Opportunities", "leads.opportunity", "handshake"),
    ),
    "Data that comes in": (
        ("Imports", "leads.importrun", "upload_file"),
        ("Import mappings", "leads.importmapping", "view_column"),
        ("Webhook sources", "integrations.inboundsource", "webhook"),
        ("Webhook calls", "integrations.inboundevent", "call_received"),
        ("API keys", "crm_handoff.apikey", "key"),
    ),
    "Marketing": (
        ("Campaigns", "leads.campaign", "campaign"),
        ("Assets", "leads.asset", "article"),
        ("Personas", "leads.persona", "face"),
        ("Sources", "leads.source", "alt_route"),
    ),
    "Routing": (
        ("Handoffs", "routing.handoff", "swap_horiz"),
        ("Decisions", "routing.routingdecision", "alt_route"),
        ("Routing rules", "routing.routingplan", "account_tree"),
        ("Territories", "routing.territory", "map"),
        ("Queues", "routing.queue", "inbox"),
        ("Reps", "routing.rep", "support_agent"),
        ("Absences", "routing.absence", "event_busy"),
        ("Recurring absences", "routing.absenceseries", "event_repeat"),
        ("Calendars of absences", "integrations.absencefeed", "calendar_month"),
        ("Named accounts", "routing.namedaccount", "bookmark"),
    ),
    "Answers of sales": (
        ("Attempts", "routing.attempt", "call"),
        ("Acceptances", "routing.acceptance", "thumb_up"),
        ("Confirmations", "routing.confirmation", "task_alt"),
        ("Rejections", "routing.rejection", "thumb_down"),
        ("Rejection reasons", "routing.rejectionreason", "rule"),
        ("Batches rejected", "routing.bulkrejection", "playlist_remove"),
        ("Floor checks", "routing.floorcheck", "checklist_rtl"),
        ("Tasks", "routing.followup", "checklist"),
    ),
    "Clocks": (
        ("Clocks", "routing.slatimer", "timer"),
        ("Clock events", "routing.slaevent", "history"),
        ("Calendars", "routing.businesscalendar", "calendar_month"),
        ("Broken limits", "routing.slaalert", "crisis_alert"),
        ("Out of rotation", "routing.suspension", "pause_circle"),
        ("Routing policy", "routing.routingpolicy", "tune"),
    ),
    "Messages": (
        ("Notices", "routing.notice", "notifications"),
        ("Deliveries", "integrations.delivery", "outgoing_mail"),
        ("Notice preferences", "integrations.noticepreference", "notifications_paused"),
        ("Quiet hours", "integrations.quiethours", "bedtime"),
    ),
    "People and system": (
        ("People", "crm_handoff.user", "group"),
        ("Invitations", "crm_handoff.invitation", "mail"),
        ("Organization", "crm_handoff.organization", "corporate_fare"),
        ("Conversion rates", "crm_handoff.conversionrate", "currency_exchange"),
        ("Heartbeats", "crm_handoff.heartbeat", "monitor_heart"),
        ("Invariants", "crm_handoff.checkup", "health_and_safety"),
    ),
}
"""Groups of the sidebar, with the title, model and symbol of each page."""


def environment(request: HttpRequest) -> list[str] | None:
    """Name an installation that is no company's own."""
    return ["Demo", "warning"] if settings.DEMO else None


def _icon(request: HttpRequest) -> str:
    return static("web/icon.svg")


def _may_view(request: HttpRequest, *, permission: str) -> bool:
    return request.user.has_perm(permission)


def _page(title: str, model: str, icon: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": partial(_may_view, permission=f"{app}.view_{name}"),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "CRM Handoff",
    "SITE_HEADER": "CRM Handoff",
    "SITE_SUBHEADER": "Administration",
    "SITE_URL": reverse_lazy("web:home"),
    "SITE_ICON": _icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "SITE_DROPDOWN": [
        {"title": "Team", "icon": "groups", "link": reverse_lazy("web:team")},
        {"title": "Leads", "icon": "person_search", "link": reverse_lazy("web:leads")},
        {"title": "Funnel", "icon": "filter_alt", "link": reverse_lazy("web:funnel")},
        {"title": "Imports", "icon": "upload_file", "link": reverse_lazy("web:imports")},
        {"title": "Webhooks", "icon": "webhook", "link": reverse_lazy("web:webhooks")},
    ],
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "crm_handoff.admin.figures.dashboard",
    "ENVIRONMENT": "crm_handoff.admin_theme.environment",
    "COLORS": COLORS,
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": [
            {
                "title": group,
                "collapsible": True,
                "items": [_page(*page) for page in pages],
            }
            for group, pages in PLACES.items()
        ],
    },
}
