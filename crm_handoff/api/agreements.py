"""Agreements to be read: in words with both signatures, what changed between two, as a text."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from crm_handoff.agreements import diffs, published
from crm_handoff.agreements.diffs import PARTS, Difference
from crm_handoff.agreements.published import Published
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.views import DetailView
from crm_handoff.people import access
from definitions import versions
from definitions.enums import Side, VersionState
from definitions.models import DefinitionVersion, SignOff

PEOPLE = ("marketing_operator", "marketing_deputy", "sales_operator", "sales_deputy")


class AgreedLineAnswer(Answer):
    """A criterion: its label as its author wrote it, and what it asks in words."""

    key = serializers.CharField()
    # A field of that name is a field: the metaclass takes it out of the attributes.
    label = serializers.CharField()  # type: ignore[assignment]
    words = serializers.CharField()


class AgreedLevelAnswer(Answer):
    """A level and the criteria that grant it: all of them, or any one when `is_any`."""

    key = serializers.CharField()
    name = serializers.CharField()
    is_any = serializers.BooleanField()
    criteria = AgreedLineAnswer(many=True, source="lines")


class AgreedCellAnswer(Answer):
    """What a stage asks: each of `levels` is enough, all of `criteria` must be met."""

    is_asked = serializers.BooleanField()
    sentence = serializers.CharField()
    levels = AgreedLevelAnswer(many=True)
    criteria = AgreedLineAnswer(many=True, source="lines")


class AgreedRowAnswer(Answer):
    """A dimension, single criteria or points, with a cell for each stage of the path."""

    key = serializers.CharField()
    name = serializers.CharField()
    cells = AgreedCellAnswer(many=True)


class AgreedStageAnswer(Answer):
    """A stage of a path; `is_handoff`: reaching it hands over to sales."""

    stage = serializers.CharField()
    name = serializers.CharField()
    is_handoff = serializers.BooleanField()


class AgreedPathAnswer(Answer):
    """A path: its stages in order, and a row for everything that any of them asks."""

    key = serializers.CharField()
    name = serializers.CharField()
    stages = AgreedStageAnswer(many=True, source="columns")
    rows = AgreedRowAnswer(many=True)


class AgreedPointsAnswer(AgreedLineAnswer):
    """A score rule: when it gives points, and how many."""

    points = serializers.CharField()


class AgreedQuestionAnswer(Answer):
    """A question that only a person can answer."""

    key = serializers.CharField()
    question = serializers.CharField()
    words = serializers.CharField()


class AgreedTermAnswer(Answer):
    """A promise in time; the first of a milestone that applies to a lead counts."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    milestone = serializers.CharField()
    whom = serializers.CharField()
    is_high_intent = serializers.BooleanField()
    promise = serializers.CharField()
    stops = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())
    cadence = serializers.ListField(child=serializers.CharField())


class AgreedPersonAnswer(Answer):
    """Somebody whom the agreement names."""

    name = serializers.CharField()
    email = serializers.EmailField()


class AgreedPartyAnswer(Answer):
    """A side with its operator and deputy."""

    side = serializers.ChoiceField(choices=Side.choices)
    operator = AgreedPersonAnswer(allow_null=True)
    deputy = AgreedPersonAnswer(allow_null=True)


class AgreedStepAnswer(Answer):
    """A stage, the side that owns what comes next, and what that is."""

    stage = serializers.CharField()
    side = serializers.ChoiceField(choices=Side.choices)
    what = serializers.CharField()


class AgreedFloorAnswer(Answer):
    """The least that a handover must show."""

    criteria = AgreedLineAnswer(many=True, source="lines")
    exempt_paths = serializers.ListField(child=serializers.CharField(), source="exempt")


class AgreedLimitsAnswer(Answer):
    """Shares of misses above which the other side may act."""

    criteria = serializers.CharField()
    response = serializers.CharField()


class AgreedSignatureAnswer(Answer):
    """A signature over the content hash."""

    side = serializers.ChoiceField(choices=Side.choices)
    signer = serializers.CharField()
    signed_at = InstantField()
    content_hash = serializers.CharField()
    comment = serializers.CharField()


class PublishedAnswer(Answer):
    """A version in force, in the caller's language, with both signatures."""

    definition = serializers.SlugField(source="told.definition")
    name = serializers.CharField(source="told.name")
    number = serializers.IntegerField(source="told.number")
    content_hash = serializers.CharField(source="told.content_hash")
    signatures = AgreedSignatureAnswer(many=True)
    activated_at = InstantField(source="version.activated_at")
    effective = serializers.CharField(source="told.effective")
    change_note = serializers.CharField(source="told.change_note")
    process = serializers.CharField(source="told.process")
    handoff = serializers.CharField(source="told.handoff")
    day_zone = serializers.CharField(source="told.day_zone")
    segment = serializers.ListField(child=serializers.CharField(), source="told.segment")
    is_catch_all = serializers.BooleanField(source="told.is_catch_all")
    paths = AgreedPathAnswer(many=True, source="told.paths")
    exclusions = AgreedLineAnswer(many=True, source="told.exclusions")
    points = AgreedPointsAnswer(many=True, source="told.points")
    questions = AgreedQuestionAnswer(many=True, source="told.questions")
    floor = AgreedFloorAnswer(source="told.floor")
    limits = AgreedLimitsAnswer(source="told.limits")
    terms = AgreedTermAnswer(many=True, source="told.terms")
    people = AgreedPartyAnswer(many=True, source="told.people")
    steps = AgreedStepAnswer(many=True, source="told.steps")
    handover_fields = serializers.ListField(
        child=serializers.CharField(), source="told.handover_fields"
    )
    checklist = serializers.CharField(source="told.checklist")
    plan = serializers.CharField(source="told.plan")


@dataclass(frozen=True, slots=True)
class InForce:
    """What `PublishedAnswer` reads."""

    version: DefinitionVersion
    told: Published
    signatures: list[SignOff]


class PublishedDetail(DetailView):
    """`/definitions/{key}/published/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_definitionversion"}
    answer = PublishedAnswer

    def row(self, request: Request, **kwargs: Any) -> InForce:
        visible = access.agreements.versions_visible_to(request.user).filter(
            state=VersionState.ACTIVE
        )
        version = get_object_or_404(
            visible.select_related("definition", *PEOPLE), definition__key=kwargs["definition"]
        )
        signatures = version.signoffs.filter(
            review_round=version.review_round, content_hash=version.content_hash
        )
        return InForce(
            version=version,
            told=published.read(version, at=timezone.now()),
            signatures=list(signatures.select_related("signer").order_by("signed_at", "pk")),
        )


class DifferenceAnswer(Answer):
    """A change in one sentence; `where` names the row."""

    part = serializers.ChoiceField(choices=list(PARTS))
    where = serializers.CharField()
    sentence = serializers.CharField()


class DifferencesAnswer(Answer):
    """What changed from one version to another, in the caller's language."""

    definition = serializers.SlugField(source="version.definition.key")
    number = serializers.IntegerField(source="version.number")
    compared_with = serializers.IntegerField(source="other.number", allow_null=True)
    differences = DifferenceAnswer(many=True)


@dataclass(frozen=True, slots=True)
class Compared:
    """What `DifferencesAnswer` reads; `other` None: there is no earlier version."""

    version: DefinitionVersion
    other: DefinitionVersion | None
    differences: list[Difference]


class DifferencesDetail(DetailView):
    """`/definitions/{key}/versions/{number}/differences/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_definitionversion"}
    answer = DifferencesAnswer
    numbers: ClassVar = {"from": "The version to compare with; otherwise the one before."}

    def row(self, request: Request, **kwargs: Any) -> Compared:
        version = _version(request, **kwargs)
        visible = access.agreements.versions_visible_to(request.user).filter(
            definition=version.definition
        )
        said = request.query_params.get("from")
        if said is None:
            earlier = visible.filter(number__lt=version.number)
            other = earlier.order_by("-number").first()
        else:
            other = get_object_or_404(visible, number=_whole(said))
        if other is None:
            return Compared(version, None, [])
        return Compared(version, other, _differences(other, version))


class TextAnswer(Answer):
    """A version as one readable file; a draft's as it is now."""

    definition = serializers.SlugField(source="version.definition.key")
    number = serializers.IntegerField(source="version.number")
    content_hash = serializers.CharField(source="version.content_hash")
    text = serializers.CharField()


@dataclass(frozen=True, slots=True)
class Written:
    """What `TextAnswer` reads."""

    version: DefinitionVersion
    text: str


class TextDetail(DetailView):
    """`/definitions/{key}/versions/{number}/text/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_definitionversion"}
    answer = TextAnswer

    def row(self, request: Request, **kwargs: Any) -> Written:
        version = _version(request, **kwargs)
        return Written(version, versions.canonical_text(version))


def _version(request: Request, *, definition: str, number: int) -> DefinitionVersion:
    visible = access.agreements.versions_visible_to(request.user).select_related(
        "definition", *PEOPLE
    )
    return get_object_or_404(visible, definition__key=definition, number=number)


def _differences(before: DefinitionVersion, after: DefinitionVersion) -> list[Difference]:
    return diffs.differences(published.content(before), published.content(after))


def _whole(said: str) -> int:
    if not (said.isascii() and said.isdigit() and len(said) < 10 and int(said)):
        detail = "Say the number of a version, for example 1."
        raise ValidationError({"from": [ErrorDetail(detail, code="invalid")]})
    return int(said)
