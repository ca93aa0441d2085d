"""Every setting of the domain: typed, with its default, its unit, and the ceiling the law sets."""

from datetime import timedelta
from typing import TypeVar, cast

from django.conf import settings

T = TypeVar("T")

PHONE_CODE_CEILING = timedelta(minutes=10)
"""NIST SP 800-63B-4 4.2.1.2."""
LINK_CEILING = timedelta(hours=24)
"""NIST SP 800-63B-4 4.2.1.2."""
STAFF_IDLE_CEILING = timedelta(hours=1)
"""NIST SP 800-63B-4 2.2.3."""
STAFF_SESSION_CEILING = timedelta(hours=24)
"""NIST SP 800-63B-4 2.2.3."""
STEP_UP_CEILING = timedelta(minutes=15)
FAILURE_CEILING = 100
"""NIST SP 800-63B-4 3.2.2."""
ADDRESS_AGE_FLOOR = timedelta(days=7)
BACKUP_CODE_COUNTS = range(10, 21)
OCSF_VERSIONS = ("1.7.0", "1.8.0")
"""Those whose rules the tests hold our events against."""
PASSES_FLOOR = 2
WHOLE_SHARE = 100
MEMORY_FLOOR_KIB = 19 * 1024
"""OWASP's minimum for Argon2id at two passes."""
RETENTION_FLOOR_MONTHS = 12
"""PCI DSS 10.5.1."""
RESTORED_FLOOR = timedelta(minutes=1)
RESTORED_CEILING = timedelta(days=7)
"""Whoever signs in later than that was not brought back by the help: see recovery.figures."""
CHECKPOINT_CEILING = timedelta(days=1)
EXPORT_CEILING = timedelta(days=7)
IMPORT_SIZES = range(10_000, 200 * 1024 * 1024 + 1)
"""Bytes: every file is looked through in a temporary file of the worker's."""
IMPORT_ROWS = range(1, 1_000_001)
SIGNING_KEY_LENGTH = 32
"""Bytes of an Ed25519 seed (RFC 8032 5.1.5)."""


class RecoverySettings:
    """``RECOVERY_*`` in Django's settings, read lazily so that they can be overridden."""

    @property
    def BACKUP_CODE_COUNT(self) -> int:
        """How many codes a saved set holds, 10 to 20."""
        return self._get("BACKUP_CODE_COUNT", 10)

    @property
    def LOW_CODE_COUNT(self) -> int:
        """From how many codes left down the console says that they run low."""
        return self._get("LOW_CODE_COUNT", 3)

    @property
    def PHONE_CODE_LIFETIME(self) -> timedelta:
        """How long a phone code can be redeemed."""
        return self._get("PHONE_CODE_LIFETIME", timedelta(minutes=10))

    @property
    def LINK_LIFETIME(self) -> timedelta:
        """How long a recovery link opens, counted from its hand-over to the mail server."""
        return self._get("LINK_LIFETIME", timedelta(minutes=10))

    @property
    def LINK_HAND_OVER_WITHIN(self) -> timedelta:
        """After how long a link that could not be handed over is cancelled."""
        return self._get("LINK_HAND_OVER_WITHIN", timedelta(minutes=30))

    @property
    def ADDRESS_MIN_AGE(self) -> timedelta:
        """How long an address must have been confirmed before it may receive a link."""
        return self._get("ADDRESS_MIN_AGE", timedelta(days=7))

    @property
    def STEP_UP_MAX_AGE(self) -> timedelta:
        """How long after a one-time code a member of staff may still act."""
        return self._get("STEP_UP_MAX_AGE", timedelta(minutes=5))

    @property
    def STAFF_IDLE_LIFETIME(self) -> timedelta:
        """After how long without a request a staff session ends."""
        return self._get("STAFF_IDLE_LIFETIME", timedelta(hours=1))

    @property
    def STAFF_SESSION_LIFETIME(self) -> timedelta:
        """How long a staff session lasts at the most."""
        return self._get("STAFF_SESSION_LIFETIME", timedelta(hours=24))

    @property
    def HALF_SIGNED_IN_LIFETIME(self) -> timedelta:
        """How long a right password waits for its one-time code."""
        return self._get("HALF_SIGNED_IN_LIFETIME", timedelta(minutes=5))

    @property
    def FAILURE_LIMIT(self) -> int:
        """The number of consecutive wrong codes at which live codes, or an app, are dead."""
        return self._get("FAILURE_LIMIT", FAILURE_CEILING)

    @property
    def ARGON2_MEMORY_KIB(self) -> int:
        """Argon2id memory for new code sets, in KiB. Old sets keep the cost they were made with."""
        return self._get("ARGON2_MEMORY_KIB", MEMORY_FLOOR_KIB)

    @property
    def ARGON2_PASSES(self) -> int:
        """Argon2id passes over that memory for new code sets."""
        return self._get("ARGON2_PASSES", 2)

    @property
    def ENCRYPTION_KEYS(self) -> list[str]:
        """Fernet keys for authenticator keys at rest. The first one writes, all read."""
        return self._get("ENCRYPTION_KEYS", [])

    @property
    def SIGNING_KEYS(self) -> list[str]:
        """Private Ed25519 keys of the ledger. The first known one signs; a new one goes first."""
        return self._get("SIGNING_KEYS", [])

    @property
    def CHECKPOINT_EVENTS(self) -> int:
        """After how many events the head of the ledger is signed anew."""
        return self._get("CHECKPOINT_EVENTS", 1_000)

    @property
    def CHECKPOINT_INTERVAL(self) -> timedelta:
        """After how long it is, if anything happened; and compared with what was signed before."""
        return self._get("CHECKPOINT_INTERVAL", timedelta(minutes=5))

    @property
    def CHECKPOINT_FILE(self) -> str:
        """A file outside the database to which each checkpoint is appended as well."""
        return self._get("CHECKPOINT_FILE", "")

    @property
    def RETENTION_MONTHS(self) -> int:
        """For how many months no purge may take an event away."""
        return self._get("RETENTION_MONTHS", RETENTION_FLOOR_MONTHS)

    @property
    def BASE_URL(self) -> str:
        """Where the account pages are reached from outside. Links are built from this alone."""
        return self._get("BASE_URL", "http://127.0.0.1:8000").rstrip("/")

    @property
    def TRUSTED_PROXIES(self) -> list[str]:
        """Networks whose X-Forwarded-For is believed."""
        return self._get("TRUSTED_PROXIES", [])

    @property
    def TICKET_REQUIRED(self) -> bool:
        """Whether every desk operation needs a ticket."""
        return self._get("TICKET_REQUIRED", default=False)

    @property
    def TICKET_PATTERN(self) -> str:
        """A regular expression that a whole ticket number has to match; empty for any."""
        return self._get("TICKET_PATTERN", "")

    @property
    def DESK_NAME(self) -> str:
        """How notices and pages name the desk."""
        return self._get("DESK_NAME", "Help desk")

    @property
    def DESK_CONTACT(self) -> str:
        """Whom to call, in notices and pages: a number on record, not a reply address."""
        return self._get("DESK_CONTACT", "your help desk, on the number you know")

    @property
    def TIME_ZONE(self) -> str:
        """The zone of times in mails to people whose own is not known: Django's, if not set."""
        return self._get("TIME_ZONE", str(settings.TIME_ZONE))

    @property
    def ISSUER(self) -> str:
        """The name that authenticator apps show beside the one-time code."""
        return self._get("ISSUER", "Sparekey")

    @property
    def DESCRIBE_USER(self) -> str:
        """Dotted path of ``f(user) -> recovery.people.Person``, for user models of any shape."""
        return self._get("DESCRIBE_USER", "recovery.people.describe")

    @property
    def SESSION_LIFETIME(self) -> timedelta:
        """How long somebody who came back has to bind a new authenticator."""
        return self._get("SESSION_LIFETIME", timedelta(minutes=15))

    @property
    def VETO_LIFETIME(self) -> timedelta:
        """How long the "that was not me" link in a notice can be used."""
        return self._get("VETO_LIFETIME", timedelta(days=30))

    @property
    def CONFIRMATION_LIFETIME(self) -> timedelta:
        """How long the code that confirms an address can be typed."""
        return self._get("CONFIRMATION_LIFETIME", timedelta(hours=24))

    @property
    def FIRST_ENROLMENT_BY_PASSWORD(self) -> bool:
        """Whether the password alone may open a first enrolment. Off: by invitation."""
        return self._get("FIRST_ENROLMENT_BY_PASSWORD", default=False)

    @property
    def GATE_ALLOWED(self) -> tuple[str, ...]:
        """Names of routes that an account which has to re-enrol still reaches."""
        return self._get("GATE_ALLOWED", ("admin:logout", "admin:login", "admin:one_time_code"))

    @property
    def AFTER_SIGN_IN(self) -> str:
        """Name of the route that a sign-in leads to when it was not on the way somewhere."""
        return self._get("AFTER_SIGN_IN", "recovery:my_recovery")

    @property
    def NOTICE_ATTEMPTS(self) -> int:
        """How often the worker tries a notice before it is a dead letter."""
        return self._get("NOTICE_ATTEMPTS", 8)

    @property
    def EXPORT_ROW_LIMIT(self) -> int:
        """Up to how many rows an XLSX file is made at once; the worker makes larger ones."""
        return self._get("EXPORT_ROW_LIMIT", 10_000)

    @property
    def EXPORT_LIFETIME(self) -> timedelta:
        """How long a file that the worker made waits for whoever asked for it."""
        return self._get("EXPORT_LIFETIME", timedelta(days=1))

    @property
    def TYPED_COUNT_ABOVE(self) -> int:
        """Up to how many accounts are acted on without their number being typed."""
        return self._get("TYPED_COUNT_ABOVE", 100)

    @property
    def BULK_LINKS_PER_MINUTE(self) -> int:
        """How many recovery links leave in a minute when many accounts are sent one."""
        return self._get("BULK_LINKS_PER_MINUTE", 60)

    @property
    def JOB_LIFETIME(self) -> timedelta:
        """How long a job and its list of names are kept after it has ended."""
        return self._get("JOB_LIFETIME", timedelta(days=30))

    @property
    def IMPORT_SIZE_LIMIT(self) -> int:
        """How many bytes a table that is brought in may have; five times that when unpacked."""
        return self._get("IMPORT_SIZE_LIMIT", 20 * 1024 * 1024)

    @property
    def IMPORT_ROW_LIMIT(self) -> int:
        """How many rows a table that is brought in may have."""
        return self._get("IMPORT_ROW_LIMIT", 100_000)

    @property
    def REVIEW_SHARE(self) -> int:
        """How many in a hundred events are drawn for review, besides those that always are."""
        return self._get("REVIEW_SHARE", 5)

    @property
    def REVIEW_SEED(self) -> str:
        """What the draw for review hangs on; empty for one made from ``SECRET_KEY``."""
        return self._get("REVIEW_SEED", "")

    @property
    def RESTORED_WITHIN(self) -> timedelta:
        """How soon after the desk's help people are to be back: the band in the picture of it."""
        return self._get("RESTORED_WITHIN", timedelta(minutes=15))

    @property
    def SIEM_LOGGER(self) -> str:
        """The logger to which the worker hands every event as a line of OCSF; empty for none."""
        return self._get("SIEM_LOGGER", "")

    @property
    def OCSF_VERSION(self) -> str:
        """The version of OCSF's schema that those lines follow."""
        return self._get("OCSF_VERSION", "1.8.0")

    def _get(self, name: str, default: T) -> T:
        return cast(T, getattr(settings, f"RECOVERY_{name}", default))


conf = RecoverySettings()
