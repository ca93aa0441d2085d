"""Devices of the host project: django-otp takes their word as it takes that of ours."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from django.db.models import DateTimeField, Q, QuerySet

from recovery.locks import DEVICES, device_models

if TYPE_CHECKING:
    from datetime import datetime

    from recovery.models import Account

KEYED: Final = frozenset({"otp_totp.totpdevice", "otp_hotp.hotpdevice"})
"""Stock devices whose whole secret is a column ``key``, in hexadecimal."""
STATIC: Final = "otp_static.staticdevice"
KEY_BYTES: Final = 20


def live_of(account: Account) -> list[Any]:
    """The devices that work now, but for ours."""
    return [device for model in _models() for device in _live(model, account)]


def name_of(device: Any) -> str:
    """What a person would call it."""
    kind = str(device._meta.verbose_name)
    return f"{device.name} ({kind})" if device.name else kind


def end(account: Account, *, only: str = "") -> list[str]:
    """End them all, or the one of that persistent id; return the ids of those that worked."""
    label, _, pk = only.rpartition("/")
    if only and not pk.isdecimal():
        return []
    wanted = [model for model in _models() if not only or model.model_label() == label]
    named = Q(pk=pk) if only else Q()
    return [gone for model in wanted for gone in _end(model, _live(model, account).filter(named))]


def end_since(account: Account, moment: datetime) -> list[str]:
    """End those added at or after ``moment``, and those of which nobody knows when."""
    return [
        gone
        for model in _models()
        for gone in _end(model, _of(model, account).filter(_added_since(model, moment)))
    ]


def noted(ended: list[str]) -> dict[str, list[str]]:
    """What an event's detail says of them; nothing where there were none."""
    return {"host_devices": ended} if ended else {}


def _models() -> list[Any]:
    return [model for model in device_models() if model not in DEVICES]


def _of(model: Any, account: Account) -> QuerySet[Any]:
    """Past the model's own manager, which may hide some."""
    return QuerySet(model).filter(user_id=account.user_id).order_by("pk")


def _live(model: Any, account: Account) -> QuerySet[Any]:
    return _of(model, account).filter(confirmed=True)


def _added_since(model: Any, moment: datetime) -> Q:
    """Only django-otp's own word for the date is known here, and not every device has it."""
    columns = {field.name for field in model._meta.fields if isinstance(field, DateTimeField)}
    if "created_at" not in columns:
        return Q()
    return Q(created_at__gte=moment) | Q(created_at__isnull=True)


def _end(model: Any, rows: QuerySet[Any]) -> list[str]:
    found = list(rows)
    ended: QuerySet[Any] = QuerySet(model).filter(pk__in=[device.pk for device in found])
    ended.update(confirmed=False)
    _destroy_secrets(model, ended)
    return [device.persistent_id for device in found if device.confirmed]


def _destroy_secrets(model: Any, ended: QuerySet[Any]) -> None:
    """Django-otp's forms take a device by its id, confirmed or not: leave nothing to verify."""
    if model.model_label() in KEYED:
        ended.update(key=secrets.token_hex(KEY_BYTES))
    elif model.model_label() == STATIC:
        for device in ended:
            device.token_set.all().delete()
