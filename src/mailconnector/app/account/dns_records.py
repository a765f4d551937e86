"""What the name service says of a domain's mail servers: SRV (RFC 6186, RFC 8314) and MX records."""

from __future__ import annotations

import random
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.IN.SRV import SRV

from mailconnector.app.account.found import FoundServer, Service, belongs_to
from mailconnector.app.account.model import SecurityWord

_SECONDS = 5.0
_MOST_RECORDS = 50
# TLS from the start before STARTTLS, as RFC 8314 section 5.1 has it.
_SRV: dict[Service, tuple[tuple[str, SecurityWord], ...]] = {
    "imap": (("_imaps._tcp", "tls"), ("_imap._tcp", "starttls")),
    "smtp": (("_submissions._tcp", "tls"), ("_submission._tcp", "starttls")),
}


class NameServiceSilent(Exception):
    """Nobody answers questions about names: further ones are not worth the wait."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A domain says that it has no such service."""

    service: Service


class NameService:
    """Asks for records.

    Args:
        resolver: whom to ask; None for those of the system.
    """

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver

    def servers(self, domain: str, service: Service) -> tuple[FoundServer | Denial | None, list[str]]:
        """Return the server of a domain by its SRV records, and what was asked and said.

        Raises:
            NameServiceSilent: nobody answers.
        """
        trail: list[str] = []
        denied = False
        for label, security in _SRV[service]:
            name = f"{label}.{domain}"
            records = [record for record in self._ask(name, dns.rdatatype.SRV) if isinstance(record, SRV)]
            targets = [record for record in records if record.target != dns.name.root and record.port]
            if not targets:
                denied = denied or bool(records)
                trail.append(f"DNS {name}: " + ("the domain says that there is none" if records else "nothing"))
                continue
            best = _first(targets)
            host = best.target.to_text(omit_final_dot=True).lower()
            trail.append(f"DNS {name}: {host}:{best.port}")
            vouched = belongs_to(host, domain)
            found = FoundServer(service, host, best.port, security, None, "password", f"DNS, {name}", vouched)
            return found, trail
        return (Denial(service) if denied else None), trail

    def mail_exchanger(self, domain: str) -> str | None:
        """Return the host that takes a domain's mail.

        Raises:
            NameServiceSilent: nobody answers.
        """
        records = [record for record in self._ask(domain, dns.rdatatype.MX) if isinstance(record, MX)]
        named = [record for record in records if record.exchange != dns.name.root]
        if not named:
            return None
        best = min(named, key=lambda record: record.preference)
        return best.exchange.to_text(omit_final_dot=True).lower()

    def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> list[object]:
        try:
            if self._resolver is None:
                self._resolver = dns.resolver.Resolver()
            answer = self._resolver.resolve(name + ".", kind, lifetime=_SECONDS, search=False)
            return list(answer)[:_MOST_RECORDS]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NameServiceSilent(str(error)) from error


def _first(records: list[SRV]) -> SRV:
    """Choose by priority, and among equals by chance with their weights (RFC 2782)."""
    least = min(record.priority for record in records)
    equals = [record for record in records if record.priority == least]
    return random.choices(equals, [record.weight + 0.01 for record in equals])[0]


def ascii_domain(domain: str) -> str | None:
    """Return a domain as the name service has it (IDNA); None for what is no domain."""
    try:
        name = dns.name.from_text(domain, idna_codec=dns.name.IDNA_2008_Practical)
        text = name.to_text(omit_final_dot=True).lower()
    except (dns.exception.DNSException, UnicodeError):
        return None
    return text if "\\" not in text and len(name.labels) > 1 else None
