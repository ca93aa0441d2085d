from recovery import qr, totp
from recovery.secret import Secret


def drawn():
    uri = totp.provisioning_uri(Secret("ab" * 20), name="amelie.roth")
    return uri, qr.in_terminal(uri).splitlines()


def test_a_code_is_as_wide_as_it_is_high():
    _, lines = drawn()
    modules = [line.removeprefix(qr.WHITE_ON_BLACK).removesuffix(qr.AS_BEFORE) for line in lines]

    assert {len(line) for line in modules} == {len(modules[0])}
    assert 2 * len(modules) - len(modules[0]) in {0, 1}
    assert len(modules[0]) <= 80


def test_its_colours_do_not_hang_on_the_terminals():
    _, lines = drawn()

    assert all(line.startswith(qr.WHITE_ON_BLACK) and line.endswith(qr.AS_BEFORE) for line in lines)


def test_it_says_nothing_in_letters():
    uri, lines = drawn()

    assert uri.reveal() not in "".join(lines)
    assert not any(
        letter.isalpha() for line in lines for letter in line[len(qr.WHITE_ON_BLACK) : -4]
    )
