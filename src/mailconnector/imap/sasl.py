"""Login mechanisms (SASL): what to answer to each challenge. No I/O, and no secret in any repr.

PLAIN (RFC 4616), LOGIN, SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677) for passwords; OAUTHBEARER (RFC 7628) and
XOAUTH2 for tokens.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import stringprep
import unicodedata
from dataclasses import dataclass, field

from mailconnector.imap.errors import ImapProtocolError, ImapUsageError
from mailconnector.login import Mechanism

_LEAST_ITERATIONS = 1_000  # fewer would tell a false server nearly the password
_MOST_ITERATIONS = 10_000_000  # more would keep us busy for minutes


@dataclass(frozen=True, slots=True)
class Password:
    """A user and a password.

    Attributes:
        user: the login.
        password: never shown.
        act_for: another user in whose name to act, for administrators and delegates; empty for oneself.
    """

    user: str
    password: str = field(repr=False)
    act_for: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A user and an OAuth 2 access token, which is never shown."""

    user: str
    token: str = field(repr=False)


Credentials = Password | Token


def mechanism(name: str, credentials: Credentials, *, host: str, port: int) -> Mechanism:
    """Begin a login.

    Raises:
        ImapUsageError: the mechanism is not known, or is not made for such credentials.
    """
    if isinstance(credentials, Token):
        if name == "XOAUTH2":
            return _Bearer(name, f"user={credentials.user}\1auth=Bearer {credentials.token}\1\1".encode(), b"")
        if name == "OAUTHBEARER":
            user = credentials.user.replace("=", "=3D").replace(",", "=2C")
            text = f"n,a={user},\1host={host}\1port={port}\1auth=Bearer {credentials.token}\1\1"
            return _Bearer(name, text.encode(), b"\1")
    elif name == "PLAIN":
        return _Plain(credentials)
    elif name == "LOGIN":
        return _Login(credentials)
    elif name in _HASHES:
        return Scram(name, credentials)
    raise ImapUsageError(f"{name} is no mechanism for these credentials")


def choose(offered: frozenset[str], credentials: Credentials, *, private: bool) -> list[str]:
    """Return the mechanisms to use, best first.

    Args:
        offered: what the server offers, in capitals.
        credentials: a password or a token.
        private: whether the line is encrypted. In the open those come first that do not show the password.
    """
    if isinstance(credentials, Token):
        order = ["OAUTHBEARER", "XOAUTH2"]
    elif private:
        order = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "LOGIN"]
    else:
        order = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"]
    return [name for name in order if name in offered]


class _Plain:
    name = "PLAIN"

    def __init__(self, credentials: Password) -> None:
        parts = (credentials.act_for, credentials.user, credentials.password)
        if any("\0" in part for part in parts):
            raise ImapUsageError("a user name or password cannot hold NUL")
        self._message = "\0".join(parts).encode()

    def first(self) -> bytes | None:
        return self._message

    def answer(self, challenge: bytes) -> bytes:
        del challenge
        return self._message

    def check(self) -> None:
        pass


class _Login:
    name = "LOGIN"

    def __init__(self, credentials: Password) -> None:
        if credentials.act_for:
            raise ImapUsageError("the mechanism LOGIN cannot act for another user")
        self._answers = [credentials.user.encode(), credentials.password.encode()]

    def first(self) -> bytes | None:
        return None

    def answer(self, challenge: bytes) -> bytes:
        del challenge
        if not self._answers:
            raise ImapProtocolError("the server asks for more than a name and a password")
        return self._answers.pop(0)

    def check(self) -> None:
        pass


class _Bearer:
    """A token; a challenge tells why it was refused and wants to be acknowledged."""

    def __init__(self, name: str, message: bytes, acknowledgement: bytes) -> None:
        self.name = name
        self._message: bytes | None = message
        self._acknowledgement = acknowledgement

    def first(self) -> bytes | None:
        message, self._message = self._message, None
        return message

    def answer(self, challenge: bytes) -> bytes:
        if self._message is not None and not challenge:
            return self.first() or b""
        return self._acknowledgement

    def check(self) -> None:
        pass


_HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}
_FIRST = re.compile(rb"r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([0-9]{1,9})(?:,.*)?")


class Scram:
    """SCRAM without channel binding: the password is not shown, and the server proves that it knows it."""

    def __init__(self, name: str, credentials: Password, nonce: str = "") -> None:
        self.name = name
        self._hash = _HASHES[name]
        self._password = prepared(credentials.password).encode()
        self._nonce = (nonce or secrets.token_urlsafe(24)).encode()
        user = prepared(credentials.user).replace("=", "=3D").replace(",", "=2C")
        act_for = credentials.act_for.replace("=", "=3D").replace(",", "=2C")
        self._header = f"n,{'a=' + act_for if act_for else ''},".encode()
        self._bare = b"n=" + user.encode() + b",r=" + self._nonce
        self._signature: bytes | None = None
        self._proved = False

    def first(self) -> bytes | None:
        """Return the client's first message."""
        return self._header + self._bare

    def answer(self, challenge: bytes) -> bytes:
        """Answer the server's first message with the proof, its last with nothing."""
        if self._signature is None:
            return self._proof(challenge)
        if challenge.startswith(b"e="):
            return b""  # the tagged NO follows
        expected = b"v=" + base64.b64encode(self._signature)
        if not hmac.compare_digest(challenge.split(b",")[0], expected):
            raise ImapProtocolError("the server does not know the password: it is not the one it claims to be")
        self._proved = True
        return b""

    def check(self) -> None:
        """Look whether the server's signature came and was right."""
        if not self._proved:
            raise ImapProtocolError("the server said OK without having proved that it knows the password")

    def _proof(self, challenge: bytes) -> bytes:
        match = _FIRST.fullmatch(challenge)
        if match is None or not match[1].startswith(self._nonce) or match[1] == self._nonce:
            raise ImapProtocolError("the server's SCRAM challenge cannot be read")
        iterations = int(match[3])
        if not _LEAST_ITERATIONS <= iterations <= _MOST_ITERATIONS:
            raise ImapProtocolError(f"the server asks for {iterations} rounds of SCRAM, which is not reasonable")
        try:
            salt = base64.b64decode(match[2], validate=True)
        except binascii.Error as error:
            raise ImapProtocolError("the server's SCRAM challenge cannot be read") from error
        salted = hashlib.pbkdf2_hmac(self._hash, self._password, salt, iterations)
        client_key = self._hmac(salted, b"Client Key")
        final = b"c=" + base64.b64encode(self._header) + b",r=" + match[1]
        message = self._bare + b"," + challenge + b"," + final
        signature = self._hmac(hashlib.new(self._hash, client_key).digest(), message)
        proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
        self._signature = self._hmac(self._hmac(salted, b"Server Key"), message)
        return final + b",p=" + base64.b64encode(proof)

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._hash)


def prepared(text: str) -> str:
    """Prepare a name or password as SASLprep wants it (RFC 4013); what it forbids is left as it is."""
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    if any(stringprep.in_table_c21_c22(character) or stringprep.in_table_c3(character) for character in normal):
        return text
    return normal
