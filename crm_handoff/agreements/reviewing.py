"""Reviews that fall due: opened with the figures of the day, and told to both sides."""

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from crm_handoff.agreements import telling
from crm_handoff.clock import database_now
from crm_handoff.reports import agreement
from definitions import reviews
from definitions.models import DefinitionReview, DefinitionVersion

logger = logging.getLogger(__name__)


def attend(*, at: datetime | None = None) -> int:
    """Open the reviews that are due and tell of them, once; tell once more of those overdue.

    Two queries when nothing is. A version whose figures cannot be counted keeps no other waiting.

    at: None takes the database's clock; an instant plays history.

    Returns:
        How many reviews were opened or told of.
    """
    instant = at or database_now()
    opened = [_open(version, at=instant) for version in reviews.due(at=instant)]
    reminded = [_remind(review, at=instant) for review in reviews.overdue(at=instant)]
    return sum(opened) + sum(reminded)


def _open(version: DefinitionVersion, *, at: datetime) -> bool:
    try:
        with transaction.atomic():
            review = reviews.begin(version, at=at)
            if review is None:
                return False
            reviews.keep_figures(review, agreement.figures_of(version, at=at).as_json())
            telling.review_due(review, at=at)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("The review of %s could not be opened: it is tried again", version)
        return False
    return True


def _remind(review: DefinitionReview, *, at: datetime) -> bool:
    with transaction.atomic():
        is_mine = reviews.claim_reminder(review, at=at)
        if is_mine:
            telling.review_overdue(review, at=at)
    return is_mine
