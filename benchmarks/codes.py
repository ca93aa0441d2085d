"""What redeeming and issuing codes cost beside their slow hashes alone."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth import get_user_model
from django.utils import timezone

from benchmarks.arranging import LEAD, member
from benchmarks.pairs import Bar, Row, side_by_side
from recovery import actions, codes, redemption
from recovery.actors import Actor, Grounds
from recovery.enums import AuthenticatorKind, CodeKind, Operation, Proofing
from recovery.hashers import Recipe
from recovery.models import Account
from tests.console import desk

RUNS = 30
OK = 200
BAR = Bar(at_most=1.3)
TEN = 10


class Bench:
    """Somebody with codes, an agent who makes them anew, and the slow hash alone."""

    def __init__(self) -> None:
        self.lead = member(LEAD, "Lead")
        people = get_user_model().objects
        self.subject = people.create_user("subject", password=None).recovery_account
        self.client = desk.signed_in(self.lead)
        self.recipe, self.probe = Recipe.fresh(), codes.generate(CodeKind.SAVED)
        self.waiting: list[str] = []
        self.filled: dict[str, str] = {}

    def issue(self) -> list[str]:
        """New codes by the domain's own function."""
        issued = actions.regenerate_backup_codes(
            actor=Actor(
                user=self.lead,
                name="lead",
                verified_by=AuthenticatorKind.TOTP,
                verified_at=timezone.now(),
            ),
            subject=self.subject,
            grounds=Grounds(reason="benchmark", proofing=Proofing.IN_PERSON),
        )
        return [code.reveal() for code in issued.codes]

    def be_ready(self) -> None:
        """No failure holds up the next attempt, and there is a code to redeem."""
        Account.objects.filter(pk=self.subject.pk).update(failures=0, retry_at=None)
        if not self.waiting:
            self.waiting = self.issue()

    def redeem(self) -> None:
        if redemption.redeem(self.subject.user, typed=self.waiting.pop()) is None:
            raise RuntimeError("A right code was refused.")

    def try_wrong(self) -> None:
        wrong = codes.generate(CodeKind.SAVED).reveal()
        if redemption.redeem(self.subject.user, typed=wrong) is not None:
            raise RuntimeError("A wrong code was taken.")

    def fill_in(self) -> None:
        """Open the dialog as an agent does, which is not what is timed."""
        self.filled = desk.filled(self.client, self.subject, Operation.REGENERATE_BACKUP_CODES)

    def regenerate(self) -> None:
        """New codes through the page that shows them."""
        target = desk.target_of(self.subject, Operation.REGENERATE_BACKUP_CODES)
        if self.client.post(target, self.filled).status_code != OK:
            raise RuntimeError("The page made no codes.")

    def one_hash(self) -> None:
        self.recipe.digest(self.probe)

    def ten_hashes(self) -> None:
        for _ in range(TEN):
            self.one_hash()


def measure_codes() -> Iterator[Row]:
    """Redeem ÷ one hash; a wrong code ÷ one hash; regenerate ÷ ten hashes, and by its page."""
    bench = Bench()
    ready = {"runs": RUNS, "before": bench.be_ready}
    yield side_by_side(
        "redeeming a code ÷ one bare hash", bench.redeem, bench.one_hash, bar=BAR, **ready
    )
    what = "a wrong code with a valid check character ÷ one bare hash"
    yield side_by_side(what, bench.try_wrong, bench.one_hash, bar=BAR, **ready)
    yield side_by_side(
        "redeeming a code ÷ trying a wrong one", bench.redeem, bench.try_wrong, **ready
    )
    what, runs = "new backup codes ÷ ten bare hashes", RUNS // 3
    yield side_by_side(what, bench.issue, bench.ten_hashes, runs=runs)
    yield side_by_side(
        "new backup codes through the page ÷ ten bare hashes",
        bench.regenerate,
        bench.ten_hashes,
        runs=runs,
        bar=Bar(at_most=1.5),
        before=bench.fill_in,
    )
