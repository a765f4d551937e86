"""Companions: mailboxes of an owner's that hold the private items of shared folders, and are shared with nobody.

A companion stands beside its folder and is called like it, with `MARK` behind. Where the server has annotations its
folder type says so as well, in Kolab's entry: ``configuration.mailconnector.KIND.KEY.VALIDITY``. Kolab's programs do
not show what is of the type ``configuration``. KEY goes into the names of placeholders (`formats.privacy`);
VALIDITY is the folder's UIDVALIDITY, by which a companion finds its folder again that another program has renamed.

A new mailbox inherits rights on many servers. So the list of a companion is emptied and read back, before anything is
put into it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from mailconnector.formats.privacy import SUBJECTS
from mailconnector.imap import ImapClient, ImapCommandError, ImapNoError, MailboxInfo
from mailconnector.items import FolderKind
from mailconnector.stores.imap.folders import Layout
from mailconnector.stores.imap.kinds import ENTRIES, CompanionMark, Told, companion_type
from mailconnector.sync.errors import FolderError

MARK = " (private items)"
"""What stands behind a folder's name in the name of its companion."""

HIDING_KINDS = frozenset(FolderKind) - {FolderKind.MAIL}
"""The kinds of folders whose private items can be hidden: mail is put into a folder by others, as it comes."""

_KEY_BYTES = 8
_OWNER = "owner"  # Dovecot's word for whoever a mailbox belongs to
# Courier, which says that it has ACL2=UNION, has them in every list, and lets nobody take them out.
_COURIERS_OPERATORS = ("administrators",)
# Words that people of one language alone find among the names of their folders.
_TELLING = {
    "de": frozenset({"kalender", "kontakte", "aufgaben", "notizen", "entwürfe", "gesendet", "gesendete elemente"}),
    "fr": frozenset({"calendrier", "tâches", "brouillons", "corbeille", "envoyés", "éléments envoyés"}),
    "it": frozenset({"contatti", "attività", "bozze", "cestino", "posta inviata", "posta eliminata"}),
    "es": frozenset({"contactos", "tareas", "borradores", "papelera", "enviados", "elementos enviados"}),
}


@dataclass(frozen=True, slots=True)
class Companion:
    """A companion and its folder.

    Attributes:
        folder: The shared mailbox.
        mailbox: The companion.
        key: What goes into the names of placeholders; empty where the server keeps no annotations.
        kind: What sort of items both hold.
    """

    folder: str
    mailbox: str
    key: str = ""
    kind: FolderKind = FolderKind.CALENDAR


@dataclass(frozen=True, slots=True)
class Found:
    """What a listing tells of companions.

    Attributes:
        pairs: Those whose folders are there, by the folder.
        lost: Those whose folders are not, each with what it says of itself.
        own: The user's own mailboxes: a companion never goes anywhere else.
    """

    pairs: Mapping[str, Companion]
    lost: Mapping[str, CompanionMark]
    own: frozenset[str]

    @property
    def mailboxes(self) -> frozenset[str]:
        """All companions that stand beside their folders."""
        return frozenset(one.mailbox for one in self.pairs.values())


def name_for(folder: str) -> str:
    """Return what the companion of a folder is called."""
    return folder + MARK


def find(infos: Iterable[MailboxInfo], sorts: Mapping[str, Told], layout: Layout, *, annotated: bool) -> Found:
    """Find the companions in a listing.

    Args:
        infos: The listing.
        sorts: What annotations say of its mailboxes.
        layout: Where the user's own ones stand.
        annotated: The server has annotations, so that a name alone makes no companion.
    """
    there = {info.name for info in infos if info.selectable and layout.is_own(info.name)}
    pairs: dict[str, Companion] = {}
    lost: dict[str, CompanionMark] = {}
    for name in sorted(there):
        mark = sorts[name].companion if name in sorts else None
        folder = name.removesuffix(MARK)
        named = folder != name and folder in there
        if named and mark is not None:
            pairs[folder] = Companion(folder, name, mark.key, mark.kind)
        elif named and not annotated:
            kind = sorts[folder].kind if folder in sorts else None
            pairs[folder] = Companion(folder, name, kind=kind or FolderKind.CALENDAR)
        elif mark is not None:
            lost[name] = mark
    return Found(pairs, lost, frozenset(there))


def reunite(client: ImapClient, infos: Sequence[MailboxInfo], found: Found) -> list[MailboxInfo]:
    """Bring lost companions to their folders, where another program has only renamed these.

    Args:
        client: To the server.
        infos: The listing.
        found: What it tells of companions.

    Returns:
        The listing as it is then. What is left of lost ones has no folder any more; those that were empty are gone.
    """
    names = {info.name for info in infos}
    now: dict[str, str] = {}
    for info in infos:
        mark = found.lost.get(info.name)
        if mark is None:
            continue
        homes = [
            one.name
            for one in infos
            if one.name in found.own
            and one.status is not None
            and one.status.uid_validity == mark.validity
            and one.name != info.name
            and name_for(one.name) not in names
        ]
        with suppress(ImapNoError):
            if len(homes) == 1:
                client.mailboxes.rename(info.name, name_for(homes[0]))
                now[info.name] = name_for(homes[0])
            elif not homes and info.status is not None and info.status.messages == 0:
                client.mailboxes.delete(info.name)
                now[info.name] = ""
    listed = [replace(info, name=now.get(info.name, info.name)) for info in infos]
    return [info for info in listed if info.name]


def create(client: ImapClient, folder: str, kind: FolderKind, login: str) -> Companion:
    """Make the companion of a folder that has none.

    Args:
        client: To the server.
        folder: The folder.
        kind: What sort of items it holds.
        login: Its owner, whose session this is.

    Raises:
        FolderError: There is a mailbox of that name that is none of ours, or the server lets others see it.
        ImapError: The server refuses.
    """
    mailbox = name_for(folder)
    if client.mailboxes.exists(mailbox):
        # One that is empty was begun and not marked; another mailbox in its place is asked about anew by everybody.
        if client.mailboxes.status(mailbox).messages != 0:
            raise FolderError(
                f"private items of {folder} would go into {mailbox}, and there is a folder of that name",
                folder=mailbox,
                hint="Rename that folder.",
            )
        client.mailboxes.delete(mailbox)
    client.mailboxes.create(mailbox)
    mark = CompanionMark(kind, secrets.token_hex(_KEY_BYTES), client.mailboxes.status(folder).uid_validity or 0)
    annotated = client.annotations.available
    try:
        make_private(client, mailbox, login)
        if annotated:
            _mark(client, mailbox, mark)
    except (FolderError, ImapNoError):
        with suppress(ImapNoError):
            client.mailboxes.delete(mailbox)
        raise
    with suppress(ImapCommandError):
        client.mailboxes.subscribe(mailbox)  # the owner's other programs show it
    return Companion(folder, mailbox, mark.key if annotated else "", kind)


def _mark(client: ImapClient, mailbox: str, mark: CompanionMark) -> None:
    private, shared = ENTRIES
    client.annotations.set(mailbox, {private: companion_type(mark)})
    with suppress(ImapCommandError):
        client.annotations.set(mailbox, {shared: companion_type(mark)})


def make_private(client: ImapClient, mailbox: str, login: str) -> None:
    """Take everybody's rights on a mailbox away but the owner's, and see whether that is done.

    Raises:
        FolderError: Somebody else has rights on it still.
        ImapError: The server does not answer.
    """
    if not client.session.has("ACL"):
        return
    for name in _others(client, mailbox, login):
        with suppress(ImapCommandError):  # what is left is seen below
            client.access.revoke(mailbox, name)
    check_private(client, mailbox, login)


def check_private(client: ImapClient, mailbox: str, login: str) -> None:
    """Make sure that nobody but its owner has rights on a mailbox.

    Raises:
        FolderError: Somebody has.
        ImapError: The server does not tell.
    """
    if not client.session.has("ACL"):
        return
    others = _others(client, mailbox, login)
    if others:
        raise FolderError(
            f"{mailbox} is for private items, and others have rights on it: {', '.join(others)}",
            folder=mailbox,
            hint="Take these rights away, and try again.",
        )


def _others(client: ImapClient, mailbox: str, login: str) -> list[str]:
    """Return whose entries grant rights on a mailbox, those aside of the owner and of who runs the server."""
    entries = client.access.get(mailbox)
    nobody = {_OWNER, *(_COURIERS_OPERATORS if client.session.has("ACL2=UNION") else ())}
    return [
        name
        for name, rights in entries.items()
        if rights and not name.startswith("-") and name not in nobody and name.casefold() != login.casefold()
    ]


def subject_in(names: Iterable[str]) -> str:
    """Return what placeholders are called in the language in which a user's folders have their names.

    Args:
        names: The names of the user's own mailboxes.
    """
    own = {re.split(r"[./]", name)[-1].casefold() for name in names}
    best = max(_TELLING, key=lambda language: len(_TELLING[language] & own))
    return SUBJECTS[best if _TELLING[best] & own else "en"]
