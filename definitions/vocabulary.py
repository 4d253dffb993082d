"""The words of a definition: dimensions, levels, stages, paths, operators, and every fact."""

from dataclasses import dataclass
from enum import StrEnum


class Dimension(StrEnum):
    """How somebody is looked at."""

    FIT = "fit"
    ENGAGEMENT = "engagement"
    INTENT = "intent"
    AUTHORITY = "authority"
    PRODUCT = "product"


class Authority(StrEnum):
    """Say in a purchase, weakest first."""

    UNKNOWN = "unknown"
    RESEARCHER = "researcher"
    END_USER = "end_user"
    INFLUENCER = "influencer"
    SENIOR_INFLUENCER = "senior_influencer"
    DECISION_MAKER = "decision_maker"


LEVELS: dict[Dimension, tuple[str, ...]] = {
    Dimension.FIT: ("out", "low", "in"),
    Dimension.ENGAGEMENT: ("none", "low", "medium", "high"),
    Dimension.INTENT: ("none", "low", "medium", "high"),
    Dimension.AUTHORITY: tuple(Authority),
    Dimension.PRODUCT: ("none", "low", "medium", "high"),
}
"""Levels of each dimension, lowest first; the first holds when no criterion grants another."""


class Process(StrEnum):
    """Which of the two lifecycles a definition follows."""

    CRITERIA_LED = "criteria_led"
    SALES_CONFIRMED = "sales_confirmed"


class RuleStage(StrEnum):
    """Stages that a rule can reach, lowest first."""

    IQL = "iql"
    MQL = "mql"
    PQL = "pql"
    SQL = "sql"


class Path(StrEnum):
    """By which way a stage is reached."""

    STANDARD = "standard"
    DIRECT = "direct"
    ACCOUNT_BASED = "account_based"
    PRODUCT_LED = "product_led"


class Operator(StrEnum):
    """Comparison of a fact with a wanted value."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    ANY_OF = "any_of"
    KNOWN = "known"
    UNKNOWN = "unknown"


class Category(StrEnum):
    """What sort of thing a touchpoint kind is."""

    CONTENT = "content"
    EMAIL = "email"
    WEB = "web"
    EVENT = "event"
    CONVERSATION = "conversation"
    FORM = "form"
    PRODUCT = "product"
    REFERRAL = "referral"
    OTHER = "other"


class IntentLevel(StrEnum):
    """How strongly a touchpoint kind speaks of buying, weakest first."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class FactType(StrEnum):
    """What a fact's value is, hence how it can be compared."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    SET = "set"
    LEVEL = "level"
    ANSWER = "answer"
    """What a person answered: a text, or yes or no."""


OPERATORS_OF: dict[FactType, frozenset[Operator]] = {
    FactType.NUMBER: frozenset(
        {
            Operator.AT_LEAST,
            Operator.AT_MOST,
            Operator.BETWEEN,
            Operator.IS,
            Operator.IS_NOT,
            Operator.KNOWN,
            Operator.UNKNOWN,
        }
    ),
    FactType.TEXT: frozenset(
        {
            Operator.IS,
            Operator.IS_NOT,
            Operator.ONE_OF,
            Operator.NONE_OF,
            Operator.KNOWN,
            Operator.UNKNOWN,
        }
    ),
    FactType.FLAG: frozenset({Operator.IS, Operator.KNOWN, Operator.UNKNOWN}),
    FactType.SET: frozenset({Operator.ANY_OF, Operator.NONE_OF, Operator.KNOWN, Operator.UNKNOWN}),
    FactType.LEVEL: frozenset(
        {
            Operator.AT_LEAST,
            Operator.AT_MOST,
            Operator.BETWEEN,
            Operator.IS,
            Operator.IS_NOT,
            Operator.ONE_OF,
            Operator.NONE_OF,
        }
    ),
    FactType.ANSWER: frozenset(
        {
            Operator.IS,
            Operator.IS_NOT,
            Operator.ONE_OF,
            Operator.NONE_OF,
            Operator.KNOWN,
            Operator.UNKNOWN,
        }
    ),
}
"""Operators that make sense for each type; validation and the forms read it."""


LIST_OPERATORS = frozenset({Operator.ONE_OF, Operator.NONE_OF, Operator.ANY_OF, Operator.BETWEEN})
"""Operators that want a list: of choices, or of a least and a most value."""

BARE_OPERATORS = frozenset({Operator.KNOWN, Operator.UNKNOWN})
"""Operators that want no value."""


class Subject(StrEnum):
    """What a fact speaks about."""

    ACCOUNT = "account"
    PERSON = "person"
    TOUCHPOINTS = "touchpoints"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that can be asked about somebody, by name.

    `unit` is shown behind the value ("" when there is none); `parameters` are the names that the
    question may carry; a windowed fact must carry `days`. `levels` orders a LEVEL fact.
    """

    key: str
    label: str
    type: FactType
    subject: Subject
    unit: str = ""
    parameters: tuple[str, ...] = ()
    is_windowed: bool = False
    levels: tuple[str, ...] = ()


class Parameter(StrEnum):
    """Names that narrow a fact."""

    DAYS = "days"
    KINDS = "kinds"
    CATEGORIES = "categories"
    CHANNELS = "channels"
    MIN_INTENT = "min_intent"
    DIRECT_ONLY = "direct_only"
    VERIFIED_ONLY = "verified_only"
    CAMPAIGNS = "campaigns"
    WHAT = "what"


TOUCHPOINT_FILTERS = (
    Parameter.KINDS,
    Parameter.CATEGORIES,
    Parameter.CHANNELS,
    Parameter.MIN_INTENT,
    Parameter.DIRECT_ONLY,
    Parameter.VERIFIED_ONLY,
    Parameter.CAMPAIGNS,
)


def _account(key: str, label: str, fact_type: FactType, unit: str = "") -> Fact:
    return Fact(key, label, fact_type, Subject.ACCOUNT, unit)


def _person(key: str, label: str, fact_type: FactType, unit: str = "") -> Fact:
    return Fact(key, label, fact_type, Subject.PERSON, unit)


def _windowed(key: str, label: str, unit: str) -> Fact:
    return Fact(
        key,
        label,
        FactType.NUMBER,
        Subject.TOUCHPOINTS,
        unit,
        parameters=(Parameter.DAYS, *TOUCHPOINT_FILTERS),
        is_windowed=True,
    )


FACTS: dict[str, Fact] = {
    fact.key: fact
    for fact in (
        _account("country", "Country (ISO 3166-1 alpha-2)", FactType.TEXT),
        _account("region", "Region", FactType.TEXT),
        _person("language", "Language (ISO 639-1)", FactType.TEXT),
        _person("product_line", "Product line asked for", FactType.TEXT),
        _account("industry", "Industry", FactType.TEXT),
        _account("employee_count", "Company size", FactType.NUMBER, "people"),
        _account("revenue", "Yearly revenue", FactType.NUMBER, "organization's currency"),
        _account("funding_stage", "Funding stage", FactType.TEXT),
        _account("account_tier", "Account tier", FactType.TEXT),
        _account("technologies", "Technologies in use", FactType.SET),
        _account("is_target_account", "Target account", FactType.FLAG),
        _account("has_account", "Belongs to a known account", FactType.FLAG),
        _account("is_customer", "Customer already: an opportunity was won", FactType.FLAG),
        _account(
            "expected_acv",
            "Expected annual contract value",
            FactType.NUMBER,
            "organization's currency",
        ),
        _person("persona", "Persona", FactType.TEXT),
        _person("source", "Source", FactType.TEXT),
        _person("email_is_known", "E-mail address is known", FactType.FLAG),
        _person("email_is_free_mail", "E-mail address is at a free provider", FactType.FLAG),
        _person("phone_is_known", "Phone number is known", FactType.FLAG),
        Fact(
            "title_authority",
            "Authority read from the job title",
            FactType.LEVEL,
            Subject.PERSON,
            levels=tuple(Authority),
        ),
        _person(
            "title_confidence", "Confidence in the authority by title", FactType.NUMBER, "percent"
        ),
        _person("buying_team_confirmed", "Confirmed member of the buying team", FactType.FLAG),
        Fact(
            "asserted",
            "Latest answer that a person recorded",
            FactType.ANSWER,
            Subject.PERSON,
            parameters=(Parameter.WHAT,),
        ),
        Fact("campaigns", "Campaigns taken part in", FactType.SET, Subject.TOUCHPOINTS),
        _windowed("touchpoint_count", "Touchpoints", "touchpoints"),
        _windowed("touchpoint_days", "Different days with touchpoints", "days"),
        _windowed("touchpoint_channels", "Different channels", "channels"),
        _windowed("touchpoint_assets", "Different assets", "assets"),
        Fact(
            "days_since_touchpoint",
            "Whole days since the latest touchpoint",
            FactType.NUMBER,
            Subject.TOUCHPOINTS,
            "days",
            parameters=TOUCHPOINT_FILTERS,
        ),
        _windowed("account_touchpoint_count", "Touchpoints of the whole account", "touchpoints"),
        _windowed("account_people_engaged", "People of the account with touchpoints", "people"),
    )
}
"""Every fact that a condition may name, in the order in which forms offer them."""

VERDICT_FACTS: dict[str, Fact] = {
    fact.key: fact
    for fact in (
        Fact("points", "Points of the score", FactType.NUMBER, Subject.VERDICT),
        Fact(
            "stage",
            "Stage reached",
            FactType.LEVEL,
            Subject.VERDICT,
            levels=tuple(RuleStage),
        ),
        Fact("path", "Path by which it was reached", FactType.TEXT, Subject.VERDICT),
    )
}
"""What judging found, which only routing may ask: a definition cannot name its own verdict."""

ASKED_FACTS = FACTS | VERDICT_FACTS
"""Every fact that a condition of routing may name."""
