"""Write the pages that follow from the code: refusals, settings and the inventory of the ledger.

`python -m tests.reference` writes them; a test fails while they are not what the code says.
"""

import inspect
import os
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"

# Django has to know its settings before it translates a text or reads a default.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from django.utils.translation import override  # noqa: E402 - see above

from recovery import errors  # noqa: E402 - see above
from recovery.checks import SETTINGS as LIMITS  # noqa: E402 - see above
from recovery.conf import RecoverySettings  # noqa: E402 - see above

MADE_BY = "<!-- Made by `python -m tests.reference`. Change the code, or that file, and run it. -->"
REFUSALS_HEAD = f"""# What a refusal means, and what to do next

{MADE_BY}

A refusal is an answer, not a fault: nothing was done. The text is what the page says. The code is
what the ledger keeps, where what was refused had come as far as the ledger: a form that lacks a
field is handed back before that.
"""
SETTINGS_HEAD = f"""# Settings of the domain

{MADE_BY}

`recovery` reads these from Django's settings. Each has a default, so a project names only what it
changes. `console` has none of its own. Where the last column has a text, a value beyond that limit
is an error of `manage.py check`, and `project/wsgi.py` refuses to serve with it.
"""

# What the text of a refusal leaves out, told to whoever meets it.
MEANINGS: dict[str, dict[type[errors.RecoveryError], str]] = {
    "You and your session": {
        errors.PermissionMissing: (
            "Your role has no permission for this operation, or your own account was deactivated. "
            "A lead can do it, or change your role."
        ),
        errors.NotVerified: (
            "Your session was not verified by your authenticator, or that authenticator has been "
            "revoked since. Sign out and in again."
        ),
        errors.StepUpRequired: (
            "Your last one-time code is more than five minutes old. The dialog asks for a new one "
            "and keeps what you filled in."
        ),
        errors.ActorIsSubject: "It is your own account. A colleague has to do it, as for anybody.",
        errors.SubjectOutranksActor: (
            "The person holds rights, at this desk or elsewhere in the site, that you lack. Hand "
            "the call to a lead. Two people of one role can't help each other."
        ),
        errors.SubjectIsSuperuser: (
            "Nobody does this from a page. Call whoever runs the server, on a number that you know."
        ),
        errors.RoleTooHigh: (
            "The role has to hold less than yours. A lead can make agents, auditors and report "
            "administrators; another lead is made by a superuser."
        ),
        errors.PowerSuspended: (
            "You lost your authenticator and came back by a code or a link. Your own account is "
            "whole again; your role is not. Ask a lead to confirm you, face to face or by phone; "
            "as a lead, ask another lead. For a superuser, and where there is no other lead, "
            "`enrol_staff NAME --replace` at the server does it."
        ),
    },
    "The account": {
        errors.AccountFrozen: (
            "Recovery was frozen for this person: nothing is issued, no flag is lifted. Reporting "
            "a loss and withdrawing a link still work. Tell a lead."
        ),
        errors.SubjectInactive: (
            "The site has deactivated the person, so no code or link would help. Find out why "
            "before anything else: they may have left."
        ),
        errors.AccountGone: (
            "It was deleted after the list was made. In a list of many, all others are acted on as "
            "usual; nothing is on the ledger of one that is not there."
        ),
        errors.AlreadyFlagged: (
            "There is a flag that is due as early, or earlier. A flag can be brought forward, "
            "never put off."
        ),
        errors.NotFlagged: "Nothing to lift. Somebody may have lifted it, or they re-enrolled.",
        errors.FlagStays: (
            "The desk can take back a flag that the desk set, and no other. They have to bind a "
            "new authenticator."
        ),
        errors.NothingToReport: (
            "It was revoked or replaced meanwhile. Look at the account again; choose "
            '"Everything" if you are not sure.'
        ),
        errors.NoOpenIncident: "Another lead may have closed it. The ledger says who.",
        errors.NotSuspended: "Somebody may have confirmed them already. The ledger says who.",
        errors.AlreadyStaff: "They have a role. Use *Change the role*.",
        errors.NotStaff: "They have no role. Use *Invite to the desk*.",
    },
    "What you filled in": {
        errors.ReasonMissing: "A few words. No personal data and no codes: the line stays.",
        errors.TicketMissing: "This desk wants a ticket for every operation. Open one first.",
        errors.TicketMalformed: (
            "It has another form than this desk's tickets, or more than 64 characters. Copy it "
            "from the ticket system."
        ),
        errors.ProofingMissing: (
            '"Not proven" is an answer too, and an honest one. It is on the ledger.'
        ),
        errors.DueDateInPast: "Choose a later date, or at once.",
        errors.FormAlreadyUsed: (
            "You sent the form twice, or went back to it. Codes that were shown are not shown "
            "again. If you missed them, open the account and issue new ones."
        ),
        errors.FormInvalid: (
            "The form is older than twelve hours, or belongs to another account, operation or "
            "person. Open it again from the account. On the ledger, with nobody's name, also a "
            "form that came from no page of ours."
        ),
    },
    "Links and addresses": {
        errors.NoSuitableAddress: (
            "An address can receive a link seven days after it was confirmed. Don't wait on the "
            "phone: issue a phone code, or ask the person to come by."
        ),
        errors.NoOpenLink: "It was used, ran out, or was withdrawn. The account page says which.",
        errors.LinkNotUsable: (
            "The account holder sees this, and gets the same page for a used, an expired, a "
            "withdrawn and a made-up link. If they ask, send a new one."
        ),
        errors.LinkReplayed: (
            "On the ledger alone: the page says what it says of every dead link. It is enough to "
            "look, so it may be a mail scanner that came late, a second tab, or a second person."
        ),
    },
    "What the account holder reads": {
        errors.EnrolmentRequired: (
            "The gate. A page leads to the enrolment; a program is told this, with status 403."
        ),
        errors.WayClosed: (
            "Who never had an authenticator needs an invitation: send them a link. For whoever "
            "had one, neither the password alone nor an old invitation will do."
        ),
        errors.NothingProven: (
            "They began in another browser, or began anew since. They scan the picture of the "
            "page that is open and type what the app shows for it."
        ),
        errors.RecoveryEnded: (
            "What it began with was taken away in the very moment of its last step: their "
            "sessions were ended, the password changed, the address removed, or newer codes "
            "given. On the ledger alone: they are led back to the beginning."
        ),
        errors.NotTypedBack: (
            "A code of an older set, or a slip. The new codes are in force only when one of them "
            "was typed back, so that nobody leaves without having them. They can show new ones."
        ),
        errors.LastAuthenticator: (
            "They can bind another one in its place, which ends this one by itself."
        ),
        errors.AddressTaken: "It may still wait for its code.",
        errors.TooManyAddresses: "Five, those counted that wait for their code.",
        errors.NoSuchAddress: "It was removed, or confirmed meanwhile.",
        errors.AlreadyFrozen: "Only a lead can lift it, by closing the incident.",
        errors.VetoNotUsable: (
            "It was used, is older than thirty days, is about another account, or is from before "
            "an incident that a lead has closed. If they are worried, freeze first: they can do "
            "it on their own page, or by the link of a newer mail."
        ),
        errors.NotOwnAccount: "Pages of the account holder are theirs alone. No role opens them.",
    },
    "Why no link was sent": {
        errors.SubjectIsPrivileged: (
            "Whoever holds any permission gets no link by asking for it on a page. The desk can "
            "send one, if it may help this person at all."
        ),
        errors.PasswordTooNew: (
            "Whoever has the mailbox can reset the password, and must not get a link as well. It "
            "is settled once it was used together with an authenticator, or after seven days. A "
            "password that nobody saw being set or used here counts as new too."
        ),
        errors.AddressTooNew: (
            "An address was added, confirmed or removed this week. Ask about it: it may be why "
            "the person calls, and it may not have been them."
        ),
        errors.AskedTooOften: (
            "Three an hour for an account, twenty from a source, five to one address."
        ),
    },
    "Signing in and stepping up": {
        errors.WrongPassword: (
            "Also said to a right password of somebody who is not at the desk, so that the page "
            "tells a stranger nothing."
        ),
        errors.WrongCode: (
            "A one-time code works once. Wait for the app to show the next one. If that fails "
            "too, check the clock of the phone."
        ),
        errors.TooManyAttempts: (
            "Each wrong attempt makes the next wait longer, up to 15 minutes. Trying earlier "
            "counts as well, so wait it out."
        ),
        errors.CodeGivesNoPower: (
            "You typed a backup code or a phone code. It was not used up, and it opens no door "
            "here. Without your authenticator you need a lead."
        ),
    },
    "The review": {
        errors.ReviewsTheirOwn: (
            "You did it, or it was done to your own account. Somebody else has to look at it."
        ),
        errors.AlreadyReviewed: (
            "A colleague was quicker, or the form was sent twice. The queue says who, and what "
            "they said."
        ),
        errors.EventPurged: (
            "It waited for more than a year, and there is nothing left to look at. The purge "
            "wrote an export before it."
        ),
    },
    "Exports": {
        errors.NothingToExport: (
            "No event of the ledger lies between the two days, or none came after the checkpoint."
        ),
        errors.FilterUnknown: (
            "The list was narrowed by something that nobody knows here: an old address, or one "
            "that was typed. Nothing was taken out, rather than more than was asked for."
        ),
    },
    "Jobs": {
        errors.NothingSelected: "Nothing was ticked, or the list has nothing in it any more.",
        errors.SelectionChanged: (
            "The list was another one when it was confirmed: somebody was flagged, or joined. "
            "Nothing was done. The form shows the new number."
        ),
        errors.CountNotConfirmed: (
            "Above a number (`RECOVERY_TYPED_COUNT_ABOVE`) it is typed how many accounts are "
            "meant, so that nobody does to all what was meant for a few."
        ),
        errors.JobHasEnded: "It was done, or somebody was quicker. Its page says what came of it.",
        errors.FileIsGone: (
            "A file that the worker made is kept for a day (`RECOVERY_EXPORT_LIFETIME`)."
        ),
    },
    "A table that is brought in: the file": {
        errors.FileMissing: "The form was sent without a file.",
        errors.FileEmpty: "There is nothing in it, or nothing but blank lines.",
        errors.FileTooLarge: (
            "`RECOVERY_IMPORT_SIZE_LIMIT` says how large it may be. A larger one is turned away "
            "before it is read."
        ),
        errors.NotATable: (
            "By its first bytes it is something else: a workbook of before 2007, a workbook with "
            "a password, a PDF, or UTF-16 without its mark."
        ),
        errors.NotInItsEncoding: (
            "An older encoding, such as Windows-1252, is never guessed: names would come out "
            "wrong, and nobody would see it."
        ),
        errors.QuotesDontPair: "A cell begins with a quotation mark that nothing ends.",
        errors.WorkbookBroken: "It is no whole workbook, or declares entities, which none needs.",
        errors.UnpacksTooLarge: "A workbook is packed. Unpacked, it may have five times the limit.",
        errors.TooManyLines: "`RECOVERY_IMPORT_ROW_LIMIT` says how many rows a table may have.",
        errors.NoRows: "There are headings and nothing below them.",
        errors.NoColumnSaysWho: "See [bringing in a table](bringing-in.md) for the headings.",
        errors.NoColumnOfAddresses: (
            "A column “address” says whose account it is. The address to add has a column of its "
            "own."
        ),
        errors.ColumnTwice: "Two headings mean the same, and it would be guessed which counts.",
    },
    "A table that is brought in: its lines": {
        errors.CellsDontFit: "Mostly a comma within a cell that is not in quotation marks.",
        errors.CellIsFormula: "Copy the column, and paste it as values.",
        errors.CellNotText: "A number without a fraction will do; a date or a truth value won't.",
        errors.CellTooLong: "Something else slid into the column.",
        errors.CellUnprintable: "It may not be visible. Type the cell anew.",
        errors.NobodyNamed: "All the cells that could say who is meant are blank.",
        errors.PersonUnknown: (
            "Nobody has it, or the address is not confirmed. A spreadsheet may have taken the "
            "zeros off the front of a staff number."
        ),
        errors.PersonAmbiguous: "An address may be shared. Name them by their login name.",
        errors.PeopleDiffer: "Its login name is one person's, and its staff number another's.",
        errors.NamedBefore: "Each person is dealt with once in a table: the first line counts.",
        errors.AddressMalformed: "There is no address in the cell, or it is mistyped.",
        errors.AddressThere: "Nothing has to be done: they have it, confirmed or not.",
        errors.NoRoomForAddress: "An account has five addresses at the most.",
    },
    "A table that is brought in: the word": {
        errors.RowsRefused: "All or nothing is for tables whose lines all pass.",
        errors.NothingToDo: "All of it is so already, or refused.",
        errors.CountDiffers: (
            "The number that was typed, or shown, is not how many it would be done to now."
        ),
    },
    "On the command line": {
        errors.NotFromHere: "A page asked for something that only a command may do.",
        errors.AlreadyEnrolled: (
            "`enrol_staff` found an authenticator. Make sure that it is lost before you revoke it."
        ),
        errors.RoleNeeded: (
            "`enrol_staff` binds authenticators for the desk and for superusers, not for everybody."
        ),
        errors.ChangedMeanwhile: "Somebody used or changed it at that moment. Nothing was lost.",
        errors.PluginMissing: (
            "There is nothing to take over while django-otp's plug-in is not installed."
        ),
        errors.CannotHonour: (
            "The device starts counting at a date of its own, or its clock is off by more than "
            "ten steps. It stays as it is until the person re-enrols."
        ),
        errors.HasOwnCodes: (
            "Their codes here are newer, so the old tokens are of no use. Delete those rows."
        ),
        errors.NoSigningKey: (
            "The key that signed the ledger last was taken out before another was introduced. Put "
            "it back, and run `audit rotate`."
        ),
        errors.NoNewSigningKey: "`audit rotate` introduces the first key of the list.",
        errors.PurgeTooYoung: "`RECOVERY_RETENTION_MONTHS` says how long events stay; 12 at least.",
        errors.NothingToPurge: "All of them are younger, or it would be the last one, which stays.",
        errors.ExportExists: (
            "It may be the export of a purge that was broken off, and then nothing was deleted. "
            "Never delete the export of one that was done."
        ),
        errors.ExportNotSigned: "Nothing was deleted.",
    },
}


class Defaults(RecoverySettings):
    """What holds where a project has named nothing."""

    def _get(self, name, default):  # noqa: ARG002 - whatever the setting is
        return default


def pages() -> dict[Path, str]:
    """Return what each page has to say."""
    from tests.inventory import inventory  # noqa: PLC0415 - needs loaded apps
    from tests.reports import reports  # noqa: PLC0415 - needs loaded apps

    with override("en"):
        return {
            DOCS / "inventory.md": inventory(MADE_BY, _table),
            DOCS / "refusals.md": refusals(),
            DOCS / "reports.md": reports(MADE_BY, _table),
            DOCS / "settings.md": settings(),
        }


def refusals() -> str:
    """The refusals by where they are met."""
    sections = (_section(title, meant) for title, meant in MEANINGS.items())
    return "\n".join([REFUSALS_HEAD, *sections])


def settings() -> str:
    """Every setting with what it is for, its default and its limit."""
    rows = (
        (
            f"`RECOVERY_{name}`",
            (inspect.getdoc(entry) or "").replace("``", "`"),
            _default(getattr(Defaults(), name)),
            _limit(name),
        )
        for name, entry in inspect.getmembers(
            RecoverySettings, lambda entry: isinstance(entry, property)
        )
    )
    return "\n".join(
        [SETTINGS_HEAD, _table(("setting", "what it says", "default", "what `check` says"), rows)]
    )


def meanings() -> Iterator[type[errors.RecoveryError]]:
    """Every refusal that the page explains."""
    for meant in MEANINGS.values():
        yield from meant


def _section(title: str, meant: dict[type[errors.RecoveryError], str]) -> str:
    rows = ((_text(refusal), f"`{refusal.code}`", text) for refusal, text in meant.items())
    return f"## {title}\n\n" + _table(("the page says", "code", "what it means for you"), rows)


def _text(refusal: type[errors.RecoveryError]) -> str:
    return re.sub(r"%\((\w+)\)s", r"*\1*", str(refusal.message))


def _default(value: object) -> str:
    if isinstance(value, timedelta):
        return _duration(value)
    return f"`{value!r}`"


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{seconds} seconds"


def _limit(name: str) -> str:
    """The errors that a wrong value of this setting raises."""
    found = [
        f"{text} (`{number}`)"
        for number, text, _ in LIMITS
        if re.search(rf"RECOVERY_{name}\b", text)
        or (name == "ARGON2_PASSES" and "ARGON2_MEMORY" in text)
    ]
    return " ".join(found)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '\\|') for cell in row)} |\n" for row in lines)


if __name__ == "__main__":
    import django

    django.setup()
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
