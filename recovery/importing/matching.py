"""Whom the lines of a table mean: found in sets, by whatever each line says of them."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.db.models.functions import Lower

from recovery import errors
from recovery.importing.columns import ADDRESS, WHO
from recovery.models import AccountText, ContactAddress

if TYPE_CHECKING:
    from recovery.errors import RecoveryError
    from recovery.importing.tables import Line

UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASCII_LOWER: Final = str.maketrans(UPPER, UPPER.lower())

Found = dict[str, dict[str, set[int]]]
Answer = tuple[int | None, "RecoveryError | None"]


def find(lines: Sequence[Line], titles: Mapping[str, str]) -> list[Answer]:
    """The account that each line means, or why it means none: a query a column, not a line."""
    found = {field: _accounts_by(field, _said(lines, field)) for field in WHO}
    return [_answer(line, found, titles) for line in lines]


def same(text: str) -> str:
    """What is compared: case is nothing to tell people apart by, accents are."""
    return unicodedata.normalize("NFC", text).casefold()


def _said(lines: Iterable[Line], field: str) -> set[str]:
    return {text for line in lines if (text := line.cells.get(field, ""))}


def _accounts_by(field: str, said: set[str]) -> dict[str, set[int]]:
    accounts: defaultdict[str, set[int]] = defaultdict(set)
    for rows, column in _where(field) if said else ():
        lowered = rows.alias(lowered=Lower(column)).filter(lowered__in=_lowered(said))
        for stored, account in lowered.values_list(column, "account_id"):
            accounts[same(stored)].add(account)
    return accounts


def _where(field: str) -> list[tuple[QuerySet[Any], str]]:
    """An address that nobody confirmed says nothing of whose it is."""
    if field == ADDRESS:
        confirmed = ContactAddress.objects.confirmed()
        return [(AccountText.objects.all(), "address"), (confirmed, "address")]
    return [(AccountText.objects.all(), field)]


def _lowered(said: set[str]) -> set[str]:
    """As PostgreSQL writes it in small letters, and as SQLite does, which knows ASCII alone."""
    return {text.lower() for text in said} | {text.translate(ASCII_LOWER) for text in said}


def _answer(line: Line, found: Found, titles: Mapping[str, str]) -> Answer:
    said = {field: text for field in WHO if (text := line.cells.get(field, ""))}
    if not said:
        return None, errors.NobodyNamed()
    meant = [found[field].get(same(text), set()) for field, text in said.items()]
    for field, accounts in zip(said, meant, strict=True):
        if not accounts:
            return None, errors.PersonUnknown(at=titles[field])
    agreed = set.intersection(*meant)
    if not agreed:
        return None, errors.PeopleDiffer()
    if len(agreed) > 1:
        return None, errors.PersonAmbiguous()
    return agreed.pop(), None
