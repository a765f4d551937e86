"""A shared folder and the companion with its private items, as the one folder that they are to their owner.

    id        in
    "12"      the shared folder
    "p7.3"    the companion whose UIDVALIDITY is 7

The owner sees what is in both, but for the placeholders. Whatever is done here is done in the mailboxes where it
belongs, and then put in order (`settle`), which is also what happens before changes are told. Order is:

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

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from mailconnector.formats import FormatError
from mailconnector.formats.placeholder import (
    SUBJECTS,
    is_placeholder_name,
    is_private,
    noted_shape,
    placeholder_name,
    render_placeholder,
    seen_shape,
    shape_of,
    with_times_of,
)
from mailconnector.imap import ImapClient, ImapCommandError, ImapNotFoundError, StatusItems, UidSet, Upload
from mailconnector.imap.protocol import MailboxState
from mailconnector.imap.selected import SUMMARY
from mailconnector.items import Appointment, FolderKind, essence_of
from mailconnector.stores.imap.changes import ChangeReader, item_state
from mailconnector.stores.imap.companions import Companion, check_private
from mailconnector.stores.imap.errors import translated
from mailconnector.stores.imap.folders import cursor_of
from mailconnector.stores.imap.line import Line
from mailconnector.stores.imap.private_views import Kept, Stand, View, Views
from mailconnector.stores.imap.reading import Reader, uids_of
from mailconnector.stores.imap.writing import Writer
from mailconnector.sync.errors import FolderError, FolderNotEmptyError
from mailconnector.sync.identity import identify
from mailconnector.sync.store import (
    Changes,
    Delivery,
    Failure,
    Fetched,
    FlagChange,
    ItemState,
    Outcome,
    Removal,
    Replacement,
    Status,
)

T = TypeVar("T", FlagChange, Removal, Replacement)

_PRIVATE_ID = re.compile(r"p([0-9]{1,10})\.([0-9]{1,10})")
_BETWEEN = "+"  # stands in a cursor between those of the two mailboxes
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


class PrivateItems:
    """The shared folders of one server that have companions.

    Args:
        line: To the server.
        reader: Reads messages.
        changes: Reads what has changed in mailboxes.
        writer: Changes messages.
        views: What was found earlier.
        login: The owner, to see that nobody else has rights on a companion; empty not to look.
    """

    def __init__(
        self, line: Line, reader: Reader, changes: ChangeReader, writer: Writer, views: Views, login: str = ""
    ) -> None:
        self._line = line
        self._reader = reader
        self._changes = changes
        self._writer = writer
        self._views = views
        self._login = login
        self._pairs: dict[str, Companion] = {}
        self._subject = SUBJECTS["en"]
        self._checked: set[str] = set()
        self._moved: dict[tuple[str, int], str] = {}  # out of which companion, from which UID to which

    def know(self, pairs: Mapping[str, Companion], kinds: Mapping[str, FolderKind], subject: str) -> None:
        """Note which companions there are.

        Args:
            pairs: By their folders.
            kinds: What the folders hold.
            subject: What placeholders are called.
        """
        self._pairs = {name: replace(pair, kind=kinds.get(name, pair.kind)) for name, pair in pairs.items()}
        self._subject = subject
        self._views.keep(self._pairs)

    def rename(self, old: str, new: str) -> None:
        """Note that a folder and its companion have other names."""
        if old in self._pairs:
            pair = self._pairs.pop(old)
            mailbox = new + pair.mailbox[len(old) :]
            self._pairs[new] = replace(pair, folder=new, mailbox=mailbox)
            self._views.rename(old, new)

    def forget(self, folder: str) -> None:
        """Note that a folder has no companion any more."""
        self._pairs.pop(folder, None)
        self._views.keep(self._pairs)

    def __contains__(self, folder: str) -> bool:
        return folder in self._pairs

    def companion(self, folder: str) -> Companion | None:
        """Return the companion of a folder."""
        return self._pairs.get(folder)

    def cursor(self, folder: str, shared: str, companion: str) -> str:
        """Return the cursor of a folder whose two mailboxes have these; empty where there is something to be done."""
        both = _joined(shared, companion)
        return both if both and self._views.of(folder).settled == both else ""

    # -- reading -----------------------------------------------------------------------------------------------------

    def changes(self, folder: str, cursor: str) -> Changes:
        """Put a folder in order, and tell what is different since a cursor."""
        pair = self._pairs[folder]
        first, _, second = cursor.partition(_BETWEEN)
        for _ in range(_ROUNDS):
            self.settle(folder)
            view = self._views.of(folder)
            shared, here = self._listed(folder, first)
            mine, there = self._listed(pair.mailbox, second)
            if shared.complete != mine.complete and (second or shared.complete):
                if not shared.complete:
                    shared, here = self._listed(folder, "")
                else:
                    mine, there = self._listed(pair.mailbox, "")
            # What came since is not known to be no placeholder.
            unknown = [state for state in here if int(state.id) >= view.seen]
            if not unknown:
                break
        after = _joined(shared.cursor, mine.cursor) if not unknown else ""
        told = [state for state in here if int(state.id) < view.seen and int(state.id) not in view.stands]
        validity = self._line.validities[pair.mailbox]
        return Changes(
            [*told, *(replace(state, id=_private_id(validity, state.id)) for state in there)],
            after,
            [*shared.vanished, *(_private_id(validity, id_) for id_ in mine.vanished)],
            shared.complete,
            shared.validity,
            shared.rights & mine.rights,
            shared.kept_flags,
        )

    def _listed(self, mailbox: str, cursor: str) -> tuple[Changes, list[ItemState]]:
        found = self._changes.changes(mailbox, cursor)
        items = list(found.items)
        return replace(found, items=(), vanished=list(found.vanished)), items

    def identify(self, folder: str, ids: Sequence[str]) -> Iterator[ItemState]:
        """Give the states of items with their names."""
        pair = self._pairs[folder]
        shared, mine = self._split(pair, ids)
        yield from list(self._reader.identify(folder, shared, kind=pair.kind))
        yield from self._renamed(pair, list(self._reader.identify(pair.mailbox, mine, kind=pair.kind)))

    def find(self, folder: str, names: Sequence[str]) -> Iterator[ItemState]:
        """Look for items by name."""
        pair = self._pairs[folder]
        wanted = [name for name in names if not is_placeholder_name(name)]
        yield from list(self._reader.find(folder, wanted, kind=pair.kind))
        yield from self._renamed(pair, list(self._reader.find(pair.mailbox, wanted, kind=pair.kind)))

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool) -> Iterator[Fetched | Failure]:
        """Read items."""
        pair = self._pairs[folder]
        shared, mine = self._split(pair, ids)
        yield from self._reader.fetch(folder, shared, headers_only=headers_only, kind=pair.kind)
        for got in self._reader.fetch(pair.mailbox, mine, headers_only=headers_only, kind=pair.kind):
            if isinstance(got, Failure):
                yield replace(got, id=self._id(pair, got.id))
            else:
                yield replace(got, state=replace(got.state, id=self._id(pair, got.state.id)))

    # -- items -------------------------------------------------------------------------------------------------------

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Store new items: private ones in the companion, with a placeholder in the folder."""
        pair = self._pairs[folder]
        self._check(pair)
        private = [number for number, one in enumerate(deliveries) if is_private(one.item)]
        public = [number for number, one in enumerate(deliveries) if not is_private(one.item)]
        outcomes: dict[int, Outcome] = {}
        if private:
            done = self._writer.add(pair.mailbox, [deliveries[number] for number in private])
            outcomes.update(zip(private, self._outcomes(pair, done), strict=True))
            self._settle_after(folder)
        if public:
            outcomes.update(
                zip(public, self._writer.add(folder, [deliveries[number] for number in public]), strict=True)
            )
        return [outcomes[number] for number in range(len(deliveries))]

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> list[Outcome]:
        """Give items new content; one that becomes private, or is it no more, changes the mailbox."""
        pair = self._pairs[folder]
        self._check(pair)
        self._moved = {}
        outcomes = [Outcome(Status.MISSING)] * len(replacements)
        mine, kept, hidden = [], [], []
        for number, one in enumerate(replacements):
            if _PRIVATE_ID.fullmatch(one.id):
                mine.append(number)
            elif is_private(one.delivery.item):
                hidden.append(number)
            else:
                kept.append(number)
        if kept:
            self._fill(outcomes, kept, self._writer.replace(folder, [replacements[number] for number in kept]))
        if mine:
            here, bare = self._bare(pair, [replacements[number] for number in mine])
            done = self._writer.replace(pair.mailbox, bare)
            self._fill(outcomes, [mine[number] for number in here], self._outcomes(pair, done))
        if hidden:
            self._hide(pair, replacements, hidden, outcomes)
        if mine or hidden:
            self._settle_after(folder)
        return [self._now(pair, one) for one in outcomes]

    def _hide(
        self, pair: Companion, replacements: Sequence[Replacement], places: Sequence[int], outcomes: list[Outcome]
    ) -> None:
        """Put items in place of public ones that are private: the new ones are safe before the old ones go."""
        now = self._revisions(pair.folder, [replacements[place].id for place in places])
        good = []
        for place in places:
            revision = now.get(replacements[place].id)
            if revision == replacements[place].revision:
                good.append(place)
            elif revision is not None:
                outcomes[place] = Outcome(Status.CHANGED)
        if not good:
            return
        self._fill(outcomes, good, self._outcomes(pair, self._writer.add(
            pair.mailbox, [replacements[place].delivery for place in good]
        )))  # fmt: skip
        done = [place for place in good if outcomes[place].status is Status.DONE]
        self._settle_after(pair.folder)
        self._writer.delete(
            pair.folder, [Removal(replacements[place].id, replacements[place].revision) for place in done]
        )

    def set_flags(self, folder: str, changes: Sequence[FlagChange]) -> list[Outcome]:
        """Set and clear flags."""
        return self._each(folder, changes, self._writer.set_flags)

    def delete(self, folder: str, removals: Sequence[Removal]) -> list[Outcome]:
        """Delete items for good, and their placeholders."""
        outcomes = self._each(folder, removals, self._writer.delete)
        if any(_PRIVATE_ID.fullmatch(one.id) for one in removals):
            self._settle_after(folder)
        return outcomes

    def move(self, folder: str, target: str, removals: Sequence[Removal]) -> list[Outcome]:
        """Move items between folders of which at least one has a companion.

        What comes into one goes by way of its companion: nobody knows whether it is private before it is there.
        """
        goal = self._pairs.get(target)
        self._moved = {}
        if goal is not None:
            self._check(goal)
        place = goal.mailbox if goal is not None else target

        def carry(mailbox: str, some: Sequence[Removal]) -> list[Outcome]:
            return self._writer.move(mailbox, place, some)

        is_pair = folder in self._pairs
        outcomes = self._each(folder, removals, carry, there=True) if is_pair else carry(folder, removals)
        if is_pair and any(_PRIVATE_ID.fullmatch(one.id) for one in removals):
            self._settle_after(folder)
        if goal is None:
            return outcomes
        outcomes = self._outcomes(goal, outcomes)
        self._settle_after(target)
        return [self._now(goal, one) for one in outcomes]

    # -- order -------------------------------------------------------------------------------------------------------

    def settle(self, folder: str) -> None:
        """Put a folder and its companion in order.

        Raises:
            FolderError: The server refuses, or others have rights on the companion.
        """
        pair, view = self._pairs[folder], self._views.of(folder)
        self._check(pair)
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

    def hidden(self, folder: str) -> int:
        """Put a folder in order, and return how many private items it has."""
        self.settle(folder)
        return len(self._views.of(folder).items)

    def dissolve(self, folder: str) -> int:
        """Move everything out of a companion into its folder, take the placeholders away, and delete the companion.

        Cut off, it leaves a folder that is put in order again as one whose private items are hidden.

        Returns:
            How many items were moved.

        Raises:
            FolderError: The server refuses, or something was put into the companion meanwhile.
        """
        pair, view = self._pairs[folder], self._views.of(folder)
        self.settle(folder)
        back = [Removal(str(uid), kept.revision) for uid, kept in view.items.items()]
        if back:
            self._writer.move(pair.mailbox, folder, back)
        self._look_at_folder(pair, view, _Round(), self._state(folder))
        if view.stands:
            uids = UidSet.of(view.stands)
            self._line.effect(lambda _: self._line.open(folder).remove(uids), folder)
        self.drop(folder)
        return len(back)

    def clear(self, folder: str) -> None:
        """Have nothing in a folder that is to be deleted: without private items there is nothing to stand for.

        Raises:
            FolderNotEmptyError: There are private items.
        """
        self.settle(folder)
        if self._views.of(folder).items:
            raise FolderNotEmptyError("the folder holds private items", folder=folder)

    def drop(self, folder: str) -> None:
        """Delete an empty companion.

        Raises:
            FolderNotEmptyError: It holds items.
        """
        pair = self._pairs[folder]
        self._line.leave(pair.mailbox)

        def delete(client: ImapClient) -> None:
            with suppress(ImapNotFoundError):
                if client.mailboxes.status(pair.mailbox).messages != 0:
                    raise FolderNotEmptyError("private items have come into the folder", folder=folder)
                client.mailboxes.delete(pair.mailbox)
            with suppress(ImapCommandError):
                client.mailboxes.subscribe(pair.mailbox, on=False)

        self._line.effect(delete, pair.mailbox)
        self._line.forget(pair.mailbox)
        self.forget(folder)

    def _settle_after(self, folder: str) -> None:
        """Put things in order after an effect, which is done whatever becomes of that."""
        with suppress(FolderError):
            self.settle(folder)

    def _check(self, pair: Companion) -> None:
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
        known = view.settled.partition(_BETWEEN)
        if not mine or known[2] != mine:
            self._look_at_companion(pair, view)
        shared = self._state(pair.folder)
        if view.validity != shared.uid_validity:
            view.validity, view.seen, view.stands, view.settled = shared.uid_validity, 0, {}, ""
        found.cursor = _joined(cursor_of(_status(shared)), mine)
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
                    self._moved[pair.mailbox, uid] = outcome.id
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
                item = with_times_of(got.item, wanted[int(got.state.id)])
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
                    moved = essence_of(with_times_of(got.item, placeholder))
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
                    uploads.append(Upload(render_placeholder(got.item, name, self._subject), _SEEN))
        if not uploads:
            return

        def append(client: ImapClient) -> None:
            for one in list(client.uploads.append_many(pair.folder, uploads)):
                if one.error is not None:
                    raise translated(one.error, pair.folder)

        self._line.effect(append, pair.folder)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _each(
        self,
        folder: str,
        asked: Sequence[T],
        action: Callable[[str, Sequence[T]], list[Outcome]],
        *,
        there: bool = False,
    ) -> list[Outcome]:
        """Do something to items, in the mailbox that each is in.

        Args:
            folder: The folder.
            asked: What to do.
            action: Does it, with the ids that they have in their mailbox.
            there: The outcomes have ids of another folder.
        """
        pair = self._pairs[folder]
        outcomes = [Outcome(Status.MISSING)] * len(asked)
        public = [number for number, one in enumerate(asked) if not _PRIVATE_ID.fullmatch(one.id)]
        if public:
            self._fill(outcomes, public, action(folder, [asked[number] for number in public]))
        here, bare = self._bare(pair, asked)
        if bare:
            done = action(pair.mailbox, bare)
            self._fill(outcomes, here, done if there else self._outcomes(pair, done))
        return outcomes

    def _bare(self, pair: Companion, asked: Sequence[T]) -> tuple[list[int], list[T]]:
        """Return the places of what concerns the companion, and that with the ids there."""
        validity = self._validity(pair)
        places: list[int] = []
        found: list[T] = []
        for number, one in enumerate(asked):
            match = _PRIVATE_ID.fullmatch(one.id)
            if match and int(match[1]) == validity:
                places.append(number)
                found.append(replace(one, id=match[2]))
        return places, found

    def _split(self, pair: Companion, ids: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return the ids of messages in the folder, and of those in the companion."""
        shared: list[str] = []
        mine: list[str] = []
        for id_ in ids:
            match = _PRIVATE_ID.fullmatch(id_)
            if match is None:
                shared.append(id_)
            elif int(match[1]) == self._validity(pair):
                mine.append(match[2])
        return shared, mine

    def _validity(self, pair: Companion) -> int:
        if pair.mailbox not in self._line.validities:
            self._line.open(pair.mailbox)
        return self._line.validities[pair.mailbox]

    def _id(self, pair: Companion, id_: str) -> str:
        return _private_id(self._validity(pair), id_)

    def _renamed(self, pair: Companion, states: Iterable[ItemState]) -> Iterator[ItemState]:
        for state in states:
            yield replace(state, id=self._id(pair, state.id))

    def _outcomes(self, pair: Companion, outcomes: Iterable[Outcome]) -> list[Outcome]:
        return [replace(one, id=self._id(pair, one.id)) if one.id else one for one in outcomes]

    def _now(self, pair: Companion, outcome: Outcome) -> Outcome:
        """Return an outcome with the id that its item has, if it was moved out of the companion since."""
        match = _PRIVATE_ID.fullmatch(outcome.id)
        now = self._moved.get((pair.mailbox, int(match[2]))) if match else None
        return replace(outcome, id=now) if now else outcome

    def _fill(self, outcomes: list[Outcome], places: Iterable[int], done: Iterable[Outcome]) -> None:
        for place, outcome in zip(places, done, strict=True):
            outcomes[place] = outcome

    def _revisions(self, mailbox: str, ids: Iterable[str]) -> dict[str, str]:
        uids = uids_of(ids)

        def read(_: ImapClient) -> dict[str, str]:
            found = [item_state(message) for message in self._line.open(mailbox).fetch(uids, SUMMARY)]
            return {state.id: state.revision for state in found if state is not None}

        return self._line.read(read, mailbox) if uids else {}


def _kept(got: Fetched, key: str) -> Kept:
    """Return what is to be known of an item in a companion."""
    name = got.state.identity.name if got.state.identity else ""
    kept = Kept(name, is_private(got.item), got.state.revision)
    if isinstance(got.item, Appointment) and got.item.start is not None and name:
        with suppress(FormatError):
            return replace(kept, placeholder=placeholder_name(name, key), shape=shape_of(got.item))
    return kept


def _stand(got: Fetched) -> Stand:
    """Return what is to be known of a placeholder as it is."""
    name = got.state.identity.name if got.state.identity else ""
    item = got.item
    if not isinstance(item, Appointment):
        return Stand(name, "", "", False)
    noted, shape = noted_shape(item), seen_shape(item)
    plain = noted in ("", shape) and item.mail.subject in SUBJECTS.values() and _says_nothing_else(item)
    return Stand(name, shape, noted, plain)


def _says_nothing_else(item: Appointment) -> bool:
    mail = item.mail
    said = (mail.text, mail.html, mail.rtf, item.location, item.attendees, mail.attachments, item.reminder, mail.author)
    return not any(said)


def _private_id(validity: int, id_: str) -> str:
    return f"p{validity}.{id_}"


def _joined(shared: str, companion: str) -> str:
    return f"{shared}{_BETWEEN}{companion}" if shared and companion else ""


def _status(state: MailboxState) -> StatusItems:
    return StatusItems(state.exists, state.uid_next, state.uid_validity, state.highest_modseq)
