"""Reading back the mails that Django's file backend wrote."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# A line of its own after each message: one file may hold several.
DIVIDER: Final = b"\n" + b"-" * 79 + b"\n"
MOST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, as its reader sees it."""

    key: str
    """Where it lies: the file's name and its place in it."""
    at: datetime
    subject: str
    to: str
    text: str


def newest_first() -> list[Mail]:
    """The latest mails."""
    return sorted(_all(), key=lambda mail: (mail.at, mail.key), reverse=True)[:MOST_SHOWN]


def find(key: str) -> Mail | None:
    """One of them. A key is looked up and never made a path."""
    return next((mail for mail in _all() if mail.key == key), None)


def _all() -> Iterator[Mail]:
    directory = Path(str(settings.EMAIL_FILE_PATH))
    for path in sorted(directory.glob("*.log")) if directory.is_dir() else ():
        for place, written in enumerate(path.read_bytes().split(DIVIDER)):
            if written.strip():
                yield _mail(f"{path.stem}.{place}", written, path)


def _mail(key: str, written: bytes, path: Path) -> Mail:
    message = email.message_from_bytes(written, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    return Mail(
        key=key,
        at=_date(message) or datetime.fromtimestamp(path.stat().st_mtime, tz=UTC),
        subject=str(message["subject"] or ""),
        to=str(message["to"] or ""),
        text=body.get_content().strip() if body is not None else "",
    )


def _date(message: EmailMessage) -> datetime | None:
    moment = getattr(message["date"], "datetime", None)
    if not isinstance(moment, datetime):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
