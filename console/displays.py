"""How a fact looks on a page: badges that say in words what they say in colour, and short texts."""

from datetime import datetime

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from recovery.conf import conf
from recovery.enums import Enrolment, Outcome

SPELLING = {
    "0": _("Zero"),
    "1": _("One"),
    "2": _("Two"),
    "3": _("Three"),
    "4": _("Four"),
    "5": _("Five"),
    "6": _("Six"),
    "7": _("Seven"),
    "8": _("Eight"),
    "9": _("Niner"),
    "A": _("Alfa"),
    "B": _("Bravo"),
    "C": _("Charlie"),
    "D": _("Delta"),
    "E": _("Echo"),
    "F": _("Foxtrot"),
    "G": _("Golf"),
    "H": _("Hotel"),
    "J": _("Juliett"),
    "K": _("Kilo"),
    "M": _("Mike"),
    "N": _("November"),
    "P": _("Papa"),
    "Q": _("Quebec"),
    "R": _("Romeo"),
    "S": _("Sierra"),
    "T": _("Tango"),
    "V": _("Victor"),
    "W": _("Whiskey"),
    "X": _("X-ray"),
    "Y": _("Yankee"),
    "Z": _("Zulu"),
}
"""The alphabet of our codes as it is read aloud: no I, L, O or U, which no code contains."""

ENROLMENT_TONES = {
    Enrolment.ENROLLED: "good",
    Enrolment.NOT_ENROLLED: "quiet",
    Enrolment.REENROLMENT_REQUIRED: "warn",
}
OUTCOME_TONES = {Outcome.COMPLETED: "good", Outcome.REFUSED: "warn", Outcome.FAILED: "bad"}


def spell(code: str) -> list[tuple[str, str]]:
    """Pair each character of ``code`` with the word it is read aloud as; dashes are not read."""
    return [(character, str(SPELLING[character])) for character in code if character in SPELLING]


def badge(text: object, *, tone: str) -> SafeString:
    """Set ``text`` in a badge; ``tone`` is good, warn, bad, quiet or info."""
    return format_html('<span class="desk-badge desk-badge-{}">{}</span>', tone, text)


def codes_level(left: int) -> str:
    """Say how ``left`` backup codes stand: ``none``, ``low`` or ``fine``."""
    if left == 0:
        return "none"
    return "low" if left <= conf.LOW_CODE_COUNT else "fine"


def codes_badge(left: int) -> SafeString:
    """Show how many codes are left, and in words when that is too few."""
    if left == 0:
        return badge(_("None left"), tone="bad")
    text = ngettext("%d left", "%d left", left) % left
    if codes_level(left) == "low":
        return badge(format_html("{} · {}", text, _("low")), tone="warn")
    return badge(text, tone="good")


def enrolment_badge(enrolment: str) -> SafeString:
    return badge(Enrolment(enrolment).label, tone=ENROLMENT_TONES[Enrolment(enrolment)])


def flag_badge(enrolment: str, due_at: datetime | None) -> SafeString | str:
    """Show the re-enrolment flag with its date, or nothing where none is raised."""
    if enrolment != Enrolment.REENROLMENT_REQUIRED:
        return ""
    if due_at is None:
        return badge(_("Due now"), tone="bad")
    day = formats.date_format(timezone.localtime(due_at), "DATE_FORMAT")
    if due_at <= timezone.now():
        return badge(_("Overdue since %(day)s") % {"day": day}, tone="bad")
    return badge(_("Due %(day)s") % {"day": day}, tone="warn")


def outcome_badge(outcome: str) -> SafeString:
    return badge(Outcome(outcome).label, tone=OUTCOME_TONES[Outcome(outcome)])
