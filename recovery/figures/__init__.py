"""The numbers behind the pictures, counted by the worker: no page ever counts them itself."""

from recovery.figures.accounts import ACCOUNTS, count_accounts
from recovery.figures.events import EVENTS, count_events, count_events_anew

__all__ = ["ACCOUNTS", "EVENTS", "count_accounts", "count_events", "count_events_anew"]
