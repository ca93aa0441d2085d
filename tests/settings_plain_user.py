"""The test settings with a user model that has neither groups nor permissions."""

from tests.settings import *  # noqa: F403 - the same but for one thing
from tests.settings import INSTALLED_APPS

INSTALLED_APPS += ["tests.plainuser"]
AUTH_USER_MODEL = "plainuser.Member"
