import time
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from project.demo.cast import SIGN_INS
from project.demo.management.commands import totp as command
from project.demo.memory import Memory
from recovery import totp
from recovery.models import TotpAuthenticator

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.stock_user_model,  # the people of the demo are Django's own users
]

AMELIE = "amelie.roth"


@pytest.fixture
def somebody(db, var_dir):
    """A person whom the demo did not make, with an authenticator."""
    user = get_user_model().objects.create_user(AMELIE)
    return totp.bind(user, totp.new_key(), name="Phone")


@pytest.fixture
def marked(somebody):
    """The same person, as the demo would have left them."""
    memory = Memory.fresh(SIGN_INS)
    memory.save()
    TotpAuthenticator.objects.update(name=memory.authenticator_name)
    return somebody


def printed(name=AMELIE):
    out, err = StringIO(), StringIO()
    call_command("totp", name, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


@pytest.mark.parametrize("debug", [True, False])
def test_it_prints_a_code_that_is_good(marked, settings, debug):
    settings.DEBUG = debug
    code, said = printed()

    assert totp.verify(marked, typed=code)
    assert "Good for another" in said
    assert code not in said


def test_it_waits_for_a_code_that_was_not_used_yet(marked, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    assert totp.verify(marked, typed=totp.current_code(marked).reveal())

    def sleep(seconds):
        nonlocal now
        now += seconds

    monkeypatch.setattr(command.time, "sleep", sleep)
    code, said = printed()

    marked.refresh_from_db()
    assert totp.verify(marked, typed=code)
    assert "used already" in said


@pytest.mark.parametrize("debug", [True, False])
def test_somebody_whom_the_demo_did_not_make_has_none(somebody, settings, debug):
    settings.DEBUG = debug

    with pytest.raises(CommandError, match=r"made no amelie\.roth"):
        printed()


def test_a_copied_file_opens_no_other_database(somebody):
    """Somebody of that name is here, and the file names them; the mark is missing."""
    Memory.fresh(SIGN_INS).save()

    with pytest.raises(CommandError, match="in this database"):
        printed()


def test_a_mark_in_the_database_is_not_enough(marked, var_dir):
    (var_dir / "demo.json").unlink()

    with pytest.raises(CommandError, match="none yet"):
        printed()


def test_an_authenticator_of_their_own_is_not_the_demos(marked):
    TotpAuthenticator.objects.update(name="Demo app")

    with pytest.raises(CommandError, match="in this database"):
        printed()


def test_a_revoked_authenticator_makes_no_more_codes(marked):
    TotpAuthenticator.objects.update(
        confirmed=False, revoked_at="2026-01-01T00:00Z", revoked_because="reported_lost"
    )

    with pytest.raises(CommandError, match="was revoked"):
        printed()


def test_an_unknown_name_is_told_who_is_known(marked):
    with pytest.raises(CommandError, match=r"made no nobody. Whom it made: maya.lindqvist"):
        printed("nobody")
