"""In which order a person's devices are read, and so locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_otp.models import DeviceManager

if TYPE_CHECKING:
    from django.db.models import QuerySet


def in_order(devices: QuerySet[Any]) -> QuerySet[Any]:
    """The phone code before a saved set, and then by id.

    Any text may be a code of an adopted set. Tried there first, a phone code would be counted as
    wrong, and then come too early for its own set.
    """
    has_kinds = any(field.name == "kind" for field in devices.model._meta.fields)
    return devices.order_by("kind", "pk") if has_kinds else devices.order_by("pk")


def note_generation(device: Any) -> None:
    """Keep, on the object alone, the session generation from before ``device`` was looked at.

    Of a login that verifies first and calls ``login()`` then, nothing else has it.
    """
    account = type(device)._meta.apps.get_model("recovery", "Account")
    of_owner = account.objects.filter(user_id=device.user_id)
    device.generation_before = of_owner.values_list("session_generation", flat=True).first()


class DevicesInOrder(DeviceManager):  # type: ignore[misc]  # django-otp has no types
    """Gives django-otp the devices in the order in which ``recovery.locks`` takes them."""

    def devices_for_user(self, user: Any, confirmed: bool | None = None) -> QuerySet[Any]:  # noqa: FBT001 - django-otp's signature
        return in_order(super().devices_for_user(user, confirmed=confirmed))
