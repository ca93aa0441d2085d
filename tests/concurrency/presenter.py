"""Many processes that present a code: `python -m tests.concurrency.presenter DATABASE COUNT`.

Reads lines of `WAY USER SET CODE`, a way being a function of `tests.concurrency.ways`. Each process
presents it, all at the same moment; the answer is a line of JSON with what became of it in each:
`won`, `lost`, or what went wrong.
"""

import json
import multiprocessing
import sys

import django
from django.conf import settings

# Forked from one that has everything loaded: sixteen interpreters take longer than all the rounds.
FORKING = multiprocessing.get_context("fork")


def main(database: str, count: int) -> None:
    """Answer line after line, until there are no more."""
    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    start = FORKING.Barrier(count)
    with FORKING.Pool(count, initializer=_remember, initargs=(start,)) as pool:
        for line in sys.stdin:
            answers = pool.map(_presented, [line] * count, chunksize=1)
            sys.stdout.write(json.dumps(answers) + "\n")
            sys.stdout.flush()


def _remember(start) -> None:
    _presented.start = start


def _presented(line: str) -> str:
    from tests.concurrency import ways  # noqa: PLC0415 - needs loaded apps

    way, user, code_set, code = line.split()
    _presented.start.wait()  # so no process takes the turn of another, either
    try:
        return "won" if getattr(ways, way)(int(user), int(code_set), code) else "lost"
    except Exception as error:  # noqa: BLE001 - the test wants to know of any
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
