"""Sends mails of a server to a real mail server (aiosmtpd), with TLS and authentication.

Usage: run.py KANBAN

KANBAN is the program. It runs on an SQLite file, and on PostgreSQL if TEST_DATABASE_URL names a server and a role that
may create databases.
"""

import email
import email.policy
import json
import logging
import os
import queue
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from urllib.parse import urlsplit

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = "kanban", "p@ss/word"
WAIT = 20


class Inbox:
    """Keeps what the mail server receives."""

    def __init__(self):
        self.mails = queue.Queue()

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        transport = server.transport.get_extra_info("sslcontext")
        self.mails.put((transport is not None, session.authenticated, envelope.rcpt_tos[0], mail))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


class MailServer(Controller):
    """A mail server on a free port."""

    def __init__(self, inbox, **options):
        super().__init__(inbox, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self):
        """Controller waits for a first connection, and does not know the free port."""
        socket.create_connection(("127.0.0.1", self.free_port)).close()

    @property
    def free_port(self):
        return self.server.sockets[0].getsockname()[1]


# It warns of authentication without STARTTLS, and of its own use of what is deprecated.
warnings.simplefilter("ignore")
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


def implicit_tls(inbox, context):
    """TLS from the first byte on, so that authentication needs no STARTTLS."""
    options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    return MailServer(inbox, ssl_context=context, **options)


def starttls(inbox, context):
    options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": True}
    return MailServer(inbox, tls_context=context, require_starttls=True, **options)


class Server:
    """A running server, which sends its mails to `smtp_url` and trusts the certificates in `authorities`."""

    def __init__(self, program, database, smtp_url, authorities, folder):
        settings = {
            "DATABASE_URL": database,
            "LISTEN_ADDR": "127.0.0.1:0",
            "JWT_SECRET": "0123456789abcdef0123456789abcdef",
            "ARGON2_MEMORY_KIB": "8",
            "SMTP_URL": smtp_url,
            "PUBLIC_URL": "https://kanban.example.com",
            "SSL_CERT_FILE": authorities,
        }
        self.log_path = os.path.join(folder, "log")
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([program], env=settings, cwd=folder, stderr=log)
        self.url = self.wait(r"listening on (http://\S+?),")

    def log(self):
        with open(self.log_path) as log:
            return log.read()

    def wait(self, pattern):
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            if found := re.search(pattern, self.log()):
                return found[1] if found.groups() else found[0]
            time.sleep(0.05)
        raise AssertionError(f"{pattern} is not in the log:\n{self.log()}")

    def ask(self, query):
        body = json.dumps({"query": query}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=WAIT) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def sign_up(self, address):
        self.ask(f'mutation {{ signUp(input: {{ email: "{address}", password: "password" }}) {{ user {{ id }} }} }}')

    def stop(self):
        self.process.terminate()
        self.process.wait(WAIT)


def main():
    program = os.path.abspath(sys.argv[1])
    check_mails(program, "sqlite://kanban.db", "SQLite")
    if admin := os.environ.get("TEST_DATABASE_URL"):
        name = f"kanban_mail_{os.getpid()}"
        sql = lambda text: subprocess.run(["psql", "--no-psqlrc", "--quiet", "--command", text, admin], check=True)
        sql(f"CREATE DATABASE {name}")
        try:
            check_mails(program, urlsplit(admin)._replace(path=f"/{name}").geturl(), "PostgreSQL")
        finally:
            sql(f"DROP DATABASE {name} WITH (FORCE)")


def check_mails(program, database, kind):
    authority, stranger = trustme.CA(), trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        authorities = os.path.join(folder, "authorities.pem")
        authority.cert_pem.write_to_path(authorities)

        def context(issuer):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            issuer.issue_cert("localhost").configure_cert(context)
            return context

        def run(name, controller, scheme, login, test):
            controller.start()
            server = Server(program, database, f"{scheme}://{login}@localhost:{controller.free_port}", authorities, folder)
            try:
                test(server, name)
                print(f"{kind}, {name}: ok", flush=True)
            finally:
                server.stop()
                controller.stop()

        def arrives(inbox):
            def test(server, name):
                address = f"{name.replace(' ', '-')}@example.com"
                server.sign_up(address)
                is_encrypted, is_authenticated, to, mail = inbox.mails.get(timeout=WAIT)
                assert is_encrypted and is_authenticated and to == address
                assert mail["From"] == "no-reply@kanban.example.com" and mail["To"] == address
                assert mail["Subject"] == "Verify your e-mail address" and mail["Message-ID"] and mail["Date"] and mail["Auto-Submitted"] == "auto-generated"
                token = re.search(r"^mt_\S+", mail.get_content(), re.MULTILINE)[0]
                data = server.ask(f'mutation {{ verifyEmail(input: {{ token: "{token}" }}) {{ user {{ emailVerifiedAt }} }} }}')
                assert data["verifyEmail"]["user"]["emailVerifiedAt"]
                assert token not in server.log() and address not in server.log() and PASSWORD not in server.log()
            return test

        def waits(inbox):
            def test(server, name):
                server.sign_up(f"{name.replace(' ', '-')}@example.com")
                server.wait("a mail was not sent; it is tried again")
                assert inbox.mails.empty()
                assert PASSWORD not in server.log()
            return test

        right, wrong = f"{USER}:p%40ss%2Fword", f"{USER}:wrong"
        for name, make, scheme, issuer, login, test in [
            ("starttls", starttls, "smtp", authority, right, arrives),
            ("implicit tls", implicit_tls, "smtps", authority, right, arrives),
            ("wrong password", starttls, "smtp", authority, wrong, waits),
            ("unknown authority", starttls, "smtp", stranger, right, waits),
        ]:
            inbox = Inbox()
            controller = make(inbox, context(issuer))
            run(name, controller, scheme, login, test(inbox))
        plain = Inbox()
        # A server, or whoever stands before it, that does not offer STARTTLS gets no mail.
        run("no starttls", MailServer(plain), "smtp", right, waits(plain))


main()
