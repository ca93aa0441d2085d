"""Rolling the signing key: the old one says which comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery import errors
from recovery.audit import checkpoints, signing
from recovery.audit.operations import audited
from recovery.enums import Operation

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
    with audited(Operation.ROTATE_SIGNING_KEY, actor=actor) as draft:
        signing.keep(new, signing.key_statement(new, previous=old, at=draft.at))
        draft.detail = {"was": old.fingerprint, "now": new.fingerprint}
    checkpoints.make_checkpoint()
    return old.fingerprint, new.fingerprint
