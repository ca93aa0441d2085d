"""An authenticator and a set of codes on their way: neither works before both are proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from recovery import code_sets, codes, encryption, errors, totp
from recovery.actors import Actor
from recovery.audit import Draft, append_failure
from recovery.code_sets import Prepared
from recovery.enums import CodeKind, EndReason, Operation
from recovery.models import Account, BackupCode, BackupCodeSet, TotpAuthenticator

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from recovery.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A fresh key: for the one response that shows it."""

    authenticator: TotpAuthenticator
    key: Secret


def start(account: Account) -> Started:
    """Make a new key in place of any that was begun; the bound authenticators stay."""
    key = totp.new_key()
    with transaction.atomic():
        _pending(account).delete()
        authenticator = TotpAuthenticator.objects.create(
            user_id=account.user_id,
            confirmed=False,
            encrypted_key=encryption.encrypt(key, owner=account.user_id),
        )
    return Started(authenticator=authenticator, key=key)


def pending_of(account: Account, begun: int | None) -> TotpAuthenticator | None:
    """The authenticator that is being enrolled, if it is the one that was ``begun`` here.

    Never just the account's: whoever came in before might have left theirs to be finished.
    """
    found: TotpAuthenticator | None = _pending(account).filter(pk=begun).first()
    return found


def proven_of(account: Account, begun: int | None) -> TotpAuthenticator | None:
    """The authenticator that was ``begun`` here, once a code of it was typed."""
    found = pending_of(account, begun)
    return found if found is not None and found.proven_at is not None else None


def prove(account: Account, begun: int | None, *, typed: str, name: str) -> None:
    """Take a first code of the new authenticator, or raise, recorded, ``WrongCode``."""
    authenticator = pending_of(account, begun)
    if authenticator is None:
        raise errors.NothingProven
    if not totp.verify_pending(authenticator, typed=typed):
        holder = Actor.holder(account.user, verified_by=None)
        draft = Draft(operation=Operation.BIND_AUTHENTICATOR, actor=holder, subject=account)
        append_failure(draft, errors.WrongCode)
        raise errors.WrongCode
    TotpAuthenticator.objects.filter(pk=authenticator.pk).update(
        proven_at=timezone.now(), name=name
    )


def prepare_codes(account: Account) -> Prepared:
    """Make a set that works once a code of it was typed back; earlier such sets are gone."""
    prepared = Prepared.saved()
    with transaction.atomic():
        pending_sets(account).delete()
        stored = BackupCodeSet.objects.create(
            user_id=account.user_id,
            name=str(CodeKind.SAVED.label),
            confirmed=False,
            recipe=prepared.recipe.as_stored(),
        )
        BackupCode.objects.bulk_create(
            BackupCode(set=stored, digest=digest) for digest in prepared.digests
        )
    return prepared


def typed_back_digest(account: Account, typed: str) -> str:
    """The digest of what was typed, by the new set's recipe: hashed outside any transaction.

    Empty for what can't be one of its codes: the operation then refuses it, and records that.
    """
    code_set = pending_sets(account).order_by("-pk").first()
    code = codes.read(typed)
    return code_set.stored_recipe.digest(code) if code_set is not None and code is not None else ""


def activate(account: Account, begun: int | None) -> tuple[TotpAuthenticator, int]:
    """Put the proven authenticator in force and the old ones out; return how many those were.

    Inside the operation's transaction, on a locked account.
    """
    authenticator = proven_of(account, begun)
    if authenticator is None:
        raise errors.NothingProven
    revoked = _revoke_bound(account)
    TotpAuthenticator.objects.filter(pk=authenticator.pk).update(
        confirmed=True, bound_at=timezone.now()
    )
    authenticator.refresh_from_db()
    return authenticator, revoked


def activate_codes(account: Account, *, digest: str) -> int:
    """Put the set in force that holds ``digest`` and end the old ones; return its size."""
    code_set = pending_sets(account).filter(codes__digest=digest).first() if digest else None
    if code_set is None:
        raise errors.NotTypedBack
    code_sets.end_all(account, because=EndReason.REPLACED)
    now, count = timezone.now(), int(code_set.codes.count())
    BackupCodeSet.objects.filter(pk=code_set.pk).update(confirmed=True, issued_at=now)
    Account.objects.filter(pk=account.pk).update(
        backup_codes_left=count, backup_codes_total=count, backup_codes_issued_at=now
    )
    return count


def pending_sets(account: Account) -> QuerySet[BackupCodeSet]:
    """Sets that were shown and not typed back yet."""
    waiting: QuerySet[BackupCodeSet] = BackupCodeSet.objects.filter(
        user_id=account.user_id, confirmed=False, ended_at__isnull=True
    )
    return waiting


def _pending(account: Account) -> QuerySet[TotpAuthenticator]:
    waiting: QuerySet[TotpAuthenticator] = TotpAuthenticator.objects.filter(
        user_id=account.user_id, confirmed=False, revoked_at__isnull=True
    )
    return waiting


def _revoke_bound(account: Account) -> int:
    bound = TotpAuthenticator.objects.filter(user_id=account.user_id, confirmed=True)
    revoked: int = bound.update(
        confirmed=False, revoked_at=timezone.now(), revoked_because=EndReason.REPLACED
    )
    return revoked
