"""A worker that comes so far with an export and no farther: `… exporter DATABASE MOMENT`.

It says that it is there by a line, and waits to be killed.
"""

import os
import sys
import time

import django
from django.conf import settings

MOMENTS = ("taking", "writing", "storing")


def main(database: str, moment: str) -> None:
    """Do what waits, up to ``moment``."""
    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    from recovery import jobs  # noqa: PLC0415 - needs loaded apps
    from recovery.actions import report_jobs  # noqa: PLC0415 - see above

    written, append = report_jobs.write_workbook, report_jobs.append

    def write(table, file, *, taking, progress):
        def took():
            taking()
            stop_at("taking")

        def wrote(seen, total):
            progress(seen, total)
            if seen == 1:
                stop_at("writing")

        return written(table, file, taking=took, progress=wrote)

    def stored(*arguments, **more):
        event = append(*arguments, **more)
        stop_at("storing")
        return event

    def stop_at(here):
        if here == moment:
            os.write(sys.stdout.fileno(), f"{here}\n".encode())
            time.sleep(600)

    report_jobs.write_workbook, report_jobs.append = write, stored
    jobs.run_due()


if __name__ == "__main__":
    main(*sys.argv[1:])
