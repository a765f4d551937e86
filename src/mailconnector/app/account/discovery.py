"""Finding the servers of a mail address: the name service, then what the provider publishes, then likely names."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import dns.resolver
import httpx

from mailconnector.app.account import autoconfig
from mailconnector.app.account.autoconfig import AutoconfigError, Mailbox
from mailconnector.app.account.dns_records import Denial, NameService, NameServiceSilent, ascii_domain
from mailconnector.app.account.found import SERVICES, Discovery, FoundServer, Service
from mailconnector.app.account.model import Secret, SecurityWord, Server
from mailconnector.app.account.ping import ping

Probe = Callable[[FoundServer], str]
"""Tries a server without a login; returns what is wrong with it, or nothing."""

_SECONDS = 5.0
_WORKERS = 6
# In the order in which they are believed.
_LIKELY: Mapping[Service, tuple[tuple[str, int, SecurityWord], ...]] = {
    "imap": (
        ("imap.", 993, "tls"),
        ("mail.", 993, "tls"),
        ("", 993, "tls"),
        ("imap.", 143, "starttls"),
        ("mail.", 143, "starttls"),
    ),
    "smtp": (
        ("smtp.", 465, "tls"),
        ("mail.", 465, "tls"),
        ("", 465, "tls"),
        ("smtp.", 587, "starttls"),
        ("mail.", 587, "starttls"),
    ),
}
_PLAIN: Mapping[Service, tuple[tuple[str, int, SecurityWord], ...]] = {
    "imap": (("imap.", 143, "none"), ("mail.", 143, "none")),
    "smtp": (("smtp.", 587, "none"), ("mail.", 587, "none")),
}


def discover(
    address: str,
    *,
    plain: bool = False,
    resolver: dns.resolver.Resolver | None = None,
    transport: httpx.BaseTransport | None = None,
    probe: Probe | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Discovery:
    """Find the servers of a mail address.

    Args:
        address: whose.
        plain: whether what is not protected by TLS will do: settings that were fetched in the open, and servers.
        resolver: the name service; None for the system's.
        transport: how HTTP gets out; None for the network.
        probe: tries a likely server; None to connect to it.
        tell: is told what is tried next.
    """
    local, _, domain_text = address.rpartition("@")
    domain = ascii_domain(domain_text)
    if not local or domain is None:
        return Discovery({}, (f"{address} is no mail address",))
    search = _Search(Mailbox(address, local, domain), plain, NameService(resolver))
    tell(f"Asking the name service about {domain} ...")
    search.ask_name_service()
    if not search.done:
        # The authorities that the system trusts, as for mail.
        client = httpx.Client(transport=transport, timeout=_SECONDS, verify=ssl.create_default_context())
        with closing(client):
            tell(f"Looking for settings that {domain} publishes ...")
            search.ask_provider(client)
    if not search.done:
        tell("Trying likely servers ...")
        search.guess(probe or _probe)
    return Discovery(search.servers, tuple(search.trail))


class _Search:
    """A search under way."""

    def __init__(self, mailbox: Mailbox, plain: bool, names: NameService) -> None:
        self._mailbox = mailbox
        self._plain = plain
        self._names = names
        self._silent = False
        self._denied: set[Service] = set()
        self.servers: dict[Service, FoundServer] = {}
        self.trail: list[str] = []

    @property
    def done(self) -> bool:
        """Whether nothing is left to be found."""
        return not self._wanted

    @property
    def _wanted(self) -> list[Service]:
        return [service for service in SERVICES if service not in self.servers and service not in self._denied]

    def ask_name_service(self) -> None:
        """Look for SRV records."""
        for service in SERVICES:
            try:
                found, trail = self._names.servers(self._mailbox.domain, service)
            except NameServiceSilent as error:
                self._silent = True
                self.trail.append(f"DNS: no answer ({error})")
                return
            self.trail += trail
            if isinstance(found, Denial):
                self._denied.add(service)
            elif found is not None:
                self.servers[service] = found

    def ask_provider(self, client: httpx.Client) -> None:
        """Look for an autoconfig document: the domain's, then that of whoever takes its mail."""
        domain = self._mailbox.domain
        if self._read_first(client, _places(domain, self._plain), vouched=True) or self._silent:
            return
        try:
            exchanger = self._names.mail_exchanger(domain)
        except NameServiceSilent as error:
            self.trail.append(f"DNS: no answer ({error})")
            return
        if exchanger is None:
            self.trail.append(f"DNS {domain}: nobody takes its mail")
            return
        self.trail.append(f"DNS {domain}: {exchanger} takes its mail")
        for provider in _domains_above(exchanger):
            # Only the name service says that this is the provider.
            if provider != domain and self._read_first(client, _places(provider, self._plain), vouched=False):
                return

    def guess(self, probe: Probe) -> None:
        """Try likely servers, several at once, and take the likeliest that answers."""
        likely = [
            FoundServer(
                service,
                beginning + self._mailbox.domain,
                port,
                security,
                None,
                "password",
                "a guess that answers",
                True,
            )
            for service in self._wanted
            for beginning, port, security in (*_LIKELY[service], *(_PLAIN[service] if self._plain else ()))
        ]
        with ThreadPoolExecutor(_WORKERS) as pool:
            for server, trouble in zip(likely, pool.map(probe, likely), strict=True):
                self.trail.append(f"{server.host}:{server.port}: {trouble or 'answers'}")
                if not trouble:
                    self.servers.setdefault(server.service, server)

    def _read_first(self, client: httpx.Client, places: list[str], *, vouched: bool) -> bool:
        for place in places:
            try:
                document = autoconfig.fetch(client, place, plain=self._plain)
                found = autoconfig.read(
                    document, self._mailbox, place, plain=self._plain, vouched=vouched and place.startswith("https:")
                )
            except AutoconfigError as error:
                self.trail.append(f"{place}: {error}")
                continue
            self.trail.append(f"{place}: " + ", ".join(f"{one.host}:{one.port}" for one in found.values()))
            for service in self._wanted:
                if service in found:
                    self.servers[service] = found[service]
            return True
        return False


def _places(domain: str, plain: bool) -> list[str]:
    """Return where a domain publishes its settings. The address is not sent along: the domain is enough to ask."""
    places = [
        f"https://autoconfig.{domain}/mail/config-v1.1.xml",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    ]
    return [*places, f"http://autoconfig.{domain}/mail/config-v1.1.xml"] if plain else places


def _domains_above(host: str) -> list[str]:
    """Return the domains that a host's provider may have, the nearest first: mx1.mail.example.org -> two of them."""
    labels = host.split(".")
    # Of a country that sells below co.uk and the like, three labels are the least that belongs to somebody.
    least = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return [".".join(labels[start:]) for start in range(1, len(labels) - least + 1)][:3]


def _probe(found: FoundServer) -> str:
    server = Server(
        service=found.service,
        host=found.host,
        port=found.port,
        security=found.security,
        login="",
        auth="password",
        secret=Secret(keyring=True),
        ca_file=None,
        keyring_host=found.host,
    )
    failed = ping(server, secret=None, seconds=_SECONDS).failed
    return failed.text if failed else ""
