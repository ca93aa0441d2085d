"""In which order a person's devices are read, and so locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_otp.models import DeviceManager

if TYPE_CHECKING:
    from django.db.models import QuerySet


class DevicesInOrder(DeviceManager):  # type: ignore[misc]  # django-otp has no types
    """Gives django-otp the devices by id, the order in which ``recovery.locks`` takes them."""

    def devices_for_user(self, user: Any, confirmed: bool | None = None) -> QuerySet[Any]:  # noqa: FBT001 - django-otp's signature
        devices: QuerySet[Any] = super().devices_for_user(user, confirmed=confirmed)
        return devices.order_by("pk")
