"""The orders of the account list: each a pair that no two rows share, and that an index holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    F,
    Field,
    Func,
    IntegerField,
    Q,
    Value,
)

from console.admin.keyset import id_of, moment_of, written
from recovery.models.orders import LONG_AGO, NEVER_DUE, DueOrder, RecoveryOrder

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from recovery.models import Account

LARGEST_NUMBER: Final = 2**15 - 1
LONGEST: Final = 400
BY_ID: Final = "id"


class Beyond(Func):
    """Whether a pair comes after another, compared as one: an index can begin there."""

    output_field = BooleanField()

    def __init__(self, *expressions: Any, sign: str = ">") -> None:
        super().__init__(*expressions)
        self.sign = sign

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        written = [compiler.compile(each) for each in self.source_expressions]
        key, tie, value, number = (sql for sql, _ in written)
        values = [value for _, values in written for value in values]
        return f"({key}, {tie}) {self.sign} ({value}, {number})", values


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an order a page begins or ends. It needs no row to be there."""

    order: str
    id: int
    value: Any

    def __str__(self) -> str:
        value = written(self.value) if hasattr(self.value, "astimezone") else self.value
        return f"{self.order}~{self.id}~{value}"


def _text(typed: str) -> str:
    if "\0" in typed or len(typed) > LONGEST:
        raise ValueError(typed)
    return typed


def _number(typed: str) -> int:
    return min(id_of(typed), LARGEST_NUMBER)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is compared: how it is read in an address, and how a database is told it."""

    read: Callable[[str], Any]
    field: Field[Any, Any]


TEXT: Final = Kind(_text, CharField())
NUMBER: Final = Kind(_number, IntegerField())
MOMENT: Final = Kind(moment_of, DateTimeField())


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOrder:
    """One column of the list as an order, from one end or the other."""

    name: str
    key: Any
    value: Callable[[Account], Any]
    kind: Kind
    tie: str = "pk"
    descending: bool = False

    def downwards(self) -> AccountOrder:
        return replace(self, descending=True)

    def by(self, *, backwards: bool = False) -> list[Any]:
        """What the rows are ordered by."""
        down = self.descending != backwards
        return [part.desc() if down else part.asc() for part in (self.key, F(self.tie))]

    def sorted(self, rows: QuerySet[Account], *, backwards: bool = False) -> QuerySet[Account]:
        """Put accounts in it, or in its reverse."""
        return rows.order_by(*self.by(backwards=backwards))

    def beyond(self, place: Place, *, backwards: bool = False) -> Any:
        """What comes after a place, or before it."""
        sign = "<" if self.descending != backwards else ">"
        value = Value(place.value, output_field=self.kind.field)
        number = Value(place.id, output_field=BigIntegerField())
        return Beyond(self.key, F(self.tie), value, number, sign=sign)

    def place(self, row: Account) -> Place:
        """Where an account stands."""
        return Place(self.name, row.pk, self.value(row))

    def read(self, text: str) -> Place:
        """Read a place as an address has it; raise ``ValueError`` if it is none of this order."""
        name, number, value = [*text.split("~", 2), "", ""][:3]
        if name != self.name:
            raise ValueError(text)
        return Place(name, id_of(number), self.kind.read(value))


def _due(account: Account) -> datetime:
    return account.reenrolment_due_at or account.reenrolment_required_at or NEVER_DUE


def _recovered(account: Account) -> datetime:
    return account.last_recovered_at or LONG_AGO


class _ById(AccountOrder):
    """By when the account was made: the id alone is an order."""

    __slots__ = ()

    def by(self, *, backwards: bool = False) -> list[Any]:
        return super().by(backwards=backwards)[1:]

    def beyond(self, place: Place, *, backwards: bool = False) -> Any:
        down = self.descending != backwards
        return Q(pk__lt=place.id) if down else Q(pk__gt=place.id)


def _by_text(name: str, field: str) -> AccountOrder:
    # The id beside a text is that of the text's own row: the pair has to lie in one index.
    return AccountOrder(
        name=name,
        key=F(f"text__{field}"),
        tie="text__account_id",
        value=attrgetter(f"text.{field}"),
        kind=TEXT,
    )


_ORDERS: Final = (
    _by_text("person", "display_name"),
    _by_text("address", "address"),
    AccountOrder(
        name="codes_left",
        key=F("backup_codes_left"),
        value=attrgetter("backup_codes_left"),
        kind=NUMBER,
    ),
    AccountOrder(name="enrolled", key=F("enrolment"), value=attrgetter("enrolment"), kind=TEXT),
    AccountOrder(name="flag", key=DueOrder(), value=_due, kind=MOMENT),
    AccountOrder(name="last_recovered_at", key=RecoveryOrder(), value=_recovered, kind=MOMENT),
    _ById(name=BY_ID, key=F("pk"), value=attrgetter("pk"), kind=Kind(id_of, BigIntegerField())),
)
ORDERS: Final = {order.name: order for order in _ORDERS}
