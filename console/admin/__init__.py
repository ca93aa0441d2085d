"""The pages of the console: each declares what it shows, and makes one call."""

from console.admin.accounts import AccountAdmin
from console.admin.audit import AuditEventAdmin
from console.admin.reviews import ReviewItemAdmin

__all__ = ["AccountAdmin", "AuditEventAdmin", "ReviewItemAdmin"]
