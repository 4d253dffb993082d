"""How long, and by whom, what was just done can be taken back."""

from datetime import timedelta

from django.utils.translation import gettext as _

UNDO_WITHIN = timedelta(seconds=30)


class NotYourAnswer(Exception):
    """Only the person who did it takes it back."""

    def __init__(self) -> None:
        super().__init__(_("Only who gave this answer can take it back."))


class UndoTooLate(Exception):
    """The grace for taking something back is over."""

    def __init__(self) -> None:
        seconds = f"{UNDO_WITHIN.total_seconds():.0f}"
        super().__init__(
            _("An answer can be taken back for %(seconds)s seconds.") % {"seconds": seconds}
        )
