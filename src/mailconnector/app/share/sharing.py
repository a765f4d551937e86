"""Sharing the folders of an account: who has which rights is read, worked out and changed over one session.

>>> with Sharing.open(account, job) as sharing:
...     folder = sharing.find(("Calendar",))
...     plan = sharing.plan([folder], sharing.identifier("bob"), Verb.GRANT, parse_rights("reviewer"))
...     sharing.make(plan.needed)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from mailconnector.app.account.connecting import connect
from mailconnector.app.account.model import Account
from mailconnector.app.errors import AppError, AppUsageError
from mailconnector.app.share.changes import AclChange, Plan, Skipped, Verb, plan_change
from mailconnector.app.share.effective import Effective, FolderAcl, effective
from mailconnector.app.share.fitting import fitted
from mailconnector.app.share.folders import Folder, FolderIndex, look, owner_of
from mailconnector.app.share.identifiers import Combining, Dialect, Rank, dialect_of
from mailconnector.app.share.words import Role, in_words, role_of
from mailconnector.app.sync.job import Job
from mailconnector.errors import MailConnectorError
from mailconnector.imap import ImapClient, ImapCommandError
from mailconnector.imap.rights import ALL_RIGHTS, Rights


class NoSharingError(AppError):
    """The server has no access control lists, so nothing can be shared on it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a change.

    Attributes:
        change: the change.
        now: the entry as the server shows it afterwards; None where it does not show it any more.
        error: why it was not made.
    """

    change: AclChange
    now: Rights | None = None
    error: MailConnectorError | None = None

    @property
    def differs(self) -> bool:
        """Whether the server made something else of it."""
        return self.error is None and self.now is not None and self.now != self.change.after


class Sharing:
    """The rights on the folders of one account.

    Args:
        client: a session with its server, closed with this.
        job: the account's job.
        login: the account's login.

    Raises:
        NoSharingError: the server has no access control lists.
    """

    def __init__(self, client: ImapClient, job: Job, login: str) -> None:
        if not client.session.has("ACL"):
            raise NoSharingError(
                f"the server of the account {job.account} has no access control lists (the extension ACL of IMAP): "
                "folders on it cannot be shared, and everything in it is its owner's alone",
                hint="All else works. Ask the operator of the server whether ACL can be switched on.",
            )
        self._client = client
        self._job = job
        self.login = login
        self.dialect: Dialect = dialect_of(client.quirks, adds_up=client.session.has("ACL2=UNION"))
        self._index: FolderIndex | None = None

    @classmethod
    def open(cls, account: Account, job: Job) -> Sharing:
        """Connect to an account's server.

        Raises:
            NoSharingError: it has no access control lists.
            SecretError: the password or token cannot be had.
            ImapError: there is no session to be had.
        """
        client = connect(account)
        try:
            return cls(client, job, account.imap_server.login)
        except BaseException:
            client.logout()
            raise

    def __enter__(self) -> Sharing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.logout()

    @property
    def client(self) -> ImapClient:
        """The session."""
        return self._client

    # -- folders -----------------------------------------------------------------------------------------------------

    @property
    def folders(self) -> FolderIndex:
        """The folders that the account sees; asked for once."""
        if self._index is None:
            self._index = look(self._client, self._job, self.login)
        return self._index

    def look_again(self) -> None:
        """Forget which folders there are: they are asked for anew."""
        self._index = None

    def find(self, path: tuple[str, ...]) -> Folder:
        """Return the folder that a user means; one that the server does not list, by its full name there.

        Raises:
            AppUsageError: there is none.
        """
        try:
            return self.folders.find(path)
        except AppUsageError:
            # Who may administer a folder need not have the right to see it in lists.
            mailbox = self.folders.separator.join(path)
            try:
                mine = self._client.access.mine(mailbox)
            except ImapCommandError:
                mine = Rights()
            # Dovecot tells rights on folders that are not there.
            if not mine or ("r" in mine and not self._answers(mailbox)):
                raise
            return Folder(mailbox, path, owner_of(mailbox, self._client.mailboxes.namespaces()), False, mine)

    def _answers(self, mailbox: str) -> bool:
        """Tell whether the server says something of a mailbox; who may read it is told, if there is one."""
        try:
            self._client.mailboxes.status(mailbox)
        except ImapCommandError:
            return False
        return True

    def chosen(self, folder: Folder, *, below: bool) -> list[Folder]:
        """Return a folder, and those in it where they are wanted too."""
        return [folder, *self.folders.below(folder)] if below else [folder]

    # -- reading -----------------------------------------------------------------------------------------------------

    def mine(self, folder: Folder) -> Rights:
        """Return what the account itself may do with a folder, as the server says."""
        return self._client.access.mine(folder.mailbox)

    def acl(self, folder: Folder) -> FolderAcl:
        """Return a folder's access control list.

        Raises:
            ImapNoError: the account may not see it: only who may administer the folder may.
        """
        access = self._client.access
        entries = access.get(folder.mailbox)
        owner = folder.owner
        # Where entries do not add up, the owner has nothing beside them.
        asked = owner and self.dialect.combining is Combining.UNION
        implicit = access.grantable(folder.mailbox, owner).required if asked else Rights()
        return FolderAcl(dict(entries), owner, implicit, self.dialect)

    def shared(self) -> list[tuple[Folder, FolderAcl]]:
        """Return the account's own folders that somebody else has an entry for, each with its list."""
        found = []
        for folder in self.folders.all:
            if folder.own and folder.selectable and (folder.mine is None or "a" in folder.mine):
                acl = self.acl(folder)
                if any(not self._is_given(acl, name) for name in acl.entries):
                    found.append((folder, acl))
        return found

    def is_unshared(self, folder: Folder) -> bool:
        """Tell whether nobody but its owner has rights on a folder. Raises what `acl` does."""
        acl = self.acl(folder)
        return all(
            name.startswith("-") or not rights or self._is_given(acl, name) for name, rights in acl.entries.items()
        )

    def _is_given(self, acl: FolderAcl, identifier: str) -> bool:
        """Tell whether an entry shares nothing: it is for the owner, or for those who run the server."""
        rank, name = self.dialect.rank(identifier)
        return rank is Rank.OWNER or name in self.dialect.operators or acl.is_owner(name)

    def explain(self, folder: Folder, login: str, groups: Iterable[str] = ()) -> Effective:
        """Work out what somebody may do with a folder, and why. Raises what `acl` does."""
        return effective(self.acl(folder), login, frozenset(groups))

    # -- changing ----------------------------------------------------------------------------------------------------

    def identifier(self, who: str, *, deny: bool = False) -> str:
        """Return the identifier that a user means on this server; see `Dialect.identifier`."""
        return self.dialect.identifier(who, deny=deny)

    def plan(
        self, folders: Sequence[Folder], identifier: str, verb: Verb, rights: Rights, groups: Iterable[str] = ()
    ) -> Plan:
        """Work out changes of one entry on some folders, without making any.

        Args:
            folders: the folders.
            identifier: whose entry.
            verb: what is to be done.
            rights: with which rights.
            groups: the groups that the account's user is known to be in.

        Raises:
            ImapError: the server does not answer.
            AppUsageError: the list of the only folder cannot be changed.
        """
        changes: list[AclChange] = []
        skipped: list[Skipped] = []
        for folder in folders:
            if not folder.selectable:
                skipped.append(Skipped(folder, "it is only a name that other folders stand in"))
                continue
            try:
                acl = self.acl(folder)
                grantable = self._client.access.grantable(folder.mailbox, identifier)
            except ImapCommandError as error:
                skipped.append(Skipped(folder, f"you may not administer it: {error.text or error}"))
                continue
            fit = fitted(rights, grantable, old=self._client.access.old)
            if verb in (Verb.GRANT, Verb.SET) and rights and rights <= fit.missing:
                role = role_of(rights)
                wanted = in_words(rights) if role is Role.CUSTOM else role.value
                raise AppUsageError(
                    f"this server has no such right: {wanted}",
                    hint="`mailconnector share rights` shows the rights and roles that there are.",
                )
            changes.append(plan_change(folder, acl, identifier, verb, fit, login=self.login, known=groups))
        if not changes and skipped:
            raise AppUsageError(
                f"the rights on {skipped[0].folder.shown} cannot be changed: {skipped[0].reason}",
                hint="Only who has the right to administer a folder can see and change its rights.",
            )
        return Plan(tuple(changes), tuple(skipped))

    def plan_restore(self, folder: Folder) -> Plan:
        """Work out how a folder's owner gets all rights again: denials of the owner go, and an entry with all comes.

        Raises:
            AppUsageError: nobody owns it, or its list cannot be changed.
            ImapError: the server does not answer.
        """
        if not folder.owner:
            raise AppUsageError(f"the folder {folder.shown} is nobody's in particular")
        try:
            acl = self.acl(folder)
        except ImapCommandError as error:
            raise AppUsageError(
                f"the rights on {folder.shown} cannot be changed: {error.text or error}",
                hint="Somebody with the right to administer it can restore them, or an administrator of the server.",
            ) from error
        denials = [
            name
            for name in acl.entries
            if name.startswith("-") and acl.is_owner(self.dialect.rank(name)[1] or name.removeprefix("-"))
        ]
        changes = [AclChange(folder, name, acl.entries[name], Rights()) for name in denials]
        for name in denials:
            acl = acl.with_entry(name, Rights())
        if ALL_RIGHTS - effective(acl, folder.owner).rights:
            grantable = self._client.access.grantable(folder.mailbox, folder.owner)
            fit = fitted(ALL_RIGHTS, grantable, old=self._client.access.old)
            changes.append(plan_change(folder, acl, folder.owner, Verb.GRANT, fit, login=self.login))
        return Plan(tuple(changes))

    def make(self, changes: Iterable[AclChange]) -> list[Made]:
        """Make changes, one after another, and read each back. What the server refuses does not stop the others.

        Raises:
            ImapConnectionError: the connection broke; what was made before stays.
        """
        access = self._client.access
        made: list[Made] = []
        for change in changes:
            mailbox = change.folder.mailbox
            try:
                access.grant(mailbox, change.identifier, change.after)
            except ImapCommandError as error:
                made.append(Made(change, error=error))
                continue
            try:
                now = access.get(mailbox).get(change.identifier, Rights())
            except ImapCommandError:
                now = None  # one's own right to see it is what was given up
            made.append(Made(change, now))
        return made
