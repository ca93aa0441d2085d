"""The project's own settings, made fast and kept apart for tests."""

import os

from tests.plumbing.workspace import workspace

WORKSPACE = workspace()
os.environ["VAR_DIR"] = str(WORKSPACE)
os.environ["DEBUG"] = "True"

from project.settings import *  # noqa: E402, F403 - the environment has to be set first
from project.settings import DATABASES, INSTALLED_APPS  # noqa: E402 - see above

INSTALLED_APPS += [
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, and not memory: threads and processes then race as they do in earnest.
    DATABASES["default"]["TEST"] = {"NAME": str(WORKSPACE / "test.sqlite3")}
else:
    # A connection kept for later would keep the test database from being dropped.
    DATABASES["default"]["CONN_MAX_AGE"] = 0

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

STATIC_ROOT = WORKSPACE / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)

# A set of codes costs ten hashes: at full cost they would be most of the suite's time. What the
# real cost has to be is asked in tests/recovery/test_hashers.py, of the defaults.
RECOVERY_ARGON2_MEMORY_KIB = 256
RECOVERY_ARGON2_PASSES = 1
SILENCED_SYSTEM_CHECKS = ["recovery.E008"]
