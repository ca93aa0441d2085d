"""Many processes that write events: `python -m tests.concurrency.writer DATABASE`.

Reads lines of `WRITERS TRANSACTIONS`. So many processes write so many transactions each; first
comes a line of JSON with their process ids, and when the last has ended, however it did, one with
how many transactions were begun and how many came to their end.
"""

import json
import os
import sys

import django
from django.conf import settings


def main(database: str) -> None:
    """Answer line after line, until there are no more."""
    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    from recovery import audit  # noqa: F401, PLC0415 - loaded once, and not in each process

    for line in sys.stdin:
        writers, transactions = map(int, line.split())
        told, tell = os.pipe()
        pids = [_fork(tell, transactions) for _ in range(writers)]
        os.close(tell)
        _say(pids)
        with os.fdopen(told, "rb") as marks:
            said = marks.read()  # ends as the last writer does, and so does the pipe
        for pid in pids:
            os.waitpid(pid, 0)
        _say({"begun": said.count(b"["), "ended": said.count(b"]")})


def _fork(tell: int, transactions: int) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            for number in range(transactions):
                os.write(tell, b"[")
                _write(number)
                os.write(tell, b"]")
        finally:
            os._exit(0)
    return pid


def _write(number: int) -> None:
    """One transaction: an operation as a page does it, or several events at once."""
    from django.db import transaction  # noqa: PLC0415 - needs loaded apps

    from recovery.actors import Actor  # noqa: PLC0415 - see above
    from recovery.audit import Draft, append, audited  # noqa: PLC0415 - see above
    from recovery.enums import Operation, Outcome  # noqa: PLC0415 - see above

    actor = Actor.command("writer")
    if number % 3 == 0:
        with audited(Operation.RECONCILE, actor=actor):
            return
    with transaction.atomic():
        for _ in range(number % 3 + 1):
            append(Draft(operation=Operation.RECONCILE, actor=actor), Outcome.COMPLETED)
        if number % 7 == 0:
            transaction.set_rollback(True)


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
