"""Where the domain meets Django: the signals it listens to, and what runs after a migrate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.contrib.auth import get_user_model, user_logged_in
from django.db.backends.signals import connection_created
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_migrate,
    post_save,
    pre_delete,
    pre_migrate,
)
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


class RecoveryConfig(AppConfig):
    """The recovery domain."""

    name = "recovery"
    verbose_name = _("Recovery")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from recovery import checks  # noqa: F401, PLC0415 - registers; needs loaded apps

        post_save.connect(
            keep_account_up, sender=get_user_model(), dispatch_uid="recovery.keep_account_up"
        )
        _follow_rights()
        user_logged_in.connect(stamp_session, dispatch_uid="recovery.stamp_session")
        from recovery.audit.linking import teach_sqlite  # noqa: PLC0415 - needs loaded apps
        from recovery.reports.sqlite import teach_median  # noqa: PLC0415 - needs loaded apps

        connection_created.connect(teach_sqlite, dispatch_uid="recovery.teach_sqlite")
        connection_created.connect(teach_median, dispatch_uid="recovery.teach_median")
        pre_migrate.connect(make_ready, sender=self, dispatch_uid="recovery.make_ready")
        post_migrate.connect(make_whole, sender=self, dispatch_uid="recovery.make_whole")


def _follow_rights() -> None:
    """Hear of groups and permissions that anybody gives or takes: ledger and tier follow."""
    from recovery import rights, tiers  # noqa: PLC0415 - needs loaded apps

    rights.connect()
    for through in tiers.watched():
        m2m_changed.connect(
            tiers.rights_changed, sender=through, dispatch_uid="recovery.rights_changed"
        )
    for model in tiers.RELATIONS.values():
        pre_delete.connect(tiers.note_holders, sender=model, dispatch_uid="recovery.note_holders")
        post_delete.connect(
            tiers.refresh_holders, sender=model, dispatch_uid="recovery.refresh_holders"
        )


def keep_account_up(instance: AbstractBaseUser, using: str, **kwargs: Any) -> None:
    """Make the account with the user, and keep its searched text and its tier up with them."""
    from recovery.passwords import note_saved  # noqa: PLC0415 - needs loaded apps
    from recovery.sync import keep_up  # noqa: PLC0415 - needs loaded apps

    update_fields = kwargs.get("update_fields")
    keep_up(instance, using=using, update_fields=update_fields)
    note_saved(instance, update_fields=update_fields)


def stamp_session(request: HttpRequest, user: AbstractBaseUser, **_kwargs: Any) -> None:
    """Give every new session, in whatever login, the generation that its account is in."""
    from recovery.locks import account_of  # noqa: PLC0415 - needs loaded apps
    from recovery.views.session import Stamp  # noqa: PLC0415 - needs loaded apps

    Stamp(generation=account_of(user).session_generation).write(request)


def make_ready(using: str, plan: Any = (), **_kwargs: Any) -> None:
    """Before a migrate: make way for it, where triggers would be in it."""
    from recovery.audit import triggers  # noqa: PLC0415 - needs loaded apps

    triggers.take_off_for(plan, using=using)


def make_whole(using: str, **_kwargs: Any) -> None:
    """After a migrate: the ledger's triggers, proven; missing accounts; the index of the search."""
    from recovery import search_index, sync  # noqa: PLC0415 - needs loaded apps
    from recovery.audit import proving, triggers  # noqa: PLC0415 - needs loaded apps

    triggers.install(using)
    proving.prove(using)
    sync.make_missing(using)
    search_index.install(using)
