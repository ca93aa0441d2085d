"""The verifier as a program on somebody's laptop: alone, and patient with any rubbish."""

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from recovery import canonical
from recovery.audit import verifier
from recovery.cells import UNPRINTABLE
from tests.recovery.audit import forge

pytestmark = pytest.mark.requirement("P13")

SOURCE = Path(verifier.__file__)
KEY = "ab" * 32
OBEYED = "\x1b\x07\u202e\x9b"


@pytest.fixture
def made():
    return forge.made([forge.event(number) for number in range(1, 5)], signed=[4])


@pytest.fixture
def path(made, tmp_path):
    return made.write(tmp_path / "bundle.zip")


class TestAlone:
    def test_it_imports_the_standard_library_and_cryptography(self):
        names = set()
        for node in ast.walk(ast.parse(SOURCE.read_text(), feature_version=(3, 9))):
            if isinstance(node, ast.Import):
                names |= {one.name for one in node.names}
            if isinstance(node, ast.ImportFrom):
                names.add(node.module)

        assert {name.partition(".")[0] for name in names} <= {
            "cryptography",
            *sys.stdlib_module_names,
        }

    def test_it_runs_from_the_bundle_and_answers_by_its_exit_code(self, made, path, tmp_path):
        with zipfile.ZipFile(path) as archive:
            program = archive.extract("verify.py", tmp_path)

        def run(key):
            arguments = [sys.executable, "-I", program, str(path), "--key", key]
            return subprocess.run(arguments, capture_output=True, text=True, check=False)

        whole, forged = run(made.keys[0].fingerprint), run(KEY)
        assert (whole.returncode, whole.stdout[:3], whole.stderr) == (0, "OK:", "")
        assert (forged.returncode, forged.stderr) == (1, "")
        assert forged.stdout.startswith("BROKEN: wrong_key: ")

    def test_it_says_the_same_as_what_writes_the_ledger(self):
        assert verifier.EVENT_DOMAIN.decode() == canonical.EVENT_DOMAIN
        assert verifier.GENESIS == canonical.GENESIS
        assert verifier.OPEN == canonical.OPEN
        assert verifier.UNPRINTABLE.pattern == UNPRINTABLE.pattern

    def test_it_reads_a_folder_as_well(self, made, path, tmp_path):
        forge.unpack(path, tmp_path / "folder")

        assert forge.run(tmp_path / "folder", "--key", made.keys[0].fingerprint)[0] == 0

    def test_a_fingerprint_may_be_written_as_people_do(self, made, path):
        key = made.keys[0].fingerprint.upper()
        spaced = ":".join(key[place : place + 2] for place in range(0, 64, 2))

        assert forge.run(path, "--key", spaced, "--quiet") == (0, "")

    @pytest.mark.parametrize("arguments", [[], ["x"], ["x", "--key", "short"], ["--key", KEY]])
    def test_it_asks_for_a_bundle_and_a_fingerprint(self, arguments):
        with pytest.raises(SystemExit) as stopped:
            verifier.main(arguments)

        assert stopped.value.code == 2

    def test_lines_alone_leave_out_what_is_shown_and_say_so(self, made, path):
        made[verifier.VALUES].reverse()
        made.write(path)
        key = made.keys[0].fingerprint

        assert forge.run(path, "--key", key)[0] == 1
        code, said = forge.run(path, "--key", key, "--lines-only")
        assert (code, "you asked for lines only" in said) == (0, True)

    def test_a_terminal_sees_how_far_it_is(self, made, path, capsys, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

        verifier.main([str(path), "--key", made.keys[0].fingerprint])

        assert "100 %" in capsys.readouterr().err


class TestRubbish:
    def test_what_is_not_there_is_unreadable(self, tmp_path):
        assert_unreadable(tmp_path / "nothing.zip")

    @pytest.mark.parametrize("data", [b"", b"PK", b"\x00" * 999, b"PK\x05\x06" + b"\xff" * 18])
    def test_what_is_no_bundle_is_unreadable(self, tmp_path, data):
        path = tmp_path / "file.zip"
        path.write_bytes(data)

        assert_unreadable(path)

    @pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
    def test_half_a_download_is_unreadable(self, path, part):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * part)])

        assert_unreadable(path)

    def test_a_damaged_zip_is_never_a_fault(self, made, path):
        data = path.read_bytes()

        for place in range(0, len(data), len(data) // 150):
            path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
            code, said = forge.run(path, "--key", made.keys[0].fingerprint)
            assert code in {0, 1, 2}, said

    @pytest.mark.parametrize("name", ["manifest.json", "events.jsonl", "keys.jsonl"])
    def test_what_can_not_be_done_without_is_missed(self, made, path, tmp_path, name):
        assert_unreadable(without(path, tmp_path, name), made.keys[0].fingerprint)

    def test_a_file_that_the_manifest_lists_is_missed(self, made, path, tmp_path):
        folder = without(path, tmp_path, "README.txt")

        code, said = forge.run(folder, "--key", made.keys[0].fingerprint)

        assert (code, said) == (1, "BROKEN: missing: There is no README.txt in it.\n")

    @pytest.mark.parametrize("name", ["README.txt", "verify.py", "schema.json"])
    def test_a_file_that_is_another_one_is_named(self, made, path, tmp_path, name):
        forge.unpack(path, tmp_path / "folder")
        (tmp_path / "folder" / name).write_text("something else")

        code, said = forge.run(tmp_path / "folder", "--key", made.keys[0].fingerprint)

        assert (code, said.startswith(f"BROKEN: changed: {name} ")) == (1, True)

    def test_a_zip_of_names_is_unreadable(self, tmp_path):
        path = tmp_path / "names.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(2000):
                archive.writestr(f"{number}", b"")

        assert_unreadable(path)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_two_files_of_one_name_are_unreadable(self, path):
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("events.jsonl", b"")

        assert_unreadable(path)

    @pytest.mark.parametrize("name", ["events.jsonl", "keys.jsonl", "values.jsonl", "events.csv"])
    def test_a_line_without_an_end_is_unreadable(self, made, path, tmp_path, name, monkeypatch):
        monkeypatch.setattr(verifier, "LONGEST", 1 << 16)
        forge.unpack(path, tmp_path / "folder")
        forge.replaced(tmp_path / "folder", name, b"x" * (1 << 20))

        assert_unreadable(tmp_path / "folder", made.keys[0].fingerprint)

    def test_keys_without_an_end_are_unreadable(self, made, path, monkeypatch):
        monkeypatch.setattr(verifier, "MOST_KEYS", 3)
        made[verifier.KEYS].extend(made[verifier.KEYS] * 3)

        assert_unreadable(made.write(path), made.keys[0].fingerprint)

    @pytest.mark.parametrize(
        "data", [b"\xff\xfe\n", b"[" * 99999, b'{"fingerprint":1}\n', b"\n", b"null\n", b'"\xed"\n']
    )
    @pytest.mark.parametrize("name", list(forge.FILES))
    def test_rubbish_in_any_file_is_never_a_fault(self, made, path, tmp_path, name, data):
        forge.unpack(path, tmp_path / "folder")
        forge.replaced(tmp_path / "folder", name, data)

        code, said = forge.run(tmp_path / "folder", "--key", made.keys[0].fingerprint)

        assert code in {1, 2}
        assert "Error" not in said

    @pytest.mark.parametrize(
        "manifest",
        [
            *([], {}, {"first": True, "last": 4}, {"first": 1, "last": 10**30}, {"first": -1}),
            *({"fields": "reason"}, {"fields": [1]}, {"files": []}, {"files": {"events.csv": 1}}),
        ],
        ids=str,
    )
    def test_a_manifest_of_rubbish_is_unreadable(self, path, tmp_path, manifest):
        forge.unpack(path, tmp_path / "folder")
        file = tmp_path / "folder" / "manifest.json"
        whole = json.loads(file.read_text()) | manifest if manifest else manifest
        file.write_text(json.dumps(whole))

        assert_unreadable(tmp_path / "folder")

    def test_what_a_terminal_would_obey_does_not_reach_it(self, made, path, tmp_path):
        head = verifier.hash_of(made[verifier.EVENTS][3].strip().encode())
        said = {"at": f"{OBEYED}2026", "count": 4, "head": head, "sequence": 4}
        made[verifier.CHECKPOINTS][0] = made.keys[0].sign(verifier.CHECKPOINT_DOMAIN, said)
        forge.unpack(made.write(path), tmp_path / "folder")
        manifest = tmp_path / "folder" / "manifest.json"
        whole = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(whole | {"files": {f"{OBEYED}name": {}}}))

        code, said = forge.run(path, "--key", made.keys[0].fingerprint)
        missing, missed = forge.run(manifest.parent, "--key", made.keys[0].fingerprint)

        assert (code, "2026" in said, missing, "name" in missed) == (0, True, 1, True)
        assert not set(said + missed) & set(OBEYED)


def without(path, tmp_path, name):
    forge.unpack(path, tmp_path / "folder")
    (tmp_path / "folder" / name).unlink()
    return tmp_path / "folder"


def assert_unreadable(path, key=KEY):
    code, said = forge.run(path, "--key", key)

    assert code == 2, said
    assert said.startswith("UNREADABLE: ")
    assert said.count("\n") == 1
