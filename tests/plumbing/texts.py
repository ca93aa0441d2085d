"""Texts as the unkind write them: what a database takes, and a file may stumble over."""

from hypothesis import strategies as st

from recovery.cells import FORMULA_STARTS

PIECES = (
    *FORMULA_STARTS,
    *(" ", "'", "''", '"', '""', ",", ";", "\\.", "\\N", "\r\n", "\u2028", "\u00a0", "\ufeff"),
    *("\x01", "\x0b", "\x0c", "\x1b[2J", "\x7f", "\x85", "\x9f", "\ufffd"),
    *("مرحبا", "\u202e", "👩🏽\u200d🚀", "e\u0301", "NULL", "%s", "%(a)s", "%%", "{}", "a" * 9_000),
)
letters = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
nasty = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), letters), max_size=6).map("".join),
    st.text(letters, max_size=30),
)
"""Any text but NUL, which PostgreSQL can't hold, and lone halves of characters, which are none."""


def cut(length):
    """The same as a column of that length has them."""
    return nasty.map(lambda text: text[:length])
