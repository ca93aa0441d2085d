import pytest
from django_otp import devices_for_user, match_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from recovery import codes, redemption
from recovery.checks import check_clear_secrets
from recovery.code_sets import Prepared
from recovery.enums import CodeKind, Enrolment, Operation, Outcome
from recovery.models import AuditEvent, BackupCode, BackupCodeSet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_user_model]

TOKENS = ["k4dm7zqe", "MiXeD cAsE", "o0il1-x"]


@pytest.fixture
def device(make_account):
    made = StaticDevice.objects.create(user=make_account().user, name="backup")
    StaticToken.objects.bulk_create(StaticToken(device=made, token=token) for token in TOKENS)
    return made


def counters(account):
    account.refresh_from_db()
    return account.backup_codes_left, account.backup_codes_total


@pytest.mark.requirement("N1")
def test_tokens_are_hashed_and_the_clear_ones_are_gone(run, device):
    printed = run("adopt_static_tokens")

    assert not StaticToken.objects.exists()
    assert not StaticDevice.objects.exists()
    adopted = BackupCodeSet.objects.get(user=device.user)
    assert adopted.adopted_from == "otp_static"
    assert counters(device.user.recovery_account) == (3, 3)
    stored = " ".join(BackupCode.objects.values_list("digest", flat=True))
    assert not [token for token in TOKENS if token in stored]
    assert printed.out == "The codes of 1 people were adopted.\n"
    event = AuditEvent.objects.get(operation=Operation.ADOPT_BACKUP_CODES)
    assert event.detail["issued"] == 3


@pytest.mark.parametrize("token", TOKENS)
def test_an_adopted_code_is_redeemed_once_as_it_was_printed(run, device, token):
    run("adopt_static_tokens")

    assert redemption.redeem(device.user, typed=f" {token} ") is not None
    assert redemption.redeem(device.user, typed=token) is None

    account = device.user.recovery_account
    assert counters(account) == (2, 3)
    assert account.enrolment == Enrolment.REENROLMENT_REQUIRED


def test_another_spelling_is_not_accepted(run, device):
    run("adopt_static_tokens")

    assert redemption.redeem(device.user, typed="mixed case") is None
    assert counters(device.user.recovery_account) == (3, 3)


def test_wrong_codes_are_counted_since_nothing_tells_a_slip(run, device):
    run("adopt_static_tokens")

    redemption.redeem(device.user, typed="anything")

    account = device.user.recovery_account
    account.refresh_from_db()
    assert account.failures == 1
    assert account.retry_at is not None


def test_a_login_of_django_otp_accepts_them(run, device):
    run("adopt_static_tokens")

    found = match_token(device.user, TOKENS[0])

    assert isinstance(found, BackupCodeSet)
    assert [type(each) for each in devices_for_user(device.user)] == [BackupCodeSet]


def looks_like_a_phone_code():
    return codes.generate(CodeKind.PHONE).reveal()


def test_a_token_that_happens_to_read_as_a_phone_code_is_accepted(run, device, give_codes):
    token = looks_like_a_phone_code()
    StaticToken.objects.create(device=device, token=token)
    run("adopt_static_tokens")
    give_codes(device.user.recovery_account, Prepared.phone())

    found = redemption.redeem(device.user, typed=token)

    assert found is not None
    assert found.kind == CodeKind.SAVED


def test_a_phone_code_works_beside_adopted_codes(run, device, give_codes):
    run("adopt_static_tokens")
    phone = Prepared.phone()
    give_codes(device.user.recovery_account, phone)

    found = redemption.redeem(device.user, typed=phone.clear[0].reveal())

    assert found is not None
    assert found.kind == CodeKind.PHONE


def test_tokens_of_several_devices_make_one_set(run, device):
    second = StaticDevice.objects.create(user=device.user, name="more")
    StaticToken.objects.create(device=second, token="another1")
    StaticToken.objects.create(device=second, token=TOKENS[0])

    run("adopt_static_tokens")

    assert counters(device.user.recovery_account) == (4, 4)


def test_somebody_with_codes_of_ours_keeps_those(run, device, give_codes):
    give_codes(device.user.recovery_account)

    printed = run("adopt_static_tokens")

    assert printed.code == 1
    assert "newer backup codes" in printed.out
    assert StaticToken.objects.count() == 3
    assert counters(device.user.recovery_account) == (10, 10)
    assert AuditEvent.objects.get().outcome == Outcome.REFUSED


def test_a_token_used_while_hashing_is_not_brought_back(run, device, monkeypatch):
    hash_all = Prepared.adopted

    def hash_slowly(clear, *, source):
        StaticToken.objects.filter(token=TOKENS[0]).delete()
        return hash_all(clear, source=source)

    monkeypatch.setattr(Prepared, "adopted", hash_slowly)
    assert run("adopt_static_tokens").code == 1
    monkeypatch.undo()

    assert run("adopt_static_tokens").code == 0
    assert redemption.redeem(device.user, typed=TOKENS[0]) is None
    assert counters(device.user.recovery_account) == (2, 2)


def test_tokens_of_an_unconfirmed_device_are_not_taken(run, device):
    StaticDevice.objects.update(confirmed=False)

    printed = run("adopt_static_tokens")

    assert "3 tokens of unconfirmed devices" in printed.out
    assert not BackupCodeSet.objects.exists()


def test_counters_are_true_after_an_adoption(run, device):
    run("adopt_static_tokens")
    redemption.redeem(device.user, typed=TOKENS[1])

    assert run("reconcile", check=True).code == 0


def test_a_check_warns_until_the_clear_tokens_are_gone(run, device):
    assert [found.id for found in check_clear_secrets(databases=["default"])] == ["recovery.W002"]

    run("adopt_static_tokens")

    assert check_clear_secrets(databases=["default"]) == []
