"""Keys that nobody set: made once, for their owner's eyes, whoever comes first."""

import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from cryptography.fernet import Fernet

from project.local import INSECURE_PREFIX, keys_in, local_keys


def test_keys_are_made_once(tmp_path):
    first = local_keys(tmp_path / "var")
    second = local_keys(tmp_path / "var")

    assert first == second
    assert first["SECRET_KEY"].startswith(INSECURE_PREFIX)
    assert Fernet(first["RECOVERY_ENCRYPTION_KEYS"])


def test_two_checkouts_have_different_keys(tmp_path):
    assert not set(local_keys(tmp_path / "a").values()) & set(local_keys(tmp_path / "b").values())


def test_the_file_is_for_its_owner_alone(tmp_path):
    local_keys(tmp_path)

    assert stat.S_IMODE((tmp_path / "local.env").stat().st_mode) == 0o600


def test_nothing_but_the_file_is_left(tmp_path):
    local_keys(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["local.env"]


def test_processes_that_start_together_agree(tmp_path):
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as pool:
        answers = list(pool.map(local_keys, [tmp_path] * 32))

    assert all(answer == answers[0] for answer in answers)


def test_where_there_is_no_file_there_are_no_keys(tmp_path):
    assert keys_in(tmp_path / "local.env") == {}


def test_a_file_of_an_older_release_gets_what_it_lacks_and_keeps_what_it_has(tmp_path):
    before = local_keys(tmp_path)
    kept = [line for line in lines_of(tmp_path) if "SIGNING" not in line]
    (tmp_path / "local.env").write_text("\n".join(kept))

    after = local_keys(tmp_path)

    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {"RECOVERY_SIGNING_KEYS"}
    assert stat.S_IMODE((tmp_path / "local.env").stat().st_mode) == 0o600


def lines_of(directory):
    return (directory / "local.env").read_text().splitlines()
