"""What a SIEM is told follows OCSF's own rules, and is one line, whatever was typed."""

import json
from datetime import UTC, datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from recovery import conf
from recovery.audit import ocsf
from recovery.audit.detail import ALWAYS, KEYS
from recovery.audit.ocsf import table
from recovery.enums import AuthenticatorKind, Operation, Outcome, Proofing
from recovery.models import AuditEvent, ChainEntry
from tests.plumbing.ocsf import validator
from tests.plumbing.ocsf.validator import complaints

TOKEN = "gV0pW3bq-t5kR8_yXa1Zc7Ls9Nd2Mf4Hj6Ke0Qu3Tw"
HOSTILE = '\r\n\x00\x1b[2J\x7f\x85\u2028\u202e"\\{}%s <134> Zoë 📱'


def entry(operation=Operation.SIGN_IN, outcome=Outcome.COMPLETED, **fields):
    """An event in its place in the chain, of which nothing is stored."""
    refusal = {"refusal": "wrong_code"} if outcome == Outcome.REFUSED else {}
    event = AuditEvent(pk=12, operation=operation, outcome=outcome, **refusal | fields)
    return ChainEntry(sequence=7, event=event, hash="ab" * 32)


def told(*args, **fields):
    return json.loads(ocsf.line_of(entry(*args, **fields)))


PEOPLE = {
    "actor_id": "3",
    "actor_name": "lena@example.org",
    "subject_id": "9",
    "subject_name": "rosa@example.org",
    "subject_tier": "privileged",
    "reason": "Lost the phone",
    "ticket": "HD-1",
    "proofing": Proofing.CALL_BACK,
    "source_address": "192.0.2.7",
    "user_agent": "Firefox on a desk",
    "session_digest": "5e55",
    "verified_by": AuthenticatorKind.TOTP,
    "authenticator": "recovery.totpauthenticator/7",
    "trace": "0123456789abcdef",
}


class TestRules:
    """What the schema says of the classes that we use (OCSF's repository, compiled)."""

    @pytest.mark.requirement("A27")
    @pytest.mark.parametrize("operation", Operation)
    def test_every_operation_fits(self, operation):
        for outcome in Outcome:
            assert complaints(told(operation, outcome, **PEOPLE)) == []
            assert complaints(told(operation, outcome)) == []

    @pytest.mark.requirement("A27")
    @given(data=st.data())
    def test_whatever_an_event_holds_it_fits_and_is_one_line(self, data):
        fields = data.draw(st.fixed_dictionaries({}, optional=FIELDS))
        operation = data.draw(st.sampled_from(Operation))
        keys = st.sampled_from(sorted(KEYS.get(operation, frozenset()) | ALWAYS))
        fields["detail"] = data.draw(st.dictionaries(keys, JSON))
        made = entry(operation, data.draw(st.sampled_from(Outcome)), **fields)

        line = ocsf.line_of(made)

        assert complaints(json.loads(line)) == []
        assert all(" " <= character <= "~" for character in line)

    @pytest.mark.requirement("A27")
    @pytest.mark.parametrize("version", conf.OCSF_VERSIONS)
    def test_each_version_that_may_be_set_is_followed(self, settings, version):
        settings.RECOVERY_OCSF_VERSION = version

        for operation in Operation:
            event = told(operation, **PEOPLE)
            assert (event["metadata"]["version"], complaints(event)) == (version, [])

    def test_the_versions_that_may_be_set_are_those_whose_rules_we_have(self):
        assert sorted(conf.OCSF_VERSIONS) == validator.VERSIONS

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"user": None}, "user: missing"),
            ({"reason": "x"}, "reason: unknown"),
            ({"time": "now"}, "time: 'now' is no timestamp_t"),
            ({"activity_id": 8}, "activity_id: 8 is not one of its values"),
            ({"activity_name": "Logoff"}, "activity_name: not the caption of activity_id"),
            ({"type_uid": 300202}, "type_uid: of another activity"),
            ({"category_uid": 6}, "category_uid: 6 is not one of its values"),
            ({"actor": {}}, "actor.: at_least_one of process"),
            ({"src_endpoint": {"ip": "desk"}}, "src_endpoint.ip: 'desk' does not read like ip_t"),
            ({"auth_factors": {}}, "auth_factors: not a list"),
            ({"is_remote": 1}, "is_remote: 1 is no boolean_t"),
        ],
    )
    def test_what_breaks_a_rule_is_noticed(self, change, complaint):
        found = complaints(told(**PEOPLE) | change)

        assert any(one.startswith(complaint) for one in found), found


FLAG = {"what": "user_flags", "of": "rosa"}


class TestWords:
    @pytest.mark.requirement("A27")
    def test_every_operation_has_its_class_and_activity(self):
        assert table.ACTIVITIES.keys() == set(Operation)

    def test_what_ocsf_has_no_word_for_has_ours_in_any_language(self):
        with translation.override("de"):
            event = told(Operation.SEND_RECOVERY_LINK)

        assert (event["activity_id"], event["activity_name"]) == (99, "Send a recovery link")

    def test_who_did_what_to_whom_from_where_on_which_grounds(self):
        at = datetime(2026, 11, 24, 19, 15, 33, 123456, tzinfo=UTC)

        event = told(Operation.ISSUE_PHONE_CODE, at=at, detail={"ended": 0}, **PEOPLE)

        assert event["type_uid"] == 300110
        assert event["time"] == 1_795_547_733_123
        assert event["actor"]["user"]["name"] == "lena@example.org"
        assert event["actor"]["session"] == {"uid": "5e55"}
        assert event["user"] == {"uid": "9", "name": "rosa@example.org", "type_id": 1}
        assert event["src_endpoint"] == {"ip": "192.0.2.7"}
        assert event["http_request"] == {"user_agent": "Firefox on a desk"}
        assert event["metadata"] == {
            "version": "1.8.0",
            "product": {"name": "Sparekey", "vendor_name": "Sparekey"},
            "log_name": "ledger",
            "uid": "ab" * 32,
            "sequence": 7,
            "event_code": "issue_phone_code",
            "correlation_uid": "0123456789abcdef",
            "original_time": "2026-11-24T19:15:33.123456Z",
        }
        assert event["unmapped"] == {
            "event": 12,
            "hash": "ab" * 32,
            "operation": "issue_phone_code",
            "outcome": "completed",
            "subject_tier": "privileged",
            "reason": "Lost the phone",
            "ticket": "HD-1",
            "proofing": "call_back",
            "verified_by": "totp",
            "authenticator": "recovery.totpauthenticator/7",
            "detail": {"ended": 0},
        }

    @pytest.mark.parametrize("operation", Operation)
    def test_nothing_that_the_ledger_knows_is_lost(self, operation):
        line = ocsf.line_of(entry(operation, Outcome.REFUSED, detail={"count": 4711}, **PEOPLE))

        assert [
            value for value in (*PEOPLE.values(), "wrong_code", "4711") if value not in line
        ] == []

    def test_a_refusal_names_its_code(self):
        event = told(outcome=Outcome.REFUSED, **PEOPLE)

        assert (event["status"], event["status_code"]) == ("Failure", "refused")
        assert event["status_detail"] == "wrong_code"
        assert (event["severity_id"], event["is_mfa"]) == (table.LOW, False)

    def test_an_alarm_about_the_ledger_is_a_critical_finding(self):
        event = told(Operation.RAISE_ALARM, detail={"finding": "cut_off", "incident": 4})

        assert (event["class_uid"], event["is_alert"]) == (2004, True)
        assert event["severity_id"] == table.CRITICAL
        assert event["finding_info"] == {"uid": "4", "title": "Sparekey: the ledger is cut_off"}

    def test_the_worker_and_commands_are_programs(self):
        assert told(actor_name="worker")["actor"] == {"app_name": "worker"}

    def test_a_network_is_no_address(self):
        assert told(source_address="2001:db8::/64")["src_endpoint"] == {"name": "2001:db8::/64"}

    @pytest.mark.parametrize(
        ("detail", "expected", "privileges"),
        [
            ({"what": "user_groups", "of": "rosa", "added": ["Lead"]}, 300501, ["Lead"]),
            ({"what": "user_groups", "of": "rosa", "removed": ["Lead"]}, 300502, ["Lead"]),
            (FLAG | {"was": {"is_staff": False}, "now": {"is_staff": True}}, 300501, ["is_staff"]),
            (FLAG | {"was": {"is_staff": True}, "now": {"is_staff": False}}, 300502, ["is_staff"]),
            ({"what": "group_permissions", "of": "Lead", "added": ["x.y"]}, 300601, ["x.y"]),
            ({"what": "group_permissions", "of": "Lead", "removed": ["x.y"]}, 300602, ["x.y"]),
            ({"what": "group_name", "of": "Lead", "was": "", "now": "Lead"}, 300699, []),
            ({}, 300502, []),
        ],
    )
    def test_rights_are_given_or_taken(self, detail, expected, privileges):
        event = told(Operation.CHANGE_RIGHTS, actor_id="3", actor_name="lena", detail=detail)

        assert (event["type_uid"], event["privileges"]) == (expected, privileges)
        assert complaints(event) == []
        holder = event.get("user") or event["group"]
        assert holder["name"] == detail.get("of", "unknown")

    @pytest.mark.parametrize(
        ("operation", "detail", "privileges"),
        [
            (Operation.INVITE_STAFF, {"role": "Lead"}, ["Lead"]),
            (Operation.CHANGE_ROLE, {"was": "Lead", "role": "Auditor"}, ["Auditor"]),
            (Operation.REMOVE_STAFF, {"was": "Lead"}, ["Lead"]),
        ],
    )
    def test_a_role_is_a_privilege(self, operation, detail, privileges):
        assert told(operation, detail=detail)["privileges"] == privileges

    def test_who_tries_to_sign_in_is_the_user_and_whoever_changes_an_account_is_not(self):
        lena = {"actor_id": "3", "actor_name": "lena"}

        assert told(Operation.SIGN_IN, **lena)["user"]["name"] == "lena"
        assert told(Operation.VETO, **lena)["user"] == {"name": "unknown", "type_id": 0}


class TestLine:
    @pytest.mark.requirement("A27")
    def test_what_is_typed_can_neither_break_the_line_nor_reach_a_terminal(self):
        line = ocsf.line_of(entry(reason=HOSTILE, detail={"count": HOSTILE}, user_agent=HOSTILE))

        assert all(" " <= character <= "~" for character in line)
        assert json.loads(line)["unmapped"]["reason"] == HOSTILE

    @pytest.mark.parametrize("behind", ['"', "\\", '"}', "\r\n", ""])
    def test_the_token_of_a_link_is_blotted_out_and_the_rest_is_not(self, behind):
        typed = f"they sent https://desk.example.org/account/link/{TOKEN}{behind}"

        line = ocsf.line_of(entry(reason=typed, detail={"filters": [typed]}, ticket="HD-1"))

        assert TOKEN not in line
        assert json.loads(line)["unmapped"]["ticket"] == "HD-1"

    def test_one_event_makes_one_line_however_often_it_is_sent(self):
        made = entry(**PEOPLE)

        assert ocsf.line_of(made) == ocsf.line_of(made)


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
FIELDS = {
    **dict.fromkeys(("actor_id", "actor_name", "subject_id", "subject_name"), TEXT),
    **dict.fromkeys(("reason", "ticket", "user_agent", "session_digest", "authenticator"), TEXT),
    "source_address": TEXT | st.ip_addresses().map(str),
    "proofing": st.sampled_from(["", *Proofing.values]),
    "verified_by": st.sampled_from(["", *AuthenticatorKind.values]),
    "at": st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is drawn apart
}
