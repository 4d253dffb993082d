"""Waiting leads are claimed by one worker each, whatever the others do."""

from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from leads import qualification
from leads.models import Lead, PendingMark
from leads.qualification import Claim
from tests import recipes

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_claim_gives_a_lead_to_one_of_two_workers() -> None:
    leads = {recipes.known_lead(at=NOON).pk for _ in range(10)}
    both_have_claimed = Barrier(2)
    claimed: list[list[Claim]] = []

    def work() -> None:
        try:
            with transaction.atomic():
                claims = qualification.claim(limit=6)
                claimed.append(claims)
                both_have_claimed.wait(timeout=20)
                qualification.finish(claims)
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    first, second = ({claim.lead_id for claim in claims} for claims in claimed)
    assert first.isdisjoint(second)
    assert first | second <= leads
    assert len(first | second) == len(leads) - PendingMark.objects.count()


@pytest.mark.django_db(transaction=True)
def test_facts_come_in_while_a_worker_holds_the_lead() -> None:
    recipes.small_catalog()
    lead = recipes.known_lead(at=NOON)

    def send() -> None:
        try:
            recipes.touch(lead, "page_view", at=NOON)
        finally:
            connection.close()

    with transaction.atomic():
        claims = qualification.claim(limit=1)
        sender = Thread(target=send)
        sender.start()
        sender.join(timeout=20)
        is_in = not sender.is_alive()
        qualification.finish(claims)

    assert is_in
    assert PendingMark.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_claim_returns_nothing_for_a_lead_that_another_holds() -> None:
    lead = recipes.known_lead(at=NOON)
    seen: list[list[Claim]] = []

    def look() -> None:
        try:
            seen.append(qualification.claim(limit=5, lead_id=lead.pk))
        finally:
            connection.close()

    with transaction.atomic():
        Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        other = Thread(target=look)
        other.start()
        other.join(timeout=20)

    assert seen == [[]]
