"""The process of the private SMTP server: takes mail by SMTP and hands it to a mail server by LMTP.

It is run by its path in an interpreter of its own, without the package, so it uses the standard library and aiosmtpd
only. Logins are tried on the mail server itself: whoever may read mail there may send it here.
"""

import asyncio
import contextlib
import imaplib
import json
import logging
import signal
import smtplib
import ssl
import sys
import warnings
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

_LARGEST = 50 << 20  # bytes of a message
_DEADLINE = 30.0  # seconds for the mail server to answer
_log = logging.getLogger("smtp")


class Delivery:
    """What happens to a message: each recipient is asked for, and then served, by LMTP."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient whom the mail server takes."""
        code, text = await asyncio.to_thread(self._ask, envelope.mail_from or "", address)
        if code // 100 == 2:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return f"{code} {text}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Deliver to everyone; whatever fails for one is the answer, and nothing is queued."""
        content = envelope.original_content or b""
        # The mail server knows the body types; other options of ours, such as SIZE, need not be its.
        options = [option for option in envelope.mail_options if option.upper().startswith("BODY=")]
        answer = "250 2.0.0 Delivered"
        for recipient in envelope.rcpt_tos:
            code, text = await asyncio.to_thread(self._deliver, envelope.mail_from or "", recipient, content, options)
            _log.info("from <%s> to <%s>: %s %s", envelope.mail_from, recipient, code, text)
            if code // 100 != 2:
                answer = f"{code} {text}"
        return answer

    def _ask(self, sender: str, recipient: str) -> tuple[int, str]:
        try:
            with self._connection() as mail_server:
                mail_server.mail(sender)
                return _readable(mail_server.rcpt(recipient))
        except (OSError, smtplib.SMTPException) as error:
            return 451, f"4.3.0 {error}"

    # LMTP answers the data once a recipient, which smtplib does not read: so a connection each.
    def _deliver(self, sender: str, recipient: str, content: bytes, options: list[str]) -> tuple[int, str]:
        try:
            with self._connection() as mail_server:
                for code, text in (mail_server.mail(sender, options), mail_server.rcpt(recipient)):
                    if code // 100 != 2:
                        return _readable((code, text))
                return _readable(mail_server.data(content))
        except (OSError, smtplib.SMTPException) as error:
            return 451, f"4.3.0 {error}"

    def _connection(self) -> smtplib.LMTP:
        # Left to itself smtplib asks the name service for our name, which may take its time.
        mail_server = smtplib.LMTP(self._host, self._port, local_hostname="localhost", timeout=_DEADLINE)
        mail_server.ehlo()
        return mail_server


def _readable(answer: tuple[int, bytes]) -> tuple[int, str]:
    return answer[0], " ".join(answer[1].decode("utf-8", "replace").split())


def _authenticate(
    host: str, port: int, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    if not isinstance(data, LoginPassword):
        return AuthResult(success=False, handled=False)
    try:
        with imaplib.IMAP4(host, port, timeout=_DEADLINE) as client:
            client.login(data.login.decode(), data.password.decode())
    except (OSError, UnicodeError, imaplib.IMAP4.error):
        return AuthResult(success=False, handled=False)
    return AuthResult(success=True)


async def serve(orders: dict[str, Any]) -> None:
    """Serve until SIGTERM.

    Args:
        orders: `host`, `smtp` and `smtps` (ports), `lmtp` and `imap` (ports of the mail server), `certificate`, `key`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(orders["certificate"], orders["key"])
    host = orders["host"]
    smtp = partial(
        SMTP,
        Delivery(host, orders["lmtp"]),
        hostname="localhost",
        ident="Mail Connector lab",
        data_size_limit=_LARGEST,
        auth_required=True,
        authenticator=partial(_authenticate, host, orders["imap"]),
    )
    loop = asyncio.get_running_loop()
    starttls = partial(smtp, tls_context=context, auth_require_tls=True)
    async with (
        await loop.create_server(starttls, host, orders["smtp"]),
        await loop.create_server(partial(smtp, auth_require_tls=False), host, orders["smtps"], ssl=context),
    ):
        told = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, told.set)
        await told.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    # aiosmtpd warns of AUTH without STARTTLS on the port where everything is inside TLS.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS", UserWarning)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(json.loads(sys.argv[1])))
