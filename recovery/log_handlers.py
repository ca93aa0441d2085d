"""Handlers of logging that say so when a line did not arrive: logging's own often don't."""

from __future__ import annotations

import logging
import os
import socket
import ssl
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

PRIORITY: Final = 13 * 8 + 6
"""Facility 13, log audit; severity 6, informational (RFC 5424 6.2.1)."""
PORTS: Final = {"udp": 514, "tcp": 601, "tls": 6514}
PATIENCE: Final = 10
"""Seconds that a server may let the worker wait, which has mails to send."""


class FileHandler(logging.Handler):
    """Appends each line to a file, whole; ``flush`` puts them on the disk. It may be rotated."""

    def __init__(self, filename: str) -> None:
        super().__init__()
        self.filename = filename
        self.is_written = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            handle = self._open()
            try:
                self._append(handle, f"{self.format(record)}\n".encode())
            finally:
                os.close(handle)
            self.is_written = True
        except Exception:  # noqa: BLE001 - whatever it was, logging has one way to say it
            self.handleError(record)

    def flush(self) -> None:
        if not self.is_written:
            return  # logging asks every process at its end, and most have no business with the file
        handle = self._open()
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _open(self) -> int:
        return os.open(self.filename, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)

    def _append(self, handle: int, line: bytes) -> None:
        """Write a line; not behind half of one, which a full disk or a dead machine left."""
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(handle, line) != len(line):
            raise OSError(f"{self.filename} took half a line.")


class SyslogHandler(logging.Handler):
    """Sends each line to a syslog server: ``udp://``, ``tcp://`` or ``tls://host:port``, or a path.

    RFC 5424, with the length before each message on a stream (RFC 6587 3.4.1, RFC 5425).
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        parts = urlsplit(address)
        if parts.scheme not in PORTS and not address.startswith("/"):
            raise ValueError(f"{address!r} is neither udp://, tcp:// nor tls://, nor a path.")
        self.scheme, self.host, self.path = parts.scheme, parts.hostname or "", parts.path
        self.port = parts.port or PORTS.get(parts.scheme, 0)
        self.socket: socket.socket | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(self._message(record))
        except Exception:  # noqa: BLE001 - whatever it was, logging has one way to say it
            self._disconnect()
            self.handleError(record)

    def close(self) -> None:
        self._disconnect()
        super().close()

    def _message(self, record: logging.LogRecord) -> bytes:
        line = self.format(record)
        if not self.host:  # a local daemon knows the host and the time, and expects neither
            return f"<{PRIORITY}>sparekey: {line}".encode()
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        head = f"<{PRIORITY}>1 {at} {socket.gethostname()} sparekey {os.getpid()} ocsf -"
        message = f"{head} {line}".encode()
        return message if self.scheme == "udp" else b"%d %b" % (len(message), message)

    def _send(self, message: bytes) -> None:
        if self.socket is None:
            self.socket = self._connect()
        self.socket.sendall(message)

    def _connect(self) -> socket.socket:
        if not self.host:
            return _connected(socket.AF_UNIX, self.path)
        if self.scheme == "udp":
            family, *_, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[
                0
            ]
            return _connected(family, address)
        opened = socket.create_connection((self.host, self.port), timeout=PATIENCE)
        return opened if self.scheme == "tcp" else _secured(opened, self.host)

    def _disconnect(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def _connected(family: int, address: object) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.settimeout(PATIENCE)
    try:
        opened.connect(address)  # type: ignore[arg-type]  # as getaddrinfo gives it
    except OSError:
        opened.close()
        raise
    return opened


def _secured(opened: socket.socket, host: str) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(opened, server_hostname=host)
    except OSError:
        opened.close()
        raise
