"""Every route, every role, every method, and the answer that each is to get: one table."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from recovery.audit import alarms
from recovery.enums import (
    DESK_OPERATIONS,
    STAFF_OPERATIONS,
    JobKind,
    JobState,
    Operation,
    Outcome,
    Role,
)
from recovery.models import AuditEvent, Job
from tests import factories
from tests.console import desk
from tests.holder import visitor as visitors
from tests.holder.visitor import Visitor
from tests.plumbing.undone import undone

pytestmark = pytest.mark.django_db

# 302 leads to the sign-in page, or for those who are in, on; at the gate, to the enrolment.
# 403: not this role. 404: not there. 405: not by this method. 409: refused. 410: a link that opens
# nothing. 422: an empty form, handed back. The rows from a_password on are the account holder's.
TABLE = """
route         method stranger guest back owner flagged holder half unverified by_code gone no_role agent lead auditor reports super

home          GET    302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
home          POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
home          other  302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302

password      GET    200      200   200  200   200     200    200  200        200     200  302     302   302  302     302     302
password      POST   422      422   422  422   422     422    422  422        422     422  422     422   422  422     422     422
password      other  405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405

code          GET    302      302   302  302   302     302    200  302        302     302  302     302   302  302     302     302
code          POST   302      302   302  302   302     302    422  302        302     302  302     302   302  302     302     302
code          other  302      302   302  302   302     302    405  302        302     302  302     302   302  302     302     302

front         GET    302      302   302  302   302     302    302  302        302     302  200     200   200  200     200     200
front         POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
front         other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

app           GET    302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
app           POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
app           other  302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302

texts         GET    302      302   302  302   302     302    302  302        302     302  200     200   200  200     200     200
texts         POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
texts         other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

accounts      GET    302      302   302  302   302     302    302  302        302     302  403     200   200  200     200     200
accounts      POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
accounts      other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

account       GET    302      302   302  302   302     302    302  302        302     302  403     200   200  200     200     200
account       POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
account       other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

account_old   GET    302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
account_old   POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
account_old   other  302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302

operation     GET    302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
operation     POST   302      302   302  302   302     302    302  302        302     302  403     422   422  403     403     422
operation     other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

history       GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
history       POST   302      302   302  302   302     302    302  302        302     302  403     403   405  405     403     405
history       other  302      302   302  302   302     302    302  302        302     302  403     403   405  405     403     405

version       GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
version       POST   302      302   302  302   302     302    302  302        302     302  403     403   403  403     403     403
version       other  302      302   302  302   302     302    302  302        302     302  403     403   403  403     403     403

accounts_file GET    302      302   302  302   302     302    302  302        302     302  403     403   302  403     302     302
accounts_file POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
accounts_file other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

ledger        GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
ledger        POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
ledger        other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

event         GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
event         POST   302      302   302  302   302     302    302  302        302     302  403     403   403  403     403     403
event         other  302      302   302  302   302     302    302  302        302     302  403     403   403  403     403     403

event_old     GET    302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
event_old     POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
event_old     other  302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302

ledger_file   GET    302      302   302  302   302     302    302  302        302     302  403     403   302  302     403     302
ledger_file   POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
ledger_file   other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

review        GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
review        POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
review        other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

review_say    GET    302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
review_say    POST   302      302   302  302   302     302    302  302        302     302  403     403   404  404     403     404
review_say    other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

completeness  GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
completeness  POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
completeness  other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

integrity     GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
integrity     POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
integrity     other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

pictures      GET    302      302   302  302   302     302    302  302        302     302  403     200   200  200     200     200
pictures      POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
pictures      other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

bundle        GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     403     200
bundle        POST   302      302   302  302   302     302    302  302        302     302  403     403   422  422     403     422
bundle        other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

many          GET    302      302   302  302   302     302    302  302        302     302  403     403   404  403     404     404
many          POST   302      302   302  302   302     302    302  302        302     302  404     404   404  404     404     404
many          other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

jobs          GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     200     200
jobs          POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
jobs          other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

job           GET    302      302   302  302   302     302    302  302        302     302  403     403   404  403     404     404
job           POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
job           other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

job_progress  GET    302      302   302  302   302     302    302  302        302     302  403     403   404  403     404     404
job_progress  POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
job_progress  other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

job_cancel    GET    302      302   302  302   302     302    302  302        302     302  403     403   404  403     404     404
job_cancel    POST   302      302   302  302   302     302    302  302        302     302  403     403   404  403     404     404
job_cancel    other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

reports       GET    302      302   302  302   302     302    302  302        302     302  403     403   200  200     200     200
reports       POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
reports       other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

report        GET    302      302   302  302   302     302    302  302        302     302  403     403   200  403     200     200
report        POST   302      302   302  302   302     302    302  302        302     302  403     403   422  403     422     422
report        other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

job_file      GET    302      302   302  302   302     302    302  302        302     302  403     403   403  403     403     403
job_file      POST   302      302   302  302   302     302    302  302        302     302  403     403   403  403     403     403
job_file      other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

import        GET    302      302   302  302   302     302    302  302        302     302  403     403   200  403     200     200
import        POST   302      302   302  302   302     302    302  302        302     302  403     403   422  403     422     422
import        other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

import_like   GET    302      302   302  302   302     302    302  302        302     302  403     403   200  403     200     200
import_like   POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
import_like   other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

import_job    GET    302      302   302  302   302     302    302  302        302     302  403     403   200  403     200     200
import_job    POST   302      302   302  302   302     302    302  302        302     302  403     403   403  403     403     403
import_job    other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

import_wrong  GET    302      302   302  302   302     302    302  302        302     302  403     403   200  403     200     200
import_wrong  POST   302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
import_wrong  other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

nothing       GET    302      302   302  302   302     302    302  302        302     302  404     404   404  404     404     404
nothing       POST   302      302   302  302   302     302    302  302        302     302  404     404   404  404     404     404
nothing       other  302      302   302  302   302     302    302  302        302     302  404     404   404  404     404     404

incident      GET    302      302   302  302   302     302    302  302        302     302  403     403   200  403     403     200
incident      POST   302      302   302  302   302     302    302  302        302     302  403     403   422  403     403     422
incident      other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

sign_out      GET    302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405
sign_out      POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
sign_out      other  302      302   302  302   302     302    302  302        302     302  405     405   405  405     405     405

a_password    GET    200      200   200  200   200     200    200  200        200     200  200     200   200  200     200     200
a_password    POST   422      422   422  422   422     422    422  422        422     422  422     422   422  422     422     422
a_password    other  405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405

a_code        GET    302      200   302  200   200     200    302  200        200     302  200     200   200  200     200     200
a_code        POST   302      422   302  422   422     422    302  422        422     302  422     422   422  422     422     422
a_code        other  302      405   302  405   405     405    302  405        405     302  405     405   405  405     405     405

a_no_code     GET    302      200   302  200   200     200    302  200        200     302  200     200   200  200     200     200
a_no_code     POST   302      200   302  200   200     200    302  200        200     302  200     200   200  200     200     200
a_no_code     other  302      405   302  405   405     405    302  405        405     302  405     405   405  405     405     405

a_sign_out    GET    405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405
a_sign_out    POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
a_sign_out    other  405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405

a_link        GET    410      410   410  410   410     410    410  410        410     410  410     410   410  410     410     410
a_link        POST   410      410   410  410   410     410    410  410        410     410  410     410   410  410     410     410
a_link        other  405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405

a_veto        GET    410      410   410  410   410     410    410  410        410     410  410     410   410  410     410     410
a_veto        POST   410      410   410  410   410     410    410  410        410     410  410     410   410  410     410     410
a_veto        other  405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405

a_enrol       GET    302      302   200  302   302     302    302  302        200     302  302     302   302  302     302     302
a_enrol       POST   302      302   405  302   302     302    302  302        405     302  302     302   302  302     302     302
a_enrol       other  302      302   405  302   302     302    302  302        405     302  302     302   302  302     302     302

a_key         GET    302      302   405  302   302     302    302  302        405     302  302     302   302  302     302     302
a_key         POST   302      302   200  302   302     302    302  302        200     302  302     302   302  302     302     302
a_key         other  302      302   405  302   302     302    302  302        405     302  302     302   302  302     302     302

a_prove       GET    302      302   200  302   302     302    302  302        200     302  302     302   302  302     302     302
a_prove       POST   302      302   422  302   302     302    302  302        422     302  302     302   302  302     302     302
a_prove       other  302      302   405  302   302     302    302  302        405     302  302     302   302  302     302     302

a_codes       GET    302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
a_codes       POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
a_codes       other  302      302   405  302   302     302    302  302        405     302  302     302   302  302     302     302

a_finish      GET    302      302   200  302   302     302    302  302        200     302  302     302   302  302     302     302
a_finish      POST   302      302   422  302   302     302    302  302        422     302  302     302   302  302     302     302
a_finish      other  302      302   405  302   302     302    302  302        405     302  302     302   302  302     302     302

a_cancel      GET    405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405
a_cancel      POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
a_cancel      other  405      405   405  405   405     405    405  405        405     405  405     405   405  405     405     405

a_overview    GET    302      302   302  200   302     302    302  302        302     302  200     200   200  200     200     200
a_overview    POST   302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405
a_overview    other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_new_codes   GET    302      302   302  200   302     302    302  302        302     302  200     200   200  200     200     200
a_new_codes   POST   302      302   302  200   302     302    302  302        302     302  200     200   200  200     200     200
a_new_codes   other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_take        GET    302      302   302  200   302     302    302  302        302     302  200     200   200  200     200     200
a_take        POST   302      302   302  422   302     302    302  302        302     302  422     422   422  422     422     422
a_take        other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_new_app     GET    302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405
a_new_app     POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
a_new_app     other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_revoke      GET    302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405
a_revoke      POST   302      302   302  409   302     302    302  302        302     302  409     409   409  409     409     409
a_revoke      other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_address     GET    302      302   302  200   302     302    302  302        302     302  200     200   200  200     200     200
a_address     POST   302      302   302  422   302     302    302  302        302     302  422     422   422  422     422     422
a_address     other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_confirm     GET    302      302   302  200   302     302    302  302        302     302  200     200   200  200     200     200
a_confirm     POST   302      302   302  422   302     302    302  302        302     302  422     422   422  422     422     422
a_confirm     other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_remove      GET    302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405
a_remove      POST   302      302   302  409   302     302    302  302        302     302  409     409   409  409     409     409
a_remove      other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405

a_freeze      GET    302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405
a_freeze      POST   302      302   302  302   302     302    302  302        302     302  302     302   302  302     302     302
a_freeze      other  302      302   302  405   302     302    302  302        302     302  405     405   405  405     405     405
"""  # noqa: E501 - a table is read across

# What each role may do to an account holder when the form is filled in as it should be.
OPERATIONS = """
operation                 no_role agent lead auditor reports super

regenerate_backup_codes   403     200   200  403     403     200
issue_phone_code          403     200   200  403     403     200
send_recovery_link        403     302   302  403     403     302
withdraw_recovery_link    403     302   302  403     403     302
require_reenrolment       403     302   302  403     302     302
lift_reenrolment          403     302   302  403     302     302
report_authenticator_lost 403     302   302  403     403     302
invite_staff              403     403   302  403     403     302
change_role               403     403   302  403     403     302
remove_staff              403     403   302  403     403     302
confirm_staff             403     403   302  403     403     302
close_incident            403     403   302  403     403     302
"""

PATTERNS = {
    "": "home",
    "console/login/": "password",
    "console/login/code/": "code",
    "console/logout/": "sign_out",
    "console/": "front",
    "console/jsi18n/": "texts",
    "console/incidents/<int:incident_id>/": "incident",
    "console/^(?P<app_label>recovery)/$": "app",
    "console/recovery/account/": "accounts",
    "console/recovery/account/<path:object_id>/change/": "account",
    "console/recovery/account/<path:object_id>/": "account_old",
    "console/recovery/account/<int:account_id>/operations/<slug:operation>/": "operation",
    "console/recovery/account/<path:object_id>/history/": "history",
    "console/recovery/account/^([^/]+)/history/([^/]+)/$": "version",
    "console/recovery/account/export/": "accounts_file",
    "console/recovery/account/many/": "many",
    "console/jobs/": "jobs",
    "console/jobs/<int:job_id>/": "job",
    "console/jobs/<int:job_id>/progress/": "job_progress",
    "console/jobs/<int:job_id>/cancel/": "job_cancel",
    "console/recovery/auditevent/": "ledger",
    "console/recovery/auditevent/<path:object_id>/change/": "event",
    "console/recovery/auditevent/<path:object_id>/": "event_old",
    "console/recovery/auditevent/export/": "ledger_file",
    "console/recovery/reviewitem/": "review",
    "console/recovery/reviewitem/<slug:operation>/": "review_say",
    "console/bundle/": "bundle",
    "console/imports/": "import",
    "console/imports/example/<slug:operation>.csv": "import_like",
    "console/imports/<int:job_id>/": "import_job",
    "console/imports/<int:job_id>/problems.csv": "import_wrong",
    "console/completeness/": "completeness",
    "console/integrity/": "integrity",
    "console/reports/": "reports",
    "console/reports/<slug:name>/": "report",
    "console/jobs/<int:job_id>/file/": "job_file",
    "console/pictures/": "pictures",
    "console/(?P<url>.*)$": "nothing",
    "account/sign-in/": "a_password",
    "account/sign-in/code/": "a_code",
    "account/sign-in/no-code/": "a_no_code",
    "account/sign-out/": "a_sign_out",
    "account/link/<str:token>/": "a_link",
    "account/not-me/<str:token>/": "a_veto",
    "account/enrol/": "a_enrol",
    "account/enrol/key/": "a_key",
    "account/enrol/prove/": "a_prove",
    "account/enrol/codes/": "a_codes",
    "account/enrol/finish/": "a_finish",
    "account/enrol/cancel/": "a_cancel",
    "account/recovery/": "a_overview",
    "account/recovery/codes/": "a_new_codes",
    "account/recovery/codes/take/": "a_take",
    "account/recovery/authenticator/": "a_new_app",
    "account/recovery/authenticator/<int:pk>/revoke/": "a_revoke",
    "account/recovery/address/": "a_address",
    "account/recovery/address/<int:pk>/confirm/": "a_confirm",
    "account/recovery/address/<int:pk>/remove/": "a_remove",
    "account/recovery/freeze/": "a_freeze",
}
"""Each pattern of the URLconf, and what it is called in the table."""

METHODS = {"GET": ("get", "head"), "POST": ("post",), "other": ("put", "delete", "patch")}


def paths(account, event):
    """Return one address for each route of the table."""
    table_at = f"/console/imports/{factories.table().pk}/"
    account_at, event_at = f"{desk.ACCOUNTS}{account.pk}/", f"{desk.LEDGER}{event.pk}/"
    return {
        "home": "/",
        "password": desk.LOGIN,
        "code": desk.CODE_PAGE,
        "sign_out": "/console/logout/",
        "front": desk.FRONT,
        "texts": "/console/jsi18n/",
        "incident": f"/console/incidents/{alarms.raise_alarm('changed', 7).pk}/",
        "app": "/console/recovery/",
        "accounts": desk.ACCOUNTS,
        "account": f"{account_at}change/",
        "account_old": account_at,
        "operation": f"{account_at}operations/{Operation.ISSUE_PHONE_CODE}/",
        "history": f"{account_at}history/",
        "version": f"{account_at}history/{account.history.earliest().pk}/",
        "accounts_file": f"{desk.ACCOUNTS}export/",
        "many": f"{desk.ACCOUNTS}many/",
        "jobs": "/console/jobs/",
        "job": "/console/jobs/0/",
        "job_progress": "/console/jobs/0/progress/",
        "job_cancel": "/console/jobs/0/cancel/",
        "ledger": desk.LEDGER,
        "event": f"{event_at}change/",
        "event_old": event_at,
        "ledger_file": f"{desk.LEDGER}export/",
        "review": desk.REVIEW,
        "review_say": f"{desk.REVIEW}{Operation.SIGN_OFF_EVENT}/",
        "bundle": "/console/bundle/",
        "import": "/console/imports/",
        "import_like": f"/console/imports/example/{Operation.LIFT_REENROLMENT}.csv",
        "import_job": table_at,
        "import_wrong": f"{table_at}problems.csv",
        "completeness": "/console/completeness/",
        "integrity": "/console/integrity/",
        "reports": "/console/reports/",
        "report": "/console/reports/coverage/",
        "job_file": f"/console/jobs/{somebodys_export().pk}/file/",
        "pictures": "/console/pictures/",
        "nothing": "/console/nothing/here/",
        **{name: account_path(pattern) for pattern, name in PATTERNS.items() if name[:2] == "a_"},
    }


def somebodys_export():
    """A file that waits for somebody who is none of the roles."""
    return Job.objects.create(
        kind=JobKind.EXPORT,
        operation=Operation.EXPORT_ACCOUNTS,
        state=JobState.DONE,
        owner=factories.user(),
        file_kept_until=timezone.now() + timedelta(days=1),
    )


def account_path(pattern):
    """Fill an address of the account holder's in, with nothing that is there."""
    return "/" + pattern.replace("<str:token>", "no-such-token").replace("<int:pk>", "0")


def holder():
    """Somebody who signed in to the host project and is no staff."""
    client = Client()
    client.force_login(factories.user())
    return client


def half():
    """A right password, and no more."""
    return desk.half_signed_in(desk.member(Role.AGENT))


def unverified():
    """Staff whom the host project signed in by password: the trap of stack-notes D4.1."""
    client = Client()
    client.force_login(desk.member(Role.AGENT))
    return client


def by_code():
    """Staff whose session the host project verified by a backup code."""
    return desk.verified_by_a_backup_code(desk.member(Role.AGENT))


def gone():
    """Staff who were deactivated while they were signed in."""
    person = desk.member(Role.AGENT)
    client = desk.signed_in(person)
    type(person)._default_manager.filter(pk=person.pk).update(is_active=False)
    return client


def guest():
    """An account holder's right password, and no more."""
    visitor = Visitor()
    visitor.give_password(visitors.holder())
    return visitor


def back():
    """An account holder who came back by a backup code, in their recovery session."""
    visitor = Visitor()
    visitor.recover_by_code(visitors.holder())
    return visitor


def owner():
    """An account holder who signed in with both factors."""
    visitor = Visitor()
    visitor.sign_in(visitors.holder())
    return visitor


def flagged():
    """The same, made to re-enrol since."""
    who, visitor = visitors.holder(), Visitor()
    visitor.sign_in(who)
    factories.flag(who.account)
    return visitor


ROLES = {
    "stranger": Client,
    "guest": guest,
    "back": back,
    "owner": owner,
    "flagged": flagged,
    "holder": holder,
    "half": half,
    "unverified": unverified,
    "by_code": by_code,
    "gone": gone,
    "no_role": lambda: desk.signed_in(desk.member()),
    "agent": lambda: desk.as_role(Role.AGENT),
    "lead": lambda: desk.as_role(Role.LEAD),
    "auditor": lambda: desk.as_role(Role.AUDITOR),
    "reports": lambda: desk.as_role(Role.REPORT_ADMINISTRATOR),
    "super": lambda: desk.signed_in(desk.member(is_superuser=True)),
}


def rows(table: str) -> list[dict[str, str]]:
    head, *lines = [line.split() for line in table.splitlines() if line]
    return [dict(zip(head, line, strict=True)) for line in lines]


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from patterns(entry, route)


@pytest.mark.requirement("P10")
def test_every_route_is_in_the_table():
    assert set(patterns(get_resolver())) == set(PATTERNS)
    assert {row["route"] for row in rows(TABLE)} == set(PATTERNS.values())


@pytest.mark.requirement("P10")
def test_every_route_says_how_it_answers_each_method():
    listed = {(row["route"], row["method"]) for row in rows(TABLE)}

    assert listed == {(route, method) for route in PATTERNS.values() for method in METHODS}


@pytest.mark.requirement("P10")
def test_every_operation_of_the_desk_is_in_the_table():
    assert {row["operation"] for row in rows(OPERATIONS)} == {*DESK_OPERATIONS, *STAFF_OPERATIONS}


@pytest.mark.requirement("P10")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_the_answer_of_the_table(role):
    account = factories.account()
    client, at = ROLES[role](), paths(account, first_event())

    unlike = [
        f"{method} {row['route']}: {status}, and not {row[role]}"
        for row in rows(TABLE)
        for method in METHODS[row["method"]]
        if (status := answer(client, method, at[row["route"]])) != row[role]
    ]

    assert unlike == []


def answer(client, method, path):
    """Say what a request is answered, and undo whatever it did: each row starts alike."""
    cookies = deepcopy(client.cookies)
    with undone():
        status = getattr(client, method)(path).status_code
    client.cookies = cookies
    return str(status)


@pytest.mark.requirement("P10")
@pytest.mark.parametrize("role", ["no_role", "agent", "lead", "auditor", "reports", "super"])
@pytest.mark.parametrize("row", rows(OPERATIONS), ids=lambda row: row["operation"])
def test_each_role_can_do_what_the_table_says(role, row):
    operation = Operation(row["operation"])
    subject, client = desk.subject_of(operation), ROLES[role]()
    values = complete(subject, operation, client)
    before = factories.snapshot()

    response = client.post(desk.target_of(subject, operation), values)

    assert str(response.status_code) == row[role]
    if row[role] == "403":
        assert factories.snapshot() == before
        assert factories.last_event(operation=operation).refusal == "permission_missing"
    else:
        assert factories.last_event(operation=operation).outcome == Outcome.COMPLETED


def first_event() -> AuditEvent:
    desk.as_role(Role.AGENT)
    return AuditEvent.objects.earliest("pk")


def complete(subject, operation, client):
    """Fill the form in; one without the page has to make up the mark."""
    if client.get(desk.page_of(subject)).status_code == 200:
        return desk.filled(client, subject, operation)
    return {"reason": "Curious", "proofing": "call_back", "form_mark": "none"}
