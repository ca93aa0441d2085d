"""The review queue: a list to look at, and two things to say of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import ModelAdmin

from console import recording, review, review_coverage, step_up
from console.admin.looking import LookOnly
from console.disclosure import SEES_PEOPLE
from console.requests import actor_from
from console.review_dialogs import REVIEW_DIALOGS, ReviewDialog, chosen, view_behind
from recovery.audit import Draft, append
from recovery.enums import Operation, Outcome
from recovery.errors import PermissionMissing, RecoveryError
from recovery.models import ReviewItem

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@admin.register(ReviewItem)
class ReviewItemAdmin(LookOnly, ModelAdmin):
    """What somebody has to look at, the oldest first (PCI DSS 10.4.1)."""

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="recovery_reviewitem_changelist"),
            path("<slug:operation>/", wrap(self.operate), name="recovery_reviewitem_operation"),
        ]

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        with recording.refusals(request, Operation.READ_LEDGER):
            if not self.has_view_permission(request):
                raise PermissionDenied
        view = review.View.of(request.GET)
        recording.seen(request, Operation.READ_LEDGER, view="review", filters=view.filters())
        dialog = REVIEW_DIALOGS.get(request.GET.get("dialog", ""))
        items = chosen(request.GET.getlist("item")) if dialog else []
        opened = dialog.context(request, items, view) if dialog and items else None
        return self.page(request, view, opened)

    @method_decorator([require_POST, sensitive_post_parameters("one_time_code")])
    def operate(self, request: HttpRequest, operation: str) -> HttpResponse:
        """Say of each chosen event what the dialog says, as far as none is refused."""
        dialog = REVIEW_DIALOGS.get(operation)
        if dialog is None:
            raise Http404
        self.require(request, dialog)
        form = dialog.form(request, request.POST)
        items = chosen(request.POST.get("items", "").split(","))
        if not items:
            raise Http404
        if not form.is_valid():
            opened = dialog.context(request, items, view_behind(form), form=form)
            return self.page(request, view_behind(form), opened, status=422)
        return self.said(request, dialog, form, items)

    def require(self, request: HttpRequest, dialog: ReviewDialog) -> None:
        """Refuse whoever's role does not include it, recorded, before anything is looked up."""
        if not request.user.has_perm(dialog.operation.permission):
            draft = Draft(operation=dialog.operation, actor=actor_from(request))
            append(draft, Outcome.REFUSED, refusal=PermissionMissing.code)
            raise PermissionDenied
        if not self.has_view_permission(request):
            raise PermissionDenied

    def said(
        self, request: HttpRequest, dialog: ReviewDialog, form: Any, items: list[ReviewItem]
    ) -> HttpResponse:
        view, comment = view_behind(form), form.cleaned_data.get("comment", "")
        left = list(items)
        try:
            if form.cleaned_data.get("one_time_code"):
                step_up.prove(request, form.cleaned_data["one_time_code"])
            while left:
                dialog.say(request, left[0], comment)
                left.pop(0)
        except RecoveryError as refusal:
            self.tell(request, len(items) - len(left))
            opened = dialog.context(request, left, view, comment=comment, refusal=refusal)
            return self.page(request, view, opened, status=409)
        self.tell(request, len(items))
        return redirect(f"{review.list_url()}?{view.query()}")

    def tell(self, request: HttpRequest, count: int) -> None:
        if count:
            text = ngettext("%d event reviewed.", "%d events reviewed.", count)
            messages.info(request, text % count)

    def page(
        self,
        request: HttpRequest,
        view: review.View,
        dialog: dict[str, Any] | None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Review"),
            "queue": review.queue(request, view),
            "coverage": review_coverage.coverage(with_names=request.user.has_perm(SEES_PEOPLE)),
            "dialog": dialog,
        }
        return TemplateResponse(request, "console/review.html", context, status=status)
