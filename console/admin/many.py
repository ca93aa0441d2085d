"""The account list's ticks: what may be done to many, and the page that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.forms.widgets import Script
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from unfold.decorators import display

from console import recording
from console.jobs import show
from console.jobs.chosen import Chosen, view_of
from console.jobs.dialogs import MANY_DIALOGS
from recovery.enums import Operation
from recovery.errors import PermissionMissing, RecoveryError
from recovery.jobs.selection import BULK_OPERATIONS

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

    from recovery.models import Account

FORM: str = "many"
"""The id of the form below the list, which its ticks belong to."""


class ActingOnMany:
    """Ticks for whoever may act on many accounts, and nothing at all for everybody else."""

    list_after_template = "console/components/many.html"

    class Media:
        css: ClassVar = {"all": ["console/css/jobs.css"]}
        js: ClassVar = [Script("console/js/many.js", defer=True)]

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        columns = tuple(super().get_list_display(request))
        return ("action_checkbox", *columns) if offered(request) else columns

    @display(description=_("Select"))
    def action_checkbox(self, account: Account) -> SafeString:
        label = _("Select %(name)s") % {"name": account.text.display_name}
        return format_html(
            '<input type="checkbox" class="action-select" name="account" value="{}" form="{}" '
            'aria-label="{}">',
            account.pk,
            FORM,
            label,
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        many = {"operations": offered(request), "view": view_of(request.GET).urlencode()}
        return super().changelist_view(request, (extra_context or {}) | {"many": many})

    def get_urls(self) -> list[Any]:
        many = self.admin_site.admin_view(self.many)
        return [path("many/", many, name="recovery_account_many"), *super().get_urls()]

    @method_decorator(
        [require_http_methods(["GET", "HEAD", "POST"]), sensitive_post_parameters("one_time_code")]
    )
    def many(self, request: HttpRequest) -> HttpResponse:
        """Say what will happen to whom, and have the worker do it once that is confirmed."""
        if request.method == "POST":
            return self.asked(request)
        with recording.refusals(request, Operation.ACT_ON_MANY):
            self.require_many(request, request.GET.get("operation", ""))
        chosen = Chosen.of(request.GET, admin=self, request=request)
        return self.many_page(
            request, chosen, MANY_DIALOGS[chosen.operation].context(request, chosen)
        )

    def require_many(self, request: HttpRequest, operation: str) -> None:
        may = {one.value for one in offered(request)}
        if not may or (operation in BULK_OPERATIONS and operation not in may):
            raise PermissionDenied
        self.require_view(request)

    def asked(self, request: HttpRequest) -> HttpResponse:
        chosen = Chosen.of(request.POST, admin=self, request=request)
        dialog = MANY_DIALOGS[chosen.operation]
        form = dialog.form(request, chosen, request.POST)
        is_whole = form.is_valid()
        try:
            dialog.require_permission(request, chosen, form)
            self.require_view(request)
            if not is_whole:
                context = dialog.context(request, chosen, form=form)
                return self.many_page(request, chosen, context, status=422)
            job = dialog.run(request, chosen, form)
        except PermissionMissing as refusal:
            raise PermissionDenied from refusal
        except RecoveryError as refusal:
            again = dialog.form_again(request, chosen, form)
            context = dialog.context(request, chosen, form=again, refusal=refusal)
            return self.many_page(request, chosen, context, status=409)
        return redirect(show.url_of(job))

    def many_page(
        self, request: HttpRequest, chosen: Chosen, dialog: dict[str, Any], *, status: int = 200
    ) -> HttpResponse:
        filters = {"operation": chosen.operation.value, **chosen.filters}
        query = filters.pop("q", "")
        recording.seen(
            request, Operation.SEARCH_ACCOUNTS, query=query, filters=filters, found=chosen.count
        )
        context = {
            **self.admin_site.each_context(request),
            "title": dialog["title"],
            "opts": self.opts,
            "dialog": dialog,
        }
        return TemplateResponse(request, "console/many.html", context, status=status)


def offered(request: HttpRequest) -> list[Operation]:
    """What the viewer may do to many accounts."""
    user = request.user
    if not user.has_perm(Operation.ACT_ON_MANY.permission):
        return []
    return [one for one in BULK_OPERATIONS if user.has_perm(one.permission)]
