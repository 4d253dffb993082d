"""What every page about one version of an agreement shares: its head, its tabs, who signed."""

from dataclasses import dataclass
from functools import cached_property

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web.requests import PageRequest
from definitions.enums import Side, VersionState
from definitions.models import Definition, DefinitionVersion, Refusal, SignOff

CHANGE = "definitions.change_definitionversion"

Places = tuple[tuple[str | Promise, str, tuple[str, ...]], ...]

TESTS: Places = (
    (_("Try one lead"), "version_try", ("version_try",)),
    (_("Examples"), "version_examples", ("version_examples", "example")),
    (_("Impact"), "version_impact", ("version_impact", "impact")),
)
"""Pages under the tab “Test”: name, route, and how the routes begin that mark it as here."""

TABS: Places = (
    (_("Agreement"), "version", ()),
    (_("Compare"), "version_compare", ("version_compare",)),
    (_("Test"), "version_try", tuple(name for _title, _view, names in TESTS for name in names)),
    (_("Discussion"), "version_discussion", ("version_discussion", "version_work", "proposal")),
    (_("Sign"), "version_sign", ("version_sign", "version_refuse", "version_withdraw")),
    (_("History"), "version_history", ("version_history",)),
    (_("Review"), "definition_review", ("definition_review", "review")),
)
"""Pages about a version, as above."""

_EXACTLY = {"version": ("version", "definition")}
"""Routes that mark a tab as here, where others begin like them."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A page about the version; `is_here` on itself and on what belongs to it."""

    name: str | Promise
    address: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """What a side said to the present content: signed, refused, or nothing yet."""

    side: Side
    signoff: SignOff | None
    refusals: tuple[Refusal, ...]


class Page:
    """A version as one of its pages shows it; templates that extend the frame need it as `page`.

    `signatures` asks two queries, once.
    """

    def __init__(self, request: PageRequest, version: DefinitionVersion) -> None:
        self.request = request
        self.version = version

    @property
    def definition(self) -> Definition:
        """Return the definition of which this is a version."""
        return self.version.definition

    @cached_property
    def signatures(self) -> tuple[Signature, ...]:
        """Return what each side said in the present round, marketing first."""
        version = self.version
        of_round = {"version": version, "review_round": version.review_round}
        signoffs = {
            one.side: one for one in SignOff.objects.filter(**of_round).select_related("signer")
        }
        refusals = list(
            Refusal.objects.filter(**of_round).select_related("refused_by").order_by("refused_at")
        )
        return tuple(
            Signature(
                side=side,
                signoff=signoffs.get(side.value),
                refusals=tuple(one for one in refusals if one.side == side),
            )
            for side in Side
        )

    @property
    def missing(self) -> list[Side]:
        """Return the sides that have not signed the present content."""
        return [one.side for one in self.signatures if one.signoff is None]

    @property
    def refused(self) -> list[Refusal]:
        """Return the refusals of sides that have not signed since."""
        return [
            refusal for one in self.signatures if one.signoff is None for refusal in one.refusals
        ]

    @property
    def tabs(self) -> list[Tab]:
        """Return the pages about this version that whoever asks may open, in order."""
        return self._tabs(TABS)

    @property
    def tests(self) -> list[Tab]:
        """Return the pages under “Test” when one of them is open, else nothing."""
        tabs = self._tabs(TESTS)
        return tabs if any(tab.is_here for tab in tabs) else []

    @property
    def edit_address(self) -> str:
        """Return where a draft is edited, "" for who may not, or when it is none."""
        may_edit = self.request.user.has_perm(CHANGE)
        if not may_edit or self.version.state != VersionState.DRAFT:
            return ""
        return reverse("admin:definitions_definitionversion_change", args=[self.version.pk])

    def address(self, view: str) -> str:
        """Return where a page about this version, or about its definition, is."""
        if view.startswith("version"):
            return reverse(f"web:{view}", args=[self.definition.key, self.version.number])
        return reverse(f"web:{view}", args=[self.definition.key])

    def _is_shown(self, view: str) -> bool:
        """Say whether a tab leads somewhere for whoever asks."""
        state, follows = self.version.state, self.request.user.has_perm(SEE_EVERYONES_LEADS)
        if view == "version_sign":
            return follows and state != VersionState.DRAFT
        if view == "definition_review":
            return follows and state in (VersionState.ACTIVE, VersionState.RETIRED)
        return follows or view not in ("version_try", "version_impact")

    def _tabs(self, places: Places) -> list[Tab]:
        match = self.request.resolver_match
        here = match.url_name or "" if match else ""
        return [
            Tab(
                name, self.address(view), here.startswith(begins) or here in _EXACTLY.get(view, ())
            )
            for name, view, begins in places
            if self._is_shown(view)
        ]


def version_page(request: PageRequest, definition: str, number: int) -> Page:
    """Return a version as its pages show it, by the definition's key and its number; one query.

    Raises:
        Http404: there is none, or whoever asks may not see it.
    """
    visible = access.agreements.versions_visible_to(request.user).select_related(
        "definition",
        "author",
        "marketing_operator",
        "marketing_deputy",
        "sales_operator",
        "sales_deputy",
    )
    return Page(request, get_object_or_404(visible, definition__key=definition, number=number))
