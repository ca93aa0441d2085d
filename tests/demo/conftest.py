"""What the demo leaves behind, kept from the next test: its files, and its routes."""

import pytest
from django.urls import get_resolver


@pytest.fixture
def var_dir(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def routes_outside_debug(django_test_environment):
    """Read the routes before a test puts DEBUG on: a process reads them once."""
    assert get_resolver().url_patterns
