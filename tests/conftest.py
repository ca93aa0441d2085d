"""Fixtures for all tests. What the suite itself stands on is in `tests/plumbing/`."""

pytest_plugins = [
    "pytester",
    "tests.plumbing.ledger",
    "tests.plumbing.reference_data",
    "tests.plumbing.browser",
]
