"""Who is who in the invented organisation, and how each account stands with recovery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from recovery.enums import Role

LONG_AGO: Final = 400
"""In days, as every number of days here."""

STAFF: Final = {
    "maya.lindqvist": Role.AGENT,
    "jonas.okafor": Role.LEAD,
    "ines.caldeira": Role.AUDITOR,
    "tomasz.wrona": Role.REPORT_ADMINISTRATOR,
}
HOLDERS: Final = ("amelie.roth", "kofi.mensah")
"""Account holders who can sign in: one to lock out and bring back, one to leave alone."""
SIGN_INS: Final = (*STAFF, *HOLDERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an account stands on the first day of the demo."""

    has_authenticator: bool = True
    codes_left: int | None = 10
    """None where no codes were ever issued."""
    issued: int = 120
    recovered: int | None = None
    """Days since the last code was redeemed, if one was."""
    has_to_reenrol: bool = False
    """Whether that recovery still waits for a new authenticator."""
    confirmed: tuple[int, ...] = (LONG_AGO,)
    """Days since each address was confirmed."""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to make for it."""
        return not (self.has_authenticator or self.codes_left is not None or self.confirmed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A re-enrolment that the desk has asked for."""

    reason: str
    ticket: str
    due: int | None = None
    """In so many days; negative for overdue, None for at once."""


NOT_ENROLLED: Final = Standing(has_authenticator=False, codes_left=None)
NO_CODES: Final = Standing(codes_left=None)

STANDINGS: Final[dict[str, Standing]] = {
    "minjun.kim": NOT_ENROLLED,
    "budi.santoso": NOT_ENROLLED,
    "bo.li": NOT_ENROLLED,
    "nino.beridze": NOT_ENROLLED,
    "ewan.drummond": NO_CODES,
    "keiko.tanaka": NO_CODES,
    "rafael.ortega": NO_CODES,
    "darius.whitfield": NO_CODES,
    "anneke.visser": NO_CODES,
    "emil.haugland": NO_CODES,
    "jiri.dvoracek": NO_CODES,
    "ruta.kazlauskaite": NO_CODES,
    "tesfaye.bekele": NO_CODES,
    "siobhan.macgregor": NO_CODES,
    "suharto": Standing(has_authenticator=False, codes_left=None, confirmed=()),
    "daria.kovalenko": NOT_ENROLLED,
    "ivan.petrov": NOT_ENROLLED,
    "wilhelmina.vanderheijden": NOT_ENROLLED,
    "grace.holloway": Standing(codes_left=0, issued=380, recovered=45),
    "olga.smirnova": Standing(codes_left=1, issued=310, recovered=21),
    "zoe.bergstrom": Standing(codes_left=2, issued=290, recovered=33),
    "lukasz.zolkiewski": Standing(codes_left=3, issued=260, recovered=58),
    "aroha.ngata": Standing(codes_left=2, issued=205, recovered=12),
    "mihai.tanase": Standing(codes_left=6, issued=190, recovered=90),
    "gyorgy.szabo": Standing(codes_left=8, issued=95, recovered=40),
    "priya.raghunathan": Standing(codes_left=9, issued=80, recovered=2, has_to_reenrol=True),
    "leila.haddad": Standing(codes_left=7, issued=140, recovered=6),
    "mateo.quispe": Standing(codes_left=4, issued=230, recovered=4),
    "arman.sargsyan": Standing(confirmed=()),
    "chiara.dangelo": Standing(confirmed=(2,)),
    "ananya.sharma": Standing(confirmed=(LONG_AGO, 180)),
    "valentina.munoz": Standing(confirmed=(LONG_AGO, 2)),
    "kofi.mensah": Standing(codes_left=3, issued=250, recovered=70),
}
"""Everybody else is enrolled, has ten codes and one address of long standing."""


def standing_of(login: str) -> Standing:
    """How somebody stands; who can sign in gets their authenticator with that."""
    standing = STANDINGS.get(login, Standing())
    return replace(standing, has_authenticator=False) if login in SIGN_INS else standing


FLAGS: Final[dict[str, Flag]] = {
    "hanako.yamada": Flag(reason="Phone left in a taxi", ticket="HD-20418", due=3),
    "farid.rahimi": Flag(reason="Authenticator on a private device", ticket="HD-20377"),
    "camille.dubois": Flag(reason="New phones for the whole floor", ticket="HD-20350", due=14),
    "tariq.mansour": Flag(reason="Authenticator on a shared tablet", ticket="HD-20291", due=-5),
    "noor.debruin": Flag(reason="Phone was in for repair", ticket="HD-20333", due=-1),
}

CODES_ASKED_FOR: Final = {"thandiwe.nkosi": "HD-20409", "jonas.okafor": "HD-20410"}
"""For whom new codes were asked, with the ticket. The second one is no agent's to help."""
