"""How a backup code is made, printed, read back and digested. Nothing else knows."""

from __future__ import annotations

import secrets
from typing import Final

from recovery.enums import CodeKind
from recovery.secret import Secret

# Crockford's base 32: no I, L, O or U to misread.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}
GROUP: Final = 4

# Characters without the check character. A saved code carries 75 random bits (NIST SP 800-63B-4
# 4.2.1.1 wants 64); a phone code 35 (4.2.1.2 wants six digits, 20): it is read aloud, lives for
# ten minutes and is throttled.
RANDOM_LENGTH: Final = {CodeKind.SAVED: 15, CodeKind.PHONE: 7}
KIND_BY_LENGTH: Final = {length + 1: kind for kind, length in RANDOM_LENGTH.items()}

MISREAD: Final = str.maketrans("ILO", "110")
IGNORED: Final = str.maketrans("", "", " -\t\r\n\u00a0\u2010\u2011\u2012\u2013\u2014\u2212")
LONGEST_TYPED: Final = 64


def generate(kind: CodeKind) -> Secret:
    """Make one code from the operating system's generator."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH[kind]))
    return Secret(body + check_character(body))


def generate_set(count: int) -> tuple[Secret, ...]:
    """Make ``count`` saved codes, each different."""
    fresh: dict[str, Secret] = {}
    while len(fresh) < count:
        code = generate(CodeKind.SAVED)
        fresh[code.reveal()] = code
    return tuple(fresh.values())


def read(typed: str) -> Secret | None:
    """Read what a person typed, leniently; None if it can't be a code that was ever printed.

    A slip is caught here, by the check character, before it costs a slow hash or a failure.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    clean = typed.translate(IGNORED)
    if not clean.isascii():
        return None
    clean = clean.upper().translate(MISREAD)
    if len(clean) not in KIND_BY_LENGTH or not set(clean) <= VALUE.keys():
        return None
    return Secret(clean) if check_character(clean[:-1]) == clean[-1] else None


def read_adopted(typed: str) -> Secret | None:
    """Take what was typed as it is: a code of another system has no form that we know."""
    clean = typed.strip()
    return Secret(clean) if 0 < len(clean) <= LONGEST_TYPED and clean.isprintable() else None


def kind_of(code: Secret) -> CodeKind:
    """Tell a saved code from a phone code, by its length."""
    return KIND_BY_LENGTH[len(code.reveal())]


def groups(code: Secret) -> tuple[str, ...]:
    """The clear code in groups of four: for the one page that shows it."""
    clear = code.reveal()
    return tuple(clear[start : start + GROUP] for start in range(0, len(clear), GROUP))


def check_character(body: str) -> str:
    """The character that makes the weighted sum over GF(32) vanish.

    Every position weighs another power of the field's generator, and the check itself one. So
    a single wrong character, or any two that changed places, always leaves a remainder.
    """
    total = 0
    for position, character in enumerate(reversed(body), start=1):
        total ^= _times(_POWERS[position], VALUE[character])
    return ALPHABET[total]


def _times(left: int, right: int) -> int:
    """Multiply in GF(32) with x^5 + x^2 + 1."""
    product = 0
    while right:
        if right & 1:
            product ^= left
        left <<= 1
        if left & 0b100000:
            left ^= 0b100101
        right >>= 1
    return product


def _powers() -> tuple[int, ...]:
    power, found = 1, []
    for _ in range(31):
        found.append(power)
        power = _times(power, 2)
    return tuple(found)


_POWERS: Final = _powers()
