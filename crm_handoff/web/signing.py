"""Signing a version: what changes, what it brings about, who said what, and then the name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.agreements import rounds
from crm_handoff.agreements.telling import SIGNS_FOR
from crm_handoff.clock import database_now
from crm_handoff.people import reentry, roles
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web.reading import before_signing
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.tags import absolute, within
from crm_handoff.web.texts import Words
from crm_handoff.web.versions import CHANGE, Page, version_page
from definitions import refusals, versions
from definitions.enums import Side, VersionState
from definitions.models import DefinitionVersion, SignOff

FOLLOW = ("definitions.view_definitionversion", SEE_EVERYONES_LEADS)

UNDECIDED = (VersionState.IN_REVIEW, VersionState.SIGNED)
"""States from which a version can be taken back to draft."""


class SideForm(forms.Form):
    """For which side somebody speaks, and the text that they read."""

    side = forms.ChoiceField(
        choices=Side.choices,
        error_messages={"required": gettext_lazy("Say for which side.")},
    )
    seen = forms.CharField(max_length=64)


class SignForm(SideForm):
    """A signature; the password is compared by the sign-in backends."""

    comment = forms.CharField(required=False, max_length=4000)
    password = forms.CharField(
        strip=False,
        error_messages={"required": gettext_lazy("Type your password: it makes this yours.")},
    )


class RefuseForm(SideForm):
    """Why a side does not sign."""

    reason = Words(
        max_length=4000,
        error_messages={
            "required": gettext_lazy("Say what would have to change before your side can sign.")
        },
    )


@dataclass(frozen=True, slots=True)
class Pen:
    """What somebody can do about the signatures of a version.

    `permitted`: the sides that they speak for at all; `sides`: those that they may sign for now.
    `signed`: their own signature of this round. `others`: the sides that have not signed, each
    with who may.
    """

    permitted: list[Side]
    sides: list[Side]
    signed: SignOff | None
    others: list[tuple[Side, list[User]]] = field(default_factory=list)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(FOLLOW, raise_exception=True)
def sign(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Show what there is to sign and who signed; sign it for a side, by one's password."""
    page = version_page(request, definition, number)
    if request.method == "GET":
        return _show(request, page)
    form = SignForm(request.POST)
    side = _allowed_side(request, form)
    if side is None:
        return _show(request, page, status=422, sign_form=form)
    said = form.cleaned_data
    try:
        reentry.check(request)
        versions.sign(
            page.version,
            side=side,
            by=request.user,
            at=database_now(),
            comment=said["comment"],
            seen=said["seen"],
        )
    except reentry.WrongPassword as refusal:
        form.add_error("password", str(refusal))
        return _show(request, page, status=422, sign_form=form)
    except REFUSALS as refusal:
        return _refused(request, page, side, refusal, sign_form=form)
    messages.success(request, _thanks(page.version, side))
    return redirect(page.address("version_sign"))


@require_POST
@permission_required(FOLLOW, raise_exception=True)
def refuse(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Refuse to sign for a side, with a reason that everybody concerned is told."""
    page = version_page(request, definition, number)
    form = RefuseForm(request.POST)
    side = _allowed_side(request, form)
    if side is None:
        return _show(request, page, status=422, refuse_form=form)
    said = form.cleaned_data
    try:
        rounds.refuse(
            page.version,
            side=side,
            by=request.user,
            reason=said["reason"],
            at=database_now(),
            seen=said["seen"],
        )
    except REFUSALS as refusal:
        return _refused(request, page, side, refusal, refuse_form=form)
    messages.success(
        request,
        _("You refused %(version)s. The author, RevOps and the other side are told why.")
        % {"version": page.version},
    )
    return redirect(page.address("version_sign"))


@require_POST
@permission_required(CHANGE, raise_exception=True)
def withdraw(request: PageRequest, definition: str, number: int) -> HttpResponse:
    """Take a version back to draft; its signatures no longer count."""
    page = version_page(request, definition, number)
    try:
        versions.withdraw(page.version, by=request.user)
    except versions.VersionIsFrozen:
        messages.error(request, _stale(version_page(request, definition, number).version))
    else:
        messages.success(
            request,
            _("%(version)s is a draft again; its signatures no longer count.")
            % {"version": page.version},
        )
    return redirect(page.address("version_sign"))


def _show(
    request: PageRequest, page: Page, *, status: int = 200, wrong: str = "", **given: forms.Form
) -> HttpResponse:
    context: dict[str, Any] = {
        "page": page,
        "pen": _pen(request.user, page),
        "given_count": sum(one.signoff is not None for one in page.signatures),
        "is_undecided": page.version.state in UNDECIDED,
        "sign_form": SignForm(),
        "refuse_form": RefuseForm(),
        "wrong": wrong,
    }
    context |= before_signing(page, request.user, at=timezone.now())
    return render(request, "web/definitions/sign.html", context | given, status=status)


def _pen(user: User, page: Page) -> Pen:
    permitted = [side for side, permission in SIGNS_FOR.items() if user.has_perm(permission)]
    given = (one.signoff for one in page.signatures if one.signoff is not None)
    own = next((signoff for signoff in given if signoff.signer_id == user.pk), None)
    missing = page.missing if page.version.state == VersionState.IN_REVIEW else []
    others = [
        (side, list(roles.people_with(SIGNS_FOR[side]).order_by("full_name", "email")))
        for side in missing
    ]
    sides = [] if own else [side for side in missing if side in permitted]
    return Pen(permitted=permitted, sides=sides, signed=own, others=others)


def _allowed_side(request: PageRequest, form: SideForm) -> Side | None:
    """Return for which side a valid form speaks, None for a form that is not.

    Raises:
        PermissionDenied: whoever asks may not speak for the side, or for any.
    """
    may = {side for side, permission in SIGNS_FOR.items() if request.user.has_perm(permission)}
    is_valid = form.is_valid()
    side = form.cleaned_data.get("side", "")
    if not may or (side and side not in may):
        raise PermissionDenied
    return Side(side) if is_valid else None


def _refused(
    request: PageRequest, page: Page, side: Side, refusal: Exception, **given: forms.Form
) -> HttpResponse:
    """Say why an operation refused, on the page as it is now; what was typed is kept.

    A second click or tab finds its own signature there: that is no error.
    """
    fresh = version_page(request, page.definition.key, page.version.number)
    own = _pen(request.user, fresh).signed
    if own is not None and own.side == side:
        messages.success(request, _thanks(fresh.version, side))
        return redirect(fresh.address("version_sign"))
    words = WHY[type(refusal)](fresh, side)
    return _show(request, fresh, status=409, wrong=words, **given)


def _thanks(version: DefinitionVersion, side: Side) -> str:
    signed: dict[str, Any] = {"version": version, "side": within(side.label)}
    if version.state == VersionState.IN_REVIEW:
        return _("You signed %(version)s for %(side)s. It waits for the other side.") % signed
    if version.effective_at is not None and version.activated_at is None:
        signed["when"] = absolute(version.effective_at)
        return (
            _("You signed %(version)s for %(side)s. Both sides have: it takes effect %(when)s.")
            % signed
        )
    return _("You signed %(version)s for %(side)s. Both sides have: it takes effect.") % signed


def _changed(page: Page, side: Side) -> str:
    return _(
        "The text was changed after you opened this page, and nothing was signed. What you see "
        "now is the present text: read what is new, then answer again."
    )


def _too_late(page: Page, side: Side) -> str:
    return _stale(page.version)


def _somebody_signed(page: Page, side: Side) -> str:
    by = next(one.signoff.signer for one in page.signatures if one.side == side and one.signoff)
    return _("%(person)s has signed for %(side)s before you; one signature is enough.") % {
        "person": by,
        "side": within(side.label),
    }


def _signed_for_other(page: Page, side: Side) -> str:
    return _(
        "You signed for the other side. The two sides are signed for by two different people: ask "
        "somebody who may sign for %(side)s."
    ) % {"side": within(side.label)}


def _refused_before(page: Page, side: Side) -> str:
    return _(
        "You refused for %(side)s in this round already, and your reason is kept. Add what is new "
        "as a remark in the discussion."
    ) % {"side": within(side.label)}


def _stale(version: DefinitionVersion) -> str:
    if version.state == VersionState.DRAFT:
        return _(
            "%(version)s was withdrawn to be edited, so nothing can be signed or refused. You are "
            "asked again once it is submitted."
        ) % {"version": version}
    return _("%(version)s has both signatures by now: nothing is left to answer.") % {
        "version": version
    }


WHY: dict[type[Exception], Callable[[Page, Side], str]] = {
    versions.ContentChanged: _changed,
    versions.VersionNotInReview: _too_late,
    versions.SideAlreadySigned: _somebody_signed,
    versions.SignerMayNotSign: _signed_for_other,
    refusals.AlreadyRefused: _refused_before,
}
"""What the domain may answer to a signature or a refusal, in words that say what to do."""

REFUSALS = tuple(WHY)
