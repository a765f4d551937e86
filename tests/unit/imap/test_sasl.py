from __future__ import annotations

import pytest

from mailconnector.imap import sasl
from mailconnector.imap.errors import ImapProtocolError, ImapUsageError
from mailconnector.imap.sasl import Password, Scram, Token


def begin(name, credentials):
    return sasl.mechanism(name, credentials, host="imap.example.com", port=143)


def test_plain():
    assert begin("PLAIN", Password("tim", "tanstaaftanstaaf")).first() == b"\0tim\0tanstaaftanstaaf"
    assert begin("PLAIN", Password("Kurt", "xipj3plmq", act_for="Ursel")).first() == b"Ursel\0Kurt\0xipj3plmq"
    with pytest.raises(ImapUsageError):
        begin("PLAIN", Password("a\0b", "c"))


def test_login():
    mechanism = begin("LOGIN", Password("tim", "pass"))
    assert mechanism.first() is None
    assert [mechanism.answer(b"Username:"), mechanism.answer(b"Password:")] == [b"tim", b"pass"]
    with pytest.raises(ImapProtocolError):
        mechanism.answer(b"More:")


def test_tokens():
    token = Token("user@example.com", "vF9dft4qmT")
    bearer = begin("OAUTHBEARER", token)
    assert bearer.first() == (
        b"n,a=user@example.com,\x01host=imap.example.com\x01port=143\x01auth=Bearer vF9dft4qmT\x01\x01"
    )
    assert bearer.answer(b'{"status":"invalid_token"}') == b"\x01"
    other = begin("XOAUTH2", token)
    assert other.first() == b"user=user@example.com\x01auth=Bearer vF9dft4qmT\x01\x01"
    assert other.answer(b'{"status":"401"}') == b""


# The examples of RFC 5802 section 5 and RFC 7677 section 3.
SCRAM = [
    (
        "SCRAM-SHA-1",
        "fyko+d2lbbFgONRv9qkxdawL",
        b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    (
        "SCRAM-SHA-256",
        "rOprNGfwEbeRWgbNEkqO",
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
]


@pytest.mark.parametrize(("name", "nonce", "challenge", "answer", "proof"), SCRAM)
def test_scram(name, nonce, challenge, answer, proof):
    mechanism = Scram(name, Password("user", "pencil"), nonce)
    assert mechanism.first() == b"n,,n=user,r=" + nonce.encode()
    assert mechanism.answer(challenge) == answer
    assert mechanism.answer(proof) == b""
    mechanism.check()


@pytest.mark.parametrize(("name", "nonce", "challenge", "answer", "proof"), SCRAM)
def test_scram_does_not_believe_a_server_without_proof(name, nonce, challenge, answer, proof):
    mechanism = Scram(name, Password("user", "pencil"), nonce)
    mechanism.first()
    mechanism.answer(challenge)
    with pytest.raises(ImapProtocolError):
        mechanism.check()
    with pytest.raises(ImapProtocolError):
        mechanism.answer(b"v=AAAA")


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"r=other,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=abc,s=QSXCR+Q6sek8bf92,i=4096",  # nothing added to the nonce
        b"r=abcd,s=QSXCR+Q6sek8bf92,i=1",
        b"r=abcd,s=QSXCR+Q6sek8bf92,i=999999999",
        b"r=abcd,s=A,i=4096",
        b"m=x,r=abcd,s=QSXCR+Q6sek8bf92,i=4096",
    ],
)
def test_scram_challenges_that_are_not_taken(challenge):
    mechanism = Scram("SCRAM-SHA-256", Password("user", "pencil"), "abc")
    mechanism.first()
    with pytest.raises(ImapProtocolError):
        mechanism.answer(challenge)


@pytest.mark.parametrize(
    ("text", "prepared"), [("I\u00adX", "IX"), ("user", "user"), ("\u00aa", "a"), ("\u2168", "IX"), ("a\u00a0b", "a b")]
)
def test_saslprep(text, prepared):
    assert sasl.prepared(text) == prepared


def test_the_choice():
    offered = frozenset({"PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5", "XOAUTH2"})
    password = Password("a", "b")
    assert sasl.choose(offered, password, private=True)[0] == "PLAIN"
    assert sasl.choose(offered, password, private=False)[0] == "SCRAM-SHA-256"
    assert sasl.choose(offered, Token("a", "b"), private=True) == ["XOAUTH2"]
    assert sasl.choose(frozenset({"GSSAPI"}), password, private=True) == []


def test_secrets_are_not_shown():
    for credentials in (Password("alice", "hunter2"), Token("alice", "hunter2")):
        assert "hunter2" not in repr(credentials)
        for name in ("PLAIN", "XOAUTH2"):
            try:
                assert "hunter2" not in repr(begin(name, credentials))
            except ImapUsageError as error:
                assert "hunter2" not in str(error)
