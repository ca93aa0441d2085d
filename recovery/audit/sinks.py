"""Where checkpoints go besides the database: a file that only grows, and what logging reaches."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from recovery.canonical import canonical
from recovery.conf import conf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recovery.models import Checkpoint

logger = logging.getLogger("recovery.checkpoints")

TAIL: Final = 64 * 1024
"""How much of the file's end is read back: some hundred checkpoints."""


class Told(NamedTuple):
    """A checkpoint as a sink holds it."""

    statement: str
    signature: str


def tell(checkpoint: Checkpoint) -> None:
    """Put one checkpoint where the database can't reach. ``OSError`` if the file can't take it."""
    line = canonical({"statement": checkpoint.statement, "signature": checkpoint.signature})
    if conf.CHECKPOINT_FILE:
        _append(f"{line}\n".encode())
    logger.info("%s", line)


def told(*, last: int) -> list[Told]:
    """The ``last`` checkpoints of the file; none where there is no file that we may read."""
    try:
        return list(_read())[-last:] if conf.CHECKPOINT_FILE else []
    except OSError:
        return []


def _append(line: bytes) -> None:
    """Write a line whole and to the disk: a system that only lets files grow takes no more."""
    handle = os.open(conf.CHECKPOINT_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        if os.write(handle, line) != len(line):
            raise OSError(f"{conf.CHECKPOINT_FILE} took no whole line.")
        os.fsync(handle)
    finally:
        os.close(handle)


def _read() -> Iterator[Told]:
    """Every line that is whole. One that a crash cut short was never relied on."""
    with Path(conf.CHECKPOINT_FILE).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        lines = file.read().splitlines()
    for line in lines:
        try:
            said = json.loads(line)
            yield Told(str(said["statement"]), str(said["signature"]))
        except (ValueError, TypeError, KeyError):
            continue
