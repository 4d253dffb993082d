"""Buttons above a page, each a POST that takes one step in the life of what the page shows."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.views.decorators.http import require_POST

from crm_handoff.admin.base import AdminRequest, ModelAdmin


class Step(NamedTuple):
    """A button: who may press it, when it is offered, and the operation behind it.

    `take` makes the one call to the domain and returns what to tell the person.
    """

    label: str | Promise
    permission: str
    is_offered: Callable[[Any], bool]
    take: Callable[[AdminRequest, Any], str]
    asks_password: bool = False
    is_grave: bool = False


class StepsAdmin(ModelAdmin):
    """Adds `steps` to the page of an object; what raises one of `refusals` becomes a message."""

    steps: Mapping[str, Step] = {}
    refusals: tuple[type[Exception], ...] = ()
    change_form_outer_before_template = "admin/steps.html"

    def get_urls(self) -> list[URLPattern]:
        step = path(
            "<path:object_id>/step/<slug:name>/",
            self.admin_site.admin_view(require_POST(self.take_step)),
            name=f"{self._address}_step",
        )
        return [step, *super().get_urls()]

    def change_view(
        self,
        request: AdminRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = (extra_context or {}) | {"steps": self._offered(request, object_id)}
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    def take_step(self, request: AdminRequest, object_id: str, name: str) -> HttpResponse:
        """Take one step and come back to the page."""
        thing = self.get_object(request, object_id)
        step = self.steps.get(name)
        if thing is None or step is None:
            raise Http404
        if not request.user.has_perm(step.permission):
            raise PermissionDenied
        try:
            self.message_user(request, step.take(request, thing), messages.SUCCESS)
        except self.refusals as refusal:
            for sentence in str(refusal).splitlines():
                self.message_user(request, sentence, messages.ERROR)
        return HttpResponseRedirect(reverse(f"admin:{self._address}_change", args=[thing.pk]))

    @property
    def _address(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def _offered(self, request: AdminRequest, object_id: str) -> list[dict[str, Any]]:
        thing = self.get_object(request, object_id)
        if thing is None:
            return []
        return [
            step._asdict() | {"url": reverse(f"admin:{self._address}_step", args=[thing.pk, name])}
            for name, step in self.steps.items()
            if step.is_offered(thing) and request.user.has_perm(step.permission)
        ]
