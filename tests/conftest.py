"""What every test shares: quick settings, a fixed instant, and a browser."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import settings as examples
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import DjangoDbBlocker

from routing import books

pytest_plugins = ["tests.fixtures", "tests.organization"]

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def pytest_configure() -> None:
    # How long an example takes says what else the machine does.
    examples.register_profile("untimed", deadline=None)
    examples.load_profile("untimed")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AXES_ENABLED = False
    settings.WHITENOISE_AUTOREFRESH = True  # static files from their sources, not from STATIC_ROOT
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database of the tests, left by everybody before it is dropped.

    A thread of the live server keeps its session while a browser keeps the connection alive.
    """
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def no_plan_is_remembered() -> None:
    """Tests of migrations number plans anew: a number that was kept is another plan's then."""
    books._published.cache_clear()


@pytest.fixture
def noon() -> datetime:
    """A Tuesday: noon UTC, 07:00 in New York, 13:00 in Berlin, both on winter time."""
    return datetime(2026, 1, 13, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the session; without it, the tests that need it are skipped.

    `make test` installs it where possible, and on CI it must be there.
    """
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("Chromium is not installed: apt-get install chromium")
    # Playwright's event loop runs in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page in a browser context of its own: no cookies of another test."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(10_000)
        yield context.new_page()
