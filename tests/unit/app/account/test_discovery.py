"""Finding servers: whom is asked in which order, what is believed, and what is told of it."""

import pytest

from mailconnector.app.account.discovery import discover
from mailconnector.app.account.dns_records import NameService, NameServiceSilent, ascii_domain
from mailconnector.app.account.found import FoundServer, belongs_to
from tests.unit.app.account.test_autoconfig import document, server


class Search:
    """Looks for the servers of an address; `probes` has the guesses that it tried."""

    def __init__(self, name_server, web):
        self._resolver = name_server.resolver()
        self._web = web
        self.probes: list[str] = []

    def __call__(self, address="alice@example.org", *, alive=(), **options):
        def probe(found):
            self.probes.append(f"{found.host}:{found.port}")
            return "" if f"{found.host}:{found.port}" in alive else "nothing there"

        return discover(address, resolver=self._resolver, transport=self._web, probe=probe, **options)


@pytest.fixture
def find(name_server, web):
    """Looks for servers with the name service and the web of the test."""
    return Search(name_server, web)


def srv(name_server, label, *values, domain="example.org"):
    name_server.add(f"{label}._tcp.{domain}", "SRV", *values)


class TestNameService:
    def test_tls_is_preferred(self, name_server, find, web):
        srv(name_server, "_imaps", "0 1 993 imap.example.org.")
        srv(name_server, "_imap", "0 1 143 imap.example.org.")
        srv(name_server, "_submission", "0 1 587 smtp.example.org.")
        found = find()
        source = "DNS, _imaps._tcp.example.org"
        assert found.servers["imap"] == FoundServer(
            "imap", "imap.example.org", 993, "tls", None, "password", source, True
        )
        assert (found.servers["smtp"].port, found.servers["smtp"].security) == (587, "starttls")
        assert web.asked == []
        assert find.probes == []
        assert "DNS _submissions._tcp.example.org: nothing" in found.trail

    def test_priority_and_weight(self, name_server, find):
        srv(name_server, "_imaps", "20 1 993 spare.example.org.", "10 0 993 b.example.org.", "10 9 993 a.example.org.")
        hosts = {find().servers["imap"].host for _ in range(4)}
        assert "a.example.org" in hosts
        assert hosts <= {"a.example.org", "b.example.org"}

    def test_a_server_of_another_domain_is_not_vouched_for(self, name_server, find):
        srv(name_server, "_imaps", "0 1 993 imap.provider.example.")
        srv(name_server, "_submissions", "0 1 465 badexample.org.")
        found = find().servers
        assert not found["imap"].vouched
        assert not found["smtp"].vouched

    def test_a_service_that_is_denied_is_not_guessed(self, name_server, find):
        srv(name_server, "_imaps", "0 1 993 imap.example.org.")
        srv(name_server, "_submissions", "0 0 0 .")
        found = find(alive={"smtp.example.org:465"})
        assert set(found.servers) == {"imap"}
        assert find.probes == []

    def test_a_silent_name_service_costs_one_wait(self, name_server, find, monkeypatch):
        monkeypatch.setattr("mailconnector.app.account.dns_records._SECONDS", 0.3)
        name_server.answers = False
        found = find(alive={"imap.example.org:993"})
        assert found.servers["imap"].host == "imap.example.org"
        assert set(name_server.asked) == {"SRV _imaps._tcp.example.org"}
        assert found.trail[0].startswith("DNS: no answer")

    def test_a_system_without_one(self, monkeypatch):
        def broken():
            raise OSError("no resolver")

        monkeypatch.setattr("dns.resolver.Resolver", broken)
        with pytest.raises(NameServiceSilent):
            NameService().mail_exchanger("example.org")

    def test_domains_in_other_alphabets(self, name_server, find):
        srv(name_server, "_imaps", "0 1 993 imap.xn--bcher-kva.example.", domain="xn--bcher-kva.example")
        found = find("alice@bücher.example").servers["imap"]
        assert (found.host, found.vouched) == ("imap.xn--bcher-kva.example", True)

    @pytest.mark.parametrize("text", ["", "..", "a" * 300, "a..b", "-\udc80"])
    def test_no_domain(self, text):
        assert ascii_domain(text) is None

    @pytest.mark.parametrize("address", ["alice", "@example.org", "alice@", "alice@.."])
    def test_no_address(self, find, address):
        found = find(address)
        assert not found.servers
        assert "no mail address" in found.trail[0]


class TestProvider:
    URL = "https://autoconfig.example.org/mail/config-v1.1.xml"
    WELL_KNOWN = "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml"

    def test_the_domain_publishes_it(self, web, find):
        web.add(self.URL, document(server(hostname="imap.provider.example"), server("smtp", port="465")))
        found = find()
        assert found.servers["imap"].host == "imap.provider.example"
        assert found.servers["imap"].vouched
        assert found.servers["imap"].source == self.URL
        assert web.asked == [self.URL]

    def test_the_second_place(self, web, find):
        web.add(self.URL, b"<html/>")
        web.add(self.WELL_KNOWN, document(server(), server("smtp", port="465")))
        assert find().servers["smtp"].source == self.WELL_KNOWN
        assert web.asked == [self.URL, self.WELL_KNOWN]

    def test_what_the_name_service_said_stands(self, name_server, web, find):
        srv(name_server, "_imaps", "0 1 993 imap.example.org.")
        web.add(self.URL, document(server(hostname="other.example.org"), server("smtp", port="465")))
        found = find().servers
        assert found["imap"].host == "imap.example.org"
        assert found["smtp"].source == self.URL

    def test_the_provider_that_takes_the_mail(self, name_server, web, find):
        name_server.add("example.org", "MX", "20 mx.other.example.", "10 mx1.mail.provider.example.")
        url = "https://autoconfig.provider.example/mail/config-v1.1.xml"
        web.add(
            url, document(server(hostname="imap.provider.example"), server("smtp", hostname="smtp.provider.example"))
        )
        found = find().servers
        assert found["imap"].host == "imap.provider.example"
        assert not found["imap"].vouched
        assert "https://autoconfig.mail.provider.example/mail/config-v1.1.xml" in web.asked
        assert not any("example/mail" in asked and asked.count(".") < 3 for asked in web.asked)

    def test_no_registry_is_asked_for_a_provider(self, name_server, web, find):
        name_server.add("example.org", "MX", "10 mx.provider.co.uk.")
        find()
        hosts = {asked.split("/")[2] for asked in web.asked}
        assert hosts == {"autoconfig.example.org", "example.org", "autoconfig.provider.co.uk", "provider.co.uk"}

    def test_plain_http_only_where_it_is_wanted(self, web, find):
        plain = "http://autoconfig.example.org/mail/config-v1.1.xml"
        web.add(plain, document(server(socketType="plain", port="143"), server("smtp", port="465")))
        assert find().servers == {}
        assert plain not in web.asked
        found = find(plain=True).servers["imap"]
        assert (found.security, found.vouched) == ("none", False)

    def test_the_address_is_not_sent_along(self, web, find):
        find()
        assert not any("alice" in asked for asked in web.asked)


class TestGuessing:
    def test_the_likeliest_that_answers(self, find):
        found = find(alive={"mail.example.org:993", "imap.example.org:143", "smtp.example.org:587"}).servers
        assert (found["imap"].host, found["imap"].port, found["imap"].security) == ("mail.example.org", 993, "tls")
        assert (found["smtp"].host, found["smtp"].port, found["smtp"].security) == ("smtp.example.org", 587, "starttls")
        assert found["imap"].vouched

    def test_nothing_answers(self, find):
        found = find()
        assert found.servers == {}
        assert "imap.example.org:993: nothing there" in found.trail

    def test_plain_text_is_tried_last_and_only_if_wanted(self, find):
        assert find().servers == {}
        before = len(find.probes)
        found = find(plain=True, alive={"imap.example.org:143"}).servers["imap"]
        assert found.security == "starttls"
        assert len(find.probes) == before * 2 + 4

    def test_a_real_probe_finds_nobody(self, name_server, web):
        found = discover("alice@localhost.invalid", resolver=name_server.resolver(), transport=web)
        assert found.servers == {}
        assert "imap.localhost.invalid:993: there is no server of the name imap.localhost.invalid" in found.trail


@pytest.mark.parametrize(
    ("host", "domain", "expected"),
    [
        ("example.org", "example.org", True),
        ("IMAP.Example.org.", "example.ORG", True),
        ("badexample.org", "example.org", False),
        ("example.org.evil.example", "example.org", False),
    ],
)
def test_belonging(host, domain, expected):
    assert belongs_to(host, domain) is expected
