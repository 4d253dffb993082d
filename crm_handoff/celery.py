"""The Celery application; it only executes what the relay finds due in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_handoff.settings")

app = Celery("crm_handoff")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["crm_handoff"])
