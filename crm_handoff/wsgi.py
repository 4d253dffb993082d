"""WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connection

from crm_handoff.people.demo import refuse_in_production

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_handoff.settings")

application = get_wsgi_application()

refuse_in_production()
connection.close()
