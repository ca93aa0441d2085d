"""Django's own backend, asking less: every page of the console asks who it is and what they may."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class AccountBackend(ModelBackend):
    """Names and passwords as Django has them. The account comes with the user, in one query."""

    def get_user(self, user_id: Any) -> Any:
        users = get_user_model()._default_manager.select_related("recovery_account")  # noqa: SLF001 - as Django does
        user = users.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """A user's own permissions and those of their groups, by one query instead of two."""
        if not user_obj.is_active or user_obj.is_superuser or obj is not None:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            names = ("content_type__app_label", "codename")
            own = user_obj.user_permissions.order_by().values_list(*names)
            groups = Permission.objects.filter(group__in=user_obj.groups.all())
            of_groups = groups.order_by().values_list(*names)
            held = own.union(of_groups).order_by()
            user_obj._perm_cache = {f"{app}.{code}" for app, code in held}  # noqa: SLF001 - where Django keeps them
        return set(user_obj._perm_cache)  # noqa: SLF001 - see above
