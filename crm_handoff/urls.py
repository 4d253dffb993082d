"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from crm_handoff import health
from crm_handoff.api import documents

urlpatterns = [
    path("healthz/", health.healthz),
    path("readyz/", health.readyz),
    path("admin/", admin.site.urls),
    path("api/schema/", documents.schema, name="api-schema"),
    path("api/docs/", documents.page, name="api-docs"),
    path("api/v1/", include("crm_handoff.api.urls")),
    path("", include("crm_handoff.web.urls")),
]

handler500 = "crm_handoff.api.errors.server_error"
