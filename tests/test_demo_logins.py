"""Published logins and where they are refused."""

from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django import Settings

from crm_handoff.models import User
from crm_handoff.people import demo

pytestmark = pytest.mark.django_db


@pytest.fixture
def rep() -> User:
    login = demo.DEMO_LOGINS[3]
    return User.objects.create_user(login.email, login.password)


def test_refuse_in_production_without_demo_people() -> None:
    demo.refuse_in_production()


def test_refuse_in_production_with_a_published_login(rep: User) -> None:
    with pytest.raises(ImproperlyConfigured, match="demo logins"):
        demo.refuse_in_production()


def test_refuse_in_production_allows_a_demo(rep: User, settings: Settings) -> None:
    settings.DEMO = True

    demo.refuse_in_production()


def test_refuse_in_production_is_content_with_a_changed_password(rep: User) -> None:
    rep.set_password("one that nobody published")
    rep.save(update_fields=["password"])

    demo.refuse_in_production()


def test_refuse_in_production_is_content_with_a_deactivated_person(rep: User) -> None:
    rep.is_active = False
    rep.save(update_fields=["is_active"])

    demo.refuse_in_production()


def test_demo_logins_are_printed_with_the_demo_alone(rep: User) -> None:
    output = StringIO()

    call_command("demo_logins", stdout=output)

    for login in demo.DEMO_LOGINS:
        assert login.email in output.getvalue()


def test_demo_logins_are_not_printed_without_the_demo() -> None:
    output = StringIO()

    call_command("demo_logins", stdout=output)

    assert output.getvalue() == ""
