"""The table as a file: what was measured where, and what came of it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

from benchmarks.pairs import Fact, Row
from benchmarks.section import SECTIONS, restored
from benchmarks.server import OPTIONS, find_binaries

HEAD = """# What it costs

Written by `make bench`. Each ratio is one of medians that were taken in turn, in one run. What
missed its bar says so here; why, and how far down it can go, is in `docs/operations.md`.

"""


def write(path: Path, kept: Path, facts: dict[str, str]) -> None:
    """Write all the sections of which ``kept`` has lines, below what there is to know of them."""
    parts = [HEAD, _table(("what", "here"), facts.items())]
    for name, section in SECTIONS.items():
        if not (kept / f"{name}.json").exists():
            continue
        told = json.loads((kept / f"{name}.json").read_text())
        parts.append(f"\n## {section.title}\n\nMeasured {told['at']} UTC.\n\n")
        lines = restored(told["lines"])
        rows = [line for line in lines if isinstance(line, Row)]
        others = [line for line in lines if isinstance(line, Fact)]
        parts.append(
            _table(("what", "first", "second", "ratio", "bar", "notes"), map(_cells, rows))
        )
        if rows and others:
            parts.append("\n")
        parts.append(
            _table(("what", "figure", "notes"), ((o.what, o.figure, o.note) for o in others))
        )
    path.write_text("".join(parts))


def machine() -> dict[str, str]:
    """Where it was measured, and with what."""
    import django  # noqa: PLC0415 - not needed by those who only read

    version = subprocess.run(
        [find_binaries() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    options = ", ".join(f"{name} = {value or 'none'}" for name, value in OPTIONS.items())
    return {
        "machine": f"{os.cpu_count()} cores of {_processor()}, {_memory()} GB of memory",
        "system": f"{platform.system()} {platform.release()}",
        "PostgreSQL": f"{version.stdout.split()[2]}, durable commits; {options}",
        "Python": platform.python_version(),
        "Django": django.get_version(),
    }


def _cells(row: Row) -> tuple[str, ...]:
    unit = f" {row.unit}" if row.unit else ""
    notes = f"{row.note}; " if row.note else ""
    return (
        row.what,
        f"{row.first:,.2f}{unit}",
        f"{row.second:,.2f}{unit}",
        f"{row.ratio:.2f}",
        row.verdict,
        f"{notes}{row.runs} {'pair' if row.runs == 1 else 'pairs'}",
    )


def _table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    body = [f"| {' | '.join(row)} |\n" for row in rows]
    if not body:
        return ""
    return f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n{''.join(body)}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3)
