import hashlib
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[2]
VENDORED = [
    ROOT / "console/static/unfold/js/alpine/PROVENANCE",
    ROOT / "tests/browser/vendor/PROVENANCE",
]


@pytest.mark.parametrize("provenance", VENDORED, ids=lambda path: path.parent.name)
def test_a_vendored_file_is_the_one_that_was_published(provenance):
    said = dict(line.split(": ", 1) for line in provenance.read_text().splitlines())
    vendored = provenance.parent / said["installed as"]

    assert hashlib.sha256(vendored.read_bytes()).hexdigest() == said["sha256"]


def test_alpine_is_the_build_that_needs_no_eval():
    assert Path(finders.find("unfold/js/alpine/alpine.js")).is_relative_to(ROOT / "console")


def test_the_colours_are_those_of_the_setting():
    call_command("write_colours", "--check")


def test_colours_that_are_out_of_date_are_told(tmp_path):
    stale = tmp_path / "colours.css"
    stale.write_text(":root {}")

    with pytest.raises(CommandError, match="out of date"):
        call_command("write_colours", "--check", output=stale)


@pytest.mark.parametrize("template", sorted((ROOT / "console/templates").rglob("*.html")), ids=str)
def test_no_template_holds_what_the_policy_refuses(template):
    text = template.read_text()

    assert " style=" not in text
    assert "<style" not in text
    assert " onclick=" not in text
    assert "<script>" not in text
