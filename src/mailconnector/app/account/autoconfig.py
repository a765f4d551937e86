"""The autoconfig format, in which providers publish the settings of mail programs: fetching and reading it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
import httpx
from defusedxml import DefusedXmlException

from mailconnector.app.account.found import SERVICES, FoundServer, Service
from mailconnector.app.account.model import AuthWord, SecurityWord

_MOST_BYTES = 256 << 10
_MOST_REDIRECTS = 3
_SECONDS = 8.0  # for the whole of a document, redirects included
_MOST_SERVERS = 100
_TAGS: dict[Service, tuple[str, str]] = {"imap": ("incomingServer", "imap"), "smtp": ("outgoingServer", "smtp")}
_SECURITY: dict[str, SecurityWord] = {"ssl": "tls", "tls": "tls", "starttls": "starttls", "plain": "none"}
_TOKENS = "oauth2"
_PASSWORDS = frozenset(("password-cleartext", "password-encrypted", "plain", "secure", ""))


class AutoconfigError(Exception):
    """There is no document, or none that can be used; says why."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail address in its parts, the domain as the name service has it."""

    address: str
    local: str
    domain: str


def fetch(client: httpx.Client, url: str, *, plain: bool) -> bytes:
    """Fetch a document, bounded in size and time.

    Args:
        client: for HTTP.
        url: where.
        plain: whether HTTP without TLS will do.

    Raises:
        AutoconfigError: there is none; TLS is wanted, and it was not there or is led away from.
    """
    deadline = time.monotonic() + _SECONDS
    for _ in range(_MOST_REDIRECTS + 1):
        if urlsplit(url).scheme != "https" and not (plain and urlsplit(url).scheme == "http"):
            raise AutoconfigError(f"leads to {url[:200]}, which is not https")
        try:
            with client.stream("GET", url, follow_redirects=False, headers={"Accept-Encoding": "identity"}) as answer:
                if answer.next_request is not None:
                    url = str(answer.next_request.url)
                    continue
                if answer.status_code != 200:
                    raise AutoconfigError(f"answers {answer.status_code}")
                return _body(answer, deadline)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise AutoconfigError(_reason(error)) from error
    raise AutoconfigError(f"leads on more than {_MOST_REDIRECTS} times")


def _body(answer: httpx.Response, deadline: float) -> bytes:
    data = bytearray()
    for piece in answer.iter_raw():
        data += piece
        if len(data) > _MOST_BYTES:
            raise AutoconfigError(f"is larger than {_MOST_BYTES >> 10} KB")
        if time.monotonic() > deadline:
            raise AutoconfigError(f"did not come within {_SECONDS:g} seconds")
    return bytes(data)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] if text else type(error).__name__


def read(document: bytes, mailbox: Mailbox, source: str, *, plain: bool, vouched: bool) -> dict[Service, FoundServer]:
    """Return the servers that a document names, the first of each service that can be used.

    Args:
        document: XML.
        mailbox: whose servers; the document has places for its parts.
        source: where it is from, for the user.
        plain: whether a server without TLS will do.
        vouched: whether its word is to be relied upon.

    Raises:
        AutoconfigError: it is no such document, or names no server that can be used.
    """
    try:
        root = defusedxml.ElementTree.fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise AutoconfigError(f"is no autoconfig document: {_reason(error)}") from error
    if root.tag != "clientConfig":
        raise AutoconfigError("is no autoconfig document")
    provider = root.find("emailProvider")
    found: dict[Service, FoundServer] = {}
    for service in SERVICES:
        tag, kind = _TAGS[service]
        for element in ([] if provider is None else provider.findall(tag))[:_MOST_SERVERS]:
            server = _server(element, service, mailbox, source, vouched) if element.get("type") == kind else None
            if server is not None and (plain or server.security != "none"):
                found[service] = server
                break
    if not found:
        raise AutoconfigError("names no server that can be used")
    return found


def _server(element: Element, service: Service, mailbox: Mailbox, source: str, vouched: bool) -> FoundServer | None:
    host, port = _filled(element, "hostname", mailbox), _filled(element, "port", mailbox)
    security = _SECURITY.get(_filled(element, "socketType", mailbox).lower())
    methods = [(child.text or "").strip().lower() for child in element.findall("authentication")] or [""]
    # A password, where that will do: it needs no further program.
    auth: AuthWord | None = None
    if not _PASSWORDS.isdisjoint(methods):
        auth = "password"
    elif _TOKENS in methods:
        auth = "oauth2"
    usable = host and len(host) < 256 and host.isprintable() and port.isascii() and port.isdigit() and len(port) < 6
    if not usable or security is None or auth is None or not 0 < int(port) < 65536:
        return None
    login = _filled(element, "username", mailbox)
    if not login.isprintable():
        return None
    return FoundServer(
        service=service,
        host=host.lower(),
        port=int(port),
        security=security,
        login=login if login not in ("", mailbox.address) else None,
        auth=auth,
        source=source,
        vouched=vouched,
    )


def _filled(element: Element, tag: str, mailbox: Mailbox) -> str:
    child = element.find(tag)
    text = ((child.text or "") if child is not None else "").strip()[:1000]
    for place, value in (
        ("%EMAILADDRESS%", mailbox.address),
        ("%EMAILLOCALPART%", mailbox.local),
        ("%EMAILDOMAIN%", mailbox.domain),
    ):
        text = text.replace(place, value)
    return text
