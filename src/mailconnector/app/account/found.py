"""What was found out about the servers of a mail address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mailconnector.app.account.model import AuthWord, SecurityWord

Service = Literal["imap", "smtp"]
SERVICES: tuple[Service, ...] = ("imap", "smtp")


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that may be the one of an address.

    Attributes:
        service: `imap` or `smtp`.
        host: its name.
        port: its port.
        security: how the line is made private.
        login: the user's name there; None for the mail address.
        auth: a password or a token.
        source: who says so, for the user.
        vouched: whether that can be relied upon. An answer of the name service alone can be forged; it is believed
            where the server's name belongs to the domain of the address, as its certificate then proves (RFC 6186
            section 6). What is not vouched for the user has to confirm.
    """

    service: Service
    host: str
    port: int
    security: SecurityWord
    login: str | None
    auth: AuthWord
    source: str
    vouched: bool


@dataclass(frozen=True, slots=True)
class Discovery:
    """What came of looking for the servers of an address.

    Attributes:
        servers: by the service, the best of each.
        trail: what was tried, and what came of it; for the user who wonders.
    """

    servers: Mapping[Service, FoundServer]
    trail: tuple[str, ...]


def belongs_to(host: str, domain: str) -> bool:
    """Tell whether a host's name is a domain's or lies below it."""
    host, domain = host.lower().rstrip("."), domain.lower().rstrip(".")
    return host == domain or host.endswith("." + domain)
