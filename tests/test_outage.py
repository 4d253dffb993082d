"""While the database is away: come again, nothing was half done."""

from collections.abc import Iterator

import pytest
from django.db import connection


@pytest.fixture
def without_database(db) -> Iterator[None]:
    """PostgreSQL is away: nobody listens at its port."""
    connection.close()
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], "1"
    yield
    connection.settings_dict["PORT"] = port


@pytest.mark.django_db(transaction=True)
def test_the_api_says_when_to_come_again(client, without_database):
    client.raise_request_exception = False

    response = client.post(
        "/api/v1/leads/",
        {"email": "lea@example.com"},
        content_type="application/json",
        headers={"Authorization": "Bearer chk_0123456789ab_" + "x" * 43},
    )

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "unavailable"


@pytest.mark.django_db(transaction=True)
def test_a_page_says_so_too(client, without_database):
    client.raise_request_exception = False
    client.cookies["sessionid"] = "0" * 32

    response = client.get("/queue/")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
