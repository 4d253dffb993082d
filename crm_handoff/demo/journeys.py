"""What a lead of the demo does, from the first look to the question for a price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from crm_handoff.demo.library import PIECES, Piece

SATURDAY = 5
HOURS = (1, 3, 8, 10, 9, 6, 7, 9, 8, 6, 4, 2, 1, 1, 1)
"""How often people look around from 6 to 20 o'clock, UTC."""
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

AWARENESS = (
    ("blog_view", "web"),
    ("email_open", "email"),
    ("email_click", "email"),
    ("newsletter_signup", "web"),
    ("webinar_registered", "event"),
    ("social_engagement", "social"),
    ("page_view", "web"),
)
CONSIDERATION = (
    ("product_page_view", "web"),
    ("email_click", "email"),
    ("page_view", "web"),
    ("review_site_visit", "web"),
    ("chat", "chat"),
)
DECISION = (
    ("pricing_page_view", "web"),
    ("pricing_page_view", "web"),
    ("integration_page_view", "web"),
    ("product_webinar_attended", "event"),
)
ASKS = (
    ("demo_request", "web", 34),
    ("contact_sales_form", "web", 22),
    ("calendar_booking", "web", 14),
    ("quote_request", "web", 10),
    ("trial_request", "web", 9),
    ("outbound_reply", "email", 5),
    ("referral", "referral", 4),
    ("rfp", "email", 2),
)
CHANNELS = {"webinar_attended": "event", "event_visit": "event", "email_click": "email"}
"""Of the kinds by which leads meet assets; all others come by the web."""
DIRECT = frozenset(kind for kind, *_ in ASKS)

DETAILS = {
    "demo_request": {"page": "/demo", "message": "We want to see routing with our territories."},
    "contact_sales_form": {"page": "/contact", "message": "Please call me about prices."},
    "quote_request": {"page": "/pricing", "message": "An offer for 40 users, please."},
    "calendar_booking": {"page": "/demo", "length": "30 minutes"},
    "pricing_page_view": {"page": "/pricing"},
    "integration_page_view": {"page": "/integrations"},
}


@dataclass(frozen=True, slots=True)
class Did:
    """One thing that a lead did. is_live: told at once, not with the next synchronization."""

    at: datetime
    kind: str
    channel: str
    asset: str = ""
    is_live: bool = False
    is_verified: bool = True
    is_bot: bool = False


def of(mood: str, *, begins_at: datetime, is_small: bool, random: Random) -> list[Did]:
    """Return what a lead in that mood does, in order.

    mood: glance, curious, asks, direct or trial. is_small: little is needed to hand them over.
    """
    did = list(_MOODS[mood](begins_at, random))
    if mood != "direct":
        did = [did[0], *sorted((at_desk(one, random) for one in did[1:]), key=lambda one: one.at)]
    if is_small:
        did = [_heard_at_once(one, place) for place, one in enumerate(did)]
    return did


def at_desk(did: Did, random: Random) -> Did:
    """Move what somebody did to a working day and its hours, mostly."""
    at = did.at
    if at.weekday() >= SATURDAY and random.random() < 0.88:
        at += (7 - at.weekday()) * DAY
    hour = random.choices(range(6, 21), weights=HOURS)[0]
    at = at.replace(hour=hour, minute=random.randint(0, 59), second=random.randint(0, 59))
    return replace(did, at=max(at, did.at - 12 * HOUR))


def ask(at: datetime, random: Random) -> Did:
    """Return a question for sales."""
    kinds = [(kind, channel) for kind, channel, _ in ASKS]
    kind, channel = random.choices(kinds, weights=[weight for *_, weight in ASKS])[0]
    return Did(at, kind, channel, is_live=True)


def warming_up(begins_at: datetime, random: Random, *, until: datetime) -> Iterator[Did]:
    """Yield four to six looks of growing interest before a question at `until`."""
    count = random.randint(4, 6)
    span = (until - begins_at) / (count + 1)
    for place in range(count):
        at = begins_at + span * (place + random.random() * 0.8)
        share = place / count
        shelf = "awareness" if share < 0.35 else "consideration" if share < 0.7 else "decision"
        yield from _look(shelf, at, random)


def _glance(begins_at: datetime, random: Random) -> Iterator[Did]:
    for place in range(random.randint(1, 2)):
        yield from _look("awareness", begins_at + place * random.random() * 9 * DAY, random)


def _curious(begins_at: datetime, random: Random) -> Iterator[Did]:
    at = begins_at
    for place in range(random.randint(3, 6)):
        yield from _look("awareness" if place < 3 else "consideration", at, random)
        at += (0.6 + random.random() * 8) * DAY
    if random.random() < 0.12:
        yield Did(at, "unsubscribe", "email")


def _asks(begins_at: datetime, random: Random) -> Iterator[Did]:
    question = ask(begins_at + (3 + random.random() * 14) * DAY, random)
    yield from warming_up(begins_at, random, until=question.at)
    yield question
    if random.random() < 0.4:
        yield Did(question.at + (2 + random.random() * 40) * HOUR, "pricing_page_view", "web")


def _direct(begins_at: datetime, random: Random) -> Iterator[Did]:
    yield Did(begins_at - 4 * MINUTE, "pricing_page_view", "web")
    yield ask(begins_at, random)


def _trial(begins_at: datetime, random: Random) -> Iterator[Did]:
    yield Did(begins_at, "free_signup", "product", is_live=True)
    at = begins_at
    for _ in range(random.randint(3, 7)):
        at += (0.2 + random.random() * 2.2) * DAY
        kind = random.choice(("product_login", "product_login", "product_key_action"))
        yield Did(at, kind, "product")
    if random.random() < 0.55:
        yield Did(at + random.random() * DAY, "invited_teammate", "product", is_live=True)
    if random.random() < 0.35:
        yield Did(
            at + (1 + random.random() * 3) * DAY, "usage_limit_reached", "product", is_live=True
        )


_MOODS = {
    "glance": _glance,
    "curious": _curious,
    "asks": _asks,
    "direct": _direct,
    "trial": _trial,
}


def _look(shelf: str, at: datetime, random: Random) -> Iterator[Did]:
    """Yield one look: at an asset of that stage, or at something without one."""
    if random.random() < 0.55:
        piece = random.choice(_pieces(shelf))
        yield Did(at, piece.kind, CHANNELS.get(piece.kind, "web"), piece.key)
        return
    kinds = {"awareness": AWARENESS, "consideration": CONSIDERATION, "decision": DECISION}[shelf]
    kind, channel = random.choice(kinds)
    is_bot = channel == "email" and random.random() < 0.09
    if is_bot:
        yield Did(at - 2 * MINUTE, kind, channel, is_verified=False, is_bot=True)
    yield Did(at, kind, channel, is_verified=random.random() < 0.85)


def _pieces(shelf: str) -> Sequence[Piece]:
    return [piece for piece in PIECES if piece.stage == shelf]


def _heard_at_once(did: Did, place: int) -> Did:
    if place != 1 or did.is_bot:
        return did
    return replace(did, is_live=True)
