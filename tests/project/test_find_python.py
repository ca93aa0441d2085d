"""A Python is taken only if it really runs and is new enough; else it is said what to do."""

import subprocess
import sys

import pytest
from django.conf import settings

FIND = settings.BASE_DIR / ".ci" / "find-python"


@pytest.fixture
def find(tmp_path):
    """Run the script on a machine that has nothing but what the test puts there."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    (tmp_path / "bin" / "cat").symlink_to("/bin/cat")
    empty = {
        "PATH": str(tmp_path / "bin"),
        "HOME": str(tmp_path),
        "PYENV_ROOT": str(tmp_path / "pyenv"),
    }

    def run():
        return subprocess.run([FIND], env=empty, capture_output=True, text=True, check=False)

    return run


def script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_without_any_it_says_what_to_install(find):
    found = find()

    assert found.returncode == 1
    assert "needs Python 3.12 or newer" in found.stderr


def test_a_shim_that_does_not_run_is_passed_over(find, tmp_path):
    script(tmp_path / "bin" / "python3.13", "exit 127")
    good = script(tmp_path / "bin" / "python3.12", f'exec {sys.executable} "$@"')

    assert find().stdout.strip() == str(good)


def test_an_old_python3_is_passed_over_for_one_of_pyenv(find, tmp_path):
    script(tmp_path / "bin" / "python3", "exit 1")
    good = script(
        tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python", f'exec {sys.executable} "$@"'
    )

    assert find().stdout.strip() == str(good)
