"""A server's door stays shut while a check of ours fails, and opens when none does."""

import pytest

from tests.project.production import run_python

DOORS = ["wsgi", "asgi"]


@pytest.mark.parametrize("door", DOORS)
def test_a_site_in_order_is_served(door):
    served = run_python("-c", f"from project.{door} import application; print(application)")

    assert served.returncode == 0, served.stderr
    assert "Handler" in served.stdout


@pytest.mark.parametrize("door", DOORS)
def test_a_site_with_debug_on_is_not_served(door):
    refused = run_python("-c", f"import project.{door}", DEBUG=None)

    assert refused.returncode != 0
    assert "project.E001" in refused.stderr
    assert "Set DEBUG=False." in refused.stderr


def test_every_mistake_is_told_at_once():
    refused = run_python(
        "-c", "import project.wsgi", SECRET_KEY=None, BASE_URL="http://desk", EMAIL_URL=None
    )

    assert refused.returncode != 0
    assert all(
        number in refused.stderr for number in ("project.E002", "project.E004", "project.E010")
    )


def test_an_error_of_the_domain_shuts_the_door_too():
    refused = run_python("-c", "import project.wsgi", TICKET_PATTERN="(")

    assert refused.returncode != 0
    assert "recovery.E" in refused.stderr


def test_the_deployment_check_has_nothing_to_say_about_a_site_in_order():
    checked = run_python("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout
