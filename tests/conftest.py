"""Fixtures for all tests. What the suite itself stands on is in `tests/plumbing/`."""

from hypothesis import settings

# How long an example may take says more of the machine than of the code.
settings.register_profile("sparekey", deadline=None)
settings.load_profile("sparekey")

pytest_plugins = [
    "pytester",
    "tests.plumbing.ledger",
    "tests.plumbing.leaks",
    "tests.plumbing.signed",
    "tests.plumbing.reference_data",
    "tests.plumbing.browser",
]
