"""What each kind of database needs to hold its promises under load."""

from typing import Any

BUSY_TIMEOUT_SECONDS = 20
CONNECTION_MAX_AGE_SECONDS = 60

# IMMEDIATE: a transaction that begins by reading and then wants to write is told "database is
# locked" at once, whatever the timeout; one that asks for the write lock first waits its turn.
SQLITE = {
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": BUSY_TIMEOUT_SECONDS,
        "init_command": "PRAGMA journal_mode=WAL;",
    },
}
POSTGRESQL = {
    "CONN_MAX_AGE": CONNECTION_MAX_AGE_SECONDS,
    "CONN_HEALTH_CHECKS": True,
}


def tuned(config: dict[str, Any]) -> dict[str, Any]:
    """Return a parsed ``DATABASE_URL`` with our options; what the URL asks for goes first."""
    ours: dict[str, Any] = SQLITE if config["ENGINE"].endswith("sqlite3") else POSTGRESQL
    options = {**ours.get("OPTIONS", {}), **config.get("OPTIONS", {})}
    # The domain opens its own transactions; a refusal has to be written after one has ended.
    return {"ATOMIC_REQUESTS": False, **ours, **config, "OPTIONS": options}
