"""Absences, reps, territories and calendars, as RevOps and sales managers edit them."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm_handoff.models import User
from crm_handoff.people.roles import Role
from routing import defaults
from routing.defaults import OWNER_WITHIN
from routing.models import (
    Absence,
    AbsenceSeries,
    BusinessCalendar,
    Queue,
    Rep,
    Territory,
    TerritoryMembership,
)

pytestmark = pytest.mark.django_db

ADD_ABSENCE = reverse("admin:routing_absence_add")


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.SALES_MANAGER)


@pytest.fixture
def rita():
    return Rep.objects.create(user=User.objects.create_user("rita@example.com"))


@pytest.fixture
def territory(rita):
    defaults.load_defaults(manager=rita.user)
    return Territory.objects.create(
        key="dach",
        name="DACH",
        queue=Queue.objects.first(),
        calendar=BusinessCalendar.objects.first(),
    )


def span(rep, *, begins, ends=("", ""), **typed):
    (begins_on, begins_at), (ends_on, ends_at) = begins, ends
    return {
        "rep": rep.pk,
        "begins_at_0": begins_on,
        "begins_at_1": begins_at,
        "ends_at_0": ends_on,
        "ends_at_1": ends_at,
    } | typed


def errors_of(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def page_of(thing):
    return reverse(f"admin:routing_{thing._meta.model_name}_change", args=[thing.pk])


def typed_on(client, thing, **changed):
    """What the browser would send of a page as it was opened, with some of it changed."""
    form = client.get(page_of(thing)).context["adminform"].form
    formsets = client.get(page_of(thing)).context["inline_admin_formsets"]
    typed = {bound.html_name: bound.value() for bound in form}
    for one in formsets:
        forms = [one.formset.management_form, *one.formset.forms]
        typed |= {bound.html_name: bound.value() for each in forms for bound in each}
    typed |= changed
    return {name: value for name, value in typed.items() if not (value is None or value is False)}


def test_an_absence_is_entered_in_the_zone_of_whoever_enters_it(manager, rita):
    User.objects.filter(email="sales_manager@tests.example").update(time_zone="Europe/Berlin")

    page = manager.get(ADD_ABSENCE).content.decode()
    manager.post(
        ADD_ABSENCE, span(rita, begins=("2026-07-01", "09:00"), ends=("2026-07-08", "17:00"))
    )

    absence = Absence.objects.get()
    assert "Times are in your zone, Europe/Berlin." in page
    assert absence.span.lower == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert absence.span.upper == datetime(2026, 7, 8, 15, tzinfo=UTC)
    assert absence.entered_by.email == "sales_manager@tests.example"


def test_an_absence_may_have_no_end(manager, rita):
    manager.post(ADD_ABSENCE, span(rita, begins=("2026-07-01", "09:00")))

    absence = Absence.objects.get()
    listing = manager.get(reverse("admin:routing_absence_changelist")).content.decode()
    assert absence.span.upper is None
    assert "further notice" in listing


@pytest.mark.parametrize(
    ("ends", "field", "sentence"),
    [
        (("2026-07-01", "09:00"), "ends_at", "The absence ends before it begins."),
        (("2026-06-01", "09:00"), "ends_at", "The absence ends before it begins."),
        (("2026-08-01", ""), "ends_at", "Enter a valid time."),
        (("9999-12-31", "23:59"), "ends_at", "Choose a time within ten years from now."),
    ],
    ids=["at once", "before", "half an instant", "too far"],
)
def test_an_absence_that_makes_no_sense_is_explained(manager, rita, ends, field, sentence):
    response = manager.post(ADD_ABSENCE, span(rita, begins=("2026-07-01", "09:00"), ends=ends))

    assert errors_of(response)[field] == [sentence]


def test_an_absence_has_a_beginning(manager, rita):
    response = manager.post(ADD_ABSENCE, span(rita, begins=("", "")))

    assert errors_of(response)["begins_at"] == ["This field is required."]


def test_an_overlap_is_said_and_not_a_crash(manager, rita):
    instant = datetime(2026, 7, 5, tzinfo=UTC)
    Absence.objects.create(rep=rita, span=DateTimeTZRange(instant, None))

    response = manager.post(ADD_ABSENCE, span(rita, begins=("2026-07-06", "09:00")))

    assert errors_of(response)["__all__"] == ["This overlaps another absence of the same rep."]
    assert Absence.objects.count() == 1


def test_an_absence_is_shortened(manager, rita):
    instant = datetime(2026, 7, 5, tzinfo=UTC)
    absence = Absence.objects.create(rep=rita, span=DateTimeTZRange(instant, None))
    opened = manager.get(page_of(absence)).context["adminform"].form

    shorter = span(rita, begins=("2026-07-05", "00:00"), ends=("2026-07-06", "00:00"))
    manager.post(page_of(absence), shorter)

    absence.refresh_from_db()
    assert opened["begins_at"].value() == instant
    assert absence.span.upper == datetime(2026, 7, 6, tzinfo=UTC)


@pytest.mark.parametrize("where", ["series", "calendar"])
def test_what_something_else_writes_can_be_looked_at_and_not_changed(manager, rita, where):
    times = DateTimeTZRange(datetime(2026, 1, 16, 12, tzinfo=UTC), None)
    series = AbsenceSeries.objects.create(
        rep=rita, weekdays=[4], starts_on=times.lower.date(), time_zone="UTC", entered_by=rita.user
    )
    written = {"series": series} if where == "series" else {"external_id": "uid-1@calendar"}
    absence = Absence.objects.create(rep=rita, span=times, **written)

    page = manager.get(page_of(absence)).content.decode()
    assert "change it on the page of all absences" in page
    assert "further notice" in page
    assert manager.post(page_of(absence), {}).status_code == 403
    delete = reverse("admin:routing_absence_delete", args=[absence.pk])
    assert manager.post(delete, {"post": "yes"}).status_code == 403


def test_a_new_queue_has_a_clock_of_its_own_unless_it_is_taken_out(revops, territory):
    page = revops.get(reverse("admin:routing_queue_add"))

    form = page.context["adminform"].form
    assert (
        form.get_initial_for_field(form.fields["assign_within"], "assign_within") == OWNER_WITHIN
    )


def test_nobody_stands_in_for_themselves(manager, rita):
    response = manager.post(
        ADD_ABSENCE, span(rita, begins=("2026-07-06", "09:00"), delegate=rita.pk)
    )

    assert errors_of(response)["delegate"] == ["Somebody else stands in for a rep."]


def written(client, thing, typed):
    """What saving a page writes to tables of routing."""
    with CaptureQueriesContext(connection) as queries:
        response = client.post(page_of(thing), typed)
    assert response.status_code == 302
    return [q["sql"] for q in queries if q["sql"].startswith('UPDATE "routing_')]


def test_a_form_of_a_rep_leaves_the_counters_alone_that_move_meanwhile(revops, rita):
    (update,) = written(revops, rita, typed_on(revops, rita, languages="EN, de, en"))

    rita.refresh_from_db()
    assert rita.languages == ["en", "de"]
    assert update.startswith('UPDATE "routing_rep" SET "languages" = ')
    assert "_count" not in update


def test_a_form_of_a_territory_leaves_the_credit_of_its_rotation_alone(revops, rita, territory):
    membership = TerritoryMembership.objects.create(territory=territory, rep=rita)

    (update,) = written(
        revops, territory, typed_on(revops, territory, **{"memberships-0-weight": 3})
    )

    membership.refresh_from_db()
    assert membership.weight == 3
    assert "credit" not in update


def test_a_rep_joins_a_territory_once(revops, rita, territory):
    new = {
        "memberships-2-TOTAL_FORMS": 1,
        "memberships-2-0-rep": rita.pk,
        "memberships-2-0-weight": 2,
        "memberships-2-0-territory": territory.pk,
    }

    first = revops.post(page_of(territory), typed_on(revops, territory, **new))
    second = revops.post(page_of(territory), typed_on(revops, territory, **new))

    assert (first.status_code, second.status_code) == (302, 200)
    assert TerritoryMembership.objects.get().weight == 2


def test_two_openings_at_the_same_hour_are_pointed_out(revops, territory):
    calendar = territory.calendar
    weekday = calendar.windows.order_by("weekday").first().weekday
    typed = typed_on(revops, calendar, **{"windows-1-weekday": weekday})

    response = revops.post(page_of(calendar), typed)

    (inline, _) = response.context["inline_admin_formsets"]
    assert response.status_code == 200
    assert "There is one like this already." in str(inline.formset.errors)


def test_the_countries_of_a_territory_are_written_in_one_line(revops, territory):
    typed = typed_on(revops, territory, countries=" de, AT ,ch", industries="software, retail")

    response = revops.post(page_of(territory), typed)

    territory.refresh_from_db()
    assert response.status_code == 302
    assert territory.countries == ["DE", "AT", "CH"]
    assert territory.industries == ["software", "retail"]
    assert 'value="DE, AT, CH"' in revops.get(page_of(territory)).content.decode()


def test_a_country_that_is_none_is_pointed_out(revops, territory):
    response = revops.post(
        page_of(territory), typed_on(revops, territory, countries="DE, Austria")
    )

    (sentence,) = errors_of(response)["countries"]
    assert "Write two letters" in sentence


def test_a_key_is_chosen_once(revops, territory):
    typed = typed_on(revops, territory) | {"key": "renamed", "name": "Renamed"}

    revops.post(page_of(territory), typed)

    territory.refresh_from_db()
    assert (territory.key, territory.name) == ("dach", "Renamed")


@pytest.mark.parametrize(
    ("country", "part", "is_known"),
    [("DE", "BY", True), ("DE", "", True), ("DE", "TX", False), ("", "BY", False)],
)
def test_a_calendar_names_holidays_that_are_known(revops, territory, country, part, is_known):
    calendar = territory.calendar
    typed = typed_on(revops, calendar, holiday_country=country, holiday_subdivision=part)

    response = revops.post(page_of(calendar), typed)

    assert response.status_code == (302 if is_known else 200)
