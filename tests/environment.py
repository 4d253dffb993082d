"""The environment of a test run; a pytest plugin, since plugins load before the settings."""

import os
from urllib.parse import urlsplit

os.environ.setdefault("SECRET_KEY", "a key for tests alone, of no use to anybody anywhere else")
os.environ.setdefault("DATABASE_URL", "postgres://crm@127.0.0.1:5432/crm_handoff")
os.environ.setdefault("BROKER_URL", "redis://127.0.0.1:6379/0")
os.environ.setdefault("HTTPS_ONLY", "false")

worker = os.environ.get("PYTEST_XDIST_WORKER")
if worker:
    # pytest-django gives each worker a database of its own; this does the same for the broker.
    url = urlsplit(os.environ["BROKER_URL"])
    number = 1 + int(worker.removeprefix("gw"))
    os.environ["BROKER_URL"] = url._replace(path=f"/{number}").geturl()
