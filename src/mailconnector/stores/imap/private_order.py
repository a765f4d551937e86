"""Order in a shared folder and its companion: each thing where it belongs, and a placeholder for what is elsewhere.

Order is:

1. Nothing private is in the shared folder, and nothing else is in the companion.
2. In the shared folder stands one placeholder for each private appointment, with its times, as it was written.

Each step towards it leaves both as one would find them after another program's change, so it may end anywhere, and the
next one goes on from what is there:
- A private item goes into the companion before anything of it is taken out of the shared folder. Two versions of one
  item are never told apart here: that is for whoever began to replace one by the other, who knows it by the journal.
- An item that is not private any more is changed in the companion first, and moved from there.
- A placeholder whose times somebody has changed, and that was made with the times that the item has, changes those of
  the item: a version with its times comes, the old one goes, and then the placeholder. Any other change of a
  placeholder is put back, as the item is what counts.
- A placeholder without an item goes, an item without a placeholder gets one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mailconnector import formats
from mailconnector.formats import FormatError
from mailconnector.formats.privacy import SUBJECTS, is_placeholder_name, is_private, placeholder_name
from mailconnector.imap import ImapClient, StatusItems, UidSet, Upload
from mailconnector.imap.protocol import MailboxState
from mailconnector.items import Appointment, essence_of
from mailconnector.stores.imap.companions import Companion, check_private
from mailconnector.stores.imap.errors import translated
from mailconnector.stores.imap.folders import cursor_of
from mailconnector.stores.imap.line import Line
from mailconnector.stores.imap.private_views import Kept, Stand, View, Views
from mailconnector.stores.imap.reading import Reader
from mailconnector.stores.imap.writing import Writer
from mailconnector.sync.errors import FolderError
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Delivery, Fetched, Removal, Replacement, Status

BETWEEN = "+"
"""What stands in a cursor between those of the two mailboxes."""

_ROUNDS = 5  # of putting things in order; what is not in order then waits for the next time
_MADE_AT_ONCE = 500  # placeholders that are written in one go
_SEEN = frozenset({"\\Seen"})


@dataclass
class _Round:
    """What one look at both mailboxes has found that is not as it should be.

    Attributes:
        private: In the shared folder and private: their names, ids and revisions.
        edited: Placeholders that somebody has changed, by UID.
        cursor: The cursors of both.
    """

    private: list[tuple[str, Removal]] = field(default_factory=list)
    edited: dict[int, Appointment] = field(default_factory=dict)
    cursor: str = ""


class Order:
    """Puts the shared folders of one server in order.

    Args:
        line: To the server.
        reader: Reads messages.
        writer: Changes messages.
        views: What was found earlier.
        login: The owner, to see that nobody else has rights on a companion; empty not to look.

    Attributes:
        subject: What placeholders are called.
        moved: What was moved out of which companion, by its UID there: its id in the folder. Whoever wants to know it
            clears it before.
    """

    def __init__(self, line: Line, reader: Reader, writer: Writer, views: Views, login: str) -> None:
        self._line = line
        self._reader = reader
        self._writer = writer
        self._views = views
        self._login = login
        self._checked: set[str] = set()
        self.subject = SUBJECTS["en"]
        self.moved: dict[tuple[str, int], str] = {}

    def settle(self, pair: Companion) -> None:
        """Put a folder and its companion in order.

        Raises:
            FolderError: The server refuses, or others have rights on the companion.
        """
        view = self._views.of(pair.folder)
        self.check(pair)
        try:
            for _ in range(_ROUNDS):
                found = self._look(pair, view)
                if view.settled and view.settled == found.cursor:
                    return
                view.settled = ""
                if not self._put_right(pair, view, found):
                    view.settled = found.cursor
                    return
        finally:
            self._views.save()

    def settle_after(self, pair: Companion) -> None:
        """Put things in order after an effect, which is done whatever becomes of that."""
        with suppress(FolderError):
            self.settle(pair)

    def undo(self, pair: Companion) -> int:
        """Move everything out of a companion into its folder, and take the placeholders away; return how much it was.

        Cut off, it leaves a folder that is put in order again as one whose private items are hidden.

        Raises:
            FolderError: The server refuses.
        """
        view = self._views.of(pair.folder)
        self.settle(pair)
        back = [Removal(str(uid), kept.revision) for uid, kept in view.items.items()]
        if back:
            self._writer.move(pair.mailbox, pair.folder, back)
        self._look_at_folder(pair, view, _Round(), self._state(pair.folder))
        if view.stands:
            uids = UidSet.of(view.stands)
            self._line.effect(lambda _: self._line.open(pair.folder).remove(uids), pair.folder)
        return len(back)

    def check(self, pair: Companion) -> None:
        """Make sure, once a session, that a companion is its owner's alone."""
        if self._login and pair.mailbox not in self._checked:
            self._line.read(lambda client: check_private(client, pair.mailbox, self._login), pair.mailbox)
            self._checked.add(pair.mailbox)

    def _look(self, pair: Companion, view: View) -> _Round:
        """Look at what is new in both mailboxes since the last time."""
        found = _Round()
        companion = self._state(pair.mailbox)
        if view.companion != companion.uid_validity:
            view.companion, view.items = companion.uid_validity, {}
        mine = cursor_of(_status(companion))
        known = view.settled.partition(BETWEEN)
        if not mine or known[2] != mine:
            self._look_at_companion(pair, view)
        shared = self._state(pair.folder)
        if view.validity != shared.uid_validity:
            view.validity, view.seen, view.stands, view.settled = shared.uid_validity, 0, {}, ""
        found.cursor = joined(cursor_of(_status(shared)), mine)
        if not found.cursor or known[0] != cursor_of(_status(shared)) or not view.settled:
            self._look_at_folder(pair, view, found, shared)
        return found

    def _state(self, mailbox: str) -> MailboxState:
        state = self._line.look(mailbox).state
        self._line.validities[mailbox] = state.uid_validity
        return state

    def _look_at_companion(self, pair: Companion, view: View) -> None:
        there = self._line.read(lambda _: self._line.open(pair.mailbox).search(), pair.mailbox)
        view.items = {uid: kept for uid, kept in view.items.items() if uid in there}
        new = [str(uid) for uid in there if uid not in view.items]
        for got in self._reader.fetch(pair.mailbox, new, headers_only=False, kind=pair.kind):
            if isinstance(got, Fetched):
                view.items[int(got.state.id)] = _kept(got, pair.key)

    def _look_at_folder(self, pair: Companion, view: View, found: _Round, state: MailboxState) -> None:
        there = self._line.read(lambda _: self._line.open(pair.folder).search(), pair.folder)
        view.stands = {uid: stand for uid, stand in view.stands.items() if uid in there}
        last = max(there, default=0)
        ends = max(state.uid_next or 1, last + 1)
        changed = [uid for uid, stand in view.stands.items() if not stand.plain or stand.noted != stand.shape]
        new = [str(uid) for uid in there if uid >= view.seen or uid in changed]
        for got in self._reader.fetch(pair.folder, new, headers_only=False, kind=pair.kind):
            if not isinstance(got, Fetched) or got.state.identity is None:
                continue
            uid, item = int(got.state.id), got.item
            if is_placeholder_name(got.state.identity.name):
                view.stands[uid] = stand = _stand(got)
                if isinstance(item, Appointment) and stand.noted != stand.shape:
                    found.edited[uid] = item
            elif is_private(item):
                found.private.append((got.state.identity.name, Removal(got.state.id, got.state.revision)))
        # What is to be moved away is looked at again until it is.
        view.seen = min([ends, *(int(one.id) for _, one in found.private)])

    def _put_right(self, pair: Companion, view: View, found: _Round) -> bool:
        """Do the next thing that is to be done; tell whether there was one."""
        if found.private:
            # Without MOVE on the server a move ends in the middle with both.
            there = {(kept.name, kept.revision) for kept in view.items.values()}
            double = [one for name, one in found.private if name and (name, one.revision) in there]
            rest = [one for name, one in found.private if not name or (name, one.revision) not in there]
            if double:
                self._writer.delete(pair.folder, double)
            if rest:
                self._writer.move(pair.folder, pair.mailbox, rest)
            return True
        if self._move_back(pair, view):
            return True
        moved = self._follow(pair, view, found)
        return self._place(pair, view) or moved

    def _move_back(self, pair: Companion, view: View) -> bool:
        """Move what is not private any more out of the companion.

        What has a private version beside it is in the midst of being replaced, and stays until that is done.
        """
        private = {kept.name for kept in view.items.values() if kept.private}
        back = {uid: kept for uid, kept in view.items.items() if not kept.private and kept.name not in private}
        if not back:
            return False
        names = [kept.name for kept in back.values() if kept.name]
        there = list(self._reader.find(pair.folder, names, kind=pair.kind))
        copies = {(one.identity.name, one.revision) for one in there if one.identity}
        # Without MOVE on the server a move ends in the middle with both.
        double = [uid for uid, kept in back.items() if (kept.name, kept.revision) in copies]
        if double:
            self._writer.delete(pair.mailbox, [Removal(str(uid), back[uid].revision) for uid in double])
        rest = [uid for uid in back if uid not in double]
        if rest:
            outcomes = self._writer.move(
                pair.mailbox, pair.folder, [Removal(str(uid), back[uid].revision) for uid in rest]
            )
            for uid, outcome in zip(rest, outcomes, strict=True):
                if outcome.status is Status.DONE and outcome.id:
                    self.moved[pair.mailbox, uid] = outcome.id
        return True

    def _follow(self, pair: Companion, view: View, found: _Round) -> bool:
        """Give private items the times that somebody gave their placeholders."""
        owners = {kept.placeholder: uid for uid, kept in sorted(view.items.items()) if kept.placeholder}
        wanted: dict[int, Appointment] = {}
        self._end_following(pair, view, found)
        for uid, placeholder in sorted(found.edited.items()):
            stand = view.stands[uid]
            owner = owners.get(stand.name)
            if owner is None or stand.shape in (view.items[owner].shape, stand.noted):
                continue
            if stand.noted in ("", view.items[owner].shape):
                wanted[owner] = placeholder
        changes = []
        for got in list(
            self._reader.fetch(pair.mailbox, [str(uid) for uid in wanted], headers_only=False, kind=pair.kind)
        ):
            if not isinstance(got, Fetched) or not isinstance(got.item, Appointment):
                continue
            with suppress(FormatError):
                item = formats.with_times_of(got.item, wanted[int(got.state.id)])
                state = got.state
                changes.append(
                    Replacement(
                        state.id,
                        state.revision,
                        Delivery(item, state.flags, state.date, state.size, identify(item)),
                    )
                )
        if changes:
            self._writer.replace(pair.mailbox, changes)
            self._look_at_companion(pair, view)
        return bool(changes)

    def _end_following(self, pair: Companion, view: View, found: _Round) -> None:
        """Delete what an interrupted run has replaced by the same with a placeholder's times, and not deleted."""
        for uid, placeholder in found.edited.items():
            name, shape = view.stands[uid].name, view.stands[uid].shape
            versions = [str(one) for one, kept in view.items.items() if kept.placeholder == name]
            if len(versions) < 2:
                continue
            old: dict[str, tuple[Removal, str]] = {}
            done: set[str] = set()
            for got in list(self._reader.fetch(pair.mailbox, versions, headers_only=False, kind=pair.kind)):
                if not isinstance(got, Fetched) or not isinstance(got.item, Appointment):
                    continue
                if view.items[int(got.state.id)].shape == shape:
                    done.add(essence_of(got.item))
                    continue
                with suppress(FormatError):
                    moved = essence_of(formats.with_times_of(got.item, placeholder))
                    old[got.state.id] = Removal(got.state.id, got.state.revision), moved
            replaced = [removal for removal, moved in old.values() if moved in done]
            if replaced:
                self._writer.delete(pair.mailbox, replaced)
                self._look_at_companion(pair, view)

    def _place(self, pair: Companion, view: View) -> bool:
        """Have one placeholder for each private appointment, with its times; write what is missing, then clear up."""
        wanted = {kept.placeholder: uid for uid, kept in sorted(view.items.items()) if kept.private}
        wanted.pop("", None)
        good: dict[str, int] = {}
        for uid, stand in sorted(view.stands.items()):
            if stand.plain and stand.name in wanted and stand.shape == view.items[wanted[stand.name]].shape:
                good.setdefault(stand.name, uid)
        missing = [uid for name, uid in wanted.items() if name not in good]
        for start in range(0, len(missing), _MADE_AT_ONCE):
            self._write(pair, view, missing[start : start + _MADE_AT_ONCE])
        bad = [uid for uid in view.stands if uid not in good.values()]
        if bad:
            uids = UidSet.of(bad)
            self._line.effect(lambda _: self._line.open(pair.folder).remove(uids), pair.folder)
        return bool(missing or bad)

    def _write(self, pair: Companion, view: View, owners: Sequence[int]) -> None:
        uploads: list[Upload] = []
        for got in list(self._reader.fetch(pair.mailbox, map(str, owners), headers_only=False, kind=pair.kind)):
            if isinstance(got, Fetched) and isinstance(got.item, Appointment):
                name = view.items[int(got.state.id)].placeholder
                with suppress(FormatError):
                    uploads.append(Upload(formats.render_placeholder(got.item, name, self.subject), _SEEN))
        if not uploads:
            return

        def append(client: ImapClient) -> None:
            for one in list(client.uploads.append_many(pair.folder, uploads)):
                if one.error is not None:
                    raise translated(one.error, pair.folder)

        self._line.effect(append, pair.folder)


def _kept(got: Fetched, key: str) -> Kept:
    """Return what is to be known of an item in a companion."""
    name = got.state.identity.name if got.state.identity else ""
    kept = Kept(name, is_private(got.item), got.state.revision)
    if isinstance(got.item, Appointment) and got.item.start is not None and name:
        with suppress(FormatError):
            return replace(kept, placeholder=placeholder_name(name, key), shape=formats.shape_of(got.item))
    return kept


def _stand(got: Fetched) -> Stand:
    """Return what is to be known of a placeholder as it is."""
    name = got.state.identity.name if got.state.identity else ""
    item = got.item
    if not isinstance(item, Appointment):
        return Stand(name, "", "", False)
    noted, shape = formats.noted_shape(item), formats.seen_shape(item)
    plain = noted in ("", shape) and item.mail.subject in SUBJECTS.values() and _says_nothing_else(item)
    return Stand(name, shape, noted, plain)


def _says_nothing_else(item: Appointment) -> bool:
    mail = item.mail
    said = (mail.text, mail.html, mail.rtf, item.location, item.attendees, mail.attachments, item.reminder, mail.author)
    return not any(said)


def joined(shared: str, companion: str) -> str:
    """Return the cursor of both mailboxes; empty where one has none."""
    return f"{shared}{BETWEEN}{companion}" if shared and companion else ""


def _status(state: MailboxState) -> StatusItems:
    return StatusItems(state.exists, state.uid_next, state.uid_validity, state.highest_modseq)
