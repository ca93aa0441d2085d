"""The slow hash of backup codes, and the recipe that is kept beside each set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.hashers import Argon2PasswordHasher

from recovery.conf import conf

if TYPE_CHECKING:
    from recovery.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one set's digests are made: Argon2id, its costs, and the salt that the set shares.

    One salt a set means that a verification costs one slow hash, however many codes there are
    (NIST SP 800-63B-4 3.1.2.2, ASVS 6.5.2). It is kept with the set, so raising the costs for
    new sets breaks no old one.
    """

    memory_kib: int
    passes: int
    lanes: int
    salt: str

    @classmethod
    def fresh(cls) -> Self:
        """The configured costs with a new random salt of about 128 bits."""
        return cls(
            memory_kib=conf.ARGON2_MEMORY_KIB,
            passes=conf.ARGON2_PASSES,
            lanes=1,
            salt=Argon2PasswordHasher().salt(),
        )

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> Self:
        """Read back what ``as_stored`` wrote."""
        return cls(**stored)

    def as_stored(self) -> dict[str, Any]:
        """What the set keeps. None of it is secret."""
        return asdict(self)

    def digest(self, code: Secret) -> str:
        """Hash a code slowly: about 20 ms. Call it outside any transaction that is ours."""
        return BackupCodeHasher(self).encode(code.reveal(), self.salt).rsplit("$", 1)[1]


class BackupCodeHasher(Argon2PasswordHasher):
    """Django's Argon2 hasher at a recipe's costs. Used directly, never through PASSWORD_HASHERS."""

    algorithm = "recovery_argon2"

    def __init__(self, recipe: Recipe) -> None:
        self.memory_cost = recipe.memory_kib
        self.time_cost = recipe.passes
        self.parallelism = recipe.lanes
