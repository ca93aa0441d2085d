"""The doors at which a code can be presented, by the ids of what is stored."""

import django_otp
from django.contrib.auth import get_user_model

from recovery import redemption
from recovery.models import BackupCodeSet


def redeem(user_pk, set_pk, code):
    """Present it at our own door."""
    return redemption.redeem(_user(user_pk), typed=code)


def verify_token(user_pk, set_pk, code):
    """Present it as a django-otp login does that knows the device."""
    return django_otp.verify_token(_user(user_pk), f"{BackupCodeSet.model_label()}/{set_pk}", code)


def match_token(user_pk, set_pk, code):
    """Present it as a django-otp login does that tries every device."""
    return django_otp.match_token(_user(user_pk), code)


def spend(user_pk, set_pk, digest):
    """Ask what decides, with no throttle before it."""
    return redemption.spend(set_pk, digest)


BY_KEY = {"redeem": redeem, "verify_token": verify_token, "match_token": match_token}


def _user(pk):
    return get_user_model()._default_manager.get(pk=pk)
