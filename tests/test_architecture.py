"""Promises over all of the code: what no single test could hold."""

import ast
import inspect
import re
import tokenize
from pathlib import Path

import pytest

from recovery import actions, errors, notices, policy
from recovery.actions import IssuedCodes
from recovery.audit.detail import KEYS
from recovery.enums import (
    DESK_OPERATIONS,
    EXPORT_OPERATIONS,
    GRANTED_OPERATIONS,
    STAFF_OPERATIONS,
    Operation,
    Proofing,
)
from recovery.models import AuditEvent

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("recovery", "console", "project")

RECORDED_ONLY = {
    Operation.SIGN_IN: "decided by the password and the one-time code",
    Operation.STEP_UP: "decided by the one-time code",
    Operation.SIGN_OUT: "nobody is refused to leave",
    Operation.REDEEM_BACKUP_CODE: "decided by the code, inside django-otp's transaction",
    Operation.REDEEM_PHONE_CODE: "decided by the code, inside django-otp's transaction",
    Operation.KILL_BACKUP_CODES: "follows from the hundredth failure",
    Operation.KILL_AUTHENTICATOR: "follows from the hundredth failure",
    Operation.HAND_OVER_RECOVERY_LINK: "the worker reports what happened",
    Operation.CANCEL_RECOVERY_LINK: "the worker reports what happened",
    Operation.EXPIRE_RECOVERY_LINK: "the worker reports what happened",
    Operation.EXPIRE_PHONE_CODE: "the worker reports what happened",
    Operation.DELIVER_NOTICE: "the worker reports what happened",
    Operation.HOLDER_SIGN_IN: "decided by the password and the second factor",
    Operation.HOLDER_STEP_UP: "decided by the one-time code",
    Operation.HOLDER_SIGN_OUT: "nobody is refused to leave",
    Operation.ASK_RECOVERY_LINK: "decided by the worker, by rules of its own",
    Operation.NOTE_FAILED_ATTEMPTS: "follows from the failures",
    Operation.OPEN_ACCOUNT: "the page's own permission decides; this says that it was seen",
    Operation.SEARCH_ACCOUNTS: "the list's own permission decides; this says what was sought",
    Operation.READ_LEDGER: "the ledger's own permission decides; this says that it was read",
    Operation.OPEN_EVENT: "the ledger's own permission decides; this says that it was read",
    Operation.CHANGE_RIGHTS: "done by whoever writes groups and users; this says that it was",
    Operation.START_SERVICE: "whoever starts a process could do anything",
    Operation.STOP_SERVICE: "whoever stops a process could do anything",
    Operation.CHAIN_LEDGER: "a migration reports what it did",
    Operation.RAISE_ALARM: "the worker reports what it found",
    Operation.CANCEL_JOB: "whose job it is decides",
    Operation.FINISH_JOB: "the worker reports what happened",
    Operation.DELETE_EXPORT: "the worker reports what happened",
}
ANNOUNCED = {
    *DESK_OPERATIONS,
    *STAFF_OPERATIONS,
    Operation.REDEEM_BACKUP_CODE,
    Operation.REDEEM_PHONE_CODE,
    Operation.KILL_BACKUP_CODES,
    Operation.ASK_RECOVERY_LINK,
    Operation.KILL_AUTHENTICATOR,
    Operation.OPEN_RECOVERY_LINK,
    Operation.BIND_AUTHENTICATOR,
    Operation.TAKE_BACKUP_CODES,
    Operation.REVOKE_AUTHENTICATOR,
    Operation.ADD_ADDRESS,
    Operation.IMPORT_ADDRESS,
    Operation.CONFIRM_ADDRESS,
    Operation.REMOVE_ADDRESS,
    Operation.FREEZE_RECOVERY,
    Operation.VETO,
    Operation.NOTE_FAILED_ATTEMPTS,
    Operation.ENROL_STAFF,
    Operation.ADOPT_AUTHENTICATOR,
    Operation.ADOPT_BACKUP_CODES,
}
SEEN_ON_THE_LEDGER = {"view_event_people", "view_event_sources"}
WITHOUT_AN_ACTOR = {
    "open_recovery_link": "a claimant comes with a token, and has proven nothing else",
    "veto": "whoever reads the account's mail, without a sign-in",
}
ABOUT_AN_EVENT = {
    "sign_off_event": "the item says which event; a comment is the reason",
    "escalate_event": "the item says which event; a comment is the reason",
}
ABOUT_THE_LEDGER = {"export_events": "a part of the ledger, and nobody's account"}
REVEALING = {
    "recovery/codes.py": "compares, and splits into groups for the page",
    "recovery/hashers.py": "hashes",
    "recovery/encryption.py": "encrypts",
    "recovery/links.py": "digests",
    "recovery/vetoes.py": "reads what a signed link is about",
    "recovery/views/enrolment.py": "shows a key and codes in the one answer that does",
    "recovery/mails.py": "writes the address of a link into its mail",
    "recovery/totp.py": "computes one-time codes, and what an app reads",
    "recovery/qr.py": "draws what an app reads",
    "recovery/management/commands/enrol_staff.py": "shows the key once, in the terminal",
    "project/demo/management/commands/totp.py": "shows the code of an invented person",
    "project/demo/standings.py": "redeems the code of an invented person",
}
RECORDING = {
    *("append", "append_failure", "audited", "require_permission"),
    *("note_read", "note_refused"),
}
RECORDERS = {
    "console/admin/many.py: ActingOnMany.asked": "refused before the form is looked at",
    "console/admin/operating.py: Operating.operate": "refused before the form is looked at",
    "console/admin/reviews.py: ReviewItemAdmin.require": "refused before the form is looked at",
    "console/bundles.py: bundle": "refused before there is a file to make",
    "console/dialogs.py: Dialog.require_permission": "refused before the form is looked at",
    "console/dialogs.py: Dialog._grounds": "a form that came from no page of ours calls no verb",
    "console/import_pages.py: _bring_in": "a form that came from no page of ours calls no verb",
    "console/import_pages.py: import_page": "refused before there is a table to look at",
    "console/import_preview.py: _refused": "refused before the form is looked at",
    "console/import_preview.py: _give_word": "a form that came from no page of ours calls no verb",
    "console/incidents.py: incident_page": "refused before the form is looked at",
    "console/middleware.py: _keep_or_end": "a session that ran out is a sign-out",
    "console/recording.py: refusals": "a page that a role does not open is refused by Django",
    "console/recording.py: seen": "what is shown is no operation, and decided by the page",
    "console/reporting/pages.py: require": "refused before the form is looked at",
    "console/sign_in.py: OneTimeCodeView.accept": "a session of the desk begins with two pages",
    "console/sites.py: ConsoleSite.logout": "and ends with one",
    "console/step_up.py: prove": "the proof is the session's, and no operation",
    "console/step_up.py: verified": "a wrong code, at sign-in and at step-up",
}
WRITING = {
    *("create", "bulk_create", "get_or_create", "save", "delete", "execute"),
    *("update", "bulk_update", "update_or_create", "select_for_update", "raw"),
}
NO_ROWS = {
    "console/reporting/forms.py: AccountFilters": "names of fields, into a class",
    "console/sign_in.py: OneTimeCodeView.accept": "its own session, for the key on the event",
}
LONG_MODULES = {
    "recovery/checks.py": "a list of checks, and what each asks",
    "recovery/conf.py": "every setting, with its unit and why",
    "recovery/audit/inventory.py": "one entry for each operation, read like a table",
    "recovery/errors.py": "a list of refusals, read top to bottom",
    "recovery/enums.py": "the closed vocabularies, side by side",
    "recovery/audit/bundle.py": "what is written, file by file, beside how",
    "recovery/audit/verifier.py": "one file, so that an auditor can carry it away and read it",
    "recovery/models/accounts.py": "one row of state, with all of its constraints",
    "recovery/views/session.py": "all that a session may remember of somebody",
    "recovery/views/my_recovery.py": "one small page for each thing that people do themselves",
    "recovery/policy.py": "rules and their table belong on one page",
    "project/settings.py": "every setting, read once",
    "project/checks.py": "a list of checks",
    "console/dialogs.py": "every operation as a dialog",
    "console/forms.py": "one form per operation",
    "console/account_card.py": "what an agent sees of one account",
}
LONGEST_MODULE, LONGEST_FUNCTION = 200, 25

SILENCING = re.compile(r"#\s*(?:(?:ruff:\s*|flake8:\s*)?noqa|type:\s*ignore)", re.IGNORECASE)
WITH_REASON = re.compile(
    r"# noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \S|# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \S"
)

LOOKS = {"look_at_link", "look_at_veto", "outlook_of_many"}
"""They change nothing, and record only what is refused, or nothing."""
ABOUT_JOBS = {"act_on_many": {"grounds", "operation", "selection"}, "cancel_job": {"job"}}
"""Verbs that begin or end what the worker does, with what they are about."""
OF_MANY = {
    "require_reenrolment_of_many": "require_reenrolment",
    "lift_reenrolment_of_many": "lift_reenrolment",
    "send_recovery_links_to_many": "send_recovery_link",
    "withdraw_recovery_links_of_many": "withdraw_recovery_link",
}
"""Verbs that do to many what another does to one: one operation, one permission, one rule."""
OF_THE_REPORT = {"export_report", "export_workbook", "fetch_export"}
"""The report says which of the exports it is."""
NO_VERBS = LOOKS | OF_THE_REPORT
ALL_VERBS = [
    getattr(actions, name) for name in actions.__all__ if name.islower() and name not in NO_VERBS
]
VERBS = [verb for verb in ALL_VERBS if verb.__name__ not in OF_MANY]


def sources(*packages):
    """Read the modules of some packages; migrations are made by a machine."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def written():
    """Find every module that people wrote, tests and benchmarks included."""
    folders = [ROOT / package for package in (*PRODUCT, "benchmarks", "tests")]
    found = [path for folder in folders for path in folder.rglob("*.py")]
    return [ROOT / "manage.py", *(path for path in found if "migrations" not in path.parts)]


def comments(path):
    """Read the comments of a module, each with its line."""
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def nodes(*packages):
    """Walk the syntax trees of some packages."""
    for name, source in sources(*packages):
        for node in ast.walk(ast.parse(source)):
            yield name, node


def calls(*packages):
    """Name what is called, each with the class and function that it is called in."""
    for name, source in sources(*packages):
        yield from _calls_below(ast.parse(source), name, ())


def refusals(base=errors.RecoveryError):
    """Find every kind of refusal."""
    for refusal in base.__subclasses__():
        yield refusal
        yield from refusals(refusal)


def is_their_own(operation):
    """Say whether people do it to their own account, and so owe nobody a reason."""
    return policy.is_their_own in policy.RULES[Operation(operation)]


class TestOperations:
    def test_each_has_rules_or_a_reason_to_have_none(self):
        assert set(Operation) == set(policy.RULES) | set(RECORDED_ONLY)
        assert not set(policy.RULES) & set(RECORDED_ONLY)

    @pytest.mark.parametrize("operation", policy.RULES, ids=str)
    def test_none_is_free_for_all(self, operation):
        assert policy.RULES[operation]

    @pytest.mark.parametrize("operation", DESK_OPERATIONS + STAFF_OPERATIONS, ids=str)
    def test_what_a_desk_does_asks_for_everything_that_a_desk_must_show(self, operation):
        asked = policy.RULES[operation]
        looks_into = operation in {Operation.CONFIRM_STAFF, Operation.CLOSE_INCIDENT}

        assert set(policy.LOOKING_INTO if looks_into else policy.DESK) <= set(asked)
        assert asked[0] is policy.holds_permission

    def test_each_rule_of_a_permission_has_one_to_ask_for(self):
        asking = {
            operation
            for operation, rules in policy.RULES.items()
            if policy.holds_permission in rules
        }
        permissions = {codename for codename, _ in AuditEvent._meta.permissions}

        assert asking == set(GRANTED_OPERATIONS)
        assert permissions - SEEN_ON_THE_LEDGER == {operation.value for operation in asking}

    def test_exports_ask_for_a_verified_and_fresh_session(self):
        for operation in EXPORT_OPERATIONS:
            assert policy.RULES[operation] == policy.REPORTING

    def test_each_has_a_closed_list_of_details(self):
        silent = {Operation.SIGN_IN, Operation.STEP_UP, Operation.SIGN_OUT}
        silent.add(Operation.HOLDER_SIGN_OUT)

        assert set(Operation) - silent <= set(KEYS)

    @pytest.mark.requirement("N6")
    def test_each_that_touches_a_person_is_announced_in_words(self):
        assert set(notices.WHAT_HAPPENED) == ANNOUNCED
        assert all(str(text).endswith(".") for text in notices.WHAT_HAPPENED.values())

    def test_a_name_fits_a_permission_a_column_and_an_address(self):
        for operation in Operation:
            assert operation.value.islower()
            assert operation.value.isidentifier()
            assert len(operation.value) <= 40


class TestVerbs:
    @pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
    def test_each_is_named_for_its_operation_and_says_who_whom_and_why(self, verb):
        parameters = inspect.signature(verb).parameters

        assert verb.__name__ in Operation
        assert all(one.kind is one.KEYWORD_ONLY for one in parameters.values())
        if verb.__name__ in ABOUT_AN_EVENT:
            assert {"actor", "item", "comment"} <= parameters.keys()
        elif verb.__name__ in ABOUT_THE_LEDGER:
            assert {"actor", "file"} <= parameters.keys()
        elif verb.__name__ in ABOUT_JOBS:
            assert {"actor", *ABOUT_JOBS[verb.__name__]} <= parameters.keys()
        elif verb.__name__ not in WITHOUT_AN_ACTOR:
            assert {"actor", "subject"} <= parameters.keys()
            assert ("grounds" in parameters) != is_their_own(verb.__name__)

    @pytest.mark.parametrize("name", OF_MANY)
    def test_one_of_many_says_what_the_verb_by_hand_says_and_nothing_is_optional_but_how(
        self, name
    ):
        by_hand = inspect.signature(getattr(actions, OF_MANY[name])).parameters
        parameters = inspect.signature(getattr(actions, name)).parameters

        assert OF_MANY[name] in Operation
        assert all(one.kind is one.KEYWORD_ONLY for one in parameters.values())
        needed = {one.name for one in parameters.values() if one.default is one.empty}
        assert needed == {"actor", "subjects", "grounds"}
        assert parameters.keys() - needed - by_hand.keys() == {"all_or_nothing", "also"}

    @pytest.mark.parametrize("verb", ALL_VERBS, ids=lambda verb: verb.__name__)
    def test_each_says_its_effect(self, verb):
        assert verb.__doc__.partition("\n")[0].rstrip().endswith((".", ":"))

    def test_codes_come_out_of_two_verbs_only(self):
        issuing = {
            verb.__name__
            for verb in VERBS
            if inspect.signature(verb, eval_str=False).return_annotation == IssuedCodes.__name__
        }

        assert issuing == {"regenerate_backup_codes", "issue_phone_code"}


class TestRefusals:
    def test_each_has_a_code_of_its_own(self):
        codes = [refusal.code for refusal in refusals()]

        assert len(codes) == len(set(codes))
        assert "refused" not in codes
        assert all(len(code) <= 40 for code in codes)

    @pytest.mark.parametrize("refusal", list(refusals()), ids=lambda refusal: refusal.code)
    def test_each_says_in_words_what_to_do(self, refusal):
        assert "message" in vars(refusal)
        assert len(str(refusal.message)) > 20
        assert "successfully" not in str(refusal.message)


@pytest.mark.requirement("A9", "S1")
def test_no_question_about_the_person_counts_as_proof():
    assert set(Proofing.values) == {
        "call_back",
        "read_back",
        "colleague_vouches",
        "in_person",
        "own_authenticator",
        "not_proven",
    }


class TestSecrets:
    @pytest.mark.requirement("N28")
    def test_the_systems_generator_and_nothing_else_makes_them(self):
        forbidden = {"random", "uuid", "numpy", "django.utils.crypto"}
        found = [
            (name, module)
            for name, node in nodes("recovery", "console")
            for module in _imported(node)
            if module in forbidden or module.partition(".")[0] == "random"
            if not name.startswith("recovery/seeding/")  # invents people, and makes no secret
        ]

        assert found == []

    @pytest.mark.requirement("N28")
    def test_no_other_call_makes_random_text(self):
        forbidden = {"urandom", "get_random_string", "make_random_password", "uuid4", "uuid1"}
        found = [
            (name, node.attr)
            for name, node in nodes("recovery", "console")
            if isinstance(node, ast.Attribute) and node.attr in forbidden
        ]

        assert found == []

    @pytest.mark.requirement("N7")
    def test_they_are_revealed_in_a_handful_of_places(self):
        revealing = {
            name
            for name, node in nodes(*PRODUCT)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "reveal"
        }

        assert revealing <= set(REVEALING)

    @pytest.mark.requirement("N7", "A28")
    def test_nothing_is_printed_or_dumped(self):
        calls = [
            (name, node.lineno)
            for name, node in nodes("recovery", "console")
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"print", "pprint", "breakpoint"}
        ]

        assert calls == []


class TestHouse:
    def test_the_domain_knows_no_page_and_no_file_format(self):
        above = {"console", "project", "unfold", "import_export", "tests"}
        found = [
            (name, module)
            for name, node in nodes("recovery")
            for module in _imported(node)
            if module.partition(".")[0] in above
        ]

        assert found == []

    def test_requests_stop_at_the_door_of_the_domain(self):
        doors = ("views/", "middleware/", "forms.py", "csrf.py", "apps.py", "templatetags/")
        seeing = {
            name
            for name, node in nodes("recovery")
            for module in _imported(node)
            if module.startswith("django.http")
        }

        assert all(name.removeprefix("recovery/").startswith(doors) for name in seeing), seeing

    def test_the_console_opens_no_transaction(self):
        forbidden = {
            "django.db.connection",
            "django.db.connections",
            "django.db.transaction",
            "recovery.code_sets",
            "recovery.hashers",
            "recovery.models.audit",
        }
        found = [
            (name, module)
            for name, node in nodes("console")
            for module in _imported(node)
            if module in forbidden or module.startswith("recovery.audit.ledger")
        ]

        assert found == []
        assert not [where for where, called in calls("console") if called in {"atomic", "cursor"}]

    def test_the_console_writes_no_row(self):
        writing = {where for where, called in calls("console") if called in WRITING}

        assert writing == set(NO_ROWS)

    def test_the_console_puts_on_the_ledger_what_no_verb_does_and_nothing_else(self):
        recording = {where for where, called in calls("console") if called in RECORDING}

        assert recording == set(RECORDERS)

    def test_no_module_is_longer_than_a_few_pages_without_a_reason(self):
        long = {name for name, source in sources(*PRODUCT) if source.count("\n") > LONGEST_MODULE}

        assert long <= set(LONG_MODULES)

    def test_no_function_is_longer_than_a_screen(self):
        long = [
            f"{name}: {node.name}"
            for name, node in nodes(*PRODUCT)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and _lines(node) > LONGEST_FUNCTION
        ]

        assert long == []

    def test_each_exception_from_a_check_names_it_and_says_why(self):
        bare = [
            f"{path.relative_to(ROOT)}:{line}: {comment}"
            for path in sorted(written())
            for line, comment in comments(path)
            if SILENCING.search(comment) and not WITH_REASON.search(comment)
        ]

        assert bare == []

    def test_no_comment_puts_anything_off(self):
        found = [
            name
            for name, source in sources(*PRODUCT)
            if any(word in source for word in ("TODO", "FIXME", "XXX", "HACK"))
        ]

        assert found == []


def _calls_below(node, module, names):
    for child in ast.iter_child_nodes(node):
        is_named = isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(child, ast.Call):
            yield f"{module}: {'.'.join(names)}", _called(child.func)
        yield from _calls_below(child, module, (*names, child.name) if is_named else names)


def _called(function):
    """The name of what is called; of what a list or a set does by itself, nothing."""
    if isinstance(function, ast.Attribute):
        of_ledger = isinstance(function.value, ast.Name) and function.value.id == "audit"
        return function.attr if of_ledger or function.attr != "append" else ""
    return getattr(function, "id", "")


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _lines(function):
    """Count the lines of a function's body, its docstring left out."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0
