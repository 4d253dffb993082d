"""What changed between two evaluations of one lead, in sentences."""

from django.utils.translation import gettext as _

from crm_handoff.agreements.words import DIMENSIONS
from crm_handoff.web import tags
from crm_handoff.web.explanation import level_words
from definitions.agreement import Agreement
from definitions.queries import agreement_of
from definitions.vocabulary import LEVELS
from leads.models import Evaluation


def between(earlier: Evaluation, later: Evaluation) -> list[str]:
    """Say what changed: version, stage, levels, criteria met and lost, points; in this order."""
    return [
        *_version(earlier, later),
        *_stage(earlier, later),
        *_levels(earlier, later),
        *_criteria(earlier, later),
        *_points(earlier, later),
    ]


def _version(earlier: Evaluation, later: Evaluation) -> list[str]:
    if earlier.version_id == later.version_id:
        return []
    said = {"later": later.version, "earlier": earlier.version}
    return [_("Judged by %(later)s instead of %(earlier)s.") % said]


def _stage(earlier: Evaluation, later: Evaluation) -> list[str]:
    if earlier.stage == later.stage:
        return []
    if not later.stage:
        return [_("It meets no stage any more; before: %(stage)s.") % {"stage": _name(earlier)}]
    if not earlier.stage:
        return [_("It meets %(stage)s; before: no stage.") % {"stage": _name(later)}]
    said = {"later": _name(later), "earlier": _name(earlier)}
    return [_("It meets %(later)s; before: %(earlier)s.") % said]


def _name(evaluation: Evaluation) -> str:
    return evaluation.stage.upper()


def _levels(earlier: Evaluation, later: Evaluation) -> list[str]:
    sentences = []
    for dimension, levels in LEVELS.items():
        before, after = getattr(earlier, dimension), getattr(later, dimension)
        if before == after:
            continue
        rose = levels.index(after) > levels.index(before)
        sentence = (
            _("%(dimension)s rose from %(before)s to %(after)s.")
            if rose
            else _("%(dimension)s fell from %(before)s to %(after)s.")
        )
        words = {"before": level_words(before), "after": level_words(after)}
        sentences.append(sentence % ({"dimension": DIMENSIONS[dimension]} | words))
    return sentences


def _criteria(earlier: Evaluation, later: Evaluation) -> list[str]:
    labels = _labels(agreement_of(earlier.version)) | _labels(agreement_of(later.version))
    before, after = _met(earlier), _met(later)
    gained = sorted({labels.get(key, key) for key in after - before})
    lost = sorted({labels.get(key, key) for key in before - after})
    sentences = []
    if gained:
        sentences.append(_("Now met: %(criteria)s.") % {"criteria": ", ".join(gained)})
    if lost:
        sentences.append(_("No longer met: %(criteria)s.") % {"criteria": ", ".join(lost)})
    return sentences


def _labels(agreement: Agreement) -> dict[str, str]:
    return {criterion.key: criterion.label for criterion in agreement.criteria}


def _met(evaluation: Evaluation) -> set[str]:
    return {row["key"] for row in evaluation.results if row["met"]}


def _points(earlier: Evaluation, later: Evaluation) -> list[str]:
    if earlier.points == later.points:
        return []
    said = {"later": tags.figure(later.points), "earlier": tags.figure(earlier.points)}
    return [_("%(later)s points instead of %(earlier)s.") % said]
