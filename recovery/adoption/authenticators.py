"""Taking over TOTP keys that lie in clear in django-otp's own table."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from recovery import encryption, errors, flags
from recovery.adoption.plugins import stock_model
from recovery.audit import audited
from recovery.conf import conf
from recovery.enums import Operation
from recovery.locks import account_of
from recovery.models import TotpAuthenticator
from recovery.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recovery.actors import Actor
    from recovery.models import Account

SOURCE: Final = "otp_totp"
BATCH: Final = 500
MOST_TOLERANCE: Final = 10
"""In steps. A clock that is further off is a matter for re-enrolment and not for a wider window."""


def totp_devices() -> Iterator[Any]:
    """The stock devices that people have confirmed. An unconfirmed one proves nothing."""
    confirmed = _devices().filter(confirmed=True).select_related("user").order_by("pk")
    # All ids first: the rows are deleted as they are walked over.
    for batch in batched(list(confirmed.values_list("pk", flat=True)), BATCH):
        yield from confirmed.filter(pk__in=batch)


def unconfirmed() -> int:
    """How many devices nobody ever confirmed. They stay behind, their keys in clear."""
    return int(_devices().filter(confirmed=False).count())


def adopt_totp_device(device: Any, *, actor: Actor) -> TotpAuthenticator:
    """Make a stock device an authenticator of ours that works as before; delete the stock one.

    The last step that was taken goes along, so no one-time code works a second time.
    """
    account = account_of(device.user)
    with audited(Operation.ADOPT_AUTHENTICATOR, actor=actor, subject=account) as draft:
        fresh = _devices().select_for_update().filter(pk=device.pk, confirmed=True).first()
        if fresh is None:
            raise errors.ChangedMeanwhile
        bound = _bind(draft.account, fresh)
        fresh.delete()
        _note_enrolled(draft.account, actor=actor)
        draft.detail = {"bound": bound.persistent_id, "from": SOURCE}
    return bound


def _counting(device: Any) -> dict[str, Any]:
    """How the device counts, in our columns. What its clock is off by widens our window."""
    tolerance = device.tolerance + abs(device.drift)
    if device.t0 != 0 or device.step < 1 or tolerance > MOST_TOLERANCE:
        raise errors.CannotHonour
    return {
        "digits": device.digits,
        "step_seconds": device.step,
        "tolerance": tolerance,
        "last_step": device.last_t,
        # Moving house must not be a way to go on guessing, nor by itself the end of anybody.
        "failures": min(device.throttling_failure_count, conf.FAILURE_LIMIT - 1),
        "last_used_at": device.last_used_at,
        "bound_at": device.created_at,
    }


def _bind(account: Account, device: Any) -> TotpAuthenticator:
    known = {column: value for column, value in _counting(device).items() if value is not None}
    bound: TotpAuthenticator = TotpAuthenticator.objects.create(
        user_id=account.user_id,
        name=device.name,
        encrypted_key=encryption.encrypt(Secret(device.key), owner=account.user_id),
        **known,
    )
    return bound


def _note_enrolled(account: Account, *, actor: Actor) -> None:
    """An account with an authenticator is enrolled; a flag that it carries stays."""
    reason = "An authenticator was adopted"
    if not account.is_flagged:
        flags.mark_enrolled(account, actor=actor, reason=reason)
    elif account.enrolled_at is None:
        now = account.reenrolment_required_at
        flags.change(account, actor=actor, reason=reason, enrolled_at=now)


def _devices() -> Any:
    return stock_model(SOURCE, "TOTPDevice").objects
