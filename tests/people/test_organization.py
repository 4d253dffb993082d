"""What holds for everybody who chose nothing of their own."""

import pytest

from crm_handoff.models import Organization
from crm_handoff.people import organization

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("own", "everybodys", "expected"),
    [
        pytest.param("de", "en", "de", id="ones own goes first"),
        pytest.param("", "de", "de", id="else everybody's"),
        pytest.param("tlh", "de", "de", id="a language that nobody speaks here is passed over"),
        pytest.param("", "tlh", "en", id="English when neither is spoken"),
    ],
)
def test_the_language_in_which_to_write_to_somebody(own, everybodys, expected):
    Organization.objects.create(name="Northwind", language=everybodys)

    assert organization.language_for(own) == expected


def test_before_there_is_an_organization_people_are_written_to_in_english():
    assert organization.language_for("") == "en"
