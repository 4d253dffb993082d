"""Notes that people write down about a lead."""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from definitions import words
from leads.models import Lead, Note

logger = logging.getLogger(__name__)


class NoteIsBlank(ValueError):
    """A note says something."""

    def __init__(self) -> None:
        super().__init__("Write what the next reader should know.")


@transaction.atomic
def add(lead_id: int, *, text: str, by: AbstractBaseUser, at: datetime) -> Note:
    """Keep what somebody wrote about a lead; it is never changed, a later note corrects it.

    Raises:
        NoteIsBlank: the text is blank.
        Lead.DoesNotExist: there is none of that id.
    """
    said = text.strip()
    if words.is_blank(said):
        raise NoteIsBlank
    lead = Lead.objects.only("pk").get(pk=lead_id)
    note = Note.objects.create(lead=lead, text=said, by_id=by.pk, at=at)
    logger.info("Lead %s: note %s by %s", lead.pk, note.pk, by.pk)
    return note
