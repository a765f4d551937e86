"""The autoconfig format: what is understood, what is passed over, and that a hostile answer does no harm."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.account import autoconfig
from mailconnector.app.account.autoconfig import AutoconfigError, Mailbox
from mailconnector.app.account.found import FoundServer

MAILBOX = Mailbox("alice@example.org", "alice", "example.org")
URL = "https://autoconfig.example.org/mail/config-v1.1.xml"


def document(*servers: str) -> bytes:
    provider = f'<emailProvider id="example.org"><domain>example.org</domain>{"".join(servers)}</emailProvider>'
    return f'<?xml version="1.0" encoding="UTF-8"?><clientConfig version="1.1">{provider}</clientConfig>'.encode()


def server(kind="imap", **values):
    tag = "outgoingServer" if kind == "smtp" else "incomingServer"
    usual = {"hostname": "mail.example.org", "port": "993", "socketType": "SSL", "username": "%EMAILADDRESS%"}
    lines = "".join(f"<{name}>{value}</{name}>" for name, value in {**usual, **values}.items() if value is not None)
    return f'<{tag} type="{kind}">{lines}</{tag}>'


def auth(*methods):
    return "</authentication><authentication>".join(methods)


def read(data, *, plain=False):
    return autoconfig.read(data, MAILBOX, "the source", plain=plain, vouched=True)


class TestReading:
    def test_both_servers(self):
        found = read(
            document(
                server("pop3", port="995"),
                server(hostname="imap.%EMAILDOMAIN%", authentication="password-cleartext"),
                server(
                    "smtp", hostname="SMTP.example.org", port="587", socketType="STARTTLS", username="%EMAILLOCALPART%"
                ),
            )
        )
        assert found == {
            "imap": FoundServer("imap", "imap.example.org", 993, "tls", None, "password", "the source", True),
            "smtp": FoundServer("smtp", "smtp.example.org", 587, "starttls", "alice", "password", "the source", True),
        }

    def test_the_first_that_can_be_used(self):
        servers = [
            server(hostname="a.example.org", socketType="plain"),
            server(hostname="b.example.org", authentication="GSSAPI"),
            server(hostname="c.example.org", port="0"),
            server(hostname="d.example.org", port="99999"),
            server(hostname="e.example.org", port="²"),
            server(hostname=""),
            server(hostname=None),
            server(hostname="f.example.org", socketType="carrier pigeon"),
            server(hostname="good.example.org"),
            server(hostname="later.example.org"),
        ]
        assert read(document(*servers))["imap"].host == "good.example.org"
        plain = read(document(*servers), plain=True)["imap"]
        assert (plain.host, plain.security) == ("a.example.org", "none")

    @pytest.mark.parametrize(
        ("methods", "expected"),
        [
            (("OAuth2",), "oauth2"),
            (("OAuth2", "password-cleartext"), "password"),
            (("password-encrypted",), "password"),
            (("NTLM", "OAuth2"), "oauth2"),
        ],
    )
    def test_ways_to_log_in(self, methods, expected):
        assert read(document(server(authentication=auth(*methods))))["imap"].auth == expected

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"<html><body>Welcome</body></html>",
            b"<clientConfig>",
            b"\xff\xfe\xff",
            b"<clientConfig version='1.1'/>",
            document(),
            document(server("pop3")),
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><clientConfig>&b;</clientConfig>',
            b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><clientConfig>&b;</clientConfig>',
            b'<?xml version="1.0" encoding="no-such-thing"?><clientConfig/>',
        ],
    )
    def test_what_is_none(self, data):
        with pytest.raises(AutoconfigError):
            read(data)

    @given(st.binary(max_size=100))
    def test_whatever_stands_in_it(self, noise):
        data = document(server(), server("smtp"))
        for place in (0, len(data) // 2, len(data) - 20):
            try:
                found = read(data[:place] + noise + data[place:])
            except AutoconfigError:
                continue
            assert set(found) <= {"imap", "smtp"}


class TestFetching:
    @pytest.fixture
    def fetch(self, web):
        client = httpx.Client(transport=web, timeout=5.0)
        yield lambda url=URL, plain=False: autoconfig.fetch(client, url, plain=plain)
        client.close()

    def test_a_document(self, web, fetch):
        web.add(URL, b"<a/>")
        assert fetch() == b"<a/>"

    def test_none(self, web, fetch):
        web.add(URL, b"", 404)
        with pytest.raises(AutoconfigError, match="answers 404"):
            fetch()
        with pytest.raises(AutoconfigError, match="Name or service not known"):
            fetch("https://elsewhere.example.org/")

    def test_it_leads_elsewhere(self, web, fetch):
        web.add(URL, b"", 302, Location="https://www.example.org/config.xml")
        web.add("https://www.example.org/config.xml", b"<a/>")
        assert fetch() == b"<a/>"

    def test_it_leads_out_of_tls(self, web, fetch):
        web.add(URL, b"", 301, Location="http://www.example.org/config.xml")
        web.add("http://www.example.org/config.xml", b"<a/>")
        with pytest.raises(AutoconfigError, match="not https"):
            fetch()
        assert web.asked == [URL]
        assert fetch(plain=True) == b"<a/>"

    def test_it_leads_to_a_file(self, web, fetch):
        web.add(URL, b"", 302, Location="file:///etc/passwd")
        for plain in (False, True):
            with pytest.raises(AutoconfigError):
                fetch(plain=plain)

    def test_it_leads_in_circles(self, web, fetch):
        web.add(URL, b"", 302, Location=URL)
        with pytest.raises(AutoconfigError, match="more than 3 times"):
            fetch()
        assert len(web.asked) == 4

    def test_it_is_too_large(self, web, fetch):
        web.add(URL, b" " * (300 << 10))
        with pytest.raises(AutoconfigError, match="larger than 256 KB"):
            fetch()

    def test_it_is_too_slow(self, web, fetch, monkeypatch):
        monkeypatch.setattr(autoconfig, "_SECONDS", -1.0)
        web.add(URL, b"<a/>")
        with pytest.raises(AutoconfigError, match="did not come"):
            fetch()
