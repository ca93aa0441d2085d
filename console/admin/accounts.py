"""Accounts: the list, the one page about a person, and the operations on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.decorators import display

from console import account_card, dialogs, displays, exports, recording
from console.admin import filters
from console.admin.account_changelist import AccountChangeList
from console.admin.keyset import ROWS
from console.admin.looking import LookOnly
from console.admin.many import ActingOnMany
from console.admin.operating import Operating
from console.admin.pagination import CappedPaginator
from console.admin.recording import AccountSearching
from console.admin.versions import Versions
from recovery.enums import Operation
from recovery.lists import search_accounts
from recovery.models import Account
from recovery.reports.accounts import COVERAGE

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


@admin.register(Account)
class AccountAdmin(
    Operating,
    Versions,
    AccountSearching,
    ActingOnMany,
    LookOnly,
    SimpleHistoryAdmin,
    exports.LeadsToReport,
    ModelAdmin,
):
    """Where a help desk works. It sees counts and never a code."""

    list_display = ("person", "address", "codes_left", "enrolled", "flag", "last_recovered_at")
    list_display_links = ("person",)
    list_filter = (
        filters.CodesFilter,
        filters.CodesExactlyFilter,
        filters.EnrolmentFilter,
        filters.FlagFilter,
        filters.FlagAgeFilter,
        filters.FlagDueFilter,
        filters.RecoveredFilter,
        filters.TierFilter,
        filters.MailFilter,
    )
    list_filter_submit = True
    list_fullwidth = True
    list_select_related = ("text",)
    list_per_page = ROWS
    change_list_template = "console/account_list.html"
    list_disable_select_all = True
    actions = None
    search_fields = ("text__folded",)
    search_help_text = _("Name, login name, address or staff number")
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    history_list_display = ()
    export_report = COVERAGE

    @display(description=_("Account"), ordering="text__display_name", header=True)
    def person(self, account: Account) -> tuple[str, str]:
        return account.text.display_name, account.text.login_name

    @display(description=_("Address"), ordering="text__address")
    def address(self, account: Account) -> str:
        return account.text.address

    @display(description=_("Codes left"), ordering="backup_codes_left")
    def codes_left(self, account: Account) -> str:
        return displays.codes_badge(account.backup_codes_left)

    @display(description=_("Enrolment"), ordering="enrolment")
    def enrolled(self, account: Account) -> str:
        return displays.enrolment_badge(account.enrolment)

    @display(description=_("Flag"), ordering="reenrolment_due_at")
    def flag(self, account: Account) -> str:
        return displays.flag_badge(account.enrolment, account.reenrolment_due_at)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AccountChangeList]:
        return AccountChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Account], search_term: str
    ) -> tuple[QuerySet[Account], bool]:
        return search_accounts(queryset, search_term), False

    def get_urls(self) -> list[Any]:
        operate = path(
            "<int:account_id>/operations/<slug:operation>/",
            self.admin_site.admin_view(self.operate),
            name="recovery_account_operation",
        )
        left_out = {"recovery_account_add", "recovery_account_delete"}
        return [operate, *(url for url in super().get_urls() if url.name not in left_out)]

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        account = self.account_or_404(request, object_id)
        dialog = dialogs.DIALOGS.get(request.GET.get("dialog", ""))
        opened = dialog.context(request, account) if dialog else None
        return self.account_page(request, account, opened)

    def account_page(
        self,
        request: HttpRequest,
        account: Account,
        dialog: dict[str, Any] | None,
        *,
        status: int | None = None,
    ) -> HttpResponse:
        recording.seen(request, Operation.OPEN_ACCOUNT, subject=account, page="account")
        context = {
            **self.admin_site.each_context(request),
            "title": account.text.display_name,
            "opts": self.opts,
            "card": account_card.card(account, request)
            | {"operations": dialogs.offered(request, account), "dialog": dialog},
        }
        if status is None:
            status = 422 if dialog and dialog["form"].is_bound else 200
        return TemplateResponse(request, "console/account.html", context, status=status)

    def account_or_404(self, request: HttpRequest, object_id: str) -> Account:
        account = self.found(request, object_id)
        with recording.refusals(request, Operation.OPEN_ACCOUNT, subject=account):
            self.require_view(request)
        return account

    def require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def found(self, request: HttpRequest, object_id: str) -> Account:
        """The account, also for those who may not look at it: a refusal names whom it is about."""
        account = self.get_object(request, object_id)
        if account is None:
            self.require_view(request)
            raise Http404
        return Account.objects.select_related("text", "user").get(pk=account.pk)
