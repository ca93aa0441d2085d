"""Authenticator keys at rest."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from recovery import encryption
from recovery.secret import Secret

KEY = Secret("00112233445566778899aabbccddeeff00112233")
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture(autouse=True)
def _keys(settings):
    settings.RECOVERY_ENCRYPTION_KEYS = [OLD]


def test_what_is_encrypted_can_be_read_again():
    assert encryption.decrypt(encryption.encrypt(KEY, owner=1), owner=1) == KEY


@pytest.mark.requirement("N7")
def test_a_ciphertext_holds_no_clear_text_and_is_never_the_same_twice():
    first, second = encryption.encrypt(KEY, owner=1), encryption.encrypt(KEY, owner=1)

    assert KEY.reveal() not in first
    assert first != second


def test_a_ciphertext_that_was_moved_to_another_user_is_refused():
    with pytest.raises(encryption.WrongOwner):
        encryption.decrypt(encryption.encrypt(KEY, owner=1), owner=2)


def test_a_changed_ciphertext_is_refused():
    stored = encryption.encrypt(KEY, owner=1)

    with pytest.raises(encryption.InvalidToken):
        encryption.decrypt(stored[:-8] + "AAAAAAA=", owner=1)


def test_a_retired_key_still_reads(settings):
    stored = encryption.encrypt(KEY, owner=1)

    settings.RECOVERY_ENCRYPTION_KEYS = [NEW, OLD]

    assert encryption.decrypt(stored, owner=1) == KEY


def test_the_first_key_writes(settings):
    settings.RECOVERY_ENCRYPTION_KEYS = [NEW, OLD]
    stored = encryption.encrypt(KEY, owner=1)

    settings.RECOVERY_ENCRYPTION_KEYS = [NEW]

    assert encryption.decrypt(stored, owner=1) == KEY


def test_a_rotated_ciphertext_needs_the_old_key_no_more(settings):
    stored = encryption.encrypt(KEY, owner=1)
    settings.RECOVERY_ENCRYPTION_KEYS = [NEW, OLD]
    rotated = encryption.rotate(stored)

    settings.RECOVERY_ENCRYPTION_KEYS = [NEW]

    assert encryption.decrypt(rotated, owner=1) == KEY
    with pytest.raises(encryption.InvalidToken):
        encryption.decrypt(stored, owner=1)


def test_rotation_keeps_the_owner(settings):
    settings.RECOVERY_ENCRYPTION_KEYS = [NEW, OLD]
    rotated = encryption.rotate(encryption.encrypt(KEY, owner=1))

    with pytest.raises(encryption.WrongOwner):
        encryption.decrypt(rotated, owner=2)


def test_without_a_key_nothing_is_encrypted(settings):
    settings.RECOVERY_ENCRYPTION_KEYS = []

    with pytest.raises(ImproperlyConfigured):
        encryption.encrypt(KEY, owner=1)
