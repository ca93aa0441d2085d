"""A directory of its own for each test that leaves a file behind."""

import pytest


@pytest.fixture
def var_dir(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return tmp_path
