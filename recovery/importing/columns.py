"""The headings that a table may have: a closed list, whatever case and spaces they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recovery import errors
from recovery.audit.masking import masked
from recovery.people import fold

LOGIN_NAME: Final = "login_name"
STAFF_NUMBER: Final = "staff_number"
ADDRESS: Final = "address"
NEW_ADDRESS: Final = "new_address"
WHO: Final = (LOGIN_NAME, STAFF_NUMBER, ADDRESS)
"""Who is meant: any of these will do, and where there are several, they have to agree."""

HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    LOGIN_NAME: (
        *("login name", "login", "user name", "user id", "account", "account name"),
        *("Benutzername", "Anmeldename", "Benutzerkennung", "Kennung"),
        *("identifiant", "nom d’utilisateur", "nombre de usuario", "usuario"),
        *("nome utente", "gebruikersnaam"),
    ),
    STAFF_NUMBER: (
        *("staff number", "staff no", "staff id", "personnel number", "employee number"),
        *("employee id", "employee no", "Personalnummer", "Personal-Nr", "Mitarbeiternummer"),
        *("matricule", "numéro de matricule", "número de empleado", "matricola"),
        *("personeelsnummer",),
    ),
    ADDRESS: (
        *("address", "mail", "e-mail", "mail address", "e-mail address", "current address"),
        *("E-Mail-Adresse", "Mailadresse", "Adresse", "courriel", "adresse e-mail"),
        *("correo", "correo electrónico", "dirección de correo", "indirizzo e-mail"),
        *("e-mailadres",),
    ),
    NEW_ADDRESS: (
        *("new address", "new mail", "new e-mail", "new e-mail address", "address to add"),
        *("second address", "private address", "recovery address", "neue Adresse"),
        *("neue E-Mail-Adresse", "zusätzliche Adresse", "private E-Mail-Adresse"),
        *("nouvelle adresse", "nouvelle adresse e-mail", "nueva dirección", "nuevo correo"),
        *("nuovo indirizzo", "nieuw adres"),
    ),
}
"""What each column may be called, in the languages that personnel offices export in."""

SHOWN: Final = 10


def _bare(heading: str) -> str:
    return "".join(letter for letter in fold(heading) if letter.isalnum())


MEANT: Final = {_bare(one): field for field, headings in HEADINGS.items() for one in headings}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column of a table holds what."""

    places: dict[str, int]
    titles: dict[str, str]
    ignored: tuple[str, ...]


def meant_by(heading: str) -> str:
    """What a column of that heading holds; empty if nothing that is asked for."""
    return MEANT.get(_bare(heading), "")


def recognise(headings: Sequence[str], *, line: int, needs_address: bool) -> Columns:
    """Find what is needed among the headings, or raise what is missing or there twice."""
    wanted = {*WHO, NEW_ADDRESS} if needs_address else set(WHO)
    places: dict[str, int] = {}
    ignored = []
    for place, heading in enumerate(headings):
        field = meant_by(heading)
        if field not in wanted:
            ignored.append(masked(heading))
        elif field in places:
            raise errors.ColumnTwice(line=line, column=masked(heading))
        else:
            places[field] = place
    _require(places, headings, line=line, needs_address=needs_address)
    titles = {field: headings[place].strip() for field, place in places.items()}
    return Columns(places=places, titles=titles, ignored=tuple(filter(None, ignored)))


def _require(
    places: dict[str, int], headings: Sequence[str], *, line: int, needs_address: bool
) -> None:
    found = ", ".join(filter(None, map(masked, headings[:SHOWN]))) or "–"
    if not any(field in places for field in WHO):
        raise errors.NoColumnSaysWho(line=line, found=found)
    if needs_address and NEW_ADDRESS not in places:
        raise errors.NoColumnOfAddresses(line=line, found=found)
