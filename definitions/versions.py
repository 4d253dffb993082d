"""A version's life: loaded as a draft, submitted, signed by both sides, activated, retired."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Max

from definitions import catalog, document, queries, rows, shapes, soundness
from definitions.content import content_of
from definitions.enums import Side, VersionState
from definitions.form import ABOUT, malformed
from definitions.models import Definition, DefinitionVersion, SignOff
from definitions.validity import problems_in

logger = logging.getLogger(__name__)

RETRY_AFTER = timedelta(minutes=1)
"""A version that could not be put in force is tried again."""


class ContentInvalid(Exception):
    """A document or a draft's rows make no sound agreement; `problems` has a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class VersionIsFrozen(Exception):
    """The version left draft."""


class VersionNotInReview(Exception):
    """The version is not waiting for signatures."""


class VersionNotSigned(Exception):
    """The version does not have both signatures."""


class VersionNotActive(Exception):
    """The version is not the active one."""


class VersionNotYetEffective(Exception):
    """The effective date that both sides signed lies ahead."""


class ContentChanged(Exception):
    """The text is another than the person read."""


class SideAlreadySigned(Exception):
    """The side has signed this round."""


class SignerMayNotSign(Exception):
    """The person signed for the other side, or is not active."""


@transaction.atomic
def load(text: str, *, by: AbstractBaseUser, at: datetime | None = None) -> DefinitionVersion:
    """Write a YAML document as a new draft of its definition, which is created when missing.

    Kinds and title rules that the document leaves out are copied from the catalog. Its part
    `about` describes a new definition; it is no part of the agreement.

    Raises:
        DocumentUnreadable: the text is no YAML mapping.
        ContentInvalid: with every problem found, people whom nobody knows included.
    """
    content = document.read(text)
    about = content.pop("about", None) or {}
    return create_draft(content, by=by, about=about, at=at)


@transaction.atomic
def create_draft(
    content: Mapping[str, Any],
    *,
    by: AbstractBaseUser,
    about: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> DefinitionVersion:
    """Write a document as the next draft of its definition, authored by `by`.

    `about` has the columns of a definition that does not exist yet: name, description, position,
    is_catch_all. at: when it was drafted; None takes the database's clock.

    Raises:
        ContentInvalid: with every problem found.
    """
    filled = catalog.copies() | dict(content)
    if problems := [*shapes.problems("about", about or {}, ABOUT), *problems_in(filled)]:
        raise ContentInvalid(problems)
    return _written(filled, by=by, about=about or {}, at=at)


def _written(
    content: Mapping[str, Any],
    *,
    by: AbstractBaseUser,
    about: Mapping[str, Any],
    at: datetime | None = None,
) -> DefinitionVersion:
    people = _people(content)
    definition = _locked_definition(content["definition"], about)
    last = definition.versions.aggregate(last=Max("number"))["last"] or 0
    version = DefinitionVersion.objects.create(
        definition=definition,
        number=last + 1,
        author_id=by.pk,
        **people,
        **rows.fields_of(content),
        **({"created_at": at} if at else {}),
    )
    rows.write(version, content)
    version.refresh_from_db()
    logger.info("%s drafted by %s", version, by)
    return version


@transaction.atomic
def revise(version: DefinitionVersion, *, by: AbstractBaseUser) -> DefinitionVersion:
    """Write a copy of a version as the next draft of its definition.

    What no longer makes a sound agreement, since drafts are held to more than they were, is copied
    all the same: it is to be mended before the draft is submitted.

    Raises:
        ContentInvalid: the rows of a draft that is copied cannot be read.
    """
    content = content_of(version)
    if problems := [*malformed(content)]:
        raise ContentInvalid(problems)
    return _written(content, by=by, about={})


def canonical_text(version: DefinitionVersion) -> str:
    """Return the YAML text of a version: the frozen one, or of the present rows of a draft."""
    return version.content or document.render(content_of(version))


@transaction.atomic
def submit(version: DefinitionVersion, *, by: AbstractBaseUser, at: datetime) -> DefinitionVersion:
    """Freeze a draft for review: its canonical text, the SHA-256 of that, and its rows.

    Raises:
        VersionIsFrozen: it is no draft.
        ContentInvalid: its rows make no sound agreement, a side has no named operator, or its
            segment collides with another definition's.
    """
    _lock_definitions()
    _lock(version)
    if version.state != VersionState.DRAFT:
        raise VersionIsFrozen(f"{version} is {version.get_state_display().lower()}.")
    content = content_of(version)
    if problems := soundness.problems_of(version, content=content):
        raise ContentInvalid(problems)
    version.content = document.render(content)
    version.content_hash = hashlib.sha256(version.content.encode()).hexdigest()
    version.submitted_at = at
    return _moved(
        version, VersionState.IN_REVIEW, "content", "content_hash", "submitted_at", by=by
    )


@transaction.atomic
def withdraw(version: DefinitionVersion, *, by: AbstractBaseUser) -> DefinitionVersion:
    """Take a version back to draft to edit it; its signatures no longer count.

    Raises:
        VersionIsFrozen: it was activated, or is a draft already.
    """
    _lock(version)
    if version.state not in (VersionState.IN_REVIEW, VersionState.SIGNED):
        raise VersionIsFrozen(f"{version} is {version.get_state_display().lower()}.")
    version.content = version.content_hash = ""
    version.submitted_at = None
    version.review_round += 1
    fields = ("content", "content_hash", "submitted_at", "review_round", *_forget_failure(version))
    return _moved(version, VersionState.DRAFT, *fields, by=by)


@transaction.atomic
def sign(
    version: DefinitionVersion,
    *,
    side: str,
    by: AbstractBaseUser,
    at: datetime,
    comment: str = "",
    seen: str | None = None,
) -> SignOff:
    """Sign the present content for a side; the second side's signature makes it signed.

    Whether `by` may sign for the side at all is for the caller to check.

    seen: the content hash that `by` read; None takes the present one.

    Raises:
        VersionNotInReview: it is a draft, or has both signatures.
        ContentChanged: the text is another than `by` read.
        SideAlreadySigned: somebody signed for the side in this round.
        SignerMayNotSign: `by` signed for the other side, or is not active.
    """
    lock_in_review(version, seen=seen)
    earlier = list(version.signoffs.filter(review_round=version.review_round))
    if any(signoff.side == side for signoff in earlier):
        raise SideAlreadySigned(f"{Side(side).label} has signed {version}.")
    if not by.is_active or any(signoff.signer_id == by.pk for signoff in earlier):
        raise SignerMayNotSign("The two sides are signed for by two people, both active.")
    signoff = SignOff.objects.create(
        version=version,
        review_round=version.review_round,
        side=side,
        signer_id=by.pk,
        content_hash=version.content_hash,
        signed_at=at,
        comment=comment,
    )
    if {signoff.side, *(one.side for one in earlier)} == set(Side.values):
        _moved(version, VersionState.SIGNED, by=by)
    return signoff


@transaction.atomic
def activate(
    version: DefinitionVersion, *, by: AbstractBaseUser | None, at: datetime
) -> DefinitionVersion:
    """Put a signed version in force, and retire the one of its definition that was.

    by: None when its date came and nobody had to do it.

    Raises:
        VersionNotSigned: it does not have both signatures, or was activated before.
        VersionNotYetEffective: `at` is before its effective date.
    """
    lock_definition(version)
    _lock(version)
    if version.state != VersionState.SIGNED:
        raise VersionNotSigned(f"{version} is {version.get_state_display().lower()}.")
    if version.effective_at and at < version.effective_at:
        raise VersionNotYetEffective(f"{version} takes effect on {version.effective_at:%Y-%m-%d}.")
    for former in version.definition.versions.filter(state=VersionState.ACTIVE):
        retire(former, by=by, at=at)
    version.activated_at = at
    fields = ("activated_at", *_forget_failure(version))
    return _moved(version, VersionState.ACTIVE, *fields, by=by)


def lock_definition(version: DefinitionVersion) -> None:
    """Let no other version of the definition come into force until the transaction ends."""
    Definition.objects.select_for_update(no_key=True).get(pk=version.definition_id)


def claim_due(version_id: int, *, at: datetime) -> DefinitionVersion | None:
    """Take a signed version that is due, for who puts it in force; until the transaction ends.

    None: somebody else has it or one of its definition, or it is no longer due.
    """
    definition = Definition.objects.filter(versions=version_id)
    if not [*definition.select_for_update(no_key=True, skip_locked=True, of=("self",))]:
        return None
    due = queries.due_versions(at=at).filter(pk=version_id)
    return due.select_for_update(no_key=True, of=("self",)).first()


def postpone(version_id: int, *, problem: str, at: datetime) -> DefinitionVersion | None:
    """Say why a signed version could not be put in force; it is tried again after a minute.

    None: it is not signed any more.
    """
    signed = DefinitionVersion.objects.filter(pk=version_id, state=VersionState.SIGNED)
    signed.update(activation_problem=problem, activation_retry_at=at + RETRY_AFTER)
    return signed.select_related("definition").first()


@transaction.atomic
def retire(
    version: DefinitionVersion, *, by: AbstractBaseUser | None, at: datetime
) -> DefinitionVersion:
    """Put the active version out of force.

    Raises:
        VersionNotActive: it is not in force.
    """
    _lock(version)
    if version.state != VersionState.ACTIVE:
        raise VersionNotActive(f"{version} is {version.get_state_display().lower()}.")
    version.retired_at = at
    return _moved(version, VersionState.RETIRED, "retired_at", by=by)


def lock_in_review(version: DefinitionVersion, *, seen: str | None = None) -> None:
    """Keep a version in review, as it is, until the transaction ends.

    seen: the content hash that somebody read; None takes the present one.

    Raises:
        VersionNotInReview: it is a draft, or has both signatures.
        ContentChanged: the text is another than they read.
    """
    _lock(version)
    if version.state != VersionState.IN_REVIEW:
        raise VersionNotInReview(f"{version} is {version.get_state_display().lower()}.")
    if seen is not None and seen != version.content_hash:
        raise ContentChanged(f"{version} was changed after you opened it.")


def _lock_definitions() -> None:
    # Of two segments submitted at once, the second is compared with the first.
    list(Definition.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _lock(version: DefinitionVersion) -> None:
    # Whoever holds this lock waits for edits of the rows that are under way, and they for it.
    locked = DefinitionVersion.objects.select_for_update(no_key=True)
    version.refresh_from_db(from_queryset=locked)


def _moved(
    version: DefinitionVersion, state: VersionState, *fields: str, by: AbstractBaseUser | None
) -> DefinitionVersion:
    version.state = state
    version.save(update_fields=("state", *fields))
    logger.info("%s became %s by %s", version, state, by or "its date")
    return version


def _forget_failure(version: DefinitionVersion) -> tuple[str, ...]:
    version.activation_problem, version.activation_retry_at = "", None
    return ("activation_problem", "activation_retry_at")


def _locked_definition(key: str, about: Mapping[str, Any]) -> Definition:
    given = {name: value for name, value in about.items() if value is not None}
    other = Definition.objects.filter(is_catch_all=True).exclude(key=key).first()
    if given.get("is_catch_all") and other:
        raise ContentInvalid([f"about: {other.key} is the catch-all already"])
    Definition.objects.get_or_create(key=key, defaults={"name": key} | given)
    return Definition.objects.select_for_update(no_key=True).get(key=key)


def _people(content: Mapping[str, Any]) -> dict[str, Any]:
    people, unknown = {}, []
    for side, row in (content.get("operators") or {}).items():
        for role, email in (row or {}).items():
            person = get_user_model().objects.filter(email__iexact=email).first()
            people[f"{side}_{role}"] = person
            if email and person is None:
                unknown.append(f"operators.{side}: nobody has the address {email} ({role})")
    if unknown:
        raise ContentInvalid(unknown)
    return people
