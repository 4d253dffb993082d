"""The whole: settings, surfaces, and the operations that span the floors below."""

from crm_handoff.celery import app as celery_app

__all__ = ("celery_app",)
