"""Mail over a real SMTP server on loopback: STARTTLS with a certificate of a private authority, a login, one thread for one thing; and
what is never sent in the open."""

import email
import json
import socket
import ssl
import subprocess

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from fluoro import Server

USER, PASSWORD = "fluoro", "correct horse"


def make_certificates(directory):
    """An authority, and a certificate for localhost that it signed."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test authority", "-days", "2")
    openssl("req", *new_key, "-keyout", "mail.key", "-out", "mail.csr", "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost\n")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl("x509", "-req", "-in", "mail.csr", "-out", "mail.pem", *signed)


class Mailbox:
    """Who comes without STARTTLS or with another password is turned away."""

    def __init__(self, certificates):
        self.mails = []
        self.logins = []
        self.is_encrypted = []
        with socket.create_server(("localhost", 0)) as free:
            self.port = free.getsockname()[1]
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "mail.pem", certificates / "mail.key")
        self.controller = Controller(
            self,
            hostname="localhost",
            port=self.port,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=self.authenticate,
        )
        self.controller.start()

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append((mechanism, data.login.decode(), data.password.decode()))
        is_known = data.login.decode() == USER and data.password.decode() == PASSWORD
        # Not handled: the server itself says 535.
        return AuthResult(success=is_known, handled=False)

    async def handle_DATA(self, server, session, envelope):
        self.is_encrypted.append(session.ssl is not None)
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 kept"


@pytest.fixture
def certificates(tmp_path):
    directory = tmp_path / "certificates"
    directory.mkdir()
    make_certificates(directory)
    return directory


@pytest.fixture
def mailbox(certificates):
    mailbox = Mailbox(certificates)
    yield mailbox
    mailbox.controller.stop()


def notifier(server, mailbox, name, **members):
    body = {
        "name": name,
        "kind": "email",
        "host": "localhost",
        "port": mailbox.port,
        "username": USER,
        "password": PASSWORD,
        "from": "Fluoro <fluoro@example.org>",
        "to": ["ops@example.org"],
        **members,
    }
    headers = {"content-type": "application/json"}
    status, answer = server.post("/api/notifiers", json.dumps(body).encode(), headers)
    assert status == 200, answer
    status, answer = server.post(f"/api/notifiers/{name}/test", b"{}", headers)
    assert status == 200, answer
    return json.loads(answer)


@pytest.fixture
def trusting(tmp_path, certificates):
    """A server that trusts the authority, as one does whose system has it."""
    server = Server(tmp_path / "trusting", environment={"SSL_CERT_FILE": str(certificates / "ca.pem")}).start()
    yield server
    server.stop()


def test_mail_goes_by_starttls_and_with_a_login(trusting, mailbox):
    answer = notifier(trusting, mailbox, "mail")
    assert answer["delivered"] and answer["status"] == 250, answer
    assert mailbox.logins == [("PLAIN", USER, PASSWORD)]
    assert mailbox.is_encrypted == [True]
    (mail,) = mailbox.mails
    assert mail["From"] == "Fluoro <fluoro@example.org>" and mail["To"] == "ops@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}

    answer = notifier(trusting, mailbox, "wrong", password="battery staple")
    assert not answer["delivered"] and answer["status"] == 535, answer
    assert len(mailbox.mails) == 1
    assert "battery staple" not in json.dumps(answer)


def test_a_certificate_that_nobody_vouches_for_gets_no_password(server, mailbox):
    answer = notifier(server, mailbox, "mail")
    assert not answer["delivered"], answer
    assert mailbox.logins == [] and mailbox.mails == []
    # Nor does one for another name, or TLS from the first byte where the other side begins in the open.
    answer = notifier(server, mailbox, "other", host="127.0.0.1")
    assert not answer["delivered"], answer
    answer = notifier(server, mailbox, "tls", tls="tls")
    assert not answer["delivered"], answer
    assert mailbox.logins == []


def test_a_password_is_not_sent_in_the_open(server, mailbox):
    body = {"name": "open", "kind": "email", "host": "localhost", "port": mailbox.port, "tls": "none"}
    body |= {"username": USER, "password": PASSWORD, "from": "f@example.org", "to": ["o@example.org"]}
    status, answer = server.post("/api/notifiers", json.dumps(body).encode(), {"content-type": "application/json"})
    assert status == 400, answer
    assert mailbox.logins == []
