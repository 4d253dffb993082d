"""Inviting people: one by a form, many by lines, and those who wait."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_handoff.integrations.models import Delivery
from crm_handoff.models import Invitation, User
from crm_handoff.people import invitations, roles
from crm_handoff.people.invitations import Invitee
from crm_handoff.people.roles import Role
from routing.models import Rep

SAID = {"email": "new@example.com", "full_name": "Nele Neu", "roles": ["auditor"]}


def invite(number, *, at):
    by = User.objects.get(email="robin.ops@example.com")
    invitee = Invitee(f"new{number}@example.com", f"New {number}", [Role.AUDITOR, Role.REP])
    return invitations.invite(invitee, by=by, at=at)


def test_one_person_is_invited_by_the_form(robin):
    response = robin.post("/people/invite/", SAID, follow=True)

    invitation = Invitation.objects.get()
    assert invitation.person.email == "new@example.com"
    assert invitation.invited_by.email == "robin.ops@example.com"
    assert "is invited" in response.content.decode()
    assert "Nele Neu" in response.content.decode()


def test_a_rep_comes_with_kind_languages_and_territory(robin, dach):
    said = SAID | {"roles": ["rep"], "kind": "ae", "languages": "de, en", "territory": dach.pk}

    robin.post("/people/invite/", said)

    rep = Rep.objects.get(user__email="new@example.com")
    assert (rep.kind, rep.languages) == ("ae", ["de", "en"])
    assert rep.memberships.get().territory == dach


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"email": "nope"}, "not an e-mail address"),
        ({"email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example"}, "254"),
        ({"roles": []}, "at least one role"),
        ({"roles": ["root"]}, "root"),
        ({"languages": "english"}, "two-letter"),
        ({"email": "robin.ops@example.com"}, "here already"),
    ],
    ids=str,
)
def test_a_refusal_says_why_and_keeps_what_was_typed(robin, change, reason):
    response = robin.post("/people/invite/", SAID | change)

    page = response.content.decode()
    assert response.status_code == 422
    assert reason in page
    assert 'value="Nele Neu"' in page
    assert not Invitation.objects.exists()


def test_many_are_invited_by_lines_each_reported_and_the_refused_ones_kept(robin):
    lines = "\n".join(
        [
            "Maya, maya@example.com, marketing lead",
            "",
            "Nobody",
            "Dana, dana.new@example.com, SDR, en de",
            "Robin, robin.ops@example.com, revops",
        ]
    )

    response = robin.post("/people/invite/lines/", {"lines": lines})

    page = response.content.decode()
    assert response.status_code == 200
    assert Invitation.objects.count() == Delivery.objects.count() == 2
    assert "2 people are invited" in page
    assert "with commas between them" in page
    assert "here already" in page
    assert "\nNobody\nRobin, robin.ops@example.com, revops</textarea>" in page.replace(
        ">Nobody\n", ">\nNobody\n"
    )
    assert roles.roles_of(User.objects.get(email="maya@example.com")) == {Role.MARKETING_LEAD}


def test_no_line_is_no_invitation(robin):
    response = robin.post("/people/invite/lines/", {"lines": " \n "})

    assert response.status_code == 422
    assert "no line to read" in response.content.decode()


def test_an_invitation_is_sent_again_or_taken_back(robin, noon):
    first, second = invite(1, at=noon), invite(2, at=noon)

    robin.post(f"/people/invitations/{first.public_id}/send/")
    robin.post(f"/people/invitations/{second.public_id}/revoke/")

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.sent_at > noon + timedelta(days=1)
    assert second.revoked_by.email == "robin.ops@example.com"
    page = robin.get("/people/invite/").content.decode()
    assert "New 1" in page
    assert "New 2" not in page


def test_a_link_that_ran_out_is_marked(robin, noon):
    invite(1, at=noon)

    assert "ran out" in robin.get("/people/invite/").content.decode()


def test_an_invitation_that_ended_cannot_be_sent_again(robin, noon):
    first = invite(1, at=noon)
    invitations.revoke(first, by=first.invited_by, at=noon)

    response = robin.post(f"/people/invitations/{first.public_id}/send/", follow=True)

    assert "was accepted or taken back" in response.content.decode()


def test_thirty_who_wait_ask_what_three_do(robin, noon):
    for number in range(3):
        invite(number, at=noon)
    robin.get("/people/invite/")
    with CaptureQueriesContext(connection) as of_three:
        robin.get("/people/invite/")
    for number in range(3, 30):
        invite(number, at=noon)

    with CaptureQueriesContext(connection) as of_thirty:
        robin.get("/people/invite/")

    assert len(of_three) == len(of_thirty) <= 15


def test_others_invite_nobody(marketer, manager, auditor, door, noon):
    invitation = invite(1, at=noon)
    for person in (marketer, manager, auditor):
        client = door(person)
        assert client.get("/people/invite/").status_code == 403
        assert client.post("/people/invite/", SAID).status_code == 403
        assert client.post("/people/invite/lines/", {"lines": "x"}).status_code == 403
        for act in ("send", "revoke"):
            address = f"/people/invitations/{invitation.public_id}/{act}/"
            assert client.post(address).status_code == 403
