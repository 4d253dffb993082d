"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from crm_handoff import health

urlpatterns = [
    path("healthz/", health.healthz),
    path("readyz/", health.readyz),
    path("admin/", admin.site.urls),
    path("api/v1/", include("crm_handoff.api.urls")),
    path("", include("crm_handoff.web.urls")),
]

handler500 = "crm_handoff.api.errors.server_error"
