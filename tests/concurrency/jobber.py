"""A worker that does jobs: `python -m tests.concurrency.jobber DATABASE AT_ONCE STOPS_AT`.

Writes a line for each batch, in the transaction that does it. At batch number STOPS_AT it waits
there, with all of it written and none of it committed, until somebody kills it; 0 never waits.
"""

import sys
import time

import django
from django.conf import settings


def main(database: str, at_once: int, stops_at: int) -> None:
    """Do the jobs that wait, and end."""
    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    from recovery import jobs  # noqa: PLC0415 - needs loaded apps
    from recovery.jobs import bulk  # noqa: PLC0415 - see above

    settle, batches = bulk.settle, 0

    def settle_and_tell(work, rows, outcome):
        nonlocal batches
        settle(work, rows, outcome)
        batches += 1
        sys.stdout.write(f"{len(rows)}\n")
        sys.stdout.flush()
        while batches == stops_at:
            time.sleep(1)

    bulk.settle, bulk.AT_ONCE = settle_and_tell, at_once
    jobs.run_due()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
