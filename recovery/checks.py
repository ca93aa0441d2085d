"""What is refused at start: settings beyond what the standards allow, and clear secrets left."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography.fernet import Fernet
from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from recovery import conf as limits
from recovery.conf import RecoverySettings, conf

if TYPE_CHECKING:
    from collections.abc import Sequence

Broken = Callable[[RecoverySettings], bool]

SETTINGS: Final[tuple[tuple[str, str, Broken], ...]] = (
    (
        "recovery.E001",
        "RECOVERY_BACKUP_CODE_COUNT has to lie between 10 and 20.",
        lambda conf: conf.BACKUP_CODE_COUNT not in limits.BACKUP_CODE_COUNTS,
    ),
    (
        "recovery.E002",
        "RECOVERY_PHONE_CODE_LIFETIME may be 10 minutes at the most (NIST 4.2.1.2).",
        lambda conf: conf.PHONE_CODE_LIFETIME > limits.PHONE_CODE_CEILING,
    ),
    (
        "recovery.E003",
        "RECOVERY_LINK_LIFETIME may be 24 hours at the most (NIST 4.2.1.2).",
        lambda conf: conf.LINK_LIFETIME > limits.LINK_CEILING,
    ),
    (
        "recovery.E004",
        "RECOVERY_STAFF_IDLE_LIFETIME may be 1 hour at the most (NIST 2.2.3).",
        lambda conf: conf.STAFF_IDLE_LIFETIME > limits.STAFF_IDLE_CEILING,
    ),
    (
        "recovery.E005",
        "RECOVERY_STAFF_SESSION_LIFETIME may be 24 hours at the most (NIST 2.2.3).",
        lambda conf: conf.STAFF_SESSION_LIFETIME > limits.STAFF_SESSION_CEILING,
    ),
    (
        "recovery.E006",
        "RECOVERY_STEP_UP_MAX_AGE may be 15 minutes at the most.",
        lambda conf: conf.STEP_UP_MAX_AGE > limits.STEP_UP_CEILING,
    ),
    (
        "recovery.E007",
        "RECOVERY_FAILURE_LIMIT has to lie between 1 and 100 (NIST 3.2.2).",
        lambda conf: not 1 <= conf.FAILURE_LIMIT <= limits.FAILURE_CEILING,
    ),
    (
        "recovery.E008",
        "RECOVERY_ARGON2_MEMORY_KIB and _PASSES may not be weaker than 19 MiB and 2.",
        lambda conf: (
            conf.ARGON2_MEMORY_KIB < limits.MEMORY_FLOOR_KIB
            or conf.ARGON2_PASSES < limits.PASSES_FLOOR
        ),
    ),
    (
        "recovery.E009",
        "RECOVERY_ENCRYPTION_KEYS has to hold at least one Fernet key, each in base 64.",
        lambda conf: not conf.ENCRYPTION_KEYS or not all(map(_is_key, conf.ENCRYPTION_KEYS)),
    ),
    (
        "recovery.E010",
        "RECOVERY_TICKET_PATTERN is not a regular expression.",
        lambda conf: not _compiles(conf.TICKET_PATTERN),
    ),
    (
        "recovery.E011",
        "RECOVERY_ADDRESS_MIN_AGE may not be under 7 days: a thief's new address has to show.",
        lambda conf: conf.ADDRESS_MIN_AGE < limits.ADDRESS_AGE_FLOOR,
    ),
    (
        "recovery.E012",
        "RECOVERY_TRUSTED_PROXIES has to be a list of networks, such as 10.0.0.0/8.",
        lambda conf: not all(map(_is_network, conf.TRUSTED_PROXIES)),
    ),
    (
        "recovery.E013",
        "RECOVERY_SIGNING_KEYS has to hold at least one Ed25519 key: 32 bytes, each in base 64.",
        lambda conf: not conf.SIGNING_KEYS or not all(map(_is_signing_key, conf.SIGNING_KEYS)),
    ),
    (
        "recovery.E014",
        "RECOVERY_RETENTION_MONTHS may not be under 12 months (PCI DSS 10.5.1).",
        lambda conf: conf.RETENTION_MONTHS < limits.RETENTION_FLOOR_MONTHS,
    ),
    (
        "recovery.E015",
        "RECOVERY_CHECKPOINT_EVENTS and _INTERVAL have to be positive, the interval at most a day.",
        lambda conf: (
            conf.CHECKPOINT_EVENTS < 1
            or not timedelta(0) < conf.CHECKPOINT_INTERVAL <= limits.CHECKPOINT_CEILING
        ),
    ),
    (
        "recovery.E016",
        "RECOVERY_OCSF_VERSION has to be 1.7.0 or 1.8.0.",
        lambda conf: conf.OCSF_VERSION not in limits.OCSF_VERSIONS,
    ),
    (
        "recovery.E017",
        "RECOVERY_REVIEW_SHARE has to lie between 1 and 100, in per cent (PCI DSS 10.4.1).",
        lambda conf: not 1 <= conf.REVIEW_SHARE <= limits.WHOLE_SHARE,
    ),
    (
        "recovery.E020",
        "RECOVERY_TYPED_COUNT_ABOVE may not be under 0.",
        lambda conf: conf.TYPED_COUNT_ABOVE < 0,
    ),
    (
        "recovery.E021",
        "RECOVERY_BULK_LINKS_PER_MINUTE has to be at least 1.",
        lambda conf: conf.BULK_LINKS_PER_MINUTE < 1,
    ),
    (
        "recovery.E022",
        "RECOVERY_JOB_LIFETIME has to be positive.",
        lambda conf: timedelta(0) >= conf.JOB_LIFETIME,
    ),
    (
        "recovery.E019",
        "RECOVERY_EXPORT_LIFETIME may be 7 days at the most, RECOVERY_EXPORT_ROW_LIMIT 0 or more.",
        lambda conf: (
            not timedelta(0) < conf.EXPORT_LIFETIME <= limits.EXPORT_CEILING
            or conf.EXPORT_ROW_LIMIT < 0
        ),
    ),
    (
        "recovery.E023",
        "RECOVERY_IMPORT_SIZE_LIMIT has to lie between 10 000 bytes and 200 MiB.",
        lambda conf: conf.IMPORT_SIZE_LIMIT not in limits.IMPORT_SIZES,
    ),
    (
        "recovery.E024",
        "RECOVERY_IMPORT_ROW_LIMIT has to lie between 1 and 1 000 000 rows.",
        lambda conf: conf.IMPORT_ROW_LIMIT not in limits.IMPORT_ROWS,
    ),
    (
        "recovery.E018",
        "RECOVERY_RESTORED_WITHIN has to lie between 1 minute and 7 days.",
        lambda conf: not limits.RESTORED_FLOOR <= conf.RESTORED_WITHIN <= limits.RESTORED_CEILING,
    ),
)


@register(Tags.security)
def check_settings(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse each setting that lies beyond its ceiling or floor."""
    return [
        Error(message, hint=_hint(number), id=number)
        for number, message, is_broken in SETTINGS
        if is_broken(conf)
    ]


def _hint(number: str) -> str:
    if number != "recovery.E012":
        return "Correct the setting and start again."
    mistyped = [one for one in conf.TRUSTED_PROXIES if not _is_network(one)]
    return " ".join([*map(_network_meant, mistyped), "Then start again."])


@register(Tags.database)
def check_clear_secrets(
    *, databases: Sequence[str] | None = None, **_kwargs: Any
) -> list[CheckMessage]:
    """Warn while stock django-otp rows hold TOTP keys or static tokens in clear."""
    return list(_clear_secrets(databases or ()))


def _clear_secrets(databases: Sequence[str]) -> Iterator[CheckMessage]:
    for app_label, model_name, command, number in (
        ("otp_totp", "TOTPDevice", "adopt_totp_devices", "recovery.W001"),
        ("otp_static", "StaticToken", "adopt_static_tokens", "recovery.W002"),
    ):
        if not apps.is_installed(f"django_otp.plugins.{app_label}"):
            continue
        model = apps.get_model(app_label, model_name)
        if any(_has_rows(model, using) for using in databases):
            yield checks.Warning(
                f"{model._meta.verbose_name_plural} are stored in clear.",
                hint=f"Run manage.py {command}, then take the plug-in out.",
                id=number,
            )


def _has_rows(model: Any, using: str) -> bool:
    try:
        return bool(model.objects.using(using).exists())
    except DatabaseError:  # the table is not there yet: nothing is stored in it either
        return False


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _is_signing_key(key: str) -> bool:
    try:
        base64.b64decode(key, altchars=b"-_", validate=True)
    except ValueError:
        return False
    return len(base64.urlsafe_b64decode(key)) == limits.SIGNING_KEY_LENGTH


def _is_network(network: str) -> bool:
    try:
        ipaddress.ip_network(network)
    except ValueError:
        return False
    return True


def _network_meant(mistyped: str) -> str:
    try:
        meant = ipaddress.ip_network(mistyped.strip(), strict=False)
    except ValueError:
        return f"{mistyped!r} is no network: write its address, like 192.0.2.7/32."
    return f"Write {meant} for {mistyped!r}."


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
