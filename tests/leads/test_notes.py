"""What people write down about a lead stays as they wrote it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from leads import notes
from leads.models import Lead, Note, PendingMark
from leads.notes import NoteIsBlank
from tests import recipes


def test_a_note_says_who_wrote_what_and_when(rita: Any, noon: datetime) -> None:
    lead = recipes.known_lead(at=noon)

    notes.add(lead.pk, text="  Asks for our ISO certificate. ", by=rita, at=noon)

    assert list(lead.notes.values_list("text", "by", "at")) == [
        ("Asks for our ISO certificate.", rita.pk, noon)
    ]


def test_two_equal_notes_are_two_notes(rita: Any, noon: datetime) -> None:
    lead = recipes.known_lead(at=noon)

    for hours in (0, 1):
        notes.add(lead.pk, text="Called back.", by=rita, at=noon + timedelta(hours=hours))

    assert lead.notes.count() == 2


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_blank_note_is_refused_and_nothing_is_kept(rita: Any, noon: datetime, text: str) -> None:
    lead = recipes.known_lead(at=noon)

    with pytest.raises(NoteIsBlank, match="Write what"):
        notes.add(lead.pk, text=text, by=rita, at=noon)

    assert not Note.objects.exists()


def test_a_note_about_nobody_is_refused(rita: Any, noon: datetime) -> None:
    with pytest.raises(Lead.DoesNotExist):
        notes.add(0, text="Who is this?", by=rita, at=noon)


def test_a_note_does_not_send_the_lead_to_be_judged_again(rita: Any, noon: datetime) -> None:
    lead = recipes.known_lead(at=noon)
    PendingMark.objects.all().delete()

    notes.add(lead.pk, text="Likes football.", by=rita, at=noon)

    assert not PendingMark.objects.exists()
