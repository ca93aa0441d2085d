"""Finding people by what is typed: every word somewhere, one or two letters where a word begins."""

from __future__ import annotations

import time
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from django.db import connections, router
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import RawSQL

from recovery.models import AccountText
from recovery.people import fold
from recovery.search_index import FUNCTION, PIECE, PIECES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import QuerySet

LONGEST: Final = 200
WORDS: Final = 8
"""Each word is a condition, and SQLite refuses a statement with a thousand of them."""
PIECES_ASKED: Final = 3
"""The index reads a list for each piece: few rare ones narrow as well, and cost less."""
COMMON: Final = 0.05
"""In so large a share of the texts a thousand are found sooner by reading than by the index."""
KEPT_FOR: Final = 600.0
_shares: dict[str, tuple[float, dict[str, float]]] = {}


class _HasPieces(Func):
    template = f"{FUNCTION}(%(expressions)s)"
    arg_joiner = ") @> ("
    output_field = BooleanField()


def words_of(typed: str) -> list[str]:
    """The words to look for, as texts are folded."""
    return fold(typed[:LONGEST].replace("\0", "")).split()[:WORDS]


def texts(typed: str, *, at_most: int | None = None) -> QuerySet[AccountText]:
    """The texts that hold every word of ``typed``; all of them if nothing was typed.

    With ``at_most`` no more than so many are found, whichever come first.
    """
    words, rows = words_of(typed), AccountText.objects.order_by()
    if not words:
        return rows
    connection = connections[router.db_for_read(AccountText)]
    if connection.vendor == "sqlite":
        return rows.filter(_matched(words, at_most))[:at_most]
    rows = rows.filter(*(condition(word) for word in words))
    pieces = _rarest(words, connection)
    if pieces:
        rows = rows.filter(_HasPieces(F("folded"), Value(pieces)))
    return rows[:at_most]


def condition(word: str) -> Q:
    """What is asked of a text for the sake of one word, and what any index may only speed up."""
    if len(word) >= PIECE:
        return Q(folded__contains=word)
    return Q(folded__startswith=word) | Q(folded__contains=f" {word}")


def _matched(words: list[str], at_most: int | None) -> Q:
    """By SQLite's own index, which knows neither of rows nor of how few will do."""
    quoted = ('"{}"'.format(_padded(word).replace('"', '""')) for word in words)
    statement = f"SELECT rowid FROM {PIECES} WHERE pieces MATCH %s ORDER BY rowid LIMIT %s"  # noqa: S608 - our own name
    return Q(pk__in=RawSQL(statement, [" AND ".join(quoted), -1 if at_most is None else at_most]))  # noqa: S611 - parameters are bound


def _padded(word: str) -> str:
    return word.rjust(PIECE) if len(word) < PIECE else word


def _pieces(word: str) -> Iterator[str]:
    padded = _padded(word)
    return (padded[place : place + PIECE] for place in range(len(padded) - PIECE + 1))


def _rarest(words: list[str], connection: BaseDatabaseWrapper) -> list[str]:
    """The pieces that narrow most, or none where all of them are in too many texts."""
    shares = _common_pieces(connection)
    all_pieces = [[*_pieces(word)] for word in words]
    # Of those that nobody counted, some that lie apart say more than neighbours do.
    apart = [piece for of_word in all_pieces for piece in of_word[::2]]
    pieces = dict.fromkeys([*apart, *chain.from_iterable(all_pieces)])
    rarest = sorted(pieces, key=lambda piece: shares.get(piece, 0.0))[:PIECES_ASKED]
    return [piece for piece in rarest if shares.get(piece, 0.0) < COMMON]


def _common_pieces(connection: BaseDatabaseWrapper) -> dict[str, float]:
    """How large a share of the texts has each common piece, as PostgreSQL last counted."""
    read_at, shares = _shares.get(connection.alias, (float("-inf"), {}))
    if time.monotonic() - read_at > KEPT_FOR:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_stats"
                " WHERE schemaname = current_schema() AND tablename = %s",
                [PIECES],
            )
            counted: Any = cursor.fetchone()
        shares = dict(zip(counted[0] or (), counted[1] or (), strict=False)) if counted else {}
        _shares[connection.alias] = time.monotonic(), shares
    return shares
