"""Taking over static tokens that lie in clear in django-otp's own table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from recovery import code_sets, codes, errors
from recovery.adoption.plugins import stock_model
from recovery.audit import audited
from recovery.code_sets import Prepared
from recovery.enums import CodeKind, Operation
from recovery.locks import account_of
from recovery.models import BackupCodeSet

if TYPE_CHECKING:
    from recovery.actors import Actor
    from recovery.models import Account
    from recovery.secret import Secret

SOURCE: Final = "otp_static"


def static_token_holders() -> list[Any]:
    """The ids of users with stock tokens; those of unconfirmed devices do not count."""
    holding = _devices().filter(confirmed=True, token_set__isnull=False)
    return list(holding.order_by("user_id").values_list("user_id", flat=True).distinct())


def unconfirmed() -> int:
    """How many tokens hang on devices that nobody confirmed. They stay behind, in clear."""
    return int(_tokens().filter(device__confirmed=False).count())


def adopt_static_tokens(user_id: Any, *, actor: Actor) -> Account:
    """Hash the tokens of a user into a set of ours; the clear ones are deleted with that.

    They go on working, exactly as they were typed before.
    """
    devices = _devices().filter(user_id=user_id, confirmed=True).order_by("pk")
    first = devices.select_related("user").first()
    if first is None:
        raise errors.ChangedMeanwhile
    account = account_of(first.user)
    clear = _clear_tokens(account)
    prepared = Prepared.adopted(clear, source=SOURCE)
    with audited(Operation.ADOPT_BACKUP_CODES, actor=actor, subject=account) as draft:
        found = list(devices.select_for_update().values_list("pk", flat=True))
        if not clear or _clear_tokens(draft.account) != clear:
            raise errors.ChangedMeanwhile
        _must_have_no_set(draft.account)
        code_sets.replace(draft.account, prepared)
        _devices().filter(pk__in=found).delete()
        draft.detail = {"issued": len(clear), "from": SOURCE}
    return account


def _clear_tokens(account: Account) -> list[Secret]:
    """Each text once: our sets hold no code twice."""
    held = _tokens().filter(device__user_id=account.user_id, device__confirmed=True)
    texts = dict.fromkeys(held.order_by("pk").values_list("token", flat=True))
    return [code for text in texts if (code := codes.read_adopted(text)) is not None]


def _must_have_no_set(account: Account) -> None:
    live = BackupCodeSet.objects.filter(user_id=account.user_id, confirmed=True)
    if live.filter(kind=CodeKind.SAVED).exists():
        raise errors.HasOwnCodes


def _devices() -> Any:
    return stock_model(SOURCE, "StaticDevice").objects


def _tokens() -> Any:
    return stock_model(SOURCE, "StaticToken").objects
