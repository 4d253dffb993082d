"""A write that is sent again has its effect once, and its answer each time."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from crm_handoff.api import idempotency
from crm_handoff.clock import database_now
from crm_handoff.models import ApiKey, IdempotentRequest, User
from crm_handoff.people import keys
from crm_handoff.people.roles import Role
from definitions.models import TouchpointKind
from leads.models import Lead, LeadIdentity, PendingMark, Touchpoint
from routing.models import NamedAccount
from tests.api.conftest import Caller
from tests.api.problems import problem_of
from tests.routing import sales

AT_ONCE = 16
# Without an external id each touchpoint and each deal below would be another row.
LEAD = b'{"external_id": "1", "email": "anna@acme.example"}'


def write(caller, body=LEAD, *, key="k-1", method="POST", path="/leads/"):
    return caller.generic(
        method,
        f"/api/v1{path}",
        body,
        content_type="application/json",
        headers={"idempotency-key": key},
    )


def test_the_same_request_gets_the_stored_answer(website):
    first = write(website)

    again = write(website)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert again["Content-Type"] == first["Content-Type"] == "application/json"
    assert (first.has_header("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (
        False,
        "true",
    )


def test_the_same_request_has_its_effect_once(website):
    write(website)
    marks = PendingMark.objects.count()
    Lead.objects.update(first_name="Changed since")

    write(website)

    assert Lead.objects.get().first_name == "Changed since"
    assert PendingMark.objects.count() == marks


def test_without_the_header_nothing_is_kept(website):
    website.create("/leads/", {"external_id": "1"})

    assert not IdempotentRequest.objects.exists()


def test_a_read_keeps_nothing(website):
    response = website.get("/api/v1/leads/", headers={"idempotency-key": "k-1"})

    assert response.status_code == 200
    assert not IdempotentRequest.objects.exists()


@pytest.mark.parametrize(
    "other",
    [
        {"body": LEAD + b" "},
        {"body": b'{"external_id": "2"}'},
        {"path": "/touchpoints/"},
        {"path": "/leads/by-identity/website/1/", "method": "PUT"},
    ],
    ids=str,
)
def test_another_request_with_the_key_is_refused_and_saves_nothing(website, other):
    write(website)

    problem_of(write(website, **other), 422, "idempotency_key_reused")
    assert (Lead.objects.count(), Touchpoint.objects.count()) == (1, 0)
    assert write(website)["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "schlüssel"], ids=ascii)
def test_a_key_that_is_none_is_refused(website, key):
    problem_of(write(website, key=key), 400, "idempotency_key_invalid")
    assert not Lead.objects.exists()


def test_a_method_that_nothing_has_is_refused_as_without_a_key(website):
    problem_of(write(website, method="PROPFIND"), 405, "method_not_allowed")


def test_an_address_of_any_characters_is_told_from_others(website):
    def put(name):
        path = f"/leads/by-identity/website/{name}/"
        return write(website, b'{"first_name": "Anna"}', method="PUT", path=path)

    problem_of(put("a%00"), 400, "invalid")
    assert put("%C3%A9%25").status_code == 201
    assert put("%C3%A9%25")["Idempotency-Replayed"] == "true"
    problem_of(put("%C3%A9%2525"), 422, "idempotency_key_reused")


def test_the_longest_key_is_kept_whole(website):
    write(website, key="x" * 255)

    assert write(website, key="x" * 255)["Idempotency-Replayed"] == "true"
    assert not write(website, key="x" * 254).has_header("Idempotency-Replayed")


def test_a_refused_request_leaves_nothing_and_may_be_mended(website):
    refused = write(website, b'{"email": "no address"}')

    assert refused.status_code == 400
    assert not IdempotentRequest.objects.exists()
    assert write(website).status_code == 201


def test_a_conflict_halfway_saves_nothing_of_it(website):
    website.create("/leads/", {"external_id": "1"})
    website.create("/leads/", {"email": "bob@acme.example"})
    body = b"""{"external_id": "1", "email": "bob@acme.example", "source": "fair",
                "account": {"domain": "acme.example"}}"""

    problem_of(write(website, body), 409, "identity_conflict")

    assert not IdempotentRequest.objects.exists()
    assert not Lead.objects.filter(account__isnull=False).exists()


def test_what_nobody_foresaw_leaves_nothing(website, monkeypatch):
    monkeypatch.setattr(idempotency, "_kept", None)
    website.raise_request_exception = False

    problem_of(write(website), 500, "server_error")

    assert not Lead.objects.exists()
    assert not IdempotentRequest.objects.exists()


def test_a_list_with_bad_items_is_answered_again_item_by_item(website):
    TouchpointKind.objects.create(key="webinar", name="Webinar", category="event")
    website.create("/leads/", {"external_id": "1"})
    body = b"""[{"lead": {"external_id": "1"}, "kind": "webinar",
                 "occurred_at": "2026-01-13T12:00:00Z"},
                {"lead": {"external_id": "1"}, "kind": "dance",
                 "occurred_at": "2026-01-13T12:00:00Z"}]"""

    first = write(website, body, path="/touchpoints/")
    again = write(website, body, path="/touchpoints/")

    assert [result["status"] for result in first.json()["results"]] == ["created", "refused"]
    assert again.content == first.content
    assert again.status_code == 201


def test_what_was_removed_is_answered_as_removed(signed_in):
    acme, revops = sales.account("Acme"), signed_in(Role.REVOPS)
    NamedAccount.objects.create(account=acme, rep=sales.rep("Rita"))
    place = f"/named-accounts/{acme.public_id}/"

    first = write(revops, b"", method="DELETE", path=place)
    again = write(revops, b"", method="DELETE", path=place)

    assert (first.status_code, again.status_code) == (204, 204)
    assert (again.content, again.has_header("Content-Type")) == (b"", False)
    assert again["Idempotency-Replayed"] == "true"
    problem_of(write(revops, b"", key="k-2", method="DELETE", path=place), 404, "not_found")


def test_a_change_is_not_made_over_a_later_one(signed_in):
    acme, revops = sales.account("Acme"), signed_in(Role.REVOPS)
    rita, olga = sales.rep("Rita"), sales.rep("Olga")
    named = NamedAccount.objects.create(account=acme, rep=sales.rep("Nora"))
    place = f"/named-accounts/{acme.public_id}/"

    def name(rep, key):
        body = b'{"rep": "%s"}' % str(rep.public_id).encode()
        return write(revops, body, key=key, method="PATCH", path=place)

    assert name(rita, "k-1").status_code == name(olga, "k-2").status_code == 200
    late = name(rita, "k-1")

    named.refresh_from_db()
    assert (late.json()["rep"]["name"], named.rep) == ("Rita", olga)


def test_each_caller_has_keys_of_its_own(website, operator, signed_in):
    other_key = keys.issue("Other", system="other", created_by=operator).token
    other = Caller(headers={"authorization": f"Bearer {other_key}"})
    person = signed_in(Role.REVOPS)
    write(website)

    for caller in (other, person):
        response = write(caller, b'{"external_id": "2"}')
        assert response.status_code == 201, response.content
        assert not response.has_header("Idempotency-Replayed")
    assert write(person, b'{"external_id": "2"}')["Idempotency-Replayed"] == "true"


def test_a_key_that_replaced_another_is_the_same_caller(website, operator, noon):
    write(website)
    new = keys.rotate(
        ApiKey.objects.get(), by=operator, at=database_now(), overlap=timedelta(hours=1)
    )

    again = write(Caller(headers={"authorization": f"Bearer {new.token}"}))

    assert again["Idempotency-Replayed"] == "true"


def test_who_may_no_more_gets_no_stored_answer(website):
    write(website)
    ApiKey.objects.update(scopes=["read"])

    problem_of(write(website), 403, "permission_denied")


def test_one_write_takes_two_statements_more(website):
    write(website, b'{"external_id": "1"}')

    plain = statements(website, {})
    keyed = statements(website, {"idempotency-key": "k-2"})

    assert len(keyed) == len(plain) + 2


def statements(website, headers):
    with CaptureQueriesContext(connection) as queries:
        website.generic(
            "POST",
            "/api/v1/leads/",
            b'{"external_id": "1"}',
            content_type="application/json",
            headers=headers,
        )
    return [query for query in queries if "SAVEPOINT" not in str(query["sql"])]


def threads_of(work):
    start, answers = threading.Barrier(AT_ONCE), []

    def run():
        start.wait()
        try:
            answers.append(work())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def committed_caller(transactional_db):
    """A caller by a key that other connections see."""
    operator = User.objects.create_user("ops@example.com")
    token = keys.issue("Website forms", system="website", created_by=operator).token
    return lambda: Caller(headers={"authorization": f"Bearer {token}"})


def test_of_many_at_once_one_has_the_effect_and_all_its_answer(committed_caller):
    # By no name of its own: each effect would be a lead.
    answers = threads_of(lambda: write(committed_caller(), b'{"email": "a@acme.example"}'))

    assert [answer.status_code for answer in answers] == [201] * AT_ONCE
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.has_header("Idempotency-Replayed") for answer in answers) == AT_ONCE - 1
    assert (Lead.objects.count(), LeadIdentity.objects.count()) == (1, 1)
    assert IdempotentRequest.objects.count() == 1


def test_of_many_at_once_with_bodies_of_their_own_one_is_taken(committed_caller):
    numbers = iter(range(AT_ONCE))

    answers = threads_of(
        lambda: write(committed_caller(), b'{"external_id": "%d"}' % next(numbers))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * (AT_ONCE - 1)
    assert Lead.objects.count() == 1


def test_when_the_first_fails_the_next_has_the_effect(committed_caller):
    """Whoever waits for a request that is then refused does the work itself."""
    owner = ApiKey.objects.get().family
    is_waiting = threading.Event()
    answers = []

    def again():
        is_waiting.set()
        answers.append(write(committed_caller()))
        connections.close_all()

    with transaction.atomic():
        IdempotentRequest.objects.create(
            owner=owner, idempotency_key="k-1", method="POST", path="/", body_hash=b""
        )
        thread = threading.Thread(target=again)
        thread.start()
        is_waiting.wait()
        thread.join(0.3)
        assert thread.is_alive()
        transaction.set_rollback(True)
    thread.join()

    assert answers[0].status_code == 201
    assert not answers[0].has_header("Idempotency-Replayed")


def test_a_request_that_takes_too_long_is_answered_to_come_again(committed_caller):
    answers = []

    def again():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        answers.append(write(committed_caller()))
        connections.close_all()

    with transaction.atomic():
        IdempotentRequest.objects.create(
            owner=ApiKey.objects.get().family,
            idempotency_key="k-1",
            method="POST",
            path="/",
            body_hash=b"",
        )
        thread = threading.Thread(target=again)
        thread.start()
        thread.join()
        transaction.set_rollback(True)

    problem_of(answers[0], 409, "idempotency_in_progress")
    assert answers[0]["Retry-After"] == "2"
    assert not Lead.objects.exists()


def test_prune_forgets_what_is_older_than_thirty_days(website):
    now = database_now()
    for number, days in enumerate((31, 30, 29)):
        write(website, b'{"external_id": "%d"}' % number, key=f"k-{number}")
        IdempotentRequest.objects.filter(idempotency_key=f"k-{number}").update(
            created_at=now - timedelta(days=days)
        )

    assert idempotency.prune(at=now) == 1
    assert idempotency.prune(at=now + timedelta(seconds=1)) == 1
    assert IdempotentRequest.objects.get().idempotency_key == "k-2"


def test_prune_takes_few_at_a_time(website, monkeypatch):
    now = database_now()
    IdempotentRequest.objects.bulk_create(
        IdempotentRequest(
            owner=ApiKey.objects.get().family,
            idempotency_key=str(number),
            method="POST",
            path="/",
            body_hash=b"",
            created_at=now - timedelta(days=40),
        )
        for number in range(idempotency.PRUNED_AT_ONCE + 1)
    )

    counts = [idempotency.prune(at=now) for _ in range(3)]

    assert counts == [idempotency.PRUNED_AT_ONCE, 1, 0]
