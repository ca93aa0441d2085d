"""What lies in `fixtures/` for everybody to read."""

import json

import pytest
from django.conf import settings

from project.demo import cast, organisation

DIRECTORY = settings.BASE_DIR / "fixtures"
PEOPLE = [row["fields"] for row in json.loads((DIRECTORY / "demo.json").read_text("utf-8"))]
SECRET_NAMES = ("password", "key", "token", "digest", "recipe", "salt", "secret")


@pytest.mark.requirement("N7")
@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.json")), ids=lambda path: path.name)
def test_no_fixture_holds_a_secret(path):
    for row in json.loads(path.read_text("utf-8")):
        assert row["model"] in {"auth.user", "auth.group"}
        assert not [name for name in row["fields"] if name in SECRET_NAMES]


def test_everybody_is_invented_and_nobody_is_a_superuser():
    assert len(PEOPLE) >= 60
    assert all(person["email"] == f"{person['username']}@example.org" for person in PEOPLE)
    assert not any(person.get("is_superuser") for person in PEOPLE)


def test_names_are_of_every_shape():
    names = [f"{person['first_name']} {person['last_name']}".strip() for person in PEOPLE]

    assert len(set(names)) == len(names)
    assert max(map(len, names)) > 70
    assert min(map(len, names)) < 6
    assert any("\u3040" < letter < "\u9fff" for name in names for letter in name)
    assert any("\u0600" < letter < "\u06ff" for name in names for letter in name)
    assert all(person["username"].isascii() for person in PEOPLE)


def test_the_cast_is_in_the_fixture():
    assert set(cast.STANDINGS) | set(cast.FLAGS) | set(cast.SIGN_INS) <= set(organisation.logins())
