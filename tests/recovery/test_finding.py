"""The search: whatever index there is, it finds what a slow and obvious look would find."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery import finding, search_index
from recovery.models import AccountText
from recovery.people import fold
from tests import factories

pytestmark = pytest.mark.django_db

# The people stay from one example to the next; what they are called is part of each.
over_the_same_people = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LETTERS = st.text(alphabet="abz0é\"'%_\\-@. ßø中🙂", max_size=12)


@pytest.fixture
def owners():
    return [factories.account() for _ in range(4)]


def called(account, name):
    AccountText.objects.filter(account=account).update(folded=fold(name))


def found(typed, **kwargs):
    return set(finding.texts(typed, **kwargs).values_list("account_id", flat=True))


def obviously(typed):
    """Look at every text for every word; one or two letters have to begin a word."""
    return {
        text.account_id
        for text in AccountText.objects.all()
        if all(
            word in text.folded if len(word) > 2 else f" {word}" in f" {text.folded}"
            for word in fold(typed).split()
        )
    }


@over_the_same_people
@given(names=st.lists(LETTERS, min_size=4, max_size=4), typed=LETTERS)
def test_the_search_finds_what_an_obvious_look_finds(owners, names, typed):
    for owner, name in zip(owners, names, strict=True):
        called(owner, name)

    assert found(typed) == obviously(typed)


@over_the_same_people
@given(name=LETTERS, cut=st.tuples(st.integers(0, 12), st.integers(0, 12)))
def test_each_part_of_a_name_finds_it(owners, name, cut):
    called(owners[0], name)
    typed = " ".join(fold(name).split())[slice(*sorted(cut))]

    if obviously(typed):
        assert found(typed) == obviously(typed)


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("z", True),
        ("zo", True),
        ("o", True),
        ("or", True),
        ("rs", False),
        ("zoe rst", True),
        ("e-", True),
        ("47", False),
        ("471", True),
    ],
)
def test_one_or_two_letters_have_to_begin_a_word(owners, typed, finds):
    called(owners[0], "Zoë Ørsted E-4711")

    assert (owners[0].pk in found(typed)) is finds


def test_a_piece_that_everybody_has_is_not_asked_of_the_index(owners, monkeypatch):
    for number, owner in enumerate(owners):
        called(owner, f"person {number} of example.org")
    shares = {piece: 1.0 for word in ("person", "example.org") for piece in finding._pieces(word)}
    monkeypatch.setattr(finding, "_common_pieces", lambda _connection: shares)

    for typed in ("person", "example.org person", "example.org 2", "perso"):
        assert found(typed) == obviously(typed), typed


def test_no_more_are_found_than_asked_for(owners):
    for owner in owners:
        called(owner, "Same Name")

    assert len(found("same", at_most=3)) == 3
    assert len(found("same name", at_most=10)) == 4


def test_nothing_typed_keeps_nobody_out(owners):
    assert found("  ") == set(AccountText.objects.values_list("account_id", flat=True))


def test_many_words_and_long_ones_are_cut_off(owners):
    called(owners[0], "a b c d e f g h i")

    assert len(finding.words_of("a " * 500)) == finding.WORDS
    assert finding.words_of("x" * 4000) == ["x" * finding.LONGEST]


def test_who_is_gone_is_not_found(owners):
    called(owners[0], "Zoë Ørsted")

    owners[0].user.delete()

    assert found("zoe") == set()


def test_the_index_is_whole_after_a_migrate():
    assert search_index.missing(connection) == set()


def test_an_index_that_lost_its_triggers_is_filled_anew(owners):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its index with the table")
    with connection.cursor() as cursor:
        for event in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER {search_index.PIECES}_{event}")
    called(owners[0], "Zoë Ørsted")
    assert found("zoe") == set()

    search_index.install()

    assert found("zoe") == {owners[0].pk}
    called(owners[0], "Amélie Roth")
    assert found("zoe") == set()


def test_a_word_is_looked_up_in_the_index(owners):
    called(owners[0], "Zoë Ørsted")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

    assert search_index.PIECES in finding.texts("orsted").explain()
