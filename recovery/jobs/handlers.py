"""Which function does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from recovery.enums import JobKind

if TYPE_CHECKING:
    from recovery.jobs.working import Work
    from recovery.models import Job

Handler = Callable[["Work"], None]

HANDLERS: Final[dict[JobKind, str]] = {
    JobKind.BULK: "recovery.jobs.bulk.run",
    JobKind.EXPORT: "recovery.actions.report_jobs.make_export",
    JobKind.IMPORT: "recovery.importing.working.work_on",
}
"""By their names: what they do is built on this package."""


def handler_of(job: Job) -> Handler:
    """The function that does ``job``."""
    module, _, name = HANDLERS[JobKind(job.kind)].rpartition(".")
    handler: Handler = getattr(import_module(module), name)
    return handler
