"""Every setting of the site; the environment is read here, once, and nowhere else."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.contrib.messages import constants as message_levels

from console.unfold_settings import UNFOLD as UNFOLD  # noqa: PLC0414 - a setting, made elsewhere
from project import databases, local, siem

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

# With nothing set this is somebody's first look: SQLite, keys made on the spot, mail into files.
# With DEBUG=False every key comes from the environment, and `project.checks` says what is missing.
DEBUG = env.bool("DEBUG", default=True)
PRODUCTION = not DEBUG
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
LOCAL_KEYS = local.local_keys(VAR_DIR) if DEBUG else {}

SECRET_KEY = env.str("SECRET_KEY", default=LOCAL_KEYS.get("SECRET_KEY", ""))
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000" if DEBUG else "")
_host = urlsplit(BASE_URL).hostname
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=["127.0.0.1", "localhost", "[::1]"] if DEBUG else [_host] if _host else [],
)

# Only behind a proxy that we know of may a header say how a request came in.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

ROOT_URLCONF = "project.urls"
# What runserver serves. `project.wsgi`, which always means production, is left to a real server.
WSGI_APPLICATION = "project.demo.serving.application" if DEBUG else None

INSTALLED_APPS = [
    "console.apps.ConsoleConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "console.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "import_export",
    "simple_history",
    "csp",
    "recovery.apps.RecoveryConfig",
    "project.apps.ProjectConfig",
]
if DEBUG:
    INSTALLED_APPS.append("project.demo")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "recovery.middleware.SourceMiddleware",
    "console.middleware.StaffSessionMiddleware",
    "recovery.middleware.ReenrolmentMiddleware",
    "console.middleware.ViewerTimeZoneMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

_embedded = f"sqlite:///{VAR_DIR / 'sparekey.sqlite3'}"
_database_url = env.str("DATABASE_URL", default="") or _embedded
DATABASES = {"default": databases.tuned(env.db_url_config(_database_url))}
# The demo gives roles and known passwords away, so it fills no database that somebody named.
DATABASE_IS_EMBEDDED = _database_url == _embedded
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FIXTURE_DIRS = [BASE_DIR / "fixtures"]

# Each process keeps its own: nothing that decides anything is ever looked up in a cache.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTHENTICATION_BACKENDS = ["recovery.backends.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "admin:login"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

# The prefix makes the browser itself refuse a cookie without Secure, or one set by a neighbour
# of the same domain.
COOKIE_PREFIX = "__Host-" if PRODUCTION else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(hours=24).total_seconds())
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "recovery.csrf.failed"
# Messages in the session and not in a cookie of their own: one place less that holds words.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
MESSAGE_LEVEL = message_levels.INFO

SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "object-src": [NONE],
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en-gb")
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
FORMAT_MODULE_PATH = ["console.formats"]

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Recovery desk <desk@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL = env.email_url("EMAIL_URL", default="filemail://" if DEBUG else "consolemail://")
EMAIL_BACKEND = MAIL["EMAIL_BACKEND"]
EMAIL_FILE_PATH = MAIL["EMAIL_FILE_PATH"] or str(VAR_DIR / "mail")
EMAIL_HOST = MAIL["EMAIL_HOST"] or "localhost"
EMAIL_PORT = MAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = MAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 15

# What must never be written down is masked where a log record or an error report is made.
LOGGING_CONFIG = "recovery.logs.configure_logging"
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
SIEM_HANDLERS = siem.handlers(
    file=env.str("SIEM_LOG_FILE", default=""), syslog=env.str("SIEM_SYSLOG", default="")
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain"},
        **SIEM_HANDLERS,
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Django gives these handlers of its own; one line an event is enough.
        "django": {"handlers": [], "level": LOG_LEVEL},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # Whatever LOG_LEVEL says: this is a checkpoint's way out of the database.
        "recovery.checkpoints": {"level": "INFO"},
        # The ledger with names and reasons: not for the log of the service.
        siem.LOGGER: {"handlers": list(SIEM_HANDLERS), "level": "INFO", "propagate": False},
    },
}
DEFAULT_EXCEPTION_REPORTER = "recovery.error_reports.MaskedExceptionReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "recovery.error_reports.TypesOnlyFilter"

IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
SIMPLE_HISTORY_REVERT_DISABLED = True

RECOVERY_BASE_URL = BASE_URL
RECOVERY_TRUSTED_PROXIES = TRUSTED_PROXIES
RECOVERY_ENCRYPTION_KEYS = env.list(
    "RECOVERY_ENCRYPTION_KEYS",
    default=[key] if (key := LOCAL_KEYS.get("RECOVERY_ENCRYPTION_KEYS")) else [],
)
RECOVERY_SIGNING_KEYS = env.list(
    "RECOVERY_SIGNING_KEYS",
    default=[key] if (key := LOCAL_KEYS.get("RECOVERY_SIGNING_KEYS")) else [],
)
RECOVERY_CHECKPOINT_FILE = env.str("CHECKPOINT_FILE", default="")
RECOVERY_RETENTION_MONTHS = env.int("RETENTION_MONTHS", default=12)
RECOVERY_DESK_NAME = env.str("DESK_NAME", default="Help desk")
RECOVERY_DESK_CONTACT = env.str("DESK_CONTACT", default="your help desk, on the number you know")
RECOVERY_TICKET_PATTERN = env.str("TICKET_PATTERN", default="")
RECOVERY_TICKET_REQUIRED = env.bool("TICKET_REQUIRED", default=False)
RECOVERY_TYPED_COUNT_ABOVE = env.int("TYPED_COUNT_ABOVE", default=100)
RECOVERY_BULK_LINKS_PER_MINUTE = env.int("BULK_LINKS_PER_MINUTE", default=60)
RECOVERY_JOB_LIFETIME = timedelta(days=env.int("JOB_LIFETIME_DAYS", default=30))
RECOVERY_IMPORT_SIZE_LIMIT = env.int("IMPORT_SIZE_LIMIT", default=20 * 1024 * 1024)
RECOVERY_IMPORT_ROW_LIMIT = env.int("IMPORT_ROW_LIMIT", default=100_000)
RECOVERY_REVIEW_SHARE = env.int("REVIEW_SHARE", default=5)
RECOVERY_REVIEW_SEED = env.str("REVIEW_SEED", default="")
RECOVERY_RESTORED_WITHIN = timedelta(minutes=env.int("RESTORED_WITHIN_MINUTES", default=15))
RECOVERY_SIEM_LOGGER = siem.LOGGER if SIEM_HANDLERS else ""
RECOVERY_OCSF_VERSION = env.str("OCSF_VERSION", default="1.8.0")
RECOVERY_EXPORT_ROW_LIMIT = env.int("EXPORT_ROW_LIMIT", default=10_000)
RECOVERY_EXPORT_LIFETIME = timedelta(hours=env.int("EXPORT_LIFETIME_HOURS", default=24))
