import pytest
from cryptography.fernet import Fernet

from recovery import encryption, totp
from recovery.enums import Operation
from recovery.models import AuditEvent, TotpAuthenticator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_user_model]


@pytest.fixture
def bound(make_account):
    account = make_account()
    return totp.bind(account.user, totp.new_key(), name="Phone")


@pytest.fixture
def new_key(settings, bound):
    """A new first key, after ``bound`` was written under the old one."""
    key = Fernet.generate_key().decode()
    settings.RECOVERY_ENCRYPTION_KEYS = [key, *settings.RECOVERY_ENCRYPTION_KEYS]
    return key


def test_every_key_can_be_read_with_the_first_key_alone(run, bound, new_key, settings):
    before = encryption.decrypt(bound.encrypted_key, owner=bound.user_id)

    printed = run("rotate_keys")

    settings.RECOVERY_ENCRYPTION_KEYS = [new_key]
    bound.refresh_from_db()
    assert encryption.decrypt(bound.encrypted_key, owner=bound.user_id) == before
    assert totp.verify(bound, typed=totp.current_code(bound).reveal())
    assert printed.out.startswith("1 authenticators")


def test_a_rotation_is_one_event_with_its_count(run, bound, new_key):
    run("rotate_keys")

    event = AuditEvent.objects.get(operation=Operation.ROTATE_KEYS)
    assert event.detail["rotated"] == 1
    assert event.actor_name.startswith("rotate_keys (")


def test_a_second_run_has_nothing_to_do(run, bound, new_key):
    run("rotate_keys")
    bound.refresh_from_db()
    before = bound.encrypted_key

    run("rotate_keys")

    bound.refresh_from_db()
    assert bound.encrypted_key == before
    assert AuditEvent.objects.count() == 1


def test_a_key_that_was_changed_meanwhile_is_not_overwritten(run, bound, new_key, monkeypatch):
    meanwhile = encryption.encrypt(totp.new_key(), owner=bound.user_id)
    rotate = encryption.rotate

    def rotate_slowly(ciphertext):
        TotpAuthenticator.objects.filter(pk=bound.pk).update(encrypted_key=meanwhile)
        return rotate(ciphertext)

    monkeypatch.setattr(encryption, "rotate", rotate_slowly)
    run("rotate_keys")

    bound.refresh_from_db()
    assert bound.encrypted_key == meanwhile


def test_a_code_that_was_taken_while_rotating_stays_taken(run, bound, new_key, monkeypatch):
    code = totp.current_code(bound).reveal()
    rotate = encryption.rotate

    def rotate_slowly(ciphertext):
        assert totp.verify(bound, typed=code)
        return rotate(ciphertext)

    monkeypatch.setattr(encryption, "rotate", rotate_slowly)
    run("rotate_keys")

    bound.refresh_from_db()
    assert encryption.is_current(bound.encrypted_key)
    assert not totp.verify(bound, typed=code)


def test_what_no_key_opens_is_named_and_left(run, bound, make_account, settings):
    other = Fernet.generate_key().decode()
    settings.RECOVERY_ENCRYPTION_KEYS = [other]
    before = bound.encrypted_key

    printed = run("rotate_keys")

    bound.refresh_from_db()
    assert bound.encrypted_key == before
    assert printed.code == 1
    assert str(bound.pk) in printed.err
