"""One directory for each run of the suite, and none left behind."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "SPAREKEY_TEST_DIR"


def workspace() -> Path:
    """Return this run's directory; workers and child processes inherit it from the first."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = tempfile.mkdtemp(prefix="sparekey-tests-")
        atexit.register(_remove, Path(os.environ[VARIABLE]), os.getpid())
    return Path(os.environ[VARIABLE])


def _remove(directory: Path, maker: int) -> None:
    if os.getpid() == maker:  # and not a fork of it
        shutil.rmtree(directory, ignore_errors=True)
