"""Taking tables out: a permission of its own, a step-up, and an event with what was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods
from import_export.admin import ExportMixin
from import_export.formats import base_formats
from unfold.contrib.import_export.forms import ExportForm

from console import recording, step_up
from console.forms import OneTimeCodeField
from console.requests import actor_from
from recovery.audit import Draft, append, audited
from recovery.conf import conf
from recovery.enums import Outcome
from recovery.errors import PermissionMissing, RecoveryError, TooManyRows

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from recovery.enums import Operation


class StepUpExportForm(ExportForm):
    """The format, and a fresh one-time code; asked for when the last one is too old."""

    one_time_code = OneTimeCodeField(required=False)


class AuditedExport(ExportMixin):
    """import-export's own page and formats, through the policy and onto the ledger."""

    export_operation: ClassVar[Operation]
    export_form_class = StepUpExportForm
    export_template_name = "console/export.html"
    formats = (base_formats.CSV, base_formats.XLSX, base_formats.JSON)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Seeing and taking out are two permissions, and this needs both."""
        return self.has_view_permission(request) and request.user.has_perm(
            self.export_operation.permission
        )

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def export_action(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and not self.has_export_permission(request):
            draft = Draft(operation=self.export_operation, actor=actor_from(request))
            append(draft, Outcome.REFUSED, refusal=PermissionMissing.code)
            raise PermissionDenied
        try:
            code = request.POST.get("one_time_code", "")
            if code:
                step_up.prove(request, code)
            return super().export_action(request)
        except RecoveryError as refusal:
            return self.export_refused(request, refusal)

    def export_refused(self, request: HttpRequest, refusal: RecoveryError) -> HttpResponse:
        form = self.get_export_form_class()(
            self.get_export_formats(),
            self.get_export_resource_classes(request),
            initial={"format": request.POST.get("format")},
        )
        context = self.init_request_context_data(request, form) | {"refusal": refusal}
        return TemplateResponse(request, self.export_template_name, context, status=409)

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        if not step_up.is_needed(request):
            form.fields.pop("one_time_code", None)
        return super().init_request_context_data(request, form) | {"refusal": None}

    def get_export_data(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet[Any], **kwargs: Any
    ) -> Any:
        """Make the file, then put it on the ledger: no event, no file.

        In this order because the operation's transaction must not be open for as long as a
        large file takes.
        """
        if not self.has_export_permission(request):
            raise PermissionDenied
        rows = queryset.order_by()[: conf.EXPORT_ROW_LIMIT + 1].count()
        fits = rows <= conf.EXPORT_ROW_LIMIT
        data = super().get_export_data(file_format, request, queryset, **kwargs) if fits else None
        with audited(self.export_operation, actor=actor_from(request)) as draft:
            if not fits:
                raise TooManyRows(limit=conf.EXPORT_ROW_LIMIT)
            draft.detail = {
                "filters": recording.filters_of(request),
                "columns": self.resource_for(request).get_export_headers(),
                "rows": rows,
                "format": file_format.get_title(),
            }
        return data

    def resource_for(self, request: HttpRequest) -> Any:
        """What makes the file for whoever asks, with the columns that they may have."""
        return self.resource_classes[0](**self.get_export_resource_kwargs(request))
