"""Invitations: how people come in, and how they leave. Nobody types somebody else's password."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from crm_handoff.integrations import deliveries
from crm_handoff.people import rates, roles
from crm_handoff.people.models import Invitation, User
from crm_handoff.people.roles import Role
from routing import rotation
from routing.enums import RepKind
from routing.models import Rep, Territory, TerritoryMembership

LETTERS_AN_HOUR = 5
"""Invitations to one person, so that nobody's mailbox is flooded by impatience."""


class InvitationRefused(ValueError):
    """Somebody cannot be invited, or an invitation has ended; the text says why."""


@dataclass(frozen=True, slots=True)
class RepPlace:
    """What a rep does, which languages they speak (ISO 639-1), and where they receive leads."""

    kind: RepKind = RepKind.SDR
    languages: tuple[str, ...] = ()
    territory: Territory | None = None


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody to be invited; `place` counts for reps alone."""

    email: str
    full_name: str
    roles: Collection[Role]
    place: RepPlace = field(default_factory=RepPlace)


@transaction.atomic
def invite(invitee: Invitee, *, by: User, at: datetime) -> Invitation:
    """Invite somebody by e-mail: the person is created inactive, with their roles, or found.

    Somebody whom an import named, or who left, keeps what history says about them and is given
    the roles of the invitation instead of earlier ones. A rep receives leads from the moment
    they accept.

    Raises:
        InvitationRefused: they are here already, invited already, or a superuser who left.
    """
    person = _person_of(invitee)
    _check_invitable(person, by=by)
    person.full_name = invitee.full_name or person.full_name
    person.save(update_fields=["full_name"])
    _give_roles(person, invitee.roles)
    if Role.REP in invitee.roles:
        _make_rep(person, invitee.place)
    return _invited(person, by=by, at=at)


@transaction.atomic
def invite_back(person: User, *, by: User, at: datetime) -> Invitation:
    """Invite somebody who is known but inactive, with the roles and the place that they have.

    Raises:
        InvitationRefused: they are here already, invited already, or a superuser who left.
    """
    locked = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    _check_invitable(locked, by=by)
    return _invited(locked, by=by, at=at)


@transaction.atomic
def resend(invitation: Invitation, *, at: datetime) -> Invitation:
    """Write to somebody again, with a new link; the earlier ones work as long as they would have.

    Raises:
        InvitationRefused: it was accepted or taken back, or they were written to a lot just now.
    """
    locked = _open(invitation)
    subject = f"invitation:{locked.person_id}"
    if not rates.take(subject, limit=LETTERS_AN_HOUR, per=timedelta(hours=1), at=at):
        raise InvitationRefused(
            _("%(person)s was written to several times just now; try again in an hour.")
            % {"person": locked.person}
        )
    locked.sent_at = at
    locked.save(update_fields=["sent_at"])
    key = f"invitation:{locked.public_id}:{at.isoformat()}"
    deliveries.owe_letter("invitation", person=locked.person, key=key, at=at)
    return locked


@transaction.atomic
def revoke(invitation: Invitation, *, by: User, at: datetime) -> Invitation:
    """Take an invitation back: its links stop working, the person stays inactive.

    Raises:
        InvitationRefused: it was accepted or taken back already.
    """
    locked = _open(invitation)
    locked.revoked_at, locked.revoked_by = at, by
    locked.save(update_fields=["revoked_at", "revoked_by"])
    # The links are made from the password, also from one that nobody can use.
    locked.person.set_unusable_password()
    locked.person.save(update_fields=["password"])
    return locked


@transaction.atomic
def accept(person: User, *, password: str, at: datetime) -> User:
    """Let an invited person in, with the password that they chose.

    `person` may bear other changes (name, zone, language); all of them are saved.

    Raises:
        InvitationRefused: no invitation of theirs is open.
    """
    invitation = open_invitation_of(person, is_locked=True)
    if invitation is None:
        raise InvitationRefused(_("This invitation was accepted or taken back."))
    person.set_password(password)
    person.is_active = True
    # Nothing else: an address or a role may have changed since the page was asked for.
    person.save(update_fields=["password", "is_active", "full_name", "time_zone", "language"])
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    return person


@transaction.atomic
def let_go(person: User) -> User:
    """Deactivate somebody who leaves: every session ends, and no password or link lets them in.

    History keeps naming them. What they hold as a rep goes to others, by the rules, within
    seconds; they receive nothing more. An invitation brings them back.
    """
    person.is_active = False
    person.set_unusable_password()
    person.save(update_fields=["is_active", "password"])
    # From now on counts how long their leads have been left behind.
    Rep.objects.filter(user=person).update(updated_at=Now())
    return person


def open_invitation_of(person: User, *, is_locked: bool = False) -> Invitation | None:
    """Return the invitation that a person can still accept, if there is one; one query."""
    invitations = Invitation.objects.filter(person=person, accepted_at=None, revoked_at=None)
    if is_locked:
        invitations = invitations.select_for_update(no_key=True)
    return invitations.first()


def _invited(person: User, *, by: User, at: datetime) -> Invitation:
    # Links are made from the password, also from one that nobody can use: earlier ones end here.
    person.set_unusable_password()
    person.save(update_fields=["password"])
    invitation = Invitation.objects.create(person=person, invited_by=by, invited_at=at, sent_at=at)
    key = f"invitation:{invitation.public_id}"
    deliveries.owe_letter("invitation", person=person, key=key, at=at)
    return invitation


def _open(invitation: Invitation) -> Invitation:
    locked = (
        Invitation.objects.select_related("person")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=invitation.pk)
    )
    if locked.accepted_at is not None or locked.revoked_at is not None:
        raise InvitationRefused(_("This invitation was accepted or taken back."))
    return locked


def _person_of(invitee: Invitee) -> User:
    email = invitee.email.strip().lower()
    people = User.objects.select_for_update(no_key=True)
    found = people.filter(email__iexact=email).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return User.objects.create_user(email, full_name=invitee.full_name, is_active=False)
    except IntegrityError:
        # Somebody else invited them in the same instant.
        return people.get(email__iexact=email)


def _check_invitable(person: User, *, by: User) -> None:
    if person.is_active:
        raise InvitationRefused(
            _("%(person)s is here already; roles are changed on their page.") % {"person": person}
        )
    if person.is_superuser and not by.is_superuser:
        raise InvitationRefused(
            _("%(person)s may do everything: only a superuser can bring them back.")
            % {"person": person}
        )
    if open_invitation_of(person) is not None:
        raise InvitationRefused(
            _("%(person)s is invited already; send the invitation again instead.")
            % {"person": person}
        )


def _give_roles(person: User, given: Collection[Role]) -> None:
    for role in roles.roles_of(person) - set(given):
        roles.revoke(person, role)
    for role in given:
        roles.grant(person, role)


def _make_rep(person: User, place: RepPlace) -> None:
    rep, _is_new = Rep.objects.update_or_create(
        user=person,
        defaults={"kind": place.kind, "languages": list(place.languages), "is_active": True},
    )
    if place.territory is not None:
        TerritoryMembership.objects.update_or_create(
            territory=place.territory,
            rep=rep,
            defaults={"is_active": True},
            create_defaults={"credit": rotation.join_credit(place.territory)},
        )
