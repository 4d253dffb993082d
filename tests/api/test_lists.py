from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_handoff.api import pagination
from crm_handoff.api.opportunities import OpportunityList
from crm_handoff.people.roles import Role
from crm_handoff.search import search
from leads.models import Lead, Opportunity
from tests.api.problems import faults_of

DEALS = "/opportunities/"
ORDERINGS = [
    {},
    *({"ordering": sign + name} for sign in ("", "-") for name in OpportunityList.orderings),
]
DAYS = st.none() | st.integers(1, 3).map(
    lambda day: datetime(2026, 1, day, 9, 30, 0, 7, tzinfo=UTC)
)
SPECS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["", "Alpha", "alpha", "Ölwerk", "10 % off"]),
        "amount": st.none() | st.sampled_from([Decimal("0.00"), Decimal("0.01"), Decimal(999)]),
        "opened_at": DAYS,
    }
)


def deals(lead, specs):
    """One deal a spec; ties and unknown values wherever the specs have them."""
    known = Opportunity.objects.count()
    return Opportunity.objects.bulk_create(
        Opportunity(
            lead=lead,
            system="crm",
            external_id=f"D-{known + place}",
            currency="EUR",
            **spec,
        )
        for place, spec in enumerate(specs)
    )


@pytest.fixture
def lead(db):
    return Lead.objects.create()


def walk(caller, then=None, **parameters):
    """Read every page forward; `then` runs after each of them."""
    body = caller.read(DEALS, **parameters).json()
    seen = list(body["results"])
    while body["next"]:
        if then:
            then()
        body = caller.get(body["next"]).json()
        seen += body["results"]
    return [deal["external_id"] for deal in seen], body


def walk_back(caller, body):
    seen = []
    while body["previous"]:
        body = caller.get(body["previous"]).json()
        seen[:0] = body["results"]
    return [deal["external_id"] for deal in seen]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    specs=st.lists(SPECS, max_size=9),
    late=st.lists(SPECS, min_size=1, max_size=4),
    ordering=st.sampled_from(ORDERINGS),
    size=st.integers(1, 4),
)
def test_a_walk_meets_every_row_once_while_others_arrive(
    website, lead, specs, late, ordering, size
):
    with transaction.atomic():
        deals(lead, specs)
        still, _ = walk(website, **ordering, page_size=200)

        arriving = iter(late)
        met, last = walk(
            website,
            then=lambda: deals(lead, islice(arriving, 1)),
            **ordering,
            page_size=size,
        )

        assert len(met) == len(set(met))
        assert [name for name in met if name in still] == still
        now, _ = walk(website, **ordering, page_size=200)
        at_last = [deal["external_id"] for deal in last["results"]]
        assert walk_back(website, last) == (now[: now.index(at_last[0])] if at_last else [])
        transaction.set_rollback(True)


@pytest.mark.parametrize("ordering", ["amount", "-amount"])
def test_unknown_values_are_the_largest(website, lead, ordering):
    deals(lead, [{"amount": amount} for amount in (None, Decimal(2), Decimal(1), None)])

    met, _ = walk(website, ordering=ordering, page_size=1)

    upward = ["D-2", "D-1", "D-0", "D-3"]
    assert met == (upward if ordering == "amount" else upward[::-1])


def test_a_row_that_goes_does_not_move_the_pages(website, lead):
    _, second, _ = deals(lead, [{"name": name} for name in "abc"])
    page = website.read(DEALS, ordering="name", page_size=2).json()
    second.delete()

    assert [deal["name"] for deal in website.get(page["next"]).json()["results"]] == ["c"]


def test_a_page_takes_as_many_queries_wherever_it_is(website, lead, django_assert_num_queries):
    deals(lead, [{"name": str(place % 3)} for place in range(12)])
    page = website.read(DEALS, ordering="name", page_size=3).json()
    for _ in range(2):
        with django_assert_num_queries(2):
            page = website.get(page["next"]).json()


def test_a_page_of_an_index_is_found_without_reading_what_is_before_it(lead):
    Lead.objects.bulk_create(Lead(stage="mql") for _ in range(2_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_lead")
    rows = pagination._parts(
        Lead.objects.annotate(cursor_position=pagination.F("stage")).order_by(
            "cursor_position", "pk"
        ),
        "stage",
        pagination.Cursor("stage", False, "mql", Lead.objects.last().pk - 10),
        is_down=False,
    )

    plan = next(rows)[:5].explain()

    assert "Index Cond: (ROW(" in plan, plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"ordering": "amounts"}, ("ordering", "invalid")),
        ({"ordering": "--amount"}, ("ordering", "invalid")),
        ({"ordering": "pk"}, ("ordering", "invalid")),
        ({"ordering": "lead__email"}, ("ordering", "invalid")),
        ({"page_size": "0"}, ("page_size", "invalid")),
        ({"page_size": "201"}, ("page_size", "invalid")),
        ({"page_size": "٣"}, ("page_size", "invalid")),
        ({"page_size": "9" * 5_000}, ("page_size", "invalid")),
        ({"page_size": "000000001999"}, ("page_size", "invalid")),
        ({"page_size": ["1", "2"]}, ("page_size", "repeated")),
        ({"cursor": "x"}, ("cursor", "invalid")),
        ({"cursor": "W10:abc"}, ("cursor", "invalid")),
        ({"cursor": "é\0"}, ("cursor", "invalid")),
        ({"fields": "id,pk"}, ("fields", "unknown_field")),
        ({"fields": ","}, ("fields", "unknown_field")),
        ({"fields": ""}, ("fields", "blank")),
        ({"search": "x" * 201}, ("search", "invalid")),
        ({"search": "a\0"}, ("search", "invalid")),
        ({"closed_since": "2026-01-13T12:00:00"}, ("closed_since", "invalid")),
        ({"closed_since": "2026-01-13"}, ("closed_since", "invalid")),
        ({"amount_min": "NaN"}, ("amount_min", "invalid")),
        ({"amount_min": "-1e200000"}, ("amount_min", "invalid")),
        ({"amount_max": "1e-20000"}, ("amount_max", "invalid")),
        ({"anomaly": "odd"}, ("anomaly", "invalid")),
        ({"owner": ["a@b.example", "b@b.example"]}, ("owner", "repeated")),
        ({"order": "name"}, ("order", "unknown_filter")),
        ({"closed_since": ""}, ("closed_since", "blank")),
        ({"lead": ""}, ("lead", "blank")),
        ({"amount_min": " "}, ("amount_min", "blank")),
        ({"currency": ""}, ("currency", "blank")),
        ({"stage": ["open", ""]}, ("stage", "blank")),
        ({"ordering": ""}, ("ordering", "blank")),
        ({"search": " "}, ("search", "blank")),
        ({"cursor": ""}, ("cursor", "blank")),
    ],
    ids=lambda said: str(said)[:40],
)
def test_what_a_list_cannot_do_is_refused_by_name(website, parameters, fault):
    assert fault in faults_of(website.read(DEALS, **parameters))


@pytest.mark.parametrize("number", ["-1e9999999", "1e9999999", "1e-9999999"])
def test_a_number_that_would_take_forever_to_write_out_is_refused(website, number):
    response = website.read("/leads/", recycle_count_max=number)

    assert faults_of(response) == {("recycle_count_max", "invalid")}


def test_a_cursor_that_somebody_altered_is_refused(website, lead):
    deals(lead, [{"name": "a"}, {"name": "b"}])
    link = website.read(DEALS, ordering="name", page_size=1).json()["next"]
    (cursor,) = parse_qs(urlsplit(link).query)["cursor"]

    for place in range(len(cursor)):
        altered = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        response = website.read(DEALS, ordering="name", cursor=altered)
        assert ("cursor", "invalid") in faults_of(response)


def test_a_cursor_belongs_to_its_ordering(website, lead):
    deals(lead, [{"name": "a"}, {"name": "b"}])
    link = website.read(DEALS, ordering="name", page_size=1).json()["next"]
    (cursor,) = parse_qs(urlsplit(link).query)["cursor"]

    response = website.read(DEALS, ordering="-name", cursor=cursor)

    assert ("cursor", "invalid") in faults_of(response)


def test_links_keep_what_was_asked_for(website, lead):
    deals(lead, [{"name": name} for name in ("Ölwerk 1", "Ölwerk 2", "else")])

    met, body = walk(website, search="ölwerk", ordering="-name", page_size=1, fields="external_id")

    assert met == ["D-1", "D-0"]
    assert body["results"] == [{"external_id": "D-0"}]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("renewal", {"D-0", "D-1"}),
        ("RENEW acme", {"D-0"}),
        ("100%", {"D-2"}),
        ("%", {"D-2"}),
        ("_", {"D-3"}),
        ("\\", set()),
        ("d-3", {"D-3"}),
        ("nobody", set()),
    ],
)
def test_search_finds_rows_that_hold_every_word(website, lead, words, expected):
    deals(
        lead,
        [{"name": name} for name in ("Renewal of Acme", "Renewal", "100% off", "under_score")],
    )

    met, _ = walk(website, search=words)

    assert set(met) == expected


def test_search_uses_the_index_of_its_text(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = search_plan("anna")

    assert "lead_email_trigram" in plan
    assert "lead_name_trigram" in plan


def search_plan(words):
    from_leads = Lead.objects.order_by()
    return search(from_leads, words, ("email", "first_name", "last_name")).explain()


def test_some_fields_alone(website, lead):
    deals(lead, [{"name": "a"}])
    deal = Opportunity.objects.get()

    assert website.read(DEALS, fields="name, id").json()["results"] == [
        {"id": str(deal.public_id), "name": "a"}
    ]
    assert website.read(f"{DEALS}{deal.public_id}/", fields="name").json() == {"name": "a"}


@pytest.mark.parametrize("path", [DEALS, f"{DEALS}by-identity/crm/D-0/"])
def test_who_has_the_answer_already_is_not_sent_it_again(website, lead, path):
    deals(lead, [{"name": "a"}])
    first = website.read(path)
    tag = first["etag"]

    again = website.get(f"/api/v1{path}", headers={"if-none-match": tag})
    Opportunity.objects.update(name="b")
    changed = website.get(f"/api/v1{path}", headers={"if-none-match": f'"x", {tag}'})

    assert (again.status_code, again.content, again["etag"]) == (304, b"", tag)
    assert changed.status_code == 200
    assert changed["etag"] != tag
    assert first["cache-control"] == "private, no-cache"
    assert "Cookie" in first["vary"]
    assert "Accept" in first["vary"]


def test_a_tag_opens_nothing_to_somebody_who_may_not_see_it(website, signed_in, lead):
    (deal,) = deals(lead, [{"name": "a"}])
    path = f"/api/v1{DEALS}{deal.public_id}/"
    tag = website.get(path)["etag"]

    assert signed_in(Role.REP).get(path, headers={"if-none-match": tag}).status_code == 404


def test_a_number_of_rows_at_once(website, lead):
    deals(lead, [{"name": str(place)} for place in range(51)])

    assert len(website.read(DEALS).json()["results"]) == pagination.PAGE_SIZE
    assert len(website.read(DEALS, page_size=51).json()["results"]) == 51
