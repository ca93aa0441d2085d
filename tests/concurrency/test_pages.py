"""The page that asks for a second factor, when many send it the same one at once."""

from collections import Counter

import pytest
from django.urls import reverse

from recovery import redemption, throttling, totp
from recovery.models import Account
from tests.concurrency import at_once
from tests.factories import phone_code
from tests.holder.visitor import be_patient, half, holder, one_time_code

pytestmark = [
    pytest.mark.concurrency,
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("N22"),
]

MANY = 16
LEADS_TO = {"backup code": "enrol", "phone code": "enrol", "one-time code": "my_recovery"}


def factor(who, kind):
    if kind == "one-time code":
        return one_time_code(who.app)
    return who.codes[0] if kind == "backup code" else phone_code(who.account)[1]


@pytest.fixture(params=["throttled", "with no throttle before it"])
def throttle(request, monkeypatch):
    """As it is, where few are compared, and without it, where all of them are."""
    if request.param == "throttled":
        return
    let_in = throttling.Admission(failures=1, admitted=True)
    monkeypatch.setattr(throttling, "admit", lambda **_: None)
    monkeypatch.setattr(throttling, "admits_source", lambda _: True)
    for module in (redemption, totp):
        monkeypatch.setattr(module, "count_attempt", lambda _: let_in)


@pytest.mark.parametrize("kind", LEADS_TO)
def test_of_many_requests_with_one_second_factor_one_passes_and_none_breaks(throttle, kind):
    who = holder()
    visitors = [half(who) for _ in range(MANY)]
    code = factor(who, kind)
    be_patient()
    for visitor in visitors:
        visitor.raise_request_exception = False

    answers = at_once(MANY, lambda number: visitors[number].give_code(code))

    assert Counter(answer.status_code for answer in answers) == {302: 1, 409: MANY - 1}
    inside = reverse(f"recovery:{LEADS_TO[kind]}")
    assert sum(visitor.get(inside).status_code == 200 for visitor in visitors) == 1
    left = 10 - (kind == "backup code")
    assert Account.objects.get(pk=who.account.pk).backup_codes_left == left
