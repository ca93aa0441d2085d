"""Takes over the TOTP keys of django-otp's stock plug-in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from recovery.adoption import adopt_totp_device, authenticators, totp_devices
from recovery.errors import RecoveryError
from recovery.management.base import DeskCommand


class Command(DeskCommand):
    """Encrypt the TOTP keys of django_otp.plugins.otp_totp and delete the clear ones.

    People's apps go on working. Devices that nobody confirmed are not taken over. May be stopped
    and run again.
    """

    def run(self, **_: Any) -> None:
        adopted = left = 0
        for device in totp_devices():
            try:
                adopt_totp_device(device, actor=self.actor)
                adopted += 1
            except RecoveryError as refusal:
                left += 1
                self.stdout.write(f"{device.user.get_username()}, {device.name}: {refusal}")
            self.count(adopted + left)
        self.stdout.write(f"{adopted} authenticators adopted.")
        if unconfirmed := authenticators.unconfirmed():
            self.stdout.write(f"{unconfirmed} were never confirmed and stay in clear: delete them.")
        if left:
            raise CommandError(f"{left} could not be taken over and were left as they are.")
