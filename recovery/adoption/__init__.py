"""Taking over what another system holds: authenticators, codes, confirmed addresses."""

from recovery.adoption.addresses import Intake, VerifiedAddress, adopt_addresses
from recovery.adoption.authenticators import adopt_totp_device, totp_devices
from recovery.adoption.backup_codes import adopt_static_tokens, static_token_holders

__all__ = [
    "Intake",
    "VerifiedAddress",
    "adopt_addresses",
    "adopt_static_tokens",
    "adopt_totp_device",
    "static_token_holders",
    "totp_devices",
]
