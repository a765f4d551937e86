"""Four users of one server who share folders, and a plain imaplib session that looks on and crosses them."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mailconnector.lab import MailServer, SmtpServer
from tests.live.accounts import Answer, account_of, command, in_pst, profile_on

FOLDERS = (("Proj",), ("Proj", "Plans"), ("Private",))

for _name in ("SETACL", "DELETEACL", "GETACL", "MYRIGHTS", "LISTRIGHTS"):
    imaplib.Commands.setdefault(_name, ("AUTH", "SELECTED"))


@dataclass
class Stranger:
    """A plain imaplib session, which knows nothing of us."""

    server: MailServer
    user: str
    client: imaplib.IMAP4 = field(init=False)

    def __post_init__(self) -> None:
        self.client = imaplib.IMAP4(self.server.host, self.server.imap_port)
        self.client.login(self.user, self.server.password(self.user))

    def entries(self, mailbox: str) -> dict[str, set[str]]:
        """GETACL; a server's virtual c and d left out."""
        _, lines = self.client.getacl(f'"{mailbox}"')
        words = [one.strip('"') for one in re.findall(r'"[^"]*"|\S+', lines[0].decode())][1:]
        return {who: set(rights) - {"c", "d"} for who, rights in zip(words[::2], words[1::2], strict=True)}

    def put(self, mailbox: str, who: str, rights: str) -> str:
        """SETACL; the answer's first word."""
        return self.client.setacl(f'"{mailbox}"', f'"{who}"', rights)[0]

    def mine(self, mailbox: str) -> set[str]:
        """MYRIGHTS; nothing where the mailbox is not to be seen."""
        status, lines = self.client.myrights(f'"{mailbox}"')
        return set(lines[0].decode().split()[-1]) - {"c", "d"} if status == "OK" else set()

    def fetched(self, number: bytes, what: str) -> bytes:
        """FETCH of one thing of one message."""
        _, lines = self.client.fetch(number.decode(), what)
        found = lines[0]
        assert found is not None
        return found[1] if isinstance(found, tuple) else found

    def listed(self) -> list[str]:
        """LIST."""
        _, lines = self.client.list()
        return [
            re.split(r' "." ', line.decode(), maxsplit=1)[1].strip('"') for line in lines if isinstance(line, bytes)
        ]


@contextmanager
def stranger(server: MailServer, user: str) -> Iterator[Stranger]:
    found = Stranger(server, user)
    try:
        yield found
    finally:
        found.client.logout()


@dataclass(frozen=True)
class Office:
    """Four users of one server, with an account each."""

    server: MailServer
    profile: Path
    alice: str
    bob: str
    carol: str
    dave: str

    def mine(self, *names: str) -> str:
        """The name of one of one's own folders on the server."""
        own, _, mark = _spaces(self.server, self.alice)
        return own + mark.join(names)

    def theirs(self, owner: str, *names: str) -> str:
        """The name of one of somebody else's folders on the server."""
        _, others, mark = _spaces(self.server, self.alice)
        return others + mark.join((owner, *names))

    def sync(self, user: str, *arguments: object, code: int = 0) -> Any:
        """Synchronise a user's PST, and return what came of it."""
        answer = command("sync", user, "--profile", self.profile, "--json", *arguments)
        assert answer.code == code, answer.out + answer.err
        return answer.json["accounts"][0]

    def quiet(self, user: str) -> None:
        """Synchronise a user's PST until there is nothing to do, which must be soon."""
        for _ in range(3):
            outcome = self.sync(user)
            if not outcome["done"] and not outcome["folders"]:
                return
        raise AssertionError(outcome)

    def held(self, user: str) -> dict[tuple[str, ...], list[str]]:
        """The Message-IDs in each folder of a user's PST that has any, read by the engine alone."""
        found: dict[tuple[str, ...], list[str]] = {}
        for (path, name, _), times in in_pst(account_of(self.profile, user)).items():
            found.setdefault(path, []).extend([name.strip("<>").partition("@")[0]] * times)
        return {path: sorted(names) for path, names in found.items()}

    def share(self, *arguments: object, code: int = 0) -> Answer:
        """Run `mailconnector share`, with the profile."""
        first, *rest = arguments
        answer = command("share", first, "--profile", self.profile, *rest)
        assert answer.code == code, answer.out + answer.err
        return answer


@cache
def _spaces(server: MailServer, user: str) -> tuple[str, str, str]:
    """The prefixes of one's own and of others' folders, and what stands between names, as NAMESPACE tells."""
    with stranger(server, user) as one:
        _, lines = one.client.namespace()
    (own, mark), (others, _) = re.findall(r'\("([^"]*)" "(.)"\)', lines[0].decode())[:2]
    return own, others, mark


def new_office(server: MailServer, directory: Path) -> Office:
    """Four users whom nobody has met yet; alice has some empty folders."""
    users = [server.fresh_user() for _ in range(4)]
    made = Office(server, profile_on(server, directory, *users), *users)
    for user in users:  # a mailbox comes into being with the first login
        with stranger(server, user) as one:
            if user == made.alice:
                for names in FOLDERS:
                    assert one.client.create(f'"{made.mine(*names)}"')[0] == "OK"
    return made


def sending_office(server: MailServer, smtp: SmtpServer, directory: Path, *, tls: bool = False) -> Office:
    """Four users who can send; the line is encrypted from its beginning, or by STARTTLS."""
    users = [server.fresh_user() for _ in range(4)]
    port, security = (smtp.smtps_port, "tls") if tls else (smtp.smtp_port, "starttls")
    table = {"host": smtp.host, "port": port, "security": security, "ca_file": str(smtp.ca_file)}
    made = Office(server, profile_on(server, directory, *users, smtp=table), *users)
    for user in users:
        with stranger(server, user):
            pass
    return made


def close_office(office: Office) -> None:
    """Take back what was granted to everybody: the users of other tests would see it."""
    with stranger(office.server, office.alice) as alice:
        for names in FOLDERS:
            alice.client.deleteacl(f'"{office.mine(*names)}"', "anyone")
