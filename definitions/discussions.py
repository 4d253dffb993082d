"""What people say about an agreement: remarks, workshops held together, fields they miss."""

import logging
from datetime import date, datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Count

from definitions import words
from definitions.enums import VersionState
from definitions.models import Definition, DefinitionVersion, Proposal, Remark, Workshop

logger = logging.getLogger(__name__)


class RemarkIsBlank(Exception):
    """A remark says something."""


class CriterionUnknown(Exception):
    """The version has no criterion of that key."""


class WorkshopIncomplete(Exception):
    """A record of a workshop names who was there and what was decided."""


class WorkshopTooLate(Exception):
    """The version is agreed: both sides signed it, or it was activated."""


class ProposalIncomplete(Exception):
    """A proposal names a field, and why it is missed."""


class AlreadyProposed(Exception):
    """The field is proposed already and waits for an answer."""


class ProposalAnswered(Exception):
    """Somebody answered the proposal before."""


class AnswerRequired(Exception):
    """An answer to a proposal comes with a word about why."""


@transaction.atomic
def remark(
    version: DefinitionVersion,
    *,
    text: str,
    by: AbstractBaseUser,
    at: datetime,
    criterion_key: str = "",
) -> Remark:
    """Add a line to the discussion of a criterion, or of the whole; it is never changed.

    Raises:
        RemarkIsBlank: the text is blank.
        CriterionUnknown: the version has no criterion of that key.
    """
    said = text.strip()
    if words.is_blank(said):
        raise RemarkIsBlank("Write what the others should know.")
    if criterion_key and not version.criterion_set.filter(key=criterion_key).exists():
        raise CriterionUnknown(f"{version} has no criterion {criterion_key}.")
    line = Remark.objects.create(
        definition_id=version.definition_id,
        version=version,
        criterion_key=criterion_key,
        text=said,
        said_by_id=by.pk,
        said_at=at,
    )
    logger.info("%s: remark %s by %s", version, line.pk, by)
    return line


def remark_counts(definition: Definition) -> dict[str, int]:
    """Count the remarks by criterion key, "" for those about the whole; one query."""
    counted = Remark.objects.filter(definition=definition).values("criterion_key")
    return {row["criterion_key"]: row["count"] for row in counted.annotate(count=Count("pk"))}


@transaction.atomic
def record_workshop(
    version: DefinitionVersion,
    *,
    held_on: date,
    attendees: str,
    ideal_customer: str,
    decisions: str,
    by: AbstractBaseUser,
    at: datetime,
) -> Workshop:
    """Attach the record of a joint workshop to a version that is still worked on.

    attendees, decisions: one a line.

    Raises:
        WorkshopIncomplete: nobody attended, or nothing was decided.
        WorkshopTooLate: the version is no draft and not in review.
    """
    if words.is_blank(attendees) or words.is_blank(decisions):
        raise WorkshopIncomplete("Say who was there and what was decided.")
    version.refresh_from_db(from_queryset=DefinitionVersion.objects.select_for_update(no_key=True))
    if version.state not in (VersionState.DRAFT, VersionState.IN_REVIEW):
        raise WorkshopTooLate(f"{version} is {version.get_state_display().lower()}.")
    workshop = Workshop.objects.create(
        version=version,
        held_on=held_on,
        attendees=_lines(attendees),
        ideal_customer=ideal_customer.strip(),
        decisions=_lines(decisions),
        recorded_by_id=by.pk,
        recorded_at=at,
    )
    logger.info("%s: workshop %s recorded by %s", version, workshop.pk, by)
    return workshop


@transaction.atomic
def propose(
    definition: Definition, *, field: str, why: str, by: AbstractBaseUser, at: datetime
) -> Proposal:
    """Keep the wish that something be known of every lead of a definition.

    Raises:
        ProposalIncomplete: the field or the reason is blank.
        AlreadyProposed: somebody proposed the field, and it waits for an answer.
    """
    named, said = field.strip(), why.strip()
    if words.is_blank(named) or words.is_blank(said):
        raise ProposalIncomplete("Name the field, and say why it is missed.")
    # Two who have the same idea at once take turns here.
    Definition.objects.select_for_update(no_key=True).get(pk=definition.pk)
    if definition.proposals.filter(field__iexact=named, outcome="").exists():
        raise AlreadyProposed(f"“{named}” is proposed already and waits for an answer.")
    proposal = Proposal.objects.create(
        definition=definition, field=named, why=said, proposed_by_id=by.pk, proposed_at=at
    )
    logger.info("%s: %s proposed by %s", definition, proposal.public_id, by)
    return proposal


@transaction.atomic
def answer(
    proposal: Proposal, *, outcome: str, word: str, by: AbstractBaseUser, at: datetime
) -> Proposal:
    """Adopt or decline a proposal with a word about why; it is answered once.

    Adopting promises the field for the next version; the version is written by people.

    Raises:
        AnswerRequired: the word is blank.
        ProposalAnswered: somebody was faster.
    """
    said = word.strip()
    if words.is_blank(said):
        raise AnswerRequired("Say in a word why.")
    proposal.refresh_from_db(from_queryset=Proposal.objects.select_for_update(no_key=True))
    if proposal.outcome:
        raise ProposalAnswered(f"“{proposal}” was {proposal.get_outcome_display().lower()}.")
    proposal.outcome = Proposal.Outcome(outcome).value
    proposal.answer, proposal.answered_by_id, proposal.answered_at = said, by.pk, at
    proposal.save(update_fields=("outcome", "answer", "answered_by", "answered_at"))
    logger.info("Proposal %s %s by %s", proposal.public_id, proposal.outcome, by)
    return proposal


def _lines(text: str) -> str:
    """Return a text's lines, each stripped, without blank ones."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
