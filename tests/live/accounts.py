"""Accounts on a private server, the commands run on them, and both sides read by others than synchronisation."""

from __future__ import annotations

import json
import mailbox
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mailconnector import mapping, pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.profile import Account, Profile
from mailconnector.app.pst.folder_walk import walk_folders
from mailconnector.cli.main import app
from mailconnector.imap import Upload
from mailconnector.lab import MailServer
from mailconnector.mapi import reading, tags
from mailconnector.sync.flags import flags_of

Content = Counter[tuple[tuple[str, ...], str, frozenset[str]]]
"""Folder, Message-ID, marks of those that a Maildir has."""

_MAILDIR_FLAGS = {"S": "\\Seen", "R": "\\Answered", "F": "\\Flagged", "D": "\\Draft"}
_SAME_FOLDER: dict[tuple[str, ...], tuple[str, ...]] = {
    ("INBOX",): ("Inbox",),
    ("Sent",): ("Sent Items",),
    ("Trash",): ("Deleted Items",),
}


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer in JSON."""
        return json.loads(self.out)


def profile_on(server: MailServer, directory: Path, *users: str, **values: Any) -> Path:
    """A profile in a directory, with an account for each user, named like the user, and a PST of that name."""
    path = directory / "profile.toml"
    with Profile.change(path) as draft:
        for user in users:
            imap = {
                "host": server.host,
                "port": server.imaps_port,
                "ca_file": str(server.ca_file),
                "login": user,
                "secret": {"command": ["printf", "%s", server.password(user)]},
            }
            draft.add(user, {"address": f"{user}@localhost", "pst": f"{user}.pst", "imap": imap, **values})
    return path


def account_of(profile: Path, name: str) -> Account:
    """An account of a profile."""
    return Profile.load(profile).account(name)


def command(*arguments: object) -> Answer:
    """Run `mailconnector` with arguments, in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def process(*arguments: object) -> subprocess.Popen[str]:
    """Start `mailconnector` with arguments in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mailconnector", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def upload(account: Account, mailbox_name: str, messages: Iterable[bytes], flags: frozenset[str] = frozenset()) -> None:
    """Put messages onto the server."""
    with connect(account) as client:
        if not client.mailboxes.exists(mailbox_name):
            client.mailboxes.create(mailbox_name)
        for outcome in client.uploads.append_many(mailbox_name, (Upload(data, flags) for data in messages)):
            assert outcome.error is None


def messages(count: int, first: int = 0, size: int = 2000) -> list[bytes]:
    """Plain messages, each with a Message-ID and a subject of its number."""
    line = "All work and no play makes a dull mailbox. \u00e9\u00df\r\n".encode()
    return [
        b"From: bob@example.org\r\nTo: alice@example.org\r\n"
        b"Subject: number %d\r\nMessage-ID: <number-%d@example.org>\r\n"
        b"Date: Mon, 02 Nov 2026 10:%02d:%02d +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        b"Number %d.\r\n" % (n, n, n // 60 % 60, n % 60, n) + line * (size // len(line))
        for n in range(first, first + count)
    ]


def in_pst(account: Account) -> Content:
    """What the PST holds, read by the engine alone."""
    found: Content = Counter()
    with pst.open_store(account.pst_path) as store:
        for walked in walk_folders(store.ipm_subtree, _fail):
            if walked.path and not walked.folder.is_search_folder:
                for message in walked.folder.messages():
                    properties = message.to_object().properties
                    marks = flags_of(mapping.read_flags(properties)) & frozenset(_MAILDIR_FLAGS.values())
                    found[walked.path, reading.text(properties, tags.PidTagInternetMessageId), marks] += 1
    return found


def _fail(folder: object, error: Exception) -> None:
    raise error


def on_server(account: Account, directory: Path) -> Content:
    """What the server holds, read by mbsync, a stranger."""
    directory.mkdir()
    server = account.imap_server
    config = directory / "mbsyncrc"
    config.write_text(
        "IMAPAccount it\n"
        f"Host localhost\nPort {server.port}\nUser {server.login}\n"
        f'PassCmd "printf %s secret-{server.login}"\n'
        f"SSLType IMAPS\nCertificateFile {server.ca_file}\nSystemCertificates no\n"
        "\nIMAPStore far\nAccount it\n"
        f"\nMaildirStore near\nPath {directory}/mail/\nInbox {directory}/mail/INBOX\nSubFolders Verbatim\n"
        "\nChannel all\nFar :far:\nNear :near:\nPatterns * !shared* !Public*\n"
        f"Sync Pull\nCreate Near\nCopyArrivalDate yes\nSyncState {directory}/state/\n"
    )
    (directory / "mail").mkdir()
    (directory / "state").mkdir()
    done = subprocess.run(
        ["mbsync", "-c", str(config), "-a"], capture_output=True, text=True, timeout=120, check=False, cwd=directory
    )
    assert done.returncode == 0, done.stderr
    found: Content = Counter()
    root = directory / "mail"
    for cur in sorted(root.rglob("cur")):
        path = tuple(_decoded(name) for name in cur.parent.relative_to(root).parts)
        for message in mailbox.Maildir(cur.parent, create=False):
            flags = frozenset(_MAILDIR_FLAGS[flag] for flag in message.get_flags() if flag in _MAILDIR_FLAGS)
            name = "".join(str(message["Message-ID"] or "").split())
            if name.endswith("@mailconnector.invalid>"):
                name = ""  # made up for what was written in Outlook and never sent: it has none in the PST
            found[_SAME_FOLDER.get(path, path), name, flags] += 1
    return found


def _decoded(name: str) -> str:
    """A mailbox's name from modified UTF-7 (RFC 3501 section 5.1.3), in which mbsync leaves it."""
    return re.sub(
        "&([^-]*)-",
        lambda found: ("+" + found[1].replace(",", "/") + "-").encode().decode("utf-7") if found[1] else "&",
        name,
    )
