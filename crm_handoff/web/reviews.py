"""Reviewing a version in force: does it still hold? Both sides look, and both sign."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from crm_handoff.agreements.telling import SIGNS_FOR
from crm_handoff.clock import database_now
from crm_handoff.people import access, reentry
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import agreement
from crm_handoff.web import review_figures
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.tags import absolute
from crm_handoff.web.versions import CHANGE, Page, version_page
from definitions import reviews, versions
from definitions.enums import Side, VersionState
from definitions.models import DefinitionReview, DefinitionVersion, ReviewSignature

FOLLOW = ("definitions.view_definitionversion", SEE_EVERYONES_LEADS)

PARTS: dict[str, Any] = {
    "acceptance": gettext_lazy("What sales accepted"),
    "rejections": gettext_lazy("Why leads were rejected, by criterion"),
    "won": gettext_lazy("What the won deals had in common"),
}
"""The parts of a review in words; total over `reviews.PARTS`."""


class SignForm(forms.Form):
    """A side's signature under a review; the password is compared by the sign-in backends."""

    side = forms.ChoiceField(
        choices=Side.choices,
        error_messages={"required": gettext_lazy("Say for which side.")},
    )
    outcome = forms.ChoiceField(
        choices=DefinitionReview.Outcome.choices,
        error_messages={"required": gettext_lazy("Say whether it still holds.")},
    )
    looked_at = forms.MultipleChoiceField(
        choices=list(PARTS.items()),
        error_messages={"required": gettext_lazy("Tick what you looked at.")},
    )
    comment = forms.CharField(required=False, max_length=4000)
    password = forms.CharField(
        strip=False,
        error_messages={"required": gettext_lazy("Type your password: it makes this yours.")},
    )

    def clean(self) -> dict[str, Any]:
        """Ask whoever wants a change what it is."""
        said: dict[str, Any] = self.cleaned_data
        is_revised = said.get("outcome") == DefinitionReview.Outcome.REVISED
        if is_revised and not said.get("comment", "").strip():
            self.add_error("comment", _("Say what should change: the next version starts there."))
        return said


class FindingsForm(forms.Form):
    """What both sides found, and what was there when the writer opened the page."""

    findings = forms.CharField(required=False, max_length=8000)
    seen = forms.CharField(required=False, strip=False)


@dataclass(frozen=True, slots=True)
class SideSaid:
    """What a side said to a review: its signature, or none yet, and the parts it looked at."""

    side: Side
    signature: ReviewSignature | None
    looked_at: list[str]


@dataclass(frozen=True, slots=True)
class Pen:
    """What somebody can do about a review: sides to sign for, and whether to write findings."""

    sides: list[Side]
    signed: ReviewSignature | None
    may_sign: bool
    may_write: bool


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(FOLLOW, raise_exception=True)
def definition_review(request: PageRequest, definition: str) -> HttpResponse:
    """Show the open review of the version in force, or when the next one opens."""
    return _show(request, *_present(request, definition))


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(FOLLOW, raise_exception=True)
def review(request: PageRequest, definition: str, public_id: UUID) -> HttpResponse:
    """Show one review, past or open."""
    return _show(request, *_one(request, definition, public_id))


@require_POST
@permission_required(FOLLOW, raise_exception=True)
def sign(request: PageRequest, definition: str, public_id: UUID) -> HttpResponse:
    """Sign a review for a side, by one's password."""
    page, found = _one(request, definition, public_id)
    form = SignForm(request.POST)
    if not form.is_valid():
        _check_side(request.user, form.data.get("side", ""))
        return _show(request, page, found, status=422, sign_form=form)
    said = form.cleaned_data
    _check_side(request.user, said["side"])
    try:
        reentry.check(request)
        reviews.sign(
            found,
            side=said["side"],
            outcome=said["outcome"],
            looked_at=said["looked_at"],
            comment=said["comment"],
            by=request.user,
            at=database_now(),
        )
    except reentry.WrongPassword as refusal:
        form.add_error("password", str(refusal))
        return _show(request, page, found, status=422, sign_form=form)
    except REFUSALS as refusal:
        return _refused(request, page, found, refusal, form)
    messages.success(request, _thanks(found))
    return redirect("web:review", definition, found.public_id)


@require_POST
@permission_required(FOLLOW, raise_exception=True)
def findings(request: PageRequest, definition: str, public_id: UUID) -> HttpResponse:
    """Write down what both sides found."""
    page, found = _one(request, definition, public_id)
    if not _may_write(request.user):
        raise PermissionDenied
    form = FindingsForm(_with_line_feeds(request))
    if not form.is_valid():
        return _show(request, page, found, status=422, findings_form=form)
    said = form.cleaned_data
    try:
        reviews.record_findings(found, text=said["findings"], seen=said["seen"])
    except reviews.ReviewIsClosed:
        messages.error(request, _closed(found))
    except reviews.FindingsChanged:
        wrong = _(
            "Somebody wrote other findings while you did, and yours are not saved. Below are "
            "theirs, then yours: make one text of both and save it."
        )
        both = f"{found.findings}\n\n{said['findings']}"
        form = FindingsForm(initial={"findings": both})
        return _show(request, page, found, status=409, wrong=wrong, findings_form=form)
    else:
        messages.success(request, _("The findings are saved; both sides see them here."))
    return redirect("web:review", definition, found.public_id)


def _present(request: PageRequest, definition: str) -> tuple[Page, DefinitionReview | None]:
    """Return the version in force, else the last that was, and its latest review if it is open.

    Raises:
        Http404: there is no such definition, or none of its versions was ever in force.
    """
    known = access.agreements.versions_visible_to(request.user).filter(definition__key=definition)
    latest = known.exclude(activated_at=None).order_by("-activated_at", "-number")
    number = latest.values_list("number", flat=True).first()
    if number is None:
        raise Http404
    page = version_page(request, definition, number)
    visible = access.agreements.reviews_visible_to(request.user).filter(version=page.version)
    found = visible.filter(closed_at=None).first()
    if page.version.state != VersionState.ACTIVE:
        found = None
    return page, found


def _one(request: PageRequest, definition: str, public_id: UUID) -> tuple[Page, DefinitionReview]:
    visible = access.agreements.reviews_visible_to(request.user).filter(
        version__definition__key=definition
    )
    wanted = visible.select_related("version", "next_version").defer("version__content")
    found = get_object_or_404(wanted, public_id=public_id)
    page = version_page(request, definition, found.version.number)
    found.version = page.version
    return page, found


def _show(
    request: PageRequest,
    page: Page,
    found: DefinitionReview | None,
    *,
    status: int = 200,
    wrong: str = "",
    **given: forms.Form,
) -> HttpResponse:
    context: dict[str, Any] = {"page": page, "review": found, "wrong": wrong}
    context["earlier"] = _earlier(request.user, page, found)
    if found is None:
        context["next_at"] = _next_at(page.version)
    else:
        kept = agreement.from_json(found.figures)
        context |= {
            "drawn": review_figures.draw(kept) if kept else None,
            "is_open": _is_open(found, page.version),
            "sides": _sides(found),
            "pen": _pen(request.user, found),
            "parts": PARTS.items(),
            "outcomes": OUTCOMES.items(),
            "sign_form": SignForm(),
            "findings_form": FindingsForm(initial={"findings": found.findings}),
        }
    return render(request, "web/definitions/review.html", context | given, status=status)


OUTCOMES: dict[str, Any] = {
    DefinitionReview.Outcome.CONFIRMED.value: gettext_lazy("It still holds: confirm it"),
    DefinitionReview.Outcome.REVISED.value: gettext_lazy("It should change: have it revised"),
}
"""What a side can want, as its choice is worded."""


def _earlier(user: User, page: Page, found: DefinitionReview | None) -> list[DefinitionReview]:
    """Return the other reviews of all versions of the definition, latest first; two queries."""
    visible = access.agreements.reviews_visible_to(user).filter(
        version__definition=page.definition
    )
    others = visible.exclude(pk=found.pk) if found else visible
    return list(
        others.select_related("version", "next_version")
        .defer("figures", "version__content")
        .prefetch_related("signatures__signer")
        .order_by("-opened_at", "-pk")
    )


def _next_at(version: DefinitionVersion) -> datetime | None:
    """Return when the next review of a version in force opens; None when it is not in force."""
    if version.state != VersionState.ACTIVE:
        return None
    return reviews.next_due_at(version)


def _is_open(found: DefinitionReview, version: DefinitionVersion) -> bool:
    return found.closed_at is None and version.state == VersionState.ACTIVE


def _sides(found: DefinitionReview) -> list[SideSaid]:
    given = {one.side: one for one in found.signatures.select_related("signer")}
    return [SideSaid(side, given.get(side), _looked_at(given.get(side))) for side in Side]


def _looked_at(signature: ReviewSignature | None) -> list[str]:
    seen = signature.looked_at if signature is not None else []
    return [str(words) for part, words in PARTS.items() if part in seen]


def _pen(user: User, found: DefinitionReview) -> Pen:
    permitted = [side for side, permission in SIGNS_FOR.items() if user.has_perm(permission)]
    is_open = _is_open(found, found.version)
    given = list(found.signatures.all())
    own = next((one for one in given if one.signer_id == user.pk), None)
    taken = {one.side for one in given}
    sides = [side for side in permitted if side not in taken and own is None and is_open]
    may_write = is_open and _may_write(user)
    return Pen(sides=sides, signed=own, may_sign=bool(permitted), may_write=may_write)


def _may_write(user: User) -> bool:
    """Say whether somebody writes findings: who may sign for a side, and RevOps."""
    return any(user.has_perm(permission) for permission in (*SIGNS_FOR.values(), CHANGE))


def _check_side(user: User, side: str) -> None:
    """Refuse whoever may sign for no side, or not for this one.

    Raises:
        PermissionDenied: so it is.
    """
    may = {side.value for side, permission in SIGNS_FOR.items() if user.has_perm(permission)}
    if not may or (side and side not in may):
        raise PermissionDenied


def _with_line_feeds(request: PageRequest) -> dict[str, str]:
    """Return the posted texts as they were before the browser made CRLF of line feeds."""
    return {name: str(value).replace("\r\n", "\n") for name, value in request.POST.items()}


def _thanks(found: DefinitionReview) -> str:
    found.refresh_from_db()
    if found.closed_at is None:
        return _("You signed the review. It closes when the other side has signed, too.")
    if found.outcome == DefinitionReview.Outcome.CONFIRMED:
        return _(
            "Both sides have signed: %(version)s is confirmed. The next review is due %(at)s."
        ) % {
            "version": found.version,
            "at": absolute(_next_at(found.version) or found.closed_at),
        }
    if found.next_version is not None:
        return _("Both sides have signed: the change begins with %(version)s.") % {
            "version": found.next_version
        }
    return _("Both sides have signed: RevOps are to draft the next version.")


def _refused(
    request: PageRequest,
    page: Page,
    found: DefinitionReview,
    refusal: Exception,
    form: SignForm,
) -> HttpResponse:
    """Say why an operation refused; a second click or tab finds its own signature: no error."""
    own = _pen(request.user, found).signed
    if own is not None and own.side == form.cleaned_data["side"]:
        messages.success(request, _thanks(found))
        return redirect("web:review", page.definition.key, found.public_id)
    words = WHY[type(refusal)](found)
    return _show(request, page, found, status=409, wrong=words, sign_form=form)


def _closed(found: DefinitionReview) -> str:
    if found.closed_at is not None:
        return _("Both sides have signed this review by now: nothing is left to write.")
    return _("Another version took effect meanwhile, so this review ends without an outcome.")


def _somebody_signed(found: DefinitionReview) -> str:
    return _("Somebody signed for this side before you; one signature is enough.")


def _signed_for_other(found: DefinitionReview) -> str:
    return _("You signed for the other side. The two sides are signed for by two people.")


WHY: dict[type[Exception], Callable[[DefinitionReview], str]] = {
    reviews.ReviewIsClosed: _closed,
    versions.SideAlreadySigned: _somebody_signed,
    versions.SignerMayNotSign: _signed_for_other,
}
"""What the domain may answer to a signature, in words that say what to do."""

REFUSALS = tuple(WHY)
