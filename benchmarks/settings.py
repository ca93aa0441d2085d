"""The project's own settings, as a benchmark asks them: in no debugging, over plain HTTP."""

import os

os.environ["DEBUG"] = "True"  # the keys are made on the spot, and no cookie asks for TLS

from project.settings import *  # noqa: F403 - the environment has to be set first

DEBUG = False  # with it, every statement would be kept
ALLOWED_HOSTS = ["testserver"]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
