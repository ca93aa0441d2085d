"""What every request passes: where it came from, and whether its user has to enrol first."""

from recovery.middleware.reenrolment import ReenrolmentMiddleware, signed_in_account
from recovery.middleware.source import SourceMiddleware, source_of

__all__ = ["ReenrolmentMiddleware", "SourceMiddleware", "signed_in_account", "source_of"]
