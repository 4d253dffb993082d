"""The buttons of a version's page: each step of its life, and what may stand in its way."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.admin.base import AdminRequest
from crm_handoff.admin.content_rows import CHANGE
from crm_handoff.admin.steps import Step
from crm_handoff.agreements import rounds
from crm_handoff.clock import database_now
from definitions import drafts, versions
from definitions.enums import VersionState
from definitions.models import DefinitionVersion

REFUSALS = (
    drafts.DraftIsHistory,
    versions.ContentInvalid,
    versions.VersionIsFrozen,
    versions.VersionNotActive,
)
"""What an operation may answer; shown to the person in its own words."""


def _submit(request: AdminRequest, version: DefinitionVersion) -> str:
    rounds.submit(version, by=request.user, at=database_now())
    return _("%(version)s is in review: both sides can sign it now.") % {"version": version}


def _withdraw(request: AdminRequest, version: DefinitionVersion) -> str:
    versions.withdraw(version, by=request.user)
    return _("%(version)s is a draft again; its signatures no longer count.") % {
        "version": version
    }


def _retire(request: AdminRequest, version: DefinitionVersion) -> str:
    versions.retire(version, by=request.user, at=database_now())
    return _("%(version)s is no longer in force.") % {"version": version}


def _in(*states: VersionState) -> Callable[[DefinitionVersion], bool]:
    return lambda version: version.state in states


STEPS = {
    "submit": Step(lazy("Submit for review"), CHANGE, _in(VersionState.DRAFT), _submit),
    "withdraw": Step(
        lazy("Withdraw to draft"),
        CHANGE,
        _in(VersionState.IN_REVIEW, VersionState.SIGNED),
        _withdraw,
        is_grave=True,
    ),
    "retire": Step(lazy("Retire"), CHANGE, _in(VersionState.ACTIVE), _retire, is_grave=True),
}
"""The buttons of a version's page, in the order of its life; both sides sign elsewhere."""
