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


def _stops(finding: CheckMessage) -> bool:
    ours = (finding.id or "").startswith(OUR_CHECKS)
    return ours and finding.is_serious(ERROR) and not finding.is_silenced()


def _explained(findings: Sequence[CheckMessage]) -> str:
    lines = [f"  {finding.id}: {finding.msg} {finding.hint or ''}".rstrip() for finding in findings]
    return "\n".join(["Sparekey does not serve like this:", *lines])
