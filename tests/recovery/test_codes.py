"""How a code is made, printed and read back."""

import math
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import codes
from recovery.enums import CodeKind
from recovery.secret import Secret

kinds = pytest.mark.parametrize("kind", list(CodeKind))


@st.composite
def printed(draw):
    """Draw a code as it could have been printed; drawn here, a failure can be repeated."""
    length = draw(st.sampled_from(list(codes.RANDOM_LENGTH.values())))
    body = draw(st.text(codes.ALPHABET, min_size=length, max_size=length))
    return Secret(body + codes.check_character(body))


@pytest.mark.requirement("N5")
def test_a_saved_code_carries_more_than_64_random_bits():
    bits = codes.RANDOM_LENGTH[CodeKind.SAVED] * math.log2(len(codes.ALPHABET))

    assert bits == 75


@pytest.mark.requirement("N10")
def test_a_phone_code_carries_more_than_six_random_digits():
    bits = codes.RANDOM_LENGTH[CodeKind.PHONE] * math.log2(len(codes.ALPHABET))

    assert bits > math.log2(10**6)


@kinds
@pytest.mark.requirement("N5", "N10", "N28")
def test_each_random_character_is_drawn_from_the_systems_generator(kind):
    with patch("recovery.codes.secrets.choice", side_effect=codes.secrets.choice) as choice:
        codes.generate(kind)

    assert choice.call_count == codes.RANDOM_LENGTH[kind]
    assert all(call.args == (codes.ALPHABET,) for call in choice.call_args_list)


def test_the_alphabet_is_crockfords_and_has_no_letter_to_misread():
    assert len(set(codes.ALPHABET)) == 32
    assert not set("ILOU") & set(codes.ALPHABET)


def test_a_saved_code_is_printed_in_four_groups_of_four():
    groups = codes.groups(codes.generate(CodeKind.SAVED))

    assert [len(group) for group in groups] == [4, 4, 4, 4]


def test_a_phone_code_is_printed_in_two_groups_of_four():
    groups = codes.groups(codes.generate(CodeKind.PHONE))

    assert [len(group) for group in groups] == [4, 4]


def test_no_two_codes_of_a_set_are_the_same():
    clear = {code.reveal() for code in codes.generate_set(20)}

    assert len(clear) == 20


def test_a_repeated_draw_is_drawn_again():
    same, other = codes.generate(CodeKind.SAVED), codes.generate(CodeKind.SAVED)
    with patch("recovery.codes.generate", side_effect=[same, same, other]):
        assert set(codes.generate_set(2)) == {same, other}


@given(printed())
def test_a_code_reads_back_as_it_was_made(code):
    assert codes.read("-".join(codes.groups(code))) == code


@given(printed(), st.data())
def test_case_spaces_and_dashes_do_not_matter(code, data):
    separators = data.draw(
        st.lists(st.sampled_from(["", " ", "-", "\u2013", "\u00a0", "\t", "\n"]), min_size=16)
    )
    typed = "".join(
        data.draw(st.sampled_from([character, character.lower()])) + separator
        for character, separator in zip(code.reveal(), separators, strict=False)
    )

    assert codes.read(typed) == code


@given(printed(), st.data())
def test_o_reads_as_zero_and_i_and_l_as_one(code, data):
    lookalikes = {"0": "0oO", "1": "1iIlL"}
    typed = "".join(
        data.draw(st.sampled_from(lookalikes.get(character, character)))
        for character in code.reveal()
    )

    assert codes.read(typed) == code


@kinds
def test_every_single_wrong_character_is_caught(kind):
    for _ in range(20):
        clear = codes.generate(kind).reveal()
        for position, right in enumerate(clear):
            for wrong in set(codes.ALPHABET) - {right}:
                assert codes.read(clear[:position] + wrong + clear[position + 1 :]) is None


@kinds
def test_every_swap_of_neighbours_is_caught(kind):
    for _ in range(200):
        clear = codes.generate(kind).reveal()
        for at in range(len(clear) - 1):
            swapped = clear[:at] + clear[at + 1] + clear[at] + clear[at + 2 :]
            assert swapped == clear or codes.read(swapped) is None


@given(printed(), st.data())
def test_any_two_characters_that_changed_places_are_caught(code, data):
    clear = list(code.reveal())
    places = st.integers(0, len(clear) - 1)
    here, there = data.draw(places), data.draw(places)
    clear[here], clear[there] = clear[there], clear[here]
    typed = "".join(clear)

    assert typed == code.reveal() or codes.read(typed) is None


@given(st.text(max_size=100))
def test_no_text_makes_reading_fail(typed):
    read = codes.read(typed)

    assert read is None or codes.kind_of(read) in CodeKind


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "\0",
        "ZZZZ",
        "123456",
        "🔑" * 16,
        "ÀÀÀÀ-ÀÀÀÀ",
        "9" * 10_000,
        "U" * 16,
        "１２３４５６７８",
    ],
    ids=ascii,
)
def test_what_was_never_printed_is_no_code(typed):
    assert codes.read(typed) is None


@kinds
def test_a_missing_or_extra_character_is_no_code(kind):
    clear = codes.generate(kind).reveal()

    assert codes.read(clear[:-1]) is None
    assert codes.read(clear + "0") is None


@kinds
def test_the_length_tells_the_kind(kind):
    assert codes.kind_of(codes.generate(kind)) is kind
