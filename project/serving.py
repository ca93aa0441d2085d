"""The lock on the doors: a site that our own checks find wrong is not served."""

from collections.abc import Sequence

from django.core.checks import ERROR, CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured

OUR_CHECKS = ("recovery.", "console.", "project.")


def refuse_to_serve_if_misconfigured() -> None:
    """Raise, with every finding and what to do, if an error-level check of ours fails.

    A WSGI server runs no system checks by itself: without this a site would serve with DEBUG on.
    """
    findings = [
        finding for finding in run_checks(include_deployment_checks=True) if _stops(finding)
    ]
    if findings:
        raise ImproperlyConfigured(_explained(findings))


def begin() -> None:
    """Put the start of this process on the ledger, and at its end that too.

    Without a guarded ledger there is no start, and whoever reads the server's log is told why.
    """
    from recovery import service  # noqa: PLC0415 - needs loaded apps
    from recovery.audit.proving import LedgerUnguarded  # noqa: PLC0415 - needs loaded apps

    try:
        service.begun()
    except LedgerUnguarded as error:
        raise ImproperlyConfigured(
            f"Sparekey does not serve like this:\n  The ledger is not guarded. {error} Find out "
            "who took them off, then run `manage.py migrate`, which puts them back."
        ) from error


def _stops(finding: CheckMessage) -> bool:
    ours = (finding.id or "").startswith(OUR_CHECKS)
    return ours and finding.is_serious(ERROR) and not finding.is_silenced()


def _explained(findings: Sequence[CheckMessage]) -> str:
    lines = [f"  {finding.id}: {finding.msg} {finding.hint or ''}".rstrip() for finding in findings]
    return "\n".join(["Sparekey does not serve like this:", *lines])
