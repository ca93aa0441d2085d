"""The slow hash of codes, and the recipe beside each set."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import identify_hasher

from recovery import redemption
from recovery.code_sets import Prepared
from recovery.hashers import BackupCodeHasher, Recipe
from recovery.secret import Secret
from tests.factories import account, saved_codes


@pytest.fixture(autouse=True)
def real_cost(settings):
    """Take the suite's cheap hashing away: here the defaults are what is asked about."""
    del settings.RECOVERY_ARGON2_MEMORY_KIB, settings.RECOVERY_ARGON2_PASSES


CODE = Secret("7K3MQ9TD0ZVHPX4R")


@pytest.mark.requirement("N23")
def test_a_fresh_recipe_is_argon2id_of_owasps_strength():
    recipe = Recipe.fresh()

    assert (recipe.memory_kib, recipe.passes, recipe.lanes) == (19 * 1024, 2, 1)
    assert (
        BackupCodeHasher(recipe)
        .encode("x", recipe.salt)
        .startswith("recovery_argon2$argon2id$v=19$m=19456,t=2,p=1$")
    )


@pytest.mark.requirement("N23")
def test_each_set_has_a_salt_of_its_own_of_more_than_32_bits():
    salts = {Recipe.fresh().salt for _ in range(100)}

    assert len(salts) == 100
    assert all(len(salt) * 5 > 32 and salt.isalnum() for salt in salts)


def test_the_salt_and_each_cost_change_the_digest():
    recipe = Recipe.fresh()
    others = [
        Recipe.fresh(),
        replace(recipe, passes=3),
        replace(recipe, memory_kib=20 * 1024),
        replace(recipe, lanes=2),
    ]

    digests = {made.digest(CODE) for made in (recipe, *others)}

    assert len(digests) == 5


def test_a_stored_recipe_makes_the_same_digest():
    recipe = Recipe.fresh()

    assert Recipe.from_stored(recipe.as_stored()).digest(CODE) == recipe.digest(CODE)


def test_a_digest_says_nothing_of_the_code():
    assert CODE.reveal() not in Recipe.fresh().digest(CODE)


def test_djangos_password_hashers_know_nothing_of_it():
    recipe = Recipe.fresh()
    encoded = BackupCodeHasher(recipe).encode(CODE.reveal(), recipe.salt)

    with pytest.raises(ValueError, match="Unknown password hashing algorithm"):
        identify_hasher(encoded)


@pytest.mark.requirement("N23")
def test_ten_codes_share_one_salt():
    prepared = Prepared.saved()

    digests = tuple(prepared.recipe.digest(code) for code in prepared.clear)

    assert digests == prepared.digests
    assert len(set(digests)) == 10


@pytest.mark.django_db
def test_raising_the_costs_breaks_no_old_set(settings):
    owner = account()
    _, clear = saved_codes(owner)

    settings.RECOVERY_ARGON2_MEMORY_KIB = 32 * 1024
    settings.RECOVERY_ARGON2_PASSES = 3

    assert Recipe.fresh().passes == 3
    assert redemption.redeem(owner.user, typed=clear[0]) is not None


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["right", "wrong"])
def test_a_verification_costs_one_slow_hash(which):
    owner = account()
    _, clear = saved_codes(owner)
    typed = {"right": clear[9], "wrong": Prepared.saved().clear[0].reveal()}[which]

    with patch.object(
        BackupCodeHasher, "encode", autospec=True, side_effect=BackupCodeHasher.encode
    ) as hashed:
        redemption.redeem(owner.user, typed=typed)

    assert hashed.call_count == 1
