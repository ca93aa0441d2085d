"""Who signs the ledger, by which key, and who vouches for a new one."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from recovery.audit import signing
from recovery.errors import NoSigningKey
from recovery.models import SigningKey
from tests.plumbing.signed import fresh_key

pytestmark = pytest.mark.django_db

DOMAIN = signing.CHECKPOINT_DOMAIN


def public_of(key):
    seed = base64.urlsafe_b64decode(key)
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


OLD, NEW = fresh_key(), fresh_key()


@pytest.fixture(autouse=True)
def _old_key(settings):
    settings.RECOVERY_SIGNING_KEYS = [OLD]


def test_the_public_half_is_kept_at_the_first_use():
    signing.sign(DOMAIN, {"sequence": 1})

    kept = SigningKey.objects.get()
    assert kept.public_key == public_of(OLD).hex()
    assert kept.fingerprint == hashlib.sha256(public_of(OLD)).hexdigest()
    assert (kept.statement, kept.signature) == ("", "")


def test_nothing_private_is_in_the_database():
    signing.sign(DOMAIN, {"sequence": 1})

    seed = base64.urlsafe_b64decode(OLD)
    stored = str(vars(SigningKey.objects.get()))
    assert OLD not in stored
    assert seed.hex() not in stored


def test_an_outsider_can_check_what_was_signed():
    signed = signing.sign(DOMAIN, {"sequence": 1})

    message = b"sparekey/checkpoint/1\n" + signed.statement.encode()
    Ed25519PublicKey.from_public_bytes(public_of(OLD)).verify(
        bytes.fromhex(signed.signature), message
    )
    assert json.loads(signed.statement) == {"key": signed.key_id, "sequence": 1, "v": 1}


def test_a_signature_is_good_for_its_statement_its_kind_and_its_key_alone(settings):
    signed = signing.sign(DOMAIN, {"sequence": 1})
    key = SigningKey.objects.get()
    other = SigningKey(fingerprint=key.fingerprint, public_key=public_of(NEW).hex())

    def holds(domain=DOMAIN, statement=signed.statement, signature=signed.signature, key=key):
        return signing.is_signed(domain, statement, signature, key=key)

    assert holds()
    assert not holds(domain=signing.PURGE_DOMAIN)
    assert not holds(statement=signed.statement.replace("1", "2"))
    assert not holds(signature=f"{'0' * 128}")
    assert not holds(signature="no hex")
    assert not holds(key=other)


def test_a_new_key_signs_nothing_before_it_was_introduced(settings):
    first = signing.sign(DOMAIN, {"sequence": 1})
    settings.RECOVERY_SIGNING_KEYS = [NEW, OLD]

    assert signing.sign(DOMAIN, {"sequence": 2}).key_id == first.key_id
    assert SigningKey.objects.count() == 1


@pytest.mark.parametrize("keys", [[], [NEW]], ids=["none", "one that nobody introduced"])
def test_a_key_that_nobody_vouches_for_signs_nothing(settings, keys):
    signing.sign(DOMAIN, {"sequence": 1})
    settings.RECOVERY_SIGNING_KEYS = keys

    with pytest.raises(NoSigningKey):
        signing.sign(DOMAIN, {"sequence": 2})
