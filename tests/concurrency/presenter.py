"""One of many processes that present a code: `python -m tests.concurrency.presenter DATABASE`.

Reads lines of `MOMENT WAY USER SET CODE`, a way being a function of `tests.concurrency.ways`, and
answers each with `won`, `lost` or what went wrong.
"""

import sys
import time

import django
from django.conf import settings


def main(database: str) -> None:
    """Answer line after line, until there are no more."""
    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    from tests.concurrency import ways  # noqa: PLC0415 - needs loaded apps

    _say("ready")
    for line in sys.stdin:
        moment, way, *words = line.split()
        time.sleep(max(0.0, float(moment) - time.time()))
        _say(_presented(getattr(ways, way), *words))


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def _presented(way, user: str, code_set: str, code: str) -> str:
    try:
        return "won" if way(int(user), int(code_set), code) else "lost"
    except Exception as error:  # noqa: BLE001 - the test wants to know of any
        return f"{type(error).__name__}: {error}".replace("\n", " ")


if __name__ == "__main__":
    main(sys.argv[1])
