"""The pages in `docs/` say what the code says."""

import json
import re
from pathlib import Path

import pytest

from recovery import policy
from recovery.audit.detail import KEYS
from recovery.audit.inventory import INVENTORY
from recovery.checks import SETTINGS
from recovery.enums import GRANTED_OPERATIONS, Operation, Outcome
from recovery.errors import RecoveryError
from tests import reference

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(?:\]\(|src=\"|srcset=\")(?!https?:|#)([^)#\"]+)")


def pages():
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("page", reference.pages(), ids=lambda page: page.name)
def test_a_page_made_from_the_code_is_up_to_date(page):
    assert page.read_text(encoding="utf-8") == reference.pages()[page], (
        "run python -m tests.reference"
    )


def test_every_refusal_is_explained_once():
    explained = list(reference.meanings())

    assert set(explained) == set(RecoveryError.__subclasses__())
    assert len(explained) == len(set(explained))


def test_adopters_are_told_every_variable_of_the_environment():
    settings = (ROOT / "project" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings))
    told = (DOCS / "for-adopters.md").read_text(encoding="utf-8")

    assert {name for name in read if f"| `{name}` |" not in told} == set()


def test_adopters_are_told_every_check():
    source = (ROOT / "project" / "checks.py").read_text(encoding="utf-8")
    numbers = {number for number, _, _ in SETTINGS} | set(re.findall(r"project\.E\d+", source))
    told = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))

    assert {number for number in numbers if f"`{number}`" not in told} == set()


def test_auditors_are_told_every_operation():
    told = (DOCS / "for-auditors.md").read_text(encoding="utf-8")

    assert {name for name in Operation.values if f"`{name}`" not in told} == set()


@pytest.mark.requirement("A24")
class TestInventory:
    def test_it_holds_every_operation_and_nothing_else(self):
        assert set(INVENTORY) == set(Operation)

    @pytest.mark.parametrize("operation", Operation, ids=str)
    def test_it_names_the_module_that_writes_it(self, operation):
        source = (ROOT / INVENTORY[operation].where).read_text(encoding="utf-8")

        assert f"Operation.{operation.name}" in source or f'"{operation}"' in source

    def test_what_has_rules_can_be_done_be_refused_and_break(self):
        run = {one for one, entry in INVENTORY.items() if set(entry.outcomes) == set(Outcome)}

        assert run == set(policy.RULES)

    def test_the_page_says_what_where_who_and_how_long(self):
        page = (DOCS / "inventory.md").read_text(encoding="utf-8")
        rows = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if "|" in line}

        for operation in Operation:
            assert INVENTORY[operation].who in rows[operation]
            assert all(f"`{key}`" in rows[operation] for key in KEYS.get(operation, ()))
        for promise in ("**Where:**", "**Who reads it:**", "**How long:**", "twelve months"):
            assert promise in page

    def test_auditors_are_led_there(self):
        assert "(inventory.md)" in (DOCS / "for-auditors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("operation", GRANTED_OPERATIONS)
def test_the_readme_says_which_role_holds_what(operation):
    fixture = json.loads((ROOT / "fixtures" / "roles.json").read_text(encoding="utf-8"))
    holding = {
        group["fields"]["name"]: operation in [codename for codename, *_ in permissions]
        for group in fixture
        if (permissions := group["fields"]["permissions"])
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = next(line for line in readme.splitlines() if line.startswith(f"| {operation.label} |"))

    assert [cell.strip() == "yes" for cell in row.split("|")[2:-1]] == list(holding.values())


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []
