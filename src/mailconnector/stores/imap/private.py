"""A shared folder and the companion with its private items, as the one folder that they are to their owner.

    id        in
    "12"      the shared folder
    "p7.3"    the companion whose UIDVALIDITY is 7

The owner sees what is in both, but for the placeholders. Whatever is done here is done in the mailboxes where it
belongs, and then put in order (`private_order`), which is also what happens before changes are told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from mailconnector.formats.privacy import is_placeholder_name, is_private
from mailconnector.imap import ImapClient, ImapCommandError, ImapNotFoundError
from mailconnector.imap.selected import SUMMARY
from mailconnector.items import FolderKind
from mailconnector.stores.imap.changes import ChangeReader, item_state
from mailconnector.stores.imap.companions import Companion
from mailconnector.stores.imap.line import Line
from mailconnector.stores.imap.private_order import BETWEEN, Order, joined
from mailconnector.stores.imap.private_views import Views
from mailconnector.stores.imap.reading import Reader, uids_of
from mailconnector.stores.imap.writing import Writer
from mailconnector.sync.errors import FolderNotEmptyError
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
_TRIES = 5  # for as long as others put things in between


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
        self._order = Order(line, reader, writer, views, login)
        self._pairs: dict[str, Companion] = {}

    def know(self, pairs: Mapping[str, Companion], kinds: Mapping[str, FolderKind], subject: str) -> None:
        """Note which companions there are.

        Args:
            pairs: By their folders.
            kinds: What the folders hold.
            subject: What placeholders are called.
        """
        self._pairs = {name: replace(pair, kind=kinds.get(name, pair.kind)) for name, pair in pairs.items()}
        self._order.subject = subject
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
        both = joined(shared, companion)
        return both if both and self._views.of(folder).settled == both else ""

    # -- reading -----------------------------------------------------------------------------------------------------

    def changes(self, folder: str, cursor: str) -> Changes:
        """Put a folder in order, and tell what is different since a cursor."""
        pair = self._pairs[folder]
        first, _, second = cursor.partition(BETWEEN)
        for _ in range(_TRIES):
            self._order.settle(self._pairs[folder])
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
        after = joined(shared.cursor, mine.cursor) if not unknown else ""
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
        self._order.check(pair)
        private = [number for number, one in enumerate(deliveries) if is_private(one.item)]
        public = [number for number, one in enumerate(deliveries) if not is_private(one.item)]
        outcomes: dict[int, Outcome] = {}
        if private:
            done = self._writer.add(pair.mailbox, [deliveries[number] for number in private])
            outcomes.update(zip(private, self._outcomes(pair, done), strict=True))
            self._order.settle_after(pair)
        if public:
            outcomes.update(
                zip(public, self._writer.add(folder, [deliveries[number] for number in public]), strict=True)
            )
        return [outcomes[number] for number in range(len(deliveries))]

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> list[Outcome]:
        """Give items new content; one that becomes private, or is it no more, changes the mailbox."""
        pair = self._pairs[folder]
        self._order.check(pair)
        self._order.moved = {}
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
            self._order.settle_after(pair)
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
        self._order.settle_after(pair)
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
            self._order.settle_after(self._pairs[folder])
        return outcomes

    def move(self, folder: str, target: str, removals: Sequence[Removal]) -> list[Outcome]:
        """Move items between folders of which at least one has a companion.

        What comes into one goes by way of its companion: nobody knows whether it is private before it is there.
        """
        goal = self._pairs.get(target)
        self._order.moved = {}
        if goal is not None:
            self._order.check(goal)
        place = goal.mailbox if goal is not None else target

        def carry(mailbox: str, some: Sequence[Removal]) -> list[Outcome]:
            return self._writer.move(mailbox, place, some)

        is_pair = folder in self._pairs
        outcomes = self._each(folder, removals, carry, there=True) if is_pair else carry(folder, removals)
        if is_pair and any(_PRIVATE_ID.fullmatch(one.id) for one in removals):
            self._order.settle_after(self._pairs[folder])
        if goal is None:
            return outcomes
        outcomes = self._outcomes(goal, outcomes)
        self._order.settle_after(goal)
        return [self._now(goal, one) for one in outcomes]

    # -- hiding and showing ------------------------------------------------------------------------------------------

    def hidden(self, folder: str) -> int:
        """Put a folder in order, and return how many private items it has."""
        self._order.settle(self._pairs[folder])
        return len(self._views.of(folder).items)

    def dissolve(self, folder: str) -> int:
        """Move everything out of a companion into its folder, and delete the companion; see `Order.undo`.

        Returns:
            How many items were moved.

        Raises:
            FolderError: The server refuses, or something was put into the companion meanwhile.
        """
        count = self._order.undo(self._pairs[folder])
        self.drop(folder)
        return count

    def clear(self, folder: str) -> None:
        """Have nothing in a folder that is to be deleted: without private items there is nothing to stand for.

        Raises:
            FolderNotEmptyError: There are private items.
        """
        self._order.settle(self._pairs[folder])
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
        now = self._order.moved.get((pair.mailbox, int(match[2]))) if match else None
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


def _private_id(validity: int, id_: str) -> str:
    return f"p{validity}.{id_}"
