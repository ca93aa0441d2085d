"""Taking out a part of the ledger that an outsider can check without us."""

from __future__ import annotations

import tempfile
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import FileResponse
from django.template.response import TemplateResponse
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from console import step_up
from console.forms import StepUpField
from console.requests import actor_from
from recovery import actions
from recovery.actions.exporting import Part
from recovery.audit import Draft, append
from recovery.enums import Operation, Outcome
from recovery.errors import PermissionMissing, RecoveryError
from recovery.models import Checkpoint

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse

CHECKPOINTS_OFFERED: Final = 50
LAST_DAY: Final = date(MAXYEAR - 1, 12, 31)
EXPORT: Final = Operation.EXPORT_EVENTS.permission
READS: Final = "recovery.view_auditevent"
PARTS: Final = (
    ("all", _("All of the ledger")),
    ("since", _("What came after a checkpoint")),
    ("span", _("A span of time")),
)


class DayInput(UnfoldAdminTextInputWidget):
    """The browser's own calendar: no script, and a day as the form takes it."""

    input_type = "date"

    def format_value(self, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else value


class DayField(forms.DateField):
    """A day that every zone has: the first and the last of the calendar overflow in some."""

    def __init__(self, **kwargs: Any) -> None:
        limits = [MinValueValidator(date(MINYEAR + 1, 1, 1)), MaxValueValidator(LAST_DAY)]
        super().__init__(required=False, widget=DayInput, validators=limits, **kwargs)


class BundleForm(forms.Form):
    """Which part of the ledger, and a fresh one-time code where the last is too old."""

    part = forms.ChoiceField(
        label=_("What of it?"),
        choices=PARTS,
        initial="all",
        widget=UnfoldAdminRadioSelectWidget,
    )
    checkpoint = forms.TypedChoiceField(
        label=_("Checkpoint"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    first = DayField(label=_("From"))
    last = DayField(label=_("To"))

    def __init__(self, *args: Any, needs_step_up: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signed = Checkpoint.objects.order_by("-sequence", "-pk")[:CHECKPOINTS_OFFERED]
        self.fields["checkpoint"].choices = [("", "–"), *map(_choice, signed)]
        if needs_step_up:
            self.fields["one_time_code"] = StepUpField()

    def clean(self) -> dict[str, Any]:
        """Ask for what belongs to the part that was chosen, and for nothing else."""
        cleaned = super().clean() or {}
        needed = {"since": ("checkpoint",), "span": ("first", "last")}
        for name in needed.get(cleaned.get("part", ""), ()):
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, forms.Field.default_error_messages["required"])
        return cleaned

    def wanted(self) -> Part:
        """The part as the domain takes it."""
        said = self.cleaned_data
        if said["part"] == "since":
            return Part(after=said["checkpoint"])
        if said["part"] == "span":
            return Part(begin=_begin(said["first"]), end=_begin(said["last"] + timedelta(days=1)))
        return Part()


@sensitive_post_parameters("one_time_code")
@require_http_methods(["GET", "HEAD", "POST"])
def bundle(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The form, or the file that it asked for, or why not."""
    if not (request.user.has_perm(EXPORT) and request.user.has_perm(READS)):
        if request.method == "POST":
            draft = Draft(operation=Operation.EXPORT_EVENTS, actor=actor_from(request))
            append(draft, Outcome.REFUSED, refusal=PermissionMissing.code)
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, site, _form(request))
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, site, form, status=422)
    try:
        return _file(request, form)
    except RecoveryError as refusal:
        return _page(request, site, _form(request, request.POST), refusal=refusal, status=409)


def _file(request: HttpRequest, form: BundleForm) -> HttpResponse:
    """Write it to the side and hand it out once it is on record. Nothing of it stays."""
    if form.cleaned_data.get("one_time_code"):
        step_up.prove(request, form.cleaned_data["one_time_code"])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it, when it has left
    try:
        taken = actions.export_events(actor=actor_from(request), file=file, part=form.wanted())
    except BaseException:
        file.close()
        raise
    name = f"ledger-{taken.manifest.first}-{taken.manifest.last}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


def _form(request: HttpRequest, data: Any = None) -> BundleForm:
    return BundleForm(data, needs_step_up=step_up.is_needed(request))


def _page(
    request: HttpRequest, site: AdminSite, form: BundleForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {**site.each_context(request), "title": _("Bundle for an auditor"), "form": form}
    return TemplateResponse(request, "console/bundle.html", context | more, status=status)


def _choice(checkpoint: Checkpoint) -> tuple[int, str]:
    at = formats.date_format(timezone.localtime(checkpoint.at), "DATETIME_FORMAT")
    return checkpoint.sequence, f"{checkpoint.sequence} · {at}"


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
