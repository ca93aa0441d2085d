"""The refusals: the domain understood, and said no. A code for machines, a text for the agent."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class RecoveryError(Exception):
    """A refusal. Its text may be shown to staff and says what to do next."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str | Promise] = _("This was refused.")

    def __init__(self, **values: Any) -> None:
        super().__init__(self.code)
        self.values = values

    def __str__(self) -> str:
        return str(self.message) % self.values


class PermissionMissing(RecoveryError):
    code = "permission_missing"
    message = _("Your role does not include this. Ask a lead.")


class NotVerified(RecoveryError):
    code = "not_verified"
    message = _("Sign in with your authenticator first. A backup code gives no power here.")


class StepUpRequired(RecoveryError):
    code = "step_up_required"
    message = _("Enter a fresh one-time code from your authenticator, then confirm again.")


class ActorIsSubject(RecoveryError):
    code = "actor_is_subject"
    message = _("Nobody acts on their own account here. Ask a colleague.")


class SubjectOutranksActor(RecoveryError):
    code = "subject_outranks_actor"
    message = _("This account holds rights that you do not hold. Ask someone of a higher role.")


class SubjectIsSuperuser(RecoveryError):
    code = "subject_is_superuser"
    message = _("A superuser is recovered on the server's command line only (enrol_staff).")


class RoleTooHigh(RecoveryError):
    code = "role_too_high"
    message = _("You can only give or take a role that holds less than your own.")


class AccountFrozen(RecoveryError):
    code = "account_frozen"
    message = _("Recovery of this account is frozen. A lead has to look into it first.")


class NotFromHere(RecoveryError):
    code = "not_from_here"
    message = _("This can only be done on the server's command line.")


class ReasonMissing(RecoveryError):
    code = "reason_missing"
    message = _("Say in a few words why, for whoever reads the ledger later.")


class TicketMissing(RecoveryError):
    code = "ticket_missing"
    message = _("Enter the number of the ticket.")


class TicketMalformed(RecoveryError):
    code = "ticket_malformed"
    message = _("That is not a ticket number of your desk. Check it and enter it again.")


class ProofingMissing(RecoveryError):
    code = "proofing_missing"
    message = _("Choose how the caller was proven, or say that they were not.")


class AccountGone(RecoveryError):
    code = "account_gone"
    message = _("There is no such account any more. Take it off the list.")


class FormAlreadyUsed(RecoveryError):
    code = "form_already_used"
    message = _("This form was already used once. Nothing was done a second time.")


class FormInvalid(RecoveryError):
    code = "form_invalid"
    message = _("This form is too old or not yours. Open it again from the account.")


class NoSuitableAddress(RecoveryError):
    code = "no_suitable_address"
    message = _(
        "There is no confirmed address that has been on record for %(days)s days. "
        "Use another way: a phone code, or in person."
    )


class NoOpenLink(RecoveryError):
    code = "no_open_link"
    message = _("There is no open link to withdraw. It may have been used or have expired.")


class NotFlagged(RecoveryError):
    code = "not_flagged"
    message = _("This account is not flagged for re-enrolment.")


class AlreadyFlagged(RecoveryError):
    code = "already_flagged"
    message = _("This account already has to re-enrol, and no later than that.")


class FlagStays(RecoveryError):
    code = "flag_stays"
    message = _("A code was redeemed or an authenticator lost: only re-enrolment ends this flag.")


class DueDateInPast(RecoveryError):
    code = "due_date_in_past"
    message = _("The due date has to lie in the future. Leave it empty for at once.")


class NothingToReport(RecoveryError):
    code = "nothing_to_report"
    message = _("That authenticator is not bound to this account any more.")


class AlreadyStaff(RecoveryError):
    code = "already_staff"
    message = _("This person is already at the desk. Change their role instead.")


class NotStaff(RecoveryError):
    code = "not_staff"
    message = _("This person is not at the desk. Invite them instead.")


class SubjectInactive(RecoveryError):
    code = "subject_inactive"
    message = _("This account is deactivated, so nothing can be issued to it. Ask its owner first.")


class AlreadyEnrolled(RecoveryError):
    code = "already_enrolled"
    message = _("This person has an authenticator bound. Use --replace to revoke it.")


class ChangedMeanwhile(RecoveryError):
    code = "changed_meanwhile"
    message = _("This changed while it was being taken over. Run the command once more.")


class PluginMissing(RecoveryError):
    code = "plugin_missing"
    message = _("%(plugin)s is not in INSTALLED_APPS. Put it in until all has been taken over.")


class CannotHonour(RecoveryError):
    code = "cannot_honour"
    message = _("It counts its steps in a way that is not supported here. Re-enrol this person.")


class HasOwnCodes(RecoveryError):
    code = "has_own_codes"
    message = _("This person has newer backup codes here. Delete the old tokens.")


class LinkNotUsable(RecoveryError):
    code = "link_not_usable"
    message = _("This link can't be used any more. Ask your help desk for a new one.")


class RoleNeeded(RecoveryError):
    code = "role_needed"
    message = _("This person holds no role at the desk yet. Give them one with --role.")


class LinkReplayed(RecoveryError):
    code = "link_replayed"
    message = _("This link was used before. If that was not you, call your help desk.")


class PowerSuspended(RecoveryError):
    code = "power_suspended"
    message = _("You came back by a recovery. A lead has to confirm you before you act here.")


class WrongCode(RecoveryError):
    code = "wrong_code"
    message = _("That code was not accepted. Wait for the next one and try again.")


class TooManyAttempts(RecoveryError):
    code = "too_many_attempts"
    message = _("Too many attempts. Wait %(seconds)s seconds, then try again.")


class NotOwnAccount(RecoveryError):
    code = "not_own_account"
    message = _("This can only be done by the account holder.")


class EnrolmentRequired(RecoveryError):
    code = "enrolment_required"
    message = _("Set up your authenticator again first. Nothing else is open until then.")


class WayClosed(RecoveryError):
    code = "way_closed"
    message = _("That alone does not open this account. Ask the help desk for an invitation.")


class NothingProven(RecoveryError):
    code = "nothing_proven"
    message = _("Set up your authenticator first: scan the picture and type the code it shows.")


class RecoveryEnded(RecoveryError):
    code = "recovery_ended"
    message = _("This recovery was stopped, or took too long. Sign in again to begin anew.")


class NotTypedBack(RecoveryError):
    code = "not_typed_back"
    message = _("That is none of the codes you were shown. Type one of them exactly as printed.")


class LastAuthenticator(RecoveryError):
    code = "last_authenticator"
    message = _("This is your only authenticator. Bind another one first, then revoke this one.")


class AddressTaken(RecoveryError):
    code = "address_taken"
    message = _("You have added this address already.")


class TooManyAddresses(RecoveryError):
    code = "too_many_addresses"
    message = _("You have reached the most addresses an account can have. Remove one first.")


class NoSuchAddress(RecoveryError):
    code = "no_such_address"
    message = _("That address is not on your account any more.")


class AlreadyFrozen(RecoveryError):
    code = "already_frozen"
    message = _("Your recovery is frozen already. Call the help desk.")


class VetoNotUsable(RecoveryError):
    code = "veto_not_usable"
    message = _("This link can't be used any more. If something is wrong, call the help desk.")


class NoOpenIncident(RecoveryError):
    code = "no_open_incident"
    message = _("There is no open incident on this account.")


class NotSuspended(RecoveryError):
    code = "not_suspended"
    message = _("This person's rights in the console are not suspended.")


class SubjectIsPrivileged(RecoveryError):
    code = "subject_is_privileged"
    message = _("Accounts with a staff role get no link by themselves. The desk has to help.")


class PasswordTooNew(RecoveryError):
    code = "password_too_new"
    message = _("The password was changed within the last seven days.")


class AddressTooNew(RecoveryError):
    code = "address_too_new"
    message = _("An address was changed within the last seven days.")


class AskedTooOften(RecoveryError):
    code = "asked_too_often"
    message = _("Too many links were asked for. Wait an hour, or call the help desk.")


class WrongPassword(RecoveryError):
    code = "wrong_password"
    message = _("That name and password do not fit. Check both and try again.")


class CodeGivesNoPower(RecoveryError):
    code = "code_gives_no_power"
    message = _("A backup code opens nothing here, and was not used up. Use your authenticator.")


class ReviewsTheirOwn(RecoveryError):
    code = "reviews_their_own"
    message = _("Nobody reviews what they did, or what was done to them. Leave it to a colleague.")


class AlreadyReviewed(RecoveryError):
    code = "already_reviewed"
    message = _("Somebody has reviewed this event already. Their word stands.")


class EventPurged(RecoveryError):
    code = "event_purged"
    message = _("This event has left the ledger by a purge. Look it up in the export of that.")


class NothingToExport(RecoveryError):
    code = "nothing_to_export"
    message = _("Nothing happened in that span of time. Choose another one.")


class FilterUnknown(RecoveryError):
    code = "filter_unknown"
    message = _("There is no filter “%(name)s” with that value. Go back to the list and set it.")


class NoSigningKey(RecoveryError):
    code = "no_signing_key"
    message = _("None of RECOVERY_SIGNING_KEYS may sign: there is none, or nobody knows it here.")


class NoNewSigningKey(RecoveryError):
    code = "no_new_signing_key"
    message = _("The first of RECOVERY_SIGNING_KEYS signs already. Put a new key before it.")


class PurgeTooYoung(RecoveryError):
    code = "purge_too_young"
    message = _("Events since %(kept_from)s stay on the ledger. Purge up to an earlier day.")


class NothingToPurge(RecoveryError):
    code = "nothing_to_purge"
    message = _("No event on the ledger is that old. Choose a later day.")


class ExportExists(RecoveryError):
    code = "export_exists"
    message = _("%(path)s is there already, and is not written over. Name another file.")


class ExportNotSigned(RecoveryError):
    code = "export_not_signed"
    message = _("No signature covers the export to its end. Sign (audit checkpoint), then purge.")


class NothingSelected(RecoveryError):
    code = "nothing_selected"
    message = _("No account is selected, or none matches any more. Go back and select some.")


class SelectionChanged(RecoveryError):
    code = "selection_changed"
    message = _("Meanwhile other accounts match: now %(now)s. Look at them, then confirm again.")


class CountNotConfirmed(RecoveryError):
    code = "count_not_confirmed"
    message = _("Type how many accounts it is about: %(count)s.")


class JobHasEnded(RecoveryError):
    code = "job_has_ended"
    message = _("This job has ended already. Look at what came of it.")


class FileIsGone(RecoveryError):
    code = "file_is_gone"
    message = _("This file is not kept any more. Export it again.")


class FileMissing(RecoveryError):
    code = "file_missing"
    message = _("Choose the file with the table.")


class FileEmpty(RecoveryError):
    code = "file_empty"
    message = _("This file is empty. Save the table again, then bring it in.")


class FileTooLarge(RecoveryError):
    code = "file_too_large"
    message = _("This file is larger than %(limit)s. Split it, and bring in one part at a time.")


class NotATable(RecoveryError):
    code = "not_a_table"
    message = _("This is neither CSV nor XLSX. Save it as CSV (UTF-8) without a password.")


class NotInItsEncoding(RecoveryError):
    code = "not_in_its_encoding"
    message = _(
        "Line %(line)s is no %(encoding)s (byte %(byte)s of the file). Save it as “CSV UTF-8” in "
        "Excel, or with the character set “Unicode (UTF-8)” in LibreOffice."
    )


class QuotesDontPair(RecoveryError):
    code = "quotes_dont_pair"
    message = _(
        "In the row that begins on line %(line)s, the quotation marks don’t pair up. Correct it."
    )


class WorkbookBroken(RecoveryError):
    code = "workbook_broken"
    message = _(
        "This workbook can’t be read: it is damaged, or holds what no table needs. Open it, and "
        "save it as CSV (UTF-8)."
    )


class UnpacksTooLarge(RecoveryError):
    code = "unpacks_too_large"
    message = _("Unpacked, this workbook is larger than %(limit)s. Save its table alone, as CSV.")


class TooManyLines(RecoveryError):
    code = "too_many_lines"
    message = _("This table has more than %(limit)s rows. Split it, and bring in part by part.")


class NoRows(RecoveryError):
    code = "no_rows"
    message = _("There is nothing below the headings. Save the table again, with its rows.")


class NoColumnSaysWho(RecoveryError):
    code = "no_column_says_who"
    message = _(
        "No heading on line %(line)s says who is meant: it has to be “login name”, “staff number” "
        "or “address”. Found: %(found)s."
    )


class NoColumnOfAddresses(RecoveryError):
    code = "no_column_of_addresses"
    message = _(
        "No heading on line %(line)s says which address is to be added: it has to be “new "
        "address”. Found: %(found)s."
    )


class ColumnTwice(RecoveryError):
    code = "column_twice"
    message = _(
        "On line %(line)s, “%(column)s” says the same as a heading before it. Delete one column."
    )


class CellsDontFit(RecoveryError):
    code = "cells_dont_fit"
    message = _("This line has more than the %(at)s cells of its headings. Is a comma not quoted?")


class CellIsFormula(RecoveryError):
    code = "cell_is_formula"
    message = _("“%(at)s” holds a formula. Put in what it comes to, as a value.")


class CellNotText(RecoveryError):
    code = "cell_not_text"
    message = _("“%(at)s” holds a date, a fraction or the like. Write it as text.")


class CellTooLong(RecoveryError):
    code = "cell_too_long"
    message = _("“%(at)s” holds more than 320 letters, which no name or address has.")


class CellUnprintable(RecoveryError):
    code = "cell_unprintable"
    message = _("“%(at)s” holds a line break or a control character. Take it out.")


class NobodyNamed(RecoveryError):
    code = "nobody_named"
    message = _("This line doesn’t say who is meant. Fill it in or delete the line.")


class PersonUnknown(RecoveryError):
    code = "person_unknown"
    message = _("Nobody has that %(at)s. Compare it with the list of accounts.")


class PersonAmbiguous(RecoveryError):
    code = "person_ambiguous"
    message = _("Several people have that. Add a column that only one of them fits.")


class PeopleDiffer(RecoveryError):
    code = "people_differ"
    message = _("The cells of this line mean different people. Correct one of them.")


class NamedBefore(RecoveryError):
    code = "named_before"
    message = _("The same person as on line %(at)s, which is the one that counts.")


class AddressMalformed(RecoveryError):
    code = "address_malformed"
    message = _("That is no address that a mail could go to. Correct it.")


class AddressThere(RecoveryError):
    code = "address_there"
    message = _("That address is on their account already.")


class NoRoomForAddress(RecoveryError):
    code = "no_room_for_address"
    message = _("They have as many addresses as an account can hold. They have to remove one.")


class RowsRefused(RecoveryError):
    code = "rows_refused"
    message = _("Some rows are refused, so not all can be done. Do the good ones, or correct it.")


class NothingToDo(RecoveryError):
    code = "nothing_to_do"
    message = _("No row is left that anything would be done for. Correct the table and try again.")


class CountDiffers(RecoveryError):
    code = "count_differs"
    message = _("Type how many it will be done to: %(count)s. Look at them once more before.")


class _Blanks(dict[str, str]):
    """Stands in for values that were not kept."""

    def __missing__(self, key: str) -> str:
        return "…"


def text_of(code: str, **values: Any) -> str:
    """What a refusal's code says, with what is still known of it; empty if unknown."""
    for refusal in RecoveryError.__subclasses__():
        if refusal.code == code:
            return str(refusal.message) % _Blanks(values)
    return ""
