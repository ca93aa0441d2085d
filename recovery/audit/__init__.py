"""Authorise, run, record and announce, in one transaction: the only way to do an operation."""

from recovery.audit.ledger import Draft, append
from recovery.audit.operations import audited, require_beforehand, require_permission
from recovery.audit.tallies import append_failure, flush_tallies

__all__ = [
    "Draft",
    "append",
    "append_failure",
    "audited",
    "flush_tallies",
    "require_beforehand",
    "require_permission",
]
