"""Ready tables: closed columns over the rows of a list, each in one query that can be streamed."""

from typing import Final

from recovery.reports.accounts import AT_RISK, COVERAGE
from recovery.reports.asked import Asked
from recovery.reports.desk import ACTIONS, AGENTS
from recovery.reports.ledger import LEDGER
from recovery.reports.table import Column, Kind, Report

REPORTS: Final = {report.name: report for report in (COVERAGE, AT_RISK, ACTIONS, AGENTS, LEDGER)}

__all__ = ["REPORTS", "Asked", "Column", "Kind", "Report"]
