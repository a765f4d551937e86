"""An owner's delegates: their roles in the main folders, and what is written down of them beside.

>>> with Sharing.open(account, job) as sharing:
...     delegating = Delegating(sharing, account.address)
...     bob = Delegate("bob", "bob@example.org", {"calendar": "editor"}, on_behalf=True)
...     sharing.make(delegating.plan(bob).needed)
...     delegating.save(delegating.record().having(bob))
"""

from __future__ import annotations

from dataclasses import dataclass

from mailconnector.app.delegate.record import (
    OWN_ENTRY,
    SEEN_ENTRY,
    Delegate,
    Record,
    own_value,
    read_own,
    read_seen,
    seen_value,
)
from mailconnector.app.errors import AppUsageError
from mailconnector.app.share.changes import Plan, Verb
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.sharing import Sharing
from mailconnector.app.share.words import ROLE_RIGHTS, Role
from mailconnector.imap import ImapCommandError
from mailconnector.imap.rights import Rights
from mailconnector.sync.store import SpecialUse

USES = (
    SpecialUse.CALENDAR,
    SpecialUse.TASKS,
    SpecialUse.INBOX,
    SpecialUse.CONTACTS,
    SpecialUse.NOTES,
    SpecialUse.JOURNAL,
)
"""The folders that a delegate can have a role in, as Outlook has them."""
ROLES = (Role.NONE, Role.REVIEWER, Role.AUTHOR, Role.EDITOR)
"""What a delegate can be. An owner of folders is none: that is what `share grant` is for."""

_INBOX = "INBOX"


@dataclass(frozen=True, slots=True)
class Trust:
    """What somebody lets this account's user do.

    Attributes:
        owner: the login of who does.
        address: the owner's mail address; empty where it is not told.
        on_behalf: the user may send on the owner's behalf, as the owner wrote down.
        folders: the owner's folders that tell so.
    """

    owner: str
    address: str
    on_behalf: bool
    folders: tuple[Folder, ...]


class Delegating:
    """The delegates of one account.

    Args:
        sharing: the rights on the account's folders.
        address: the account's mail address.
    """

    def __init__(self, sharing: Sharing, address: str) -> None:
        self._sharing = sharing
        self._address = address
        self._notes = sharing.client.annotations

    @property
    def keeps_records(self) -> bool:
        """Whether the server can keep what the rights do not say: it has annotations."""
        return self._notes.available

    def record(self) -> Record:
        """Return what was written down of the delegates; nothing where the server keeps no records."""
        if not self.keeps_records:
            return Record()
        return read_own(self._notes.get(_INBOX, [OWN_ENTRY]).get(OWN_ENTRY))

    def folders(self) -> dict[str, Folder]:
        """Return the account's main folders that a delegate can have a role in, by what they are for."""
        found = {one.use: one for one in self._sharing.folders.all if one.own and one.use in USES}
        return {use.value: found[use] for use in USES if use in found}

    def plan(self, delegate: Delegate, before: Delegate | None = None) -> Plan:
        """Work out how a delegate gets the roles wanted, and loses those of before that are not.

        Raises:
            AppUsageError: a folder is not there, or its list cannot be changed.
            ImapError: the server does not answer.
        """
        folders = self.folders()
        plans = []
        former = before.roles if before is not None else {}
        for use in dict.fromkeys((*delegate.roles, *former)):
            role = Role(delegate.roles.get(use, Role.NONE.value))
            if use not in folders:
                if role is Role.NONE:
                    continue
                raise AppUsageError(
                    f"there is no folder for {use} on the server",
                    hint="Synchronise first: it makes the main folders.",
                )
            who = self._sharing.identifier(delegate.login)
            verb = Verb.REVOKE if role is Role.NONE else Verb.SET
            rights = ROLE_RIGHTS[role] if role is not Role.NONE else Rights()
            plans.append(self._sharing.plan([folders[use]], who, verb, rights))
        return Plan(tuple(change for plan in plans for change in plan.changes))

    def save(self, record: Record) -> None:
        """Write down what is to be known of the delegates, in place of what was.

        Raises:
            ImapUnsupportedError: the server has no annotations.
            ImapNoError: it refuses them.
        """
        for use, folder in self.folders().items():
            value = seen_value(self._address, record.delegates, use)
            try:
                self._notes.set(folder.mailbox, {SEEN_ENTRY: value})
            except ImapCommandError:
                if value is not None:
                    raise
        self._notes.set(_INBOX, {OWN_ENTRY: own_value(record)})

    def trusts(self) -> list[Trust]:
        """Return who has written down that this account's user is a delegate, and what for."""
        if not self.keeps_records:
            return []
        foreign = {
            one.mailbox: one for one in self._sharing.folders.all if not one.own and one.owner and one.selectable
        }
        found: dict[str, list[tuple[Folder, str, bool]]] = {}
        for mailbox, values in self._notes.get_many(foreign, [SEEN_ENTRY]).items():
            if mailbox in foreign and SEEN_ENTRY in values:
                address, logins = read_seen(values[SEEN_ENTRY])
                on_behalf = any(self._sharing.dialect.same_login(login, self._sharing.login) for login in logins)
                found.setdefault(foreign[mailbox].owner, []).append((foreign[mailbox], address, on_behalf))
        return [
            Trust(
                owner,
                next((address for _, address, _ in told if address), ""),
                any(on_behalf for _, _, on_behalf in told),
                tuple(folder for folder, _, _ in told),
            )
            for owner, told in sorted(found.items())
        ]
