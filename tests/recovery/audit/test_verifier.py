"""With the export and a fingerprint alone: whatever was done to it is found and named."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.audit import verifier
from recovery.audit.verifier import CHECKPOINTS, EVENTS, KEYS, PURGES, TABLE, VALUES
from recovery.canonical import COMMITTED, OPEN
from tests.recovery.audit import forge

pytestmark = pytest.mark.requirement("P13")

COLUMNS = ("_id", "_previous", "_sequence", "at", "v", *OPEN, *COMMITTED)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bundle.zip"


@pytest.fixture
def made():
    return forge.made([forge.event(number) for number in range(1, 13)], signed=(4, 8, 12))


def test_an_untouched_bundle_is_whole(made, path):
    code, said = made.check(path)

    assert (code, said.split(":")[0]) == (0, "OK")
    assert "12 events, 1 to 12" in said


class TestLines:
    @pytest.mark.parametrize("number", [1, 6, 8, 11, 12])
    @pytest.mark.parametrize("column", COLUMNS)
    def test_a_change_of_any_column_is_named(self, made, path, column, number):
        line = made[EVENTS][number - 1]
        made[EVENTS][number - 1] = forge.changed(line, column, other(json.loads(line)[column]))

        # Nothing but its signature speaks against the very last one, and that would read the
        # same if all since the signature before had been written anew.
        assert_broken(made, path, "changed", number, {9, 12} if number == 12 else None)

    @pytest.mark.parametrize("number", [1, 2, 6, 8, 11])
    def test_a_removed_line_is_missing(self, made, path, number):
        del made[EVENTS][number - 1]

        assert_broken(made, path, "missing", number)

    @pytest.mark.parametrize("left", [0, 1, 7, 8, 11])
    def test_a_tail_is_cut_off(self, made, path, left):
        del made[EVENTS][left:]

        assert_broken(made, path, "cut_off", left + 1)
        assert_broken(made.with_range(1, max(left, 1)), path, "cut_off", left + 1)

    def test_half_a_line_at_the_end_is_named(self, made, path):
        made[EVENTS][-1] = made[EVENTS][-1][:500]

        assert_broken(made, path, "cut_off", 12)
        assert_broken(made.with_range(1, 11), path, "cut_off", 12)

    @pytest.mark.parametrize("number", [1, 6, 12])
    def test_a_line_that_is_there_twice_is_added(self, made, path, number):
        made[EVENTS].insert(number, made[EVENTS][number - 1])

        assert_broken(made, path, "added", number)

    @pytest.mark.parametrize(("number", "place"), [(1, 12), (12, 1), (3, 7), (9, 2)])
    def test_a_copy_elsewhere_is_added(self, made, path, number, place):
        made[EVENTS].insert(place, made[EVENTS][number - 1])

        assert_broken(made, path, "added", number)

    @pytest.mark.parametrize("place", [1, 6, 12])
    def test_an_invented_line_is_added(self, made, path, place):
        """It has the number and the hash that are due, and the real one comes after it."""
        invented = json.loads(made[EVENTS][place - 1])
        line = forge.changed(json.dumps(invented), "operation", "invented")
        made[EVENTS].insert(place - 1, line)

        assert_broken(made, path, "added", place)

    def test_an_invented_line_after_the_last_is_added(self, made, path):
        more, _ = forge.chained([forge.event(13)], after=12, previous=head(made, 12))
        made[EVENTS].extend(more)

        assert_broken(made, path, "added", 13)

    @pytest.mark.parametrize(
        ("one", "other", "first"), [(1, 2, 1), (6, 7, 6), (3, 10, 3), (1, 12, 1), (11, 12, 11)]
    )
    def test_two_lines_that_changed_places_are_moved(self, made, path, one, other, first):
        lines = made[EVENTS]
        lines[one - 1], lines[other - 1] = lines[other - 1], lines[one - 1]

        assert_broken(made, path, "moved", first)

    @pytest.mark.parametrize(("number", "place", "first"), [(2, 11, 2), (11, 2, 3), (1, 11, 1)])
    def test_a_line_that_was_taken_elsewhere_is_moved(self, made, path, number, place, first):
        made[EVENTS].insert(place, made[EVENTS].pop(number - 1))

        assert_broken(made, path, "moved", first)

    @pytest.mark.parametrize("number", [1, 3, 6, 9, 12])
    def test_a_chain_written_anew_from_a_line_on_is_told_by_what_was_signed(
        self, made, path, number
    ):
        events = [forge.event(one) for one in range(number, 13)]
        before = head(made, number - 1)
        anew, _ = forge.chained(events, after=number - 1, previous=before)
        made[EVENTS][number - 1 :] = anew
        for one, event in zip(range(number, 13), events, strict=True):
            made[VALUES][one - 1] = forge.values_line(one, event, COMMITTED)
            made[TABLE][one] = forge.table_row(one, event, COMMITTED)

        signed_before = (number - 1) // 4 * 4
        code, said = made.check(path)
        assert code == 1
        assert f"changed at {signed_before + 1}: A line from {signed_before + 1} to " in said

    @pytest.mark.parametrize("garbage", ["", "{}", "\x1b[31m", "null", "a,b,c,d" * 99, '{"_id":'])
    def test_what_is_no_line_is_named(self, made, path, garbage):
        made[EVENTS][5] = f"{garbage}\n"
        assert_broken(made, path, "changed", 6)

    def test_what_is_no_line_and_stands_between_two_is_added(self, made, path):
        made[EVENTS].insert(5, "{}\n")

        assert_broken(made, path, "added", 6)


class TestValues:
    @pytest.mark.parametrize("name", COMMITTED)
    def test_a_changed_value_is_named(self, made, path, name):
        row = json.loads(made[VALUES][5])
        salt, value = row[name]
        made[VALUES][5] = forge.changed(made[VALUES][5], name, [salt, other(value)])

        code, said = made.check(path)

        assert code == 1
        assert f"changed at 6: Its {name} " in said

    @pytest.mark.parametrize(
        "entry", [None, [], ["", "x"], ["zz", "x"], [1, 2], "text", {"a": 1}, ["\ud800", "x"]]
    )
    def test_what_is_no_value_is_named(self, made, path, entry):
        row = json.loads(made[VALUES][5]) | {"reason": entry}
        made[VALUES][5] = json.dumps(row) + "\n"

        assert_broken(made, path, "changed", 6)

    def test_a_value_said_twice_is_named(self, made, path):
        made[VALUES][5] = made[VALUES][5].replace('"reason":', '"reason":["","x"],"reason":')

        assert_broken(made, path, "missing", 6)

    def test_values_that_are_gone_are_missing(self, made, path):
        del made[VALUES][5]

        assert_broken(made, path, "missing", 6)

    def test_values_of_no_event_are_added(self, made, path):
        made[VALUES].append(made[VALUES][0])

        assert_broken(made, path, "added", 13)

    def test_a_field_that_is_gone_is_named(self, made, path):
        row = json.loads(made[VALUES][5])
        del row["reason"]
        made[VALUES][5] = json.dumps(row) + "\n"

        assert_broken(made, path, "changed", 6)

    def test_numbers_are_read_as_they_were_written(self, path):
        detail = {"left_is": [0.1, 1e21, 1e-7, 5.0, -0.0, 123456789012345, 1e16]}
        made = forge.made([forge.event(1, detail=detail)], signed=[1])

        assert made.check(path)[0] == 0


class TestTable:
    @pytest.mark.parametrize("column", range(3 + len(OPEN) + len(COMMITTED)))
    def test_a_changed_cell_is_named(self, made, path, column):
        rows = list(verifier.csv.reader(made[TABLE]))
        rows[6][column] += "x"
        made[TABLE][6] = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in rows[6])
        made[TABLE][6] += "\r\n"

        assert_broken(made, path, "changed", 6)

    @pytest.mark.parametrize("number", [6, 12])
    def test_a_row_that_is_gone_is_named(self, made, path, number):
        del made[TABLE][number]

        assert_broken(made, path, {6: "changed", 12: "missing"}[number], number)

    def test_a_row_of_no_event_is_added(self, made, path):
        made[TABLE][12] += made[TABLE][12]

        assert_broken(made, path, "added", 13)

    @pytest.mark.parametrize("text", ["=1+1", "＠x", " +1", "a\r\nb", "\x1b[2J", "'=1", '"', "\r"])
    def test_cells_made_harmless_are_the_same(self, path, text):
        made = forge.made([forge.event(1, reason=text, authenticator=text)], signed=[1])

        assert made.check(path)[0] == 0


class TestSigned:
    @pytest.mark.parametrize("name", ["count", "head", "sequence", "at", "v"])
    def test_a_changed_checkpoint_is_named(self, made, path, name):
        row = json.loads(made[CHECKPOINTS][1])
        said = json.loads(row["statement"])
        said = forge.canonical(said | {name: other(said[name])})
        made[CHECKPOINTS][1] = json.dumps(row | {"statement": said}) + "\n"

        assert_broken(made, path, "changed", 9 if name == "sequence" else 8)

    def test_without_the_last_checkpoint_the_tail_is_not_signed_for(self, made, path):
        del made[CHECKPOINTS][2]

        code, said = made.check(path)

        assert (code, said.split(":")[0]) == (3, "IN PART")
        assert "no signature covers the last 4 events" in said

    def test_without_any_checkpoint_nothing_is_signed_for(self, made, path):
        made[CHECKPOINTS].clear()

        code, said = made.check(path)

        assert code == 3
        assert "no signature covers the last 12 events" in said

    def test_one_that_the_auditor_has_shows_what_was_cut_off(self, made, path, tmp_path):
        kept = tmp_path / "kept.log"
        kept.write_text(f"<134>1 2026-01-01 {made[CHECKPOINTS].pop()}")
        for name in (EVENTS, VALUES, TABLE):
            del made[name][-3:]
        less = made.with_range(1, 9)

        assert less.check(path)[0] == 3
        code, said = less.check(path, "--checkpoints", kept)
        assert code == 3
        assert "events after 9: there were 12" in said

    def test_one_that_the_auditor_has_shows_that_all_was_written_anew(self, made, path, tmp_path):
        kept = tmp_path / "kept.log"
        kept.write_text("".join(made[CHECKPOINTS]))
        anew = forge.made(
            [forge.event(one) for one in range(1, 13)], signed=(4, 8, 12), keys=made.keys
        )

        assert anew.check(path)[0] == 0
        assert anew.check(path, "--checkpoints", kept)[0] == 1

    def test_everything_signed_with_another_key_is_told(self, path):
        events = [forge.event(one) for one in range(1, 5)]
        forged = forge.made(events, signed=[4])

        code, said = forged.check(path, key=forge.Key().fingerprint)

        assert (code, "wrong_key" in said) == (1, True)

    def test_a_key_under_the_name_of_another_is_told(self, made, path):
        real = made.keys[0].fingerprint
        made[KEYS][0] = forge.changed(forge.Key().row(), "fingerprint", real)

        assert_broken(made, path, "wrong_key", None)

    def test_a_checkpoint_under_the_name_of_another_key_is_told(self, made, path):
        said = {"count": 12, "head": "0" * 64, "sequence": 12}
        made[CHECKPOINTS][2] = forge.Key().sign(
            verifier.CHECKPOINT_DOMAIN, said, key=made.keys[0].fingerprint
        )

        assert_broken(made, path, "changed", 12)

    def test_a_checkpoint_by_a_key_that_nobody_introduced_is_told(self, made, path):
        stranger = forge.Key()
        said = {"count": 12, "head": head(made, 12), "sequence": 12}
        made[CHECKPOINTS][2] = stranger.sign(verifier.CHECKPOINT_DOMAIN, said)
        assert_broken(made, path, "wrong_key", 12)

        made[KEYS].append(stranger.row())
        assert_broken(made, path, "wrong_key", None)

    def test_a_key_that_another_than_the_one_before_signed_is_told(self, made, path):
        new = forge.Key(before=made.keys[0])
        imposter = forge.Key()
        said = {"previous": made.keys[0].fingerprint, "public_key": new.public}
        line = imposter.sign(verifier.KEY_DOMAIN, said, key=new.fingerprint)
        made[KEYS].append(json.dumps(json.loads(new.row()) | json.loads(line)) + "\n")

        assert_broken(made, path, "wrong_key", None)

    def test_a_statement_of_one_kind_is_none_of_another(self, made, path):
        said = {"count": 12, "head": head(made, 12), "sequence": 12}
        made[CHECKPOINTS][2] = made.keys[0].sign(verifier.PURGE_DOMAIN, said)

        assert_broken(made, path, "changed", 12)


class TestRotation:
    def made(self, **more):
        first = forge.Key()
        second = forge.Key(before=first)
        keys = [first, second, forge.Key(before=second)]
        events = [forge.event(one) for one in range(1, 13)]
        return forge.made(events, keys=keys, signed=(4, 8, 12), rotated_at=(5, 9), **more)

    def test_the_first_key_vouches_for_all(self, path):
        code, said = self.made().check(path)

        assert (code, "3, from the given one on" in said) == (0, True)

    def test_a_later_key_vouches_for_the_chain_and_not_for_earlier_statements(self, path):
        made = self.made()

        code, said = made.check(path, key=made.keys[1].fingerprint)

        assert code == 0
        assert "1 statements that a key from before the given one signed" in said

    def test_an_unbroken_row_of_keys_is_asked_for(self, path):
        made = self.made()
        del made[KEYS][1]

        assert_broken(made, path, "wrong_key", None)


class TestPurged:
    @pytest.fixture
    def made(self):
        events = [forge.event(one) for one in range(1, 13)]
        return forge.made(events, purged=(2, 5), signed=(4, 8, 12))

    def test_the_chain_goes_on_where_the_record_says(self, made, path):
        code, said = made.check(path)

        assert (code, "Purged:      up to 5" in said) == (0, True)

    @pytest.mark.parametrize(("record", "first"), [(0, 1), (1, 3)])
    def test_a_record_that_is_gone_is_missing(self, made, path, record, first):
        del made[PURGES][record]

        assert_broken(made, path, "missing", first)

    def test_a_changed_record_is_named(self, made, path):
        row = json.loads(made[PURGES][1])
        said = row["statement"].replace('"first":3', '"first":2')
        made[PURGES][1] = json.dumps(row | {"statement": said}) + "\n"

        assert_broken(made, path, "changed", 5)

    def test_the_first_line_that_is_left_can_not_be_removed(self, made, path):
        del made[EVENTS][0]

        assert_broken(made, path, "missing", 6)


class TestPart:
    def test_one_that_begins_after_a_checkpoint_is_whole(self, path):
        events = [forge.event(one) for one in range(1, 13)]

        assert forge.made(events, signed=(4, 8, 12), first=5).check(path)[0] == 0

    def test_one_that_begins_anywhere_says_so(self, path):
        events = [forge.event(one) for one in range(1, 13)]

        code, said = forge.made(events, signed=(4, 8, 12), first=7).check(path)

        assert (code, "what came before 7" in said) == (3, True)

    def test_what_is_not_shown_is_in_no_file_and_the_chain_holds(self, path):
        events = [forge.event(1, reason="Rosa lost it", source_address="192.0.2.99")]
        made = forge.made(events, signed=[1], fields=("ticket",))

        assert made.check(path)[0] == 0
        written = str(made.files)
        assert "Rosa" not in written
        assert "192.0.2.99" not in written
        assert forge.salted(events[0], "reason") not in written
        assert events[0]["salt"] not in written
        assert forge.salted(events[0], "ticket") in written


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
details = st.dictionaries(
    texts,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | texts
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda some: st.lists(some, max_size=3) | st.dictionaries(texts, some, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@st.composite
def bundles(draw):
    """A ledger of any shape: size, text, purged, rotated, signed where, and what is shown."""
    size = draw(st.integers(1, 20))
    event = st.builds(
        lambda **fields: forge.event(0, **fields),
        **{name: texts for name in (*OPEN, *COMMITTED) if name != "detail"},
        detail=details,
    )
    places = st.lists(st.integers(1, size), max_size=4, unique=True).map(sorted)
    keys = [forge.Key()]
    rotated_at = draw(places)
    for _ in rotated_at:
        keys.append(forge.Key(before=keys[-1]))
    return forge.made(
        draw(st.lists(event, min_size=size, max_size=size)),
        signed=[*draw(places), size],
        purged=[one for one in draw(places) if one < size],
        fields=draw(st.sets(st.sampled_from(COMMITTED))),
        keys=keys,
        rotated_at=rotated_at,
    )


@settings(max_examples=50)
@given(made=bundles())
def test_an_untouched_bundle_never_raises_a_false_alarm(tmp_path_factory, made):
    code, said = made.check(tmp_path_factory.getbasetemp() / "any.zip")

    assert code == 0, said


@settings(max_examples=80)
@given(made=bundles(), data=st.data())
def test_any_other_byte_is_found_and_never_a_fault(tmp_path_factory, made, data):
    folder = tmp_path_factory.getbasetemp() / "any"
    forge.unpack(made.write(folder.with_suffix(".zip")), folder)
    name = data.draw(st.sampled_from([one for one, lines in made.files.items() if lines]))
    was = (folder / name).read_bytes()
    place = data.draw(st.integers(0, len(was) - 3))
    worse = was[:place] + bytes([was[place] ^ data.draw(st.integers(1, 255))]) + was[place + 1 :]

    code, said = forge.run(forge.replaced(folder, name, worse), "--key", made.keys[0].fingerprint)

    assert code in {1, 2} or (name != EVENTS and means_the_same(was, worse)), said
    assert "Error" not in said


def means_the_same(was, worse):
    """A letter of an escape can be a capital."""
    return list(map(json.loads, was.splitlines())) == list(map(json.loads, worse.splitlines()))


def other(value):
    """A value of the same kind that is another one."""
    if isinstance(value, str):
        return f"{value[:-1]}{'0' if value[-1:] != '0' else '1'}"
    return value + 1 if isinstance(value, int) else {**value, "left_is": -1}


def head(made, number):
    line = made[EVENTS][number - made.first].removesuffix("\n") if number else None
    return verifier.hash_of(line.encode()) if line else verifier.GENESIS


def assert_broken(made, path, finding, number, either=None):
    code, said = made.check(path)

    places = either or [number]
    at = [f"BROKEN: {finding}{'' if one is None else f' at {one}'}: " for one in places]
    assert code == 1, said
    assert said.startswith(tuple(at)), said
