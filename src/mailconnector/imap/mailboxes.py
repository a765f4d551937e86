"""The mailboxes of a server: listing, creating, renaming, their status, their subscriptions, namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from mailconnector.imap.annotations import Annotations
from mailconnector.imap.commands import Command, CommandLine, quoted
from mailconnector.imap.connection import Ended, Result
from mailconnector.imap.quirks import Quirk
from mailconnector.imap.responses import (
    Listed,
    MailboxStatus,
    Metadata,
    MyRights,
    Namespace,
    Namespaces,
    Response,
    StatusItems,
)
from mailconnector.imap.rights import Rights
from mailconnector.imap.session import Session

SPECIAL_USES = frozenset(
    {
        "\\all",
        "\\archive",
        "\\drafts",
        "\\flagged",
        "\\important",
        "\\junk",
        "\\sent",
        "\\trash",
        "\\memos",
        "\\snoozed",
    }
)


@dataclass(frozen=True, slots=True)
class MailboxInfo:
    """One mailbox as it is listed.

    Attributes:
        name: its full name, with the server's separators.
        separator: one character, or empty when names are flat.
        attributes: in lower case, as ``\\\\noselect``.
        subscribed: None when it was not asked for.
        status: None when it was not asked for, or the mailbox cannot be selected.
        rights: what the user may do; None when it was not asked for, or is not told.
        metadata: the annotations asked for, as far as they are set.
    """

    name: str
    separator: str
    attributes: frozenset[str]
    subscribed: bool | None = None
    status: StatusItems | None = None
    rights: Rights | None = None
    metadata: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def selectable(self) -> bool:
        """Whether it can hold messages."""
        return not self.attributes & {"\\noselect", "\\nonexistent"}

    @property
    def special_uses(self) -> frozenset[str]:
        """What it is for (RFC 6154), in lower case: ``\\\\sent``."""
        return self.attributes & SPECIAL_USES


class Mailboxes:
    """The mailboxes of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._namespaces: Namespaces | None = None

    def namespaces(self) -> Namespaces:
        """Return where the user's own, other users' and shared mailboxes stand; asked for once.

        A server without NAMESPACE has one personal namespace at the top, as far as one can know.
        """
        if self._namespaces is None:
            session = self._session
            if session.has("NAMESPACE"):
                self._namespaces = session.run(session.line("NAMESPACE"), Namespaces).last(Namespaces)
            else:
                root = session.run(session.line("LIST").raw(b'""').raw(b'""'), Listed).last(Listed)
                self._namespaces = Namespaces(personal=(Namespace("", root.separator if root else ""),))
        return self._namespaces or Namespaces()

    def list(
        self,
        pattern: str = "*",
        *,
        status: bool = False,
        subscriptions: bool = True,
        rights: bool = False,
        metadata: Sequence[str] = (),
        survey: bool = False,
    ) -> list[MailboxInfo]:
        """List mailboxes, in one command where the server can, else with as many as it takes.

        Args:
            pattern: ``*`` stands for anything, ``%`` for anything but the separator.
            status: whether to ask for the status of each.
            subscriptions: whether to ask which are subscribed.
            rights: whether to ask what the user may do with each.
            metadata: the annotations to ask for, as ``/shared/vendor/kolab/folder-type``.
            survey: whether to leave the selected mailbox first, or to look at it anew, since some servers tell its
                status as this session last saw it, and to ask for the namespaces in the same round trip.

        Returns:
            Each mailbox once, in the server's order. Parents of which the user may see nothing can be missing.
        """
        session = self._session
        names = session.connection.protocol.names
        line = session.line("LIST").raw(b'""').pattern(pattern, names)
        wanted = self._return_options(status=status, subscriptions=subscriptions, rights=rights, metadata=metadata)
        if wanted:
            line.raw(b"RETURN (" + b" ".join(wanted.values()) + b")")
        result = self._survey(line) if survey else session.run(line, Listed, MailboxStatus, MyRights, Metadata)
        found = _told(result, subscribed="SUBSCRIBED" in wanted)
        # What the one command did not tell is asked for by others.
        selectable = [info.name for info in found if info.selectable]
        if subscriptions and "SUBSCRIBED" not in wanted:
            subscribed = self.subscribed(pattern)
            found = [replace(info, subscribed=info.name in subscribed) for info in found]
        if status and "STATUS" not in wanted:
            statuses = self.status_of(selectable)
            found = [replace(info, status=statuses.get(info.name)) for info in found]
        if rights and "MYRIGHTS" not in wanted and session.has("ACL"):
            rights_of = self.rights_of(selectable)
            found = [replace(info, rights=rights_of.get(info.name)) for info in found]
        if metadata and "METADATA" not in wanted and (notes := Annotations(session)).available:
            annotations = notes.get_many(selectable, metadata)
            found = [replace(info, metadata=annotations.get(info.name, info.metadata)) for info in found]
        return found

    def _survey(self, line: CommandLine) -> Result:
        """Run a LIST, behind what else a look at the whole server begins with."""
        session = self._session
        commands: list[Command] = []
        if session.connection.protocol.mailbox is not None:
            # Else the status of the selected mailbox is what this session has seen of it.
            commands.append(session.line("UNSELECT" if session.has("UNSELECT") else "NOOP").command())
        if self._namespaces is None and session.has("NAMESPACE"):
            commands.append(session.line("NAMESPACE").command())
        commands.append(line.command())
        responses: list[Response] = []
        kinds = (Listed, MailboxStatus, MyRights, Metadata, Namespaces)
        for response in session.pipeline(commands, *kinds):
            if isinstance(response, Namespaces):
                self._namespaces = response
            elif not isinstance(response, Ended):
                responses.append(response)
            elif response.command.name == "LIST":
                if not response.tagged.ok:
                    raise session.refused(response)
                return Result(response.tagged, tuple(responses))
        raise AssertionError("the last command of a pipeline always ends")

    def _return_options(
        self, *, status: bool, subscriptions: bool, rights: bool, metadata: Sequence[str]
    ) -> dict[str, bytes]:
        session = self._session
        if not session.has("LIST-EXTENDED"):
            return {}
        options = {"CHILDREN": b"CHILDREN"}
        if subscriptions:
            options["SUBSCRIBED"] = b"SUBSCRIBED"
        if session.has("SPECIAL-USE"):
            options["SPECIAL-USE"] = b"SPECIAL-USE"
        if status and session.has("LIST-STATUS"):
            options["STATUS"] = b"STATUS (" + self._status_items() + b")"
        if rights and session.has("LIST-MYRIGHTS"):
            options["MYRIGHTS"] = b"MYRIGHTS"
        if metadata and session.has("LIST-METADATA"):
            options["METADATA"] = b"METADATA (" + b" ".join(quoted(entry.encode("ascii")) for entry in metadata) + b")"
        return options

    def subscribed(self, pattern: str = "*") -> set[str]:
        """Return the names of the subscribed mailboxes, which need not exist."""
        session = self._session
        names = session.connection.protocol.names
        if session.has("LIST-EXTENDED"):
            line = session.line("LIST").raw(b"(SUBSCRIBED)").raw(b'""').pattern(pattern, names)
        else:
            line = session.line("LSUB").raw(b'""').pattern(pattern, names)
        # LSUB with "%" answers parents of subscribed mailboxes as \Noselect.
        return {
            listed.name
            for listed in session.run(line, Listed).all(Listed)
            if not listed.lsub or "\\noselect" not in listed.attributes
        }

    def exists(self, name: str) -> bool:
        """Whether a mailbox of this very name exists."""
        session = self._session
        line = session.line("LIST").raw(b'""').pattern(name, session.connection.protocol.names)
        return any(
            listed.name == name and "\\nonexistent" not in listed.attributes
            for listed in session.run(line, Listed).all(Listed)
        )

    def status(self, name: str) -> StatusItems:
        """Return the status of a mailbox. It is no sign of any right on it.

        Raises:
            ImapNoError: the mailbox does not exist, or may not be seen.
        """
        session = self._session
        line = session.line("STATUS", name).raw(b"(" + self._status_items() + b")")
        answers = session.run(line, MailboxStatus).all(MailboxStatus)
        # Some servers answer with another case or encoding of the name.
        return next((answer.items for answer in answers if answer.name == name), None) or (
            answers[-1].items if answers else StatusItems()
        )

    def status_of(self, names: Iterable[str]) -> dict[str, StatusItems]:
        """Return the status of many mailboxes, several at once; those that the server refuses are left out."""
        session = self._session
        items = b"(" + self._status_items() + b")"
        commands = (session.line("STATUS", name).raw(items).command() for name in names)
        found: dict[str, StatusItems] = {}
        for answer in session.pipeline(commands, MailboxStatus, depth=16):
            if isinstance(answer, MailboxStatus):
                found[answer.name] = answer.items
        return found

    def create(self, name: str, *, special_use: str = "") -> str:
        """Create a mailbox.

        Args:
            name: with the server's separator; missing parents are made by most servers.
            special_use: as ``\\\\Sent``; left out where the server has no CREATE-SPECIAL-USE.

        Returns:
            Its MAILBOXID, or nothing where the server has none.

        Raises:
            ImapExistsError: it exists; not all servers say so.
            ImapNoError: the server refuses it.
        """
        session = self._session
        line = session.line("CREATE", name)
        if special_use and session.has("CREATE-SPECIAL-USE"):
            line.raw(b"(USE (" + special_use.encode("ascii") + b"))")
        tagged = session.run(line).tagged
        return tagged.code.text if tagged.code and tagged.code.name == "MAILBOXID" else ""

    def delete(self, name: str) -> None:
        """Delete a mailbox with its messages. Raises `ImapNoError` when the server refuses it."""
        self._session.run(self._session.line("DELETE", name))

    def rename(self, old: str, new: str) -> None:
        """Rename a mailbox and those below it. Raises `ImapNoError` when the server refuses it."""
        session = self._session
        session.run(session.line("RENAME", old).name(new, session.connection.protocol.names))

    def subscribe(self, name: str, *, on: bool = True) -> None:
        """Subscribe to a mailbox, or end the subscription. Raises `ImapNoError` when the server refuses it."""
        self._session.run(self._session.line("SUBSCRIBE" if on else "UNSUBSCRIBE", name))

    def _status_items(self) -> bytes:
        session = self._session
        items = [b"MESSAGES", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"]
        if session.has("CONDSTORE"):
            items.append(b"HIGHESTMODSEQ")
        if session.has("STATUS=SIZE"):
            items.append(b"SIZE")
        if session.has("OBJECTID") and Quirk.STATUS_MAILBOXID_IS_GARBAGE not in session.quirks:
            items.append(b"MAILBOXID")
        elif Quirk.STATUS_HAS_GUID in session.quirks:
            items.append(b"X-GUID")
        return b" ".join(items)

    def rights_of(self, names: Iterable[str]) -> dict[str, Rights]:
        """Return what the user may do with many mailboxes, several at once; those the server refuses are left out."""
        session = self._session
        commands: list[Command] = [session.line("MYRIGHTS", name).command() for name in names]
        found: dict[str, Rights] = {}
        for answer in session.pipeline(commands, MyRights, depth=16):
            if isinstance(answer, MyRights):
                found[answer.name] = answer.rights
        return found


def _told(result: Result, *, subscribed: bool) -> list[MailboxInfo]:
    """Return the mailboxes that a LIST has told, each once, with all that its answer says of them.

    Args:
        result: the answer.
        subscribed: whether it tells which are subscribed.
    """
    statuses = {answer.name: answer.items for answer in result.all(MailboxStatus)}
    rights_of = {answer.name: answer.rights for answer in result.all(MyRights)}
    annotations = {answer.name: answer.entries for answer in result.all(Metadata)}
    found = {
        listed.name: MailboxInfo(
            listed.name,
            listed.separator,
            listed.attributes,
            "\\subscribed" in listed.attributes if subscribed else None,
            statuses.get(listed.name),
            rights_of.get(listed.name),
            MappingProxyType({k: v for k, v in annotations.get(listed.name, {}).items() if v is not None}),
        )
        for listed in result.all(Listed)
        if "\\nonexistent" not in listed.attributes
    }
    return list(found.values())
