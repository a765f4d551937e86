"""What goes over the line: replies, extensions, addresses, and the message as it is sent (RFC 5321). No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mailconnector.smtp.errors import Refusal, SmtpProtocolError, SmtpUsageError

MOST_LINE = 8192  # bytes; RFC 5321 section 4.5.3.1.5 allows 512, and servers say more in words
_MOST_LINES = 500
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_STATUS = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_UNSAYABLE = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers to a command.

    Attributes:
        code: 200 to 599.
        lines: its lines, without the code.
    """

    code: int
    lines: tuple[str, ...]

    @property
    def status(self) -> str:
        """The enhanced code (RFC 3463, RFC 2034); empty for none."""
        match = _STATUS.match(self.lines[0]) if self.lines else None
        return match[1] if match else ""

    @property
    def text(self) -> str:
        """All that it says, in one line."""
        return " ".join(" ".join(self.lines).split())


@dataclass(frozen=True, slots=True)
class Submitted:
    """A message that the server has taken.

    Attributes:
        accepted: to whom it goes; at least one.
        refused: to whom it does not go, and why.
        text: the server's words, often with the number of the message in its queue.
    """

    accepted: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    text: str = ""


def read_reply(line: Callable[[], bytes]) -> Reply:
    """Read a reply.

    Args:
        line: returns the next line without its end.

    Raises:
        SmtpProtocolError: it is none.
    """
    code, lines = b"", []
    for _ in range(_MOST_LINES):
        raw = line()
        match = _LINE.fullmatch(raw)
        if match is None or (code and match[1] != code):
            raise SmtpProtocolError("the server says something that is not SMTP", data=raw)
        code = match[1]
        lines.append((match[3] or b"").decode("utf-8", "replace"))
        if match[2] != b"-":
            return Reply(int(code), tuple(lines))
    raise SmtpProtocolError("the server's reply does not end")


def extensions_of(reply: Reply) -> dict[str, str]:
    """Return what a server can do, from its answer to EHLO: parameters by names in capitals (section 4.1.1.1).

    The mechanisms of a login are told as ``AUTH=LOGIN`` too by old servers; both ways are one here.
    """
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        name, _, parameters = line.strip().replace("=", " ", 1 if line[:5].upper() == "AUTH=" else 0).partition(" ")
        name = name.upper()
        found[name] = f"{found[name]} {parameters}".strip() if name in found else parameters.strip()
    return found


def size_limit(extensions: Mapping[str, str]) -> int | None:
    """Return how many bytes a message may have; None where the server does not say (RFC 1870)."""
    text = extensions.get("SIZE", "").split(" ")[0]
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:20]) < 1 << 62 else None


def path(address: str) -> tuple[str, bool]:
    """Return an address as it stands between < and >, and whether it needs SMTPUTF8.

    A domain in other letters goes in its ASCII form where what is before the @ is ASCII.

    Raises:
        SmtpUsageError: it is no address that could be said.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or len(address) > 998 or _UNSAYABLE.search(address):
        raise SmtpUsageError(f"{address!r} is no address to send to or from", hint="It looks like alice@example.org.")
    if address.isascii():
        return address, False
    if local.isascii():
        try:
            return f"{local}@{domain.encode('idna').decode('ascii')}", False
        except UnicodeError:
            pass
    return address, True


def on_the_line(message: bytes) -> bytes:
    """Return a message as it is sent: lines end with CRLF, those that begin with a dot have one more (section 4.5.2).

    The mark of its end is not part of it.
    """
    lines = _LINE_END.split(message)
    if lines[-1] == b"":
        lines.pop()
    return b"".join([(b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines])


def has_eight_bits(message: bytes) -> tuple[bool, bool]:
    """Tell whether the header, and whether any of a message has bytes that are not ASCII."""
    if message.isascii():
        return False, False
    end = re.search(rb"\r?\n\r?\n", message)
    return not (message[: end.start()] if end else message).isascii(), True


def chunks(items: Sequence[str], size: int) -> list[Sequence[str]]:
    """Cut a sequence up."""
    return [items[start : start + size] for start in range(0, len(items), size)]
