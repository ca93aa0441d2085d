"""What redeeming and issuing codes cost beside their slow hashes alone."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth import get_user_model
from django.utils import timezone

from benchmarks.pairs import Row, side_by_side
from recovery import actions, codes, redemption
from recovery.actors import Actor, Grounds
from recovery.enums import AuthenticatorKind, CodeKind, Proofing
from recovery.hashers import Recipe
from recovery.models import Account

RUNS = 30


def measure_codes() -> Iterator[Row]:
    """Redeem ÷ one hash; a wrong code ÷ one hash; regenerate ÷ ten hashes."""
    users = get_user_model().objects
    lead = users.create_superuser("lead", password=None)
    subject = users.create_user("subject", password=None).recovery_account
    grounds = Grounds(reason="benchmark", proofing=Proofing.IN_PERSON)

    def issue() -> list[str]:
        actor = Actor(
            user=lead,
            name="lead",
            verified_by=AuthenticatorKind.TOTP,
            verified_at=timezone.now(),
        )
        issued = actions.regenerate_backup_codes(actor=actor, subject=subject, grounds=grounds)
        return [code.reveal() for code in issued.codes]

    recipe, probe = Recipe.fresh(), codes.generate(CodeKind.SAVED)
    waiting: list[str] = []

    def redeem() -> None:
        _no_wait(subject)
        if not waiting:
            waiting.extend(issue())
        redemption.redeem(subject.user, typed=waiting.pop())

    def try_wrong() -> None:
        _no_wait(subject)
        redemption.redeem(subject.user, typed=codes.generate(CodeKind.SAVED).reveal())

    def one_hash() -> None:
        recipe.digest(probe)

    def ten_hashes() -> None:
        for _ in range(10):
            recipe.digest(probe)

    redeem()
    yield side_by_side("a wrong code ÷ one bare hash", try_wrong, one_hash, runs=RUNS)
    waiting[:] = issue()
    yield side_by_side("redeeming a code ÷ one bare hash", redeem, one_hash, runs=8)
    yield side_by_side("new backup codes ÷ ten bare hashes", issue, ten_hashes, runs=RUNS // 3)


def _no_wait(subject: Account) -> None:
    Account.objects.filter(pk=subject.pk).update(failures=0, retry_at=None)
