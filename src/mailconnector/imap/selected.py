"""The selected mailbox: searching, fetching, flags, copying, moving, expunging. All by UID.

Sets of UIDs of any size are cut into commands that servers accept, and the commands run several at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from mailconnector.imap import searching
from mailconnector.imap.commands import Command, CommandLine, flag_bytes
from mailconnector.imap.connection import Ended
from mailconnector.imap.errors import ImapNoError, ImapPermissionError, ImapUsageError
from mailconnector.imap.protocol import MailboxState
from mailconnector.imap.responses import (
    Code,
    Condition,
    Exists,
    Expunge,
    Fetched,
    MailboxFlags,
    Recent,
    Response,
    Searched,
    Vanished,
)
from mailconnector.imap.searching import Query
from mailconnector.imap.session import Session
from mailconnector.imap.sets import MAX_NUMBER, UidSet

R = TypeVar("R", bound=Response)

FLAGS = ("FLAGS",)
"""What `SelectedMailbox.fetch` is to get: the flags alone (UID and MODSEQ come with everything)."""
SUMMARY = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")
"""Everything but content."""
HEADER = (*SUMMARY, "BODY.PEEK[HEADER]")
"""The header comes as ``other["BODY[HEADER]"]``."""
MESSAGE = (*SUMMARY, "BODY.PEEK[]")
"""The whole message, as `Fetched.body`."""

_ITEM = re.compile(r"[A-Za-z0-9.\-]+(?:\[[A-Za-z0-9.\- ()]*\](?:<[0-9]+\.[0-9]+>)?)?")
_LINE = 6000  # bytes of a set in one command; RFC 7162 section 4 asks for lines of at most 8192
_FETCHED_AT_ONCE = 500  # messages a FETCH of content; the measure of memory and of loss when a connection breaks
_SEARCHED_AT_ONCE = 200_000
_OF_SELECTED = (Exists, Expunge, Fetched, MailboxFlags, Recent, Vanished)  # what a server says of the selected mailbox


@dataclass(frozen=True, slots=True)
class KnownState:
    """What a client knows of a mailbox from before, for QRESYNC (RFC 7162 section 3.2.5).

    Attributes:
        uid_validity: the UIDVALIDITY then.
        modseq: the HIGHESTMODSEQ then.
        uids: the UIDs then; None to leave it to the server, which may then report more as vanished.
    """

    uid_validity: int
    modseq: int
    uids: UidSet | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since a `KnownState`."""

    vanished: UidSet = field(default_factory=UidSet)
    changed: tuple[Fetched, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of a change of flags.

    Attributes:
        modified: messages that were left alone, because somebody has changed them since (UNCHANGEDSINCE).
        fetched: the new flags and mod-sequences, where the server tells them.
    """

    modified: UidSet
    fetched: tuple[Fetched, ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of copying or moving.

    Attributes:
        uid_validity: the target's; 0 where the server does not tell.
        uids: each source UID with its target UID; None where the server does not tell (no UIDPLUS, or no right to
            read the target). Messages that had gone already are missing.
        left: messages that a move has copied but could not remove from here.
    """

    uid_validity: int
    uids: Mapping[int, int] | None
    left: UidSet = field(default_factory=UidSet)


class SelectedMailbox:
    """The mailbox that a session has selected, until it selects another.

    Attributes:
        state: what the server has said of it so far; it changes as the server speaks.
        changes: what has changed since the known state; None when the server did not tell, because there was no
            known state, its UIDVALIDITY is not the mailbox's any more, or QRESYNC is not there.
    """

    def __init__(self, session: Session, state: MailboxState, changes: Changes | None) -> None:
        self.session = session
        self.state = state
        self.changes = changes

    @classmethod
    def select(
        cls, session: Session, name: str, *, read_only: bool = False, known: KnownState | None = None
    ) -> SelectedMailbox:
        """Select a mailbox, and learn in the same round trip what has changed in it.

        Args:
            session: the session.
            name: the mailbox.
            read_only: whether to open it without changing anything (EXAMINE).
            known: what was known before.

        Raises:
            ImapNotFoundError: it does not exist; not all servers tell this from other refusals.
            ImapNoError: the server refuses it.
        """
        line = session.line("EXAMINE" if read_only else "SELECT", name)
        resync = known is not None and "QRESYNC" in session.enabled and known.modseq > 0
        if resync and known:
            # Some servers reject CONDSTORE beside QRESYNC, which includes it.
            line.raw(b"(QRESYNC (%d %d%s))" % (known.uid_validity, known.modseq, _known_uids(known.uids)))
        elif session.has("CONDSTORE") and "QRESYNC" not in session.enabled:
            line.raw(b"(CONDSTORE)")
        state = MailboxState(name, read_only=read_only)
        session.connection.settle()
        pushed = session.connection.pushed
        elsewhere = [response for response in pushed if not isinstance(response, _OF_SELECTED)]
        pushed.clear()
        pushed.extend(elsewhere)
        result = session.run(line, Condition, MailboxFlags, *_OF_SELECTED, selects=state)
        changes: Changes | None = None
        if resync and known and state.uid_validity == known.uid_validity and state.highest_modseq:
            vanished, changed = UidSet(), list[Fetched]()
            for response in result.responses:
                if isinstance(response, Condition):
                    if response.code and response.code.name == "CLOSED":  # before it, the old mailbox spoke
                        vanished, changed = UidSet(), []
                elif isinstance(response, Vanished):
                    vanished |= response.uids
                elif isinstance(response, Fetched) and response.uid:
                    changed.append(response)
            changes = Changes(vanished, tuple(changed))
        return cls(session, state, changes)

    @property
    def name(self) -> str:
        """The mailbox's name."""
        return self.state.name

    @property
    def keeps_modseq(self) -> bool:
        """Whether the mailbox keeps mod-sequences."""
        return self.state.highest_modseq is not None and self.session.has("CONDSTORE")

    def search(self, query: Query = searching.ALL) -> UidSet:
        """Return the UIDs of the messages that meet a condition."""
        line = self._line("UID SEARCH")
        if self.session.has("ESEARCH"):
            line.raw(b"RETURN (ALL)")
        found = UidSet()
        for answer in self.session.run(query.add_to(line, utf8="UTF8=ACCEPT" in self.session.enabled), Searched).all(
            Searched
        ):
            if answer.found is not None:
                found |= answer.found
        return found

    def fetch(
        self,
        uids: UidSet | None,
        items: Sequence[str] = MESSAGE,
        *,
        changed_since: int | None = None,
        depth: int = 4,
    ) -> Iterator[Fetched]:
        """Fetch messages, many at once; at most one is held in memory beside what the network holds.

        Args:
            uids: which; None for all. Messages that are gone are passed over.
            items: what of them; see `FLAGS`, `SUMMARY`, `HEADER`, `MESSAGE`.
            changed_since: only messages changed since this mod-sequence; needs `keeps_modseq`.
            depth: how many commands may be under way.

        Yields:
            Messages with their UID, in the server's order. A message can come more than once, with parts of what was
            asked for, when somebody changes it meanwhile; only those with everything asked for count.

        Raises:
            ImapNoError: the server could not do all of it; what it could do was handed out before.
        """
        if self.state.exists == 0 and uids is None:
            return
        content = any("[" in item for item in items)
        tail = self._items(items) + (b" (CHANGEDSINCE %d)" % changed_since if changed_since is not None else b"")
        count = _FETCHED_AT_ONCE if content else MAX_NUMBER
        sets = [b"1:*"] if uids is None else (bytes(part) for part in uids.split(length=_LINE, count=count))
        commands = (self._line("UID FETCH").raw(part).raw(tail).command() for part in sets)
        failure: ImapNoError | None = None
        for response in self.session.pipeline(commands, Fetched, depth=depth):
            if isinstance(response, Fetched):
                if response.uid is not None and (not content or response.body is not None or response.other):
                    yield response
                else:
                    self.session.connection.pushed.append(response)
            elif not response.tagged.ok and not _is(response.tagged.code, "EXPUNGEISSUED"):
                error = self.session.refused(response)
                if not isinstance(error, ImapNoError):
                    raise error
                failure = failure or error
        if failure:
            raise failure

    def changes_since(self, modseq: int, known: UidSet | None = None) -> Changes:
        """Return what has changed since a mod-sequence, by the cheapest way that the server knows.

        Args:
            modseq: the HIGHESTMODSEQ then.
            known: the UIDs then; without QRESYNC, what vanished is found by comparing with them.

        Raises:
            ImapUsageError: the mailbox keeps no mod-sequences: compare all flags instead.
        """
        if not self.keeps_modseq:
            raise ImapUsageError(f"the mailbox {self.name!r} keeps no mod-sequences")
        if self.state.exists == 0 and known is not None:
            return Changes(known)
        line = self._line("UID FETCH").raw(self._ever()).raw(self._items(FLAGS))
        if "QRESYNC" in self.session.enabled:
            result = self.session.run(line.raw(b"(CHANGEDSINCE %d VANISHED)" % modseq), Fetched, Vanished)
            vanished = UidSet()
            for response in result.all(Vanished):
                vanished |= response.uids
            vanished = vanished if known is None else vanished & known
        else:
            result = self.session.run(line.raw(b"(CHANGEDSINCE %d)" % modseq), Fetched)
            vanished = known - self.search() if known else UidSet()
        return Changes(vanished, tuple(fetched for fetched in result.all(Fetched) if fetched.uid))

    def delta(self, modseq: int, items: Sequence[str] = SUMMARY) -> Iterator[Fetched | Vanished]:
        """Stream what has changed since a mod-sequence; nothing is gathered, whatever the mailbox's size.

        Args:
            modseq: the HIGHESTMODSEQ then.
            items: what of each message; without content.

        Yields:
            Messages that have changed or are new, in the server's order, some of them with a part of the items only,
            when somebody changes them meanwhile. With QRESYNC also what has vanished, which may name UIDs that never
            were; without it, what vanished is for the caller to find out.

        Raises:
            ImapUsageError: the mailbox keeps no mod-sequences.
            ImapNoError: the server refuses it.
        """
        if not self.keeps_modseq:
            raise ImapUsageError(f"the mailbox {self.name!r} keeps no mod-sequences")
        if self.state.exists == 0 and "QRESYNC" not in self.session.enabled:
            return
        vanished = b" VANISHED" if "QRESYNC" in self.session.enabled else b""
        line = self._line("UID FETCH").raw(self._ever()).raw(self._items(items))
        line.raw(b"(CHANGEDSINCE %d%s)" % (modseq, vanished))
        for response in self.session.pipeline([line.command()], Fetched, Vanished):
            if isinstance(response, Ended):
                if not response.tagged.ok:
                    raise self.session.refused(response)
            elif isinstance(response, Vanished) or (isinstance(response, Fetched) and response.uid is not None):
                yield response
            else:
                self.session.connection.pushed.append(response)

    def storable(self, flags: Iterable[str]) -> frozenset[str]:
        """Return those of the flags that can be stored here, by what the server has said of its permanent flags."""
        permanent = self.state.permanent_flags
        if self.state.read_only:
            return frozenset()
        if permanent is None:
            return frozenset(flags)
        known = {flag.lower() for flag in permanent}
        return frozenset(
            flag for flag in flags if flag.lower() in known or ("\\*" in permanent and not flag.startswith("\\"))
        )

    def store(
        self,
        uids: UidSet,
        flags: Iterable[str],
        *,
        action: str = "add",
        unchanged_since: int | None = None,
    ) -> Stored:
        """Change flags.

        Args:
            uids: of which messages. Those that are gone are passed over.
            flags: which flags.
            action: ``add``, ``remove`` or ``replace``.
            unchanged_since: leave messages alone that have changed since this mod-sequence; needs `keeps_modseq`.

        Raises:
            ImapPermissionError: not all of the flags can be stored here; see `storable`. Servers that do nothing
                and say OK would hide it.
            ImapNoError: the server refuses it.
        """
        wanted = frozenset(flags)
        if missing := wanted - self.storable(wanted):
            raise ImapPermissionError(
                "these flags cannot be stored here: " + ", ".join(sorted(missing)),
                command="UID STORE",
                mailbox=self.name,
                code="NOPERM",
                server=self.session.connection.server,
                hint="Ask the owner of the folder for the right.",
            )
        sign = {"add": b"+", "remove": b"-", "replace": b""}[action]
        middle = b"(UNCHANGEDSINCE %d) " % unchanged_since if unchanged_since is not None else b""
        tail = middle + sign + b"FLAGS.SILENT (" + b" ".join(sorted(flag_bytes(flag) for flag in wanted)) + b")"
        modified = UidSet()
        fetched: list[Fetched] = []
        for answer in self._each(uids, "UID STORE", tail, Fetched):
            if isinstance(answer, Fetched):
                fetched.append(answer)
                continue
            # A failed UNCHANGEDSINCE is OK to some servers and NO to others.
            if _is(code := answer.tagged.code, "MODIFIED") and code:
                modified |= code.uids
            elif not answer.tagged.ok:
                raise self.session.refused(answer)
        return Stored(modified, tuple(fetched))

    def copy(self, uids: UidSet, target: str) -> Copied:
        """Copy messages to another mailbox.

        Raises:
            ImapNotFoundError: the target does not exist.
            ImapNoError: the server refuses it; messages of earlier commands may have been copied.
        """
        return self._transfer("UID COPY", uids, target)

    def move(self, uids: UidSet, target: str) -> Copied:
        """Move messages to another mailbox: by MOVE, else by copying and expunging, see `expunge`.

        Raises:
            ImapNotFoundError: the target does not exist.
            ImapNoError: the server refuses it; messages may have been copied.
        """
        if self.session.has("MOVE"):
            return self._transfer("UID MOVE", uids, target)
        copied = self._transfer("UID COPY", uids, target)
        moved = uids if copied.uids is None else UidSet.of(copied.uids)
        return Copied(copied.uid_validity, copied.uids, self.remove(moved))

    def remove(self, uids: UidSet) -> UidSet:
        """Delete messages for good: mark and expunge these and no others. Returns those that are still there."""
        if uids:
            self.store(uids, ["\\Deleted"])
        return self.expunge(uids)

    def expunge(self, uids: UidSet) -> UidSet:
        """Expunge those of these messages that are marked ``\\\\Deleted``, and no others.

        Without UIDPLUS, EXPUNGE takes every marked message: others lose their mark for that moment and get it back.
        Should the connection break in between, a mark is lost, but no message.

        Returns:
            Those that are still there: not marked, or without the right to expunge.

        Raises:
            ImapNoError: the server refuses it.
        """
        if not uids:
            return uids
        if self.session.has("UIDPLUS"):
            for answer in self._each(uids, "UID EXPUNGE", b"", Vanished, Expunge):
                if isinstance(answer, Ended):
                    if not answer.tagged.ok:
                        raise self.session.refused(answer)
                else:
                    self.session.connection.pushed.append(answer)
        else:
            others = self.search(searching.flagged("\\Deleted")) - uids
            if others:
                self.store(others, ["\\Deleted"], action="remove")
            try:
                self.session.run(self._line("EXPUNGE"))
            finally:
                if others and not self.session.connection.closed:
                    self.store(others, ["\\Deleted"])
        return self.still_there(uids)

    def still_there(self, uids: UidSet) -> UidSet:
        """Return those of these UIDs that exist."""
        left = UidSet()
        for part in uids.split(length=_LINE, count=_SEARCHED_AT_ONCE):
            left |= self.search(searching.uids(part))
        return left & uids

    def close(self, *, expunge: bool = False) -> None:
        """Leave the mailbox.

        Args:
            expunge: whether messages marked ``\\\\Deleted`` are to go, in a mailbox that was not opened read-only.
        """
        if expunge or self.state.read_only:
            self.session.run(self._line("CLOSE"))
        elif self.session.has("UNSELECT"):
            self.session.run(self._line("UNSELECT"))
        else:
            # Opened read-only, CLOSE expunges nothing.
            self.session.run(self.session.line("EXAMINE", self.name), selects=MailboxState(self.name))
            self.session.run(self._line("CLOSE"))

    def _transfer(self, name: str, uids: UidSet, target: str) -> Copied:
        codec = self.session.connection.protocol.names
        validity = 0
        pairs: dict[int, int] | None = {}
        commands = (
            self._line(name).raw(bytes(part)).name(target, codec).command() for part in uids.split(length=_LINE)
        )
        told = False
        for answer in self.session.pipeline(commands, Condition, Vanished, Expunge, depth=2):
            if isinstance(answer, Ended):
                if not answer.tagged.ok:
                    raise self.session.refused(answer)
                code = answer.tagged.code
                if not told and not _is(code, "COPYUID"):
                    pairs = None
                told = False
            elif isinstance(answer, Condition):
                code = answer.code  # MOVE tells it before the messages go
                told = told or _is(code, "COPYUID")
            else:
                self.session.connection.pushed.append(answer)
                continue
            if _is(code, "COPYUID") and code:
                validity, some = code.copy_uids()
                if pairs is not None:
                    pairs.update(some)
        return Copied(validity, None if pairs is None else MappingProxyType(pairs))

    def _each(self, uids: UidSet, name: str, tail: bytes, *kinds: type[R]) -> Iterator[R | Ended]:
        def commands() -> Iterator[Command]:
            for part in uids.split(length=_LINE):
                line = self._line(name).raw(bytes(part))
                yield (line.raw(tail) if tail else line).command()

        return self.session.pipeline(commands(), *kinds)

    def _items(self, items: Sequence[str]) -> bytes:
        for item in items:
            if not _ITEM.fullmatch(item):
                raise ImapUsageError(f"{item!r} is nothing that can be fetched")
        wanted = ["UID", *items]
        if self.keeps_modseq:
            wanted.append("MODSEQ")
        # The content last: everything else is known when it comes.
        wanted.sort(key=lambda item: "[" in item)
        return b"(" + " ".join(wanted).encode("ascii") + b")"

    def _ever(self) -> bytes:
        """All UIDs that there can have been; ``1:*`` leaves out those above the last message that is still there."""
        return b"1:%d" % max(1, (self.state.uid_next or MAX_NUMBER) - 1)

    def _line(self, name: str) -> CommandLine:
        return CommandLine(name, mailbox=self.name)


def _known_uids(uids: UidSet | None) -> bytes:
    written = bytes(uids) if uids else b""
    return b" " + written if 0 < len(written) <= _LINE else b""


def _is(code: Code | None, name: str) -> bool:
    return code is not None and code.name == name
