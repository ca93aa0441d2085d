"""Which handlers of logging the environment asks for, to send the ledger to a SIEM."""

from __future__ import annotations

from typing import Any

LOGGER = "recovery.siem"


def handlers(*, file: str, syslog: str) -> dict[str, dict[str, Any]]:
    """Name and describe them, as ``logging.config.dictConfig`` takes them."""
    wanted: dict[str, dict[str, Any]] = {}
    if file:
        wanted["siem_file"] = {"class": "recovery.log_handlers.FileHandler", "filename": file}
    if syslog:
        wanted["siem_syslog"] = {"class": "recovery.log_handlers.SyslogHandler", "address": syslog}
    return wanted
