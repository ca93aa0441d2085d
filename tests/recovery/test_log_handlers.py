"""Handlers that take a line whole, or say that they did not."""

import logging
import os
import socket
import ssl
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from recovery.log_handlers import FileHandler, SyslogHandler


class Failure(Exception):
    """What a handler reported."""


@pytest.fixture(autouse=True)
def _heard(monkeypatch):
    """Raise what a handler reports, where logging would print it."""

    def report(_, record):
        raise Failure(record.getMessage())

    monkeypatch.setattr(logging.Handler, "handleError", report)


def say(handler, line):
    handler.handle(logging.makeLogRecord({"msg": line, "levelname": "INFO"}))


class TestFile:
    def test_lines_are_appended_and_others_may_not_read_them(self, tmp_path):
        path = tmp_path / "siem.jsonl"
        handler = FileHandler(str(path))

        say(handler, "one")
        say(FileHandler(str(path)), "two")
        handler.flush()

        assert path.read_text() == "one\ntwo\n"
        assert path.stat().st_mode & 0o007 == 0

    def test_a_process_that_wrote_nothing_makes_no_file(self, tmp_path):
        FileHandler(str(tmp_path / "siem.jsonl")).flush()

        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_was_rotated_away_is_not_written_to(self, tmp_path):
        path = tmp_path / "siem.jsonl"
        handler = FileHandler(str(path))
        say(handler, "one")
        path.rename(tmp_path / "siem.jsonl.1")

        say(handler, "two")

        assert path.read_text() == "two\n"

    @pytest.mark.requirement("A34")
    def test_half_a_line_spoils_no_other(self, tmp_path):
        path = tmp_path / "siem.jsonl"
        path.write_text('one\n{"half')

        say(FileHandler(str(path)), "two")

        assert path.read_text() == 'one\n{"half\ntwo\n'

    @pytest.mark.parametrize("path", ["/dev/full", "/nowhere/at/all"])
    def test_what_takes_no_line_is_told(self, path):
        with pytest.raises(Failure):
            say(FileHandler(path), "one")

    def test_a_disk_that_takes_half_a_line_is_told(self, tmp_path, monkeypatch):
        write = os.write
        monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:2]))

        with pytest.raises(Failure):
            say(FileHandler(str(tmp_path / "full")), "one")


class TestSyslog:
    @pytest.fixture
    def server(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            listening.settimeout(5)
            yield listening

    def test_a_stream_says_how_long_each_message_is(self, server):
        handler = SyslogHandler(f"tcp://127.0.0.1:{server.getsockname()[1]}")

        say(handler, "one")
        say(handler, "two")
        handler.close()

        first, second = messages(received(server))
        assert first.startswith(b"<110>1 ")
        assert first.endswith(b" ocsf - one")
        assert second.endswith(b" ocsf - two")

    def test_after_a_broken_connection_comes_a_new_one(self, server):
        handler = SyslogHandler(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        say(handler, "one")
        handler.socket.close()

        with pytest.raises(Failure):
            say(handler, "two")
        say(handler, "two")
        handler.close()

        assert received(server).endswith(b"one")
        assert received(server).endswith(b"two")

    def test_a_server_is_believed_only_with_a_certificate(self, server, tmp_path, monkeypatch):
        certificate = self_signed(tmp_path)
        handler = SyslogHandler(f"tls://localhost:{server.getsockname()[1]}")

        with answering(server, certificate), pytest.raises(Failure):
            say(handler, "one")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with answering(server, certificate) as heard:
            say(handler, "two")
            handler.close()

        assert heard[0].endswith(b" ocsf - two")

    def test_a_datagram_is_one_message(self):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as listening:
            listening.bind(("127.0.0.1", 0))
            listening.settimeout(5)
            with closing(SyslogHandler(f"udp://127.0.0.1:{listening.getsockname()[1]}")) as handler:
                say(handler, "one")

            assert listening.recv(1024).endswith(b" ocsf - one")

    def test_a_local_daemon_adds_what_it_knows_itself(self, tmp_path):
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
            listening.bind(str(tmp_path / "log"))
            listening.settimeout(5)
            with closing(SyslogHandler(str(tmp_path / "log"))) as handler:
                say(handler, "one")

            assert listening.recv(1024) == b"<110>sparekey: one"

    @pytest.mark.requirement("A34")
    @pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tls://127.0.0.1:9", "/nowhere/log"])
    def test_a_server_that_is_not_there_stops_nobody_at_the_start_and_is_told_later(self, address):
        handler = SyslogHandler(address)

        with pytest.raises(Failure):
            say(handler, "one")

    def test_a_mistyped_address_is_refused_at_the_start(self):
        with pytest.raises(ValueError, match="neither udp://"):
            SyslogHandler("siem.example.org:514")


def received(server):
    connection, _ = server.accept()
    with closing(connection), connection.makefile("rb") as stream:
        return stream.read()


def messages(stream):
    while stream:
        length, _, rest = stream.partition(b" ")
        yield rest[: int(length)]
        stream = rest[int(length) :]


@contextmanager
def answering(server, certificate):
    """Let a thread shake hands with whoever comes, and keep what they say."""
    context, heard = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(certificate)

    def answer():
        plain, _ = server.accept()
        with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as secured:
            heard.append(secured.recv(1024))

    thread = Thread(target=answer)
    thread.start()
    yield heard
    thread.join()


def self_signed(folder):
    """Make a key, and a certificate for localhost that nobody vouches for."""
    key = ed25519.Ed25519PrivateKey.generate()
    name, now = x509.Name.from_rfc4514_string("CN=localhost"), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = builder.add_extension(names, critical=False).sign(key, None)
    pem = serialization.Encoding.PEM
    (folder / "both.pem").write_bytes(
        made.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "both.pem"
