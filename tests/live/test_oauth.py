"""OAuth 2 against a Dovecot that checks the tokens itself: OAUTHBEARER, and XOAUTH2 where there is nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector.lab import DovecotServer, LabMissingError
from mailconnector.lab.server import Launch
from tests.live.accounts import account_of, command, in_pst, messages, profile_on, upload

KEY = b"a key that only this test and its server know"
_CONFIG = """
auth_mechanisms = {mechanisms} plain
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {home}/oauth2.conf
}}
"""
_OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={home}/keys/
username_attribute = sub
"""


class TokenDovecot(DovecotServer):
    """A Dovecot that takes signed tokens (RFC 7519) besides passwords.

    Args:
        mechanisms: how it takes them.
    """

    def __init__(self, mechanisms: str) -> None:
        super().__init__()
        self.mechanisms = mechanisms

    def _prepare(self) -> Launch:
        launch = super()._prepare()
        keys = self.home / "keys" / "default" / "HS256"
        keys.mkdir(parents=True)
        (keys / "default").write_text(base64.b64encode(KEY).decode())
        (self.home / "oauth2.conf").write_text(_OAUTH2.format(home=self.home))
        config = self.home / "dovecot.conf"
        more = _CONFIG.format(home=self.home, mechanisms=self.mechanisms)
        config.write_text(config.read_text() + more)
        return launch


@pytest.fixture(scope="module", params=["oauthbearer", "xoauth2"])
def server(request: pytest.FixtureRequest) -> Iterator[TokenDovecot]:
    server = TokenDovecot(request.param)
    try:
        server.check()
    except LabMissingError as error:
        pytest.skip(f"{error} {error.hint}")
    if server.version() >= (2, 4):
        pytest.skip("the tokens of Dovecot 2.4 are set up in another way")
    with server:
        yield server


def token(user: str, *, valid: float = 600, key: bytes = KEY) -> str:
    """A token for a user that is valid for so many seconds."""

    def coded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": user, "iat": now - 1200, "nbf": now - 1200, "exp": int(now + valid), "scope": "mail"}
    signed = ".".join(coded(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{coded(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def with_token(server: TokenDovecot, directory: Path, user: str, given: str) -> Path:
    """A profile whose account gets its token from a command."""
    imap = {
        "host": server.host,
        "port": server.imaps_port,
        "ca_file": str(server.ca_file),
        "login": user,
        "auth": "oauth2",
        "secret": {"command": ["printf", "%s", given]},
    }
    return profile_on(server, directory, user, imap=imap)


def test_an_account_with_tokens(server: TokenDovecot, tmp_path: Path) -> None:
    user = server.fresh_user()
    profile = with_token(server, tmp_path, user, token(user))
    assert command("account", "ping", "--profile", profile).code == 0
    account = account_of(profile, user)
    assert command("sync", "--profile", profile).code == 0
    (tmp_path / "password").mkdir()
    other = account_of(profile_on(server, tmp_path / "password", user), user)
    upload(other, "INBOX", messages(3))
    assert command("sync", "--profile", profile).code == 0
    assert in_pst(account).total() == 3


@pytest.mark.parametrize(("valid", "key"), [(-600, KEY), (600, b"another key")], ids=["expired", "forged"])
def test_a_token_that_is_refused(server: TokenDovecot, valid: float, key: bytes, tmp_path: Path) -> None:
    user = server.fresh_user()
    profile = with_token(server, tmp_path, user, token(user, valid=valid, key=key))
    ping = command("account", "ping", "--profile", profile)
    assert ping.code == 15, ping.out
    assert "token" in ping.out
    assert command("sync", "--profile", profile).code == 6
