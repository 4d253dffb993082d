"""The first steps of an installation, each with what is left, where to do it, and who must."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import onboarding
from crm_handoff.people.access.agreements import versions_visible_to
from crm_handoff.people.onboarding import Agreement, Setup
from crm_handoff.people.roles import Role
from crm_handoff.web.people_forms import OperatorsForm, OrganizationForm, candidates, zones
from crm_handoff.web.requests import PageRequest
from definitions import versions
from definitions.enums import Side, VersionState
from definitions.vocabulary import Process

MAY_SET_UP = "crm_handoff.change_organization"
MAY_NAME = "definitions.change_definitionversion"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a step is done."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `left` says what is missing, in sentences; blank when it is done."""

    key: str
    title: str
    about: str
    is_done: bool
    left: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    is_optional: bool = False


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(MAY_SET_UP, raise_exception=True)
def start(request: PageRequest) -> HttpResponse:
    """Show the first steps with what is done, what is left, and who must do it."""
    return _page(request)


@require_POST
@cache_control(private=True, no_store=True)
@permission_required(MAY_SET_UP, raise_exception=True)
def save_organization(request: PageRequest) -> HttpResponse:
    """Save the organization, its first time included."""
    organization = onboarding.setup().organization
    form = OrganizationForm(request.POST, instance=organization)
    if not form.is_valid():
        return _page(request, organization_form=form, status=422)
    form.save()
    messages.success(request, _("The organization is saved."))
    return redirect("web:start")


@require_POST
@cache_control(private=True, no_store=True)
@permission_required(MAY_NAME, raise_exception=True)
def name_operators(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Say in a draft who answers for it on each side."""
    version = get_object_or_404(versions_visible_to(request.user), public_id=public_id)
    form = OperatorsForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one person for each side."))
        return redirect("web:start")
    try:
        onboarding.name_operators(version, **form.cleaned_data)
    except versions.VersionIsFrozen:
        messages.error(request, _("It is in review already: withdraw it first."))
    else:
        messages.success(request, _("Both sides are named. Submit the version for review next."))
    return redirect("web:start")


@require_POST
@permission_required(MAY_SET_UP, raise_exception=True)
def put_away(request: PageRequest) -> HttpResponse:
    """Start from the home page from now on; the steps stay in the menu."""
    onboarding.put_away(at=database_now())
    messages.success(request, _("The first steps are put away. You find them in your menu."))
    return redirect("web:home")


def _page(
    request: PageRequest, *, organization_form: OrganizationForm | None = None, status: int = 200
) -> HttpResponse:
    setup = onboarding.setup()
    steps = steps_of(setup)
    required = [step for step in steps if not step.is_optional]
    context = {
        "setup": setup,
        "steps": steps,
        "next_step": next((step for step in required if not step.is_done), None),
        "done_count": sum(1 for step in required if step.is_done),
        "count": len(required),
        "organization_form": organization_form or OrganizationForm(instance=setup.organization),
        "candidates": candidates(),
        "ways": ways_of(setup),
        "zones": zones(),
    }
    return render(request, "web/onboarding.html", context, status=status)


def steps_of(setup: Setup) -> list[Step]:
    """Return the steps in the order in which they are best done."""
    makers: Iterable[Callable[[Setup], Step]] = (
        _organization,
        _people,
        _calendar,
        _territories,
        _agreement,
        _key,
        _leads,
    )
    return [make(setup) for make in makers]


def _organization(setup: Setup) -> Step:
    return Step(
        "organization",
        _("Your organization"),
        _("Its time zone and week decide how reports count; its currency what they add up in."),
        is_done=setup.organization is not None,
        left=() if setup.organization else (_("Fill in these few fields."),),
    )


def _people(setup: Setup) -> Step:
    return Step(
        "people",
        _("People, by invitation"),
        _(
            "Marketing and sales each sign the agreement, and a rep receives leads. Everybody "
            "chooses their own password."
        ),
        is_done=not setup.missing_roles,
        left=tuple(_missing(setup, role) for role in setup.missing_roles),
        links=(Link(_("Invite people"), reverse("web:invite")),),
    )


def _missing(setup: Setup, role: Role) -> str:
    waiting = setup.invited.get(role, 0)
    if waiting:
        said = ngettext(
            "%(role)s: %(n)s invited, who has not accepted yet.",
            "%(role)s: %(n)s invited, none of whom has accepted yet.",
            waiting,
        )
        return said % {"role": role.label, "n": waiting}
    return _("%(role)s: invite at least one.") % {"role": role.label}


def _calendar(setup: Setup) -> Step:
    return Step(
        "calendar",
        _("Working hours"),
        _("Promises such as “within one business hour” count the hours of a calendar."),
        is_done=setup.has_calendar,
        left=() if setup.has_calendar else (_left_of_calendar(setup),),
        links=(
            Link(_("Open the calendars"), reverse("admin:routing_businesscalendar_changelist")),
        ),
    )


def _left_of_calendar(setup: Setup) -> str:
    if setup.organization is None:
        return _("Save the organization first: a calendar should be in its zone.")
    return _(
        "The calendar that came along counts 9 to 5 in UTC. Set its zone to %(zone)s and its "
        "hours to yours, or add one."
    ) % {"zone": setup.organization.time_zone}


def _territories(setup: Setup) -> Step:
    return Step(
        "territories",
        _("Territories and their reps"),
        _(
            "A lead goes to the first territory whose conditions it meets, and there to the rep "
            "whose turn it is."
        ),
        is_done=setup.has_territory,
        left=() if setup.has_territory else (_left_of_territories(setup),),
        links=(
            Link(_("Add a territory"), reverse("admin:routing_territory_add")),
            Link(_("Open the territories"), reverse("admin:routing_territory_changelist")),
        ),
    )


def _left_of_territories(setup: Setup) -> str:
    if not setup.territories:
        return _("There is no territory yet. One without conditions takes every lead.")
    names = ", ".join(territory.name for territory in setup.territories[:3])
    return _(
        "%(names)s: nobody receives leads there yet. Add reps to it; invited ones count once "
        "they have accepted."
    ) % {"names": names}


def _agreement(setup: Setup) -> Step:
    is_done = any(agreement.is_active for agreement in setup.agreements)
    if is_done:
        left: tuple[str, ...] = ()
    elif setup.agreements:
        left = (_("Take the one that is closest to how you work; leave the others as drafts."),)
    else:
        left = (_("No definition came along: run “manage.py load_defaults” on the server."),)
    return Step(
        "agreement",
        _("What counts as qualified, signed by both sides"),
        _(
            "Leads are judged from the moment one definition is signed and in force; those that "
            "came before wait for it."
        ),
        is_done=is_done,
        left=left,
        links=(
            Link(_("Open the definitions"), reverse("web:definitions")),
            Link(
                _("Draft one from a template"),
                reverse("admin:definitions_definitionversion_add"),
            ),
        ),
    )


def _key(setup: Setup) -> Step:
    return Step(
        "key",
        _("A key for your website or CRM"),
        _(
            "Systems send leads and what they do with it. Skip this when leads come by file or "
            "webhook alone."
        ),
        is_done=setup.has_key,
        left=() if setup.has_key else (_("No system can send anything yet."),),
        links=(
            Link(_("Issue an API key"), reverse("admin:crm_handoff_apikey_add")),
            Link(_("Add a webhook source"), reverse("web:webhooks")),
        ),
        is_optional=True,
    )


def _leads(setup: Setup) -> Step:
    return Step(
        "leads",
        _("The first leads"),
        _("Import a file of leads that you have, or let a system send the first one."),
        is_done=setup.has_leads,
        left=() if setup.has_leads else (_("No lead has arrived yet."),),
        links=(
            Link(_("Import a file"), reverse("web:import_new")),
            Link(_("Read how systems send leads"), reverse("api-docs")),
        ),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """One definition on its way to being in force, with what brings it nearer."""

    agreement: Agreement
    process: str
    acts: tuple[str, ...]


PROCESSES = {
    Process.CRITERIA_LED: gettext_lazy("hands over what meets the criteria of an SQL"),
    Process.SALES_CONFIRMED: gettext_lazy("hands over MQLs, which reps confirm with a checklist"),
}


def ways_of(setup: Setup) -> list[Way]:
    """Return each definition with its next act, and who must do it; none once it is in force."""
    return [
        Way(
            agreement,
            str(PROCESSES[Process(agreement.version.process)]),
            tuple(_acts(agreement, here=setup.here)),
        )
        for agreement in setup.agreements
    ]


def _acts(agreement: Agreement, *, here: Mapping[Role, int]) -> list[str]:
    state = agreement.version.state
    if state == VersionState.DRAFT and not agreement.unnamed:
        return [_("Both sides are named. Open it, read it, and submit it for review.")]
    if state == VersionState.DRAFT:
        return [_("Name who answers for it on each side.")]
    if state == VersionState.SIGNED:
        return [_("Both sides signed. It takes effect by itself, at its date if it has one.")]
    return [_signature(side, agreement, here=here) for side in agreement.unsigned]


def _signature(side: Side, agreement: Agreement, *, here: Mapping[Role, int]) -> str:
    if side == Side.MARKETING:
        if not here.get(Role.MARKETING_LEAD):
            return _("Marketing's signature is missing: invite a marketing lead.")
        said = _("Marketing's signature is missing: %(person)s can open and sign it.")
        return said % {"person": agreement.version.marketing_operator}
    if not here.get(Role.SALES_MANAGER):
        return _("Sales' signature is missing: invite a sales manager.")
    said = _("Sales' signature is missing: %(person)s can open and sign it.")
    return said % {"person": agreement.version.sales_operator}
