"""Why a worker leaves a job before its end, where that is no error."""

from __future__ import annotations

from datetime import timedelta


class Cancelled(Exception):
    """Whoever asked for the job took it back."""


class LeaseLost(Exception):
    """Another worker has the job by now, or it is gone. What this one does must not count."""


class Stopping(Exception):
    """The worker is told to end: another one takes the job up."""


class NotYet(Exception):
    """The job has done what it may for now, and goes on ``after`` a while. Others go first."""

    def __init__(self, after: timedelta) -> None:
        super().__init__()
        self.after = after
