"""Rolling the signing key: the old one says which comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery import errors
from recovery.audit import checkpoints, signing
from recovery.audit.operations import audited
from recovery.enums import Operation
from recovery.models import SigningKey

if TYPE_CHECKING:
    from recovery.actors import Actor


def rotate(*, actor: Actor) -> tuple[str, str]:
    """Let the key that signs vouch for the first configured one; the fingerprints of both.

    The chain is signed by the old one before and by the new one after, so that each auditor has
    a checkpoint to go by, whichever of the two they know.
    """
    old, new = signing.current_key(), signing.configured_keys()[0]
    if new.fingerprint == old.fingerprint:
        raise errors.NoNewSigningKey
    checkpoints.make_checkpoint()
    return _introduce(new, previous=old.fingerprint, by=old, actor=actor)


def replace_lost(*, actor: Actor) -> tuple[str, str]:
    """Begin anew with a key that nobody vouches for, as the last one is lost.

    Whoever knows the lost one finds a wrong key from here on, until they are told the new one.
    """
    last = SigningKey.objects.order_by("-introduced_at").values_list("fingerprint", flat=True)
    pairs = signing.configured_keys()
    if not pairs or not last or SigningKey.objects.filter(pk=pairs[0].fingerprint).exists():
        raise errors.NoNewSigningKey
    return _introduce(pairs[0], previous=last[0], by=pairs[0], actor=actor)


def _introduce(
    new: signing.KeyPair, *, previous: str, by: signing.KeyPair, actor: Actor
) -> tuple[str, str]:
    with audited(Operation.ROTATE_SIGNING_KEY, actor=actor) as draft:
        signing.introduce(new, previous=previous, by=by, at=draft.at)
        draft.detail = {"was": previous, "now": new.fingerprint}
    checkpoints.make_checkpoint()
    return previous, new.fingerprint
