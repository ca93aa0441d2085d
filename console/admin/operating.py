"""What a dialog sends: done, or refused where it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from console import dialogs, relay
from recovery.errors import FormAlreadyUsed, PermissionMissing, RecoveryError

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from recovery.models import Account


class Operating:
    """The one view that runs operations; the only place that catches what they are refused for."""

    @method_decorator([require_POST, sensitive_post_parameters("one_time_code")])
    def operate(self, request: HttpRequest, account_id: int, operation: str) -> HttpResponse:
        """Do what a dialog asks for, and show what came of it, or why not, where it was asked."""
        dialog = dialogs.DIALOGS.get(operation)
        if dialog is None:
            raise Http404
        account = self.found(request, str(account_id))
        form = dialog.form(request, account, request.POST)
        is_whole = form.is_valid()
        try:
            dialog.require_permission(request, account, form)
            self.require_view(request)
            if not is_whole:
                opened = dialog.context(request, account, form=form)
                return self.account_page(request, account, opened)
            result = dialog.run(request, account, form)
        except RecoveryError as refusal:
            return self.refused(request, account, dialog, form, refusal)
        if dialog.shows_codes:
            return relay.page(self, request, account, result)
        messages.info(request, dialog.done)
        return redirect(dialogs.account_url(account))

    def refused(
        self,
        request: HttpRequest,
        account: Account,
        dialog: dialogs.Dialog,
        form: Any,
        refusal: RecoveryError,
    ) -> HttpResponse:
        self.require_view(request)
        if isinstance(refusal, FormAlreadyUsed) and dialog.shows_codes:
            return relay.already_shown(self, request, account)
        again = dialog.form_again(request, account, form)
        context = dialog.context(request, account, form=again, refusal=refusal)
        status = 403 if isinstance(refusal, PermissionMissing) else 409
        return self.account_page(request, account, context, status=status)
