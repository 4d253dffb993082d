import pytest

from crm_handoff.api import leads
from leads.models import Lead
from tests.api.problems import problem_of


def raw(caller, body, content_type="application/json"):
    return caller.generic("POST", "/api/v1/leads/", body, content_type=content_type)


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/leads/7/", "/api/v1/"])
def test_an_unknown_address_is_a_problem_for_everybody(anonymous, path):
    problem_of(anonymous.get(path), 404, "not_found")


def test_an_address_without_its_slash_says_so_and_does_not_redirect(website):
    response = website.generic(
        "POST", "/api/v1/leads", '{"email": "a@b.example"}', content_type="application/json"
    )

    assert "slash" in problem_of(response, 404, "not_found")["detail"]


def test_an_unknown_method_is_a_problem(website):
    response = website.send("DELETE", "/leads/")

    problem_of(response, 405, "method_not_allowed")
    assert set(response["allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("kind", ["text/csv", "application/x-www-form-urlencoded"])
def test_another_media_type_is_a_problem(website, kind):
    problem_of(raw(website, "a=b", kind), 415, "unsupported_media_type")


def test_another_wanted_media_type_is_a_problem(website):
    response = website.get("/api/v1/leads/", headers={"accept": "text/csv"})

    problem_of(response, 406, "not_acceptable")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe\xfd",
        b'{"email": NaN}',
        b'{"expected_acv": -Infinity}',
        b'{"first_name": "a\\u0000b"}',
        b'{"first_name": "\\ud800"}',
        b'{"account": {"technologies": ["a\\u0000"]}}',
        b'{"\\u0000": 1}',
        b"[" * 100_000,
        b'{"expected_acv": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_not_storable_json_is_a_problem(website, body):
    problem_of(raw(website, body), 400, "parse_error")


def test_an_escaped_backslash_is_no_nul(website):
    body = b'{"external_id": "1", "first_name": "a\\\\u0000b"}'

    assert raw(website, body).status_code == 201
    assert Lead.objects.get().first_name == "a\\u0000b"


def test_a_body_that_is_too_large_is_a_problem(website, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    problem_of(raw(website, b'{"email": "' + b"a" * 100 + b'"}'), 413, "body_too_large")


def test_what_nobody_foresaw_is_a_problem_too(website, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("the cause is for the log alone")

    monkeypatch.setattr(leads.LeadAnswer, "to_representation", fail)
    website.create("/leads/", {"external_id": "1"})
    website.raise_request_exception = False

    body = problem_of(website.read("/leads/"), 500, "server_error")

    assert "cause" not in body["detail"]
