"""The test settings with a user model of quite another shape."""

from tests.settings import *  # noqa: F403 - the same but for one thing
from tests.settings import INSTALLED_APPS

INSTALLED_APPS += ["tests.otheruser"]
AUTH_USER_MODEL = "otheruser.Person"
