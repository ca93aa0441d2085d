"""What is asked for now and done by the worker: claimed, kept alive, taken up again, ended once."""

from recovery.jobs.queueing import cancel, queue
from recovery.jobs.working import Work, never, run_due

__all__ = ["Work", "cancel", "never", "queue", "run_due"]
