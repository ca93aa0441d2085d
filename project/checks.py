"""What a production site must not get wrong: named, and told with what to do."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from project.local import FILE_NAME, INSECURE_PREFIX, keys_in

SHORTEST_SECRET = 50

# Each of these needs what the one before it has put on the request.
MIDDLEWARE_ORDER = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "recovery.middleware.SourceMiddleware",
    "console.middleware.StaffSessionMiddleware",
    "recovery.middleware.ReenrolmentMiddleware",
)
# These only have to be there.
MIDDLEWARE_ANYWHERE = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "csp.middleware.CSPMiddleware",
)
MAIL_TO_NOBODY = tuple(
    f"django.core.mail.backends.{name}.EmailBackend"
    for name in ("console", "dummy", "filebased", "locmem")
)


def debug_is_off() -> list[CheckMessage]:
    """E001: an error page of DEBUG tells a stranger how the site is built."""
    if settings.DEBUG:
        return [Error("DEBUG is on.", hint="Set DEBUG=False.", id="project.E001")]
    return []


def secret_key_is_our_own() -> list[CheckMessage]:
    """E002: whoever knows the key can sign a session."""
    key = _secret_key()
    weak = len(key) < SHORTEST_SECRET or key.startswith(INSECURE_PREFIX)
    if weak or key in _keys_made_here():
        return [
            Error(
                "SECRET_KEY is missing, shorter than 50 characters, or one made for development.",
                hint="Set SECRET_KEY to 50 or more random characters, made for this site alone.",
                id="project.E002",
            )
        ]
    return []


def encryption_keys_are_our_own() -> list[CheckMessage]:
    """E003: whoever knows one of them and the database can make every one-time code."""
    keys = settings.RECOVERY_ENCRYPTION_KEYS
    if not keys or not all(map(_is_fernet_key, keys)) or _keys_made_here().intersection(keys):
        return [
            Error(
                "RECOVERY_ENCRYPTION_KEYS is empty, no list of Fernet keys, or holds one made"
                " for development.",
                hint=(
                    "Make one with `python -c 'from cryptography.fernet import Fernet;"
                    " print(Fernet.generate_key().decode())'`. The first key writes, all read."
                ),
                id="project.E003",
            )
        ]
    return []


def base_url_is_https() -> list[CheckMessage]:
    """E004: recovery links are built from it, and must not travel in the clear."""
    parts = urlsplit(settings.RECOVERY_BASE_URL)
    if parts.scheme != "https" or not parts.hostname:
        return [
            Error(
                "BASE_URL is no https:// address.",
                hint="Set BASE_URL to where people reach this site: https://desk.example.org",
                id="project.E004",
            )
        ]
    return []


def otp_secrets_are_hidden() -> list[CheckMessage]:
    """E005: django-otp would show its keys to anyone who opens a device."""
    if not getattr(settings, "OTP_ADMIN_HIDE_SENSITIVE_DATA", False):
        return [
            Error(
                "OTP_ADMIN_HIDE_SENSITIVE_DATA is off.",
                hint="Set it to True.",
                id="project.E005",
            )
        ]
    return []


def requests_are_not_atomic() -> list[CheckMessage]:
    """E006: the record of a refusal would be rolled back with what was refused."""
    return [
        Error(
            f"ATOMIC_REQUESTS is on for the database {alias!r}.",
            hint="Turn it off: operations open and close their own transactions.",
            id="project.E006",
        )
        for alias, database in settings.DATABASES.items()
        if database.get("ATOMIC_REQUESTS")
    ]


def middleware_is_there() -> list[CheckMessage]:
    """E007: without one of these, a guard is simply not asked."""
    return [
        Error(
            f"{path} is missing from MIDDLEWARE.",
            hint="Put it back where project/settings.py has it.",
            id="project.E007",
        )
        for path in (*MIDDLEWARE_ORDER, *MIDDLEWARE_ANYWHERE)
        if path not in settings.MIDDLEWARE
    ]


def middleware_is_in_order() -> list[CheckMessage]:
    """E008: a guard that runs too early sees a request without session, user or authenticator."""
    present = [path for path in MIDDLEWARE_ORDER if path in settings.MIDDLEWARE]
    return [
        Error(
            f"{later} runs before {earlier}.",
            hint=f"In MIDDLEWARE, put {later} after {earlier}.",
            id="project.E008",
        )
        for earlier, later in pairwise(present)
        if settings.MIDDLEWARE.index(later) < settings.MIDDLEWARE.index(earlier)
    ]


def hosts_are_named() -> list[CheckMessage]:
    """E009: with no list, or with "*", any Host header is believed."""
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        return [
            Error(
                "ALLOWED_HOSTS is empty or allows every host.",
                hint="Set ALLOWED_HOSTS to the names under which this site is reached.",
                id="project.E009",
            )
        ]
    return []


def mail_leaves_the_house() -> list[CheckMessage]:
    """E010: a notice that nobody receives is a notice that was never sent."""
    if settings.EMAIL_BACKEND in MAIL_TO_NOBODY:
        return [
            Error(
                f"{settings.EMAIL_BACKEND} delivers no mail to anybody.",
                hint="Set EMAIL_URL, for example smtp+tls://name:password@mail.example.org:587",
                id="project.E010",
            )
        ]
    return []


def signing_keys_are_our_own() -> list[CheckMessage]:
    """E011: whoever knows one of them can sign a ledger that they made up."""
    keys = settings.RECOVERY_SIGNING_KEYS
    if not keys or _keys_made_here().intersection(keys):
        return [
            Error(
                "RECOVERY_SIGNING_KEYS is empty, or holds a key made for development.",
                hint=(
                    "Make one with `python -c 'import base64, secrets;"
                    " print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'`."
                ),
                id="project.E011",
            )
        ]
    return []


CHECKS: tuple[Callable[[], list[CheckMessage]], ...] = (
    debug_is_off,
    secret_key_is_our_own,
    encryption_keys_are_our_own,
    base_url_is_https,
    otp_secrets_are_hidden,
    requests_are_not_atomic,
    middleware_is_there,
    middleware_is_in_order,
    hosts_are_named,
    mail_leaves_the_house,
    signing_keys_are_our_own,
)


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Run every check of this module: ``manage.py check --deploy``."""
    return [finding for check in CHECKS for finding in check()]


def _secret_key() -> str:
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:  # Django's way to say that it is empty
        return ""


def _keys_made_here() -> set[str]:
    return set(keys_in(settings.VAR_DIR / FILE_NAME).values())


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
