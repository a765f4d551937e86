"""Items into mailboxes, and what is done to them there.

No command that has an effect is sent twice. Before an effect the messages are looked at in one FETCH, so that what is
gone or not as expected is left alone; a server with mod-sequences then refuses, in the same command, what changed in
between (RFC 7162 section 3.1.3).

Some servers hold only so many keywords in a mailbox, and refuse a message or a STORE with another one. What was refused
is tried again without the keywords that are new to the mailbox, and these then one by one; the outcome tells which of
the flags it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from mailconnector import formats
from mailconnector.errors import MailConnectorError
from mailconnector.imap import (
    Appended,
    ImapClient,
    ImapCommandError,
    ImapError,
    ImapNoError,
    ImapNotFoundError,
    ImapQuotaError,
    ImapThrottledError,
    SelectedMailbox,
    Upload,
)
from mailconnector.imap import Fetched as Message
from mailconnector.imap.selected import SUMMARY
from mailconnector.items import Mail
from mailconnector.stores.imap.changes import item_state, revision_of
from mailconnector.stores.imap.errors import of_item, translated
from mailconnector.stores.imap.flags import flag_of, from_server, new_keywords, to_server
from mailconnector.stores.imap.line import Line
from mailconnector.stores.imap.reading import uids_of
from mailconnector.sync.errors import ItemError
from mailconnector.sync.store import Delivery, FlagChange, Outcome, Removal, Replacement, Status

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Step:
    """A STORE.

    Attributes:
        action: How, as in `SelectedMailbox.store`.
        flags: Which, as they are sent.
        last: It comes behind another STORE on the same messages, which has changed their mod-sequence.
    """

    action: str
    flags: frozenset[str]
    last: bool = False


_MISSING = Outcome(Status.MISSING)
_CHANGED = Outcome(Status.CHANGED)
_NO_RIGHT = "Ask the owner of the folder for the right."


class Writer:
    """Changes the messages of one server.

    Args:
        line: To the server.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._full: set[str] = set()  # folders that were seen to take no more keywords

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Put items into a folder, in their order."""
        uploads: list[Upload] = []
        places: list[int] = []
        outcomes: list[Outcome] = []
        for place, delivery in enumerate(deliveries):
            made = _upload(delivery, folder)
            outcomes.append(Outcome(Status.FAILED, error=made if isinstance(made, ItemError) else None))
            if isinstance(made, Upload):
                uploads.append(made)
                places.append(place)
        if not uploads:
            return outcomes
        done, lasting = self._append(folder, uploads)
        revisions = self._revisions(folder, done)
        for one in done:
            place = places[one.index]
            if one.error is not None:
                outcomes[place] = Outcome(Status.FAILED, error=of_item(one.error, folder))
            else:
                outcomes[place] = _there(one, revisions)
                if one.index in lasting:
                    outcomes[place] = replace(outcomes[place], flags=from_server(lasting[one.index]))
        return outcomes

    def _append(self, folder: str, uploads: Sequence[Upload]) -> tuple[list[Appended], dict[int, frozenset[str]]]:
        """Put messages into a folder: what came of each, and the flags of those that did not get all of theirs."""
        done: dict[int, Appended] = {}
        mailbox = self._line.open(folder)
        new = {number: new_keywords(upload.flags, mailbox.state) for number, upload in enumerate(uploads)}
        some = {number: keywords for number, keywords in new.items() if keywords}
        is_full = folder in self._full
        first = [number for number in new if not (is_full and number in some)]
        self._append_some(folder, uploads, first, done)
        refused = [number for number in some if is_full or _may_be_for_flags(done[number].error)]
        if not refused:
            return list(done.values()), {}
        bare = [replace(one, flags=one.flags - new[number]) for number, one in enumerate(uploads)]
        self._append_some(folder, bare, refused, done)
        lasting = {number: bare[number].flags for number in refused if done[number].error is None}
        if not is_full:
            validity = self._line.validities.get(folder)
            uids = {number: done[number].uid for number in lasting if done[number].uid_validity == validity}
            for keyword in sorted(frozenset().union(*(new[number] for number in lasting))):
                having = {number: uid for number, uid in uids.items() if uid and keyword in new[number]}
                if not having:
                    continue
                if self._store(folder, list(map(str, having.values())), _Step("add", frozenset((keyword,))), None):
                    self._full.add(folder)
                    break
                for number in having:
                    lasting[number] |= {keyword}
        return list(done.values()), lasting

    def _append_some(
        self, folder: str, uploads: Sequence[Upload], numbers: Sequence[int], done: dict[int, Appended]
    ) -> None:
        if not numbers:
            return

        def append(client: ImapClient) -> list[Appended]:
            return list(client.uploads.append_many(folder, [uploads[number] for number in numbers]))

        for one in self._line.effect(append, folder):
            done[numbers[one.index]] = replace(one, index=numbers[one.index])

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> list[Outcome]:
        """Put items in the place of others: in one step where the server can, else the new ones first."""
        outcomes, good = self._looked_at(folder, [(change.id, change.revision) for change in replacements])
        if not good:
            return outcomes
        mailbox = self._line.open(folder)
        if not mailbox.storable(["\\Deleted"]):
            return _all_failed(outcomes, good, "messages cannot be deleted here", folder, replacements)
        if not mailbox.session.has("REPLACE"):
            added = self.add(folder, [_renewed(replacements[place]) for place in good])
            for place, outcome in zip(good, added, strict=True):
                outcomes[place] = outcome
            old = uids_of(replacements[place].id for place in good if outcomes[place].status is Status.DONE)
            if old:
                self._effect(folder, lambda mailbox: mailbox.remove(old))
            return outcomes
        for place in good:
            outcomes[place] = self._replace_one(folder, replacements[place])
        return outcomes

    def set_flags(self, folder: str, changes: Sequence[FlagChange]) -> list[Outcome]:
        """Set and clear flags of messages that have the expected ones."""
        now = {message.uid: message for message in self._summaries(folder, [change.id for change in changes])}
        outcomes = [_MISSING] * len(changes)
        if not now:
            return outcomes
        mailbox = self._line.open(folder)
        careful = mailbox.keeps_modseq and all(message.modseq for message in now.values())
        steps: dict[_Step, list[int]] = {}
        for place, change in enumerate(changes):
            message = now.get(int(change.id)) if change.id.isdigit() else None
            if message is None:
                continue
            if from_server(message.flags or frozenset()) != change.expected:
                outcomes[place] = _CHANGED
                continue
            outcomes[place] = Outcome(Status.DONE, change.id, revision_of(message))
            try:
                for step in _steps(change, message.flags or frozenset(), mailbox, careful=careful):
                    steps.setdefault(step, []).append(place)
            except ItemError as error:
                outcomes[place] = Outcome(Status.FAILED, error=error)
        # Whoever changes one of the messages from now on, gives it a higher mod-sequence than any of them has.
        since = max((message.modseq or 0 for message in now.values()), default=0) if careful else None
        for step, places in sorted(steps.items(), key=lambda entry: entry[0].last):
            good = [place for place in places if outcomes[place].status is Status.DONE]
            if good:
                ids = [changes[place].id for place in good]
                refused, lost = self._store_lasting(folder, ids, step, None if step.last else since)
                for place in good:
                    outcomes[place] = refused.get(changes[place].id, outcomes[place])
                    if lost and outcomes[place].status is Status.DONE:
                        after = (changes[place].expected - changes[place].remove) | changes[place].add
                        outcomes[place] = replace(outcomes[place], flags=after - from_server(lost))
        return outcomes

    def delete(self, folder: str, removals: Sequence[Removal]) -> list[Outcome]:
        """Delete messages for good."""
        outcomes, good = self._looked_at(folder, [(removal.id, removal.revision) for removal in removals])
        if not good:
            return outcomes
        if not self._line.open(folder).storable(["\\Deleted"]):
            return _all_failed(outcomes, good, "messages cannot be deleted here", folder, removals)
        uids = uids_of(removals[place].id for place in good)
        left = self._effect(folder, lambda mailbox: mailbox.remove(uids))
        for place in good:
            removal = removals[place]
            outcomes[place] = Outcome(Status.DONE, removal.id)
            if int(removal.id) in left:
                error = ItemError("the server did not delete it", folder=folder, item=removal.id, hint=_NO_RIGHT)
                outcomes[place] = Outcome(Status.FAILED, error=error)
        return outcomes

    def move(self, folder: str, target: str, removals: Sequence[Removal]) -> list[Outcome]:
        """Move messages into another folder."""
        outcomes, good = self._looked_at(folder, [(removal.id, removal.revision) for removal in removals])
        if not good:
            return outcomes
        if not self._line.open(folder).storable(["\\Deleted"]):
            return _all_failed(outcomes, good, "messages cannot be moved away from here", folder, removals)
        uids = uids_of(removals[place].id for place in good)
        try:
            moved = self._effect(folder, lambda mailbox: mailbox.move(uids, target), unchanged=ImapNotFoundError)
        except ImapNotFoundError as error:
            raise translated(error, target) from error
        for place in good:
            removal = removals[place]
            if moved.uids is None or moved.uid_validity != self._line.validities.setdefault(target, moved.uid_validity):
                outcomes[place] = Outcome(Status.DONE)
            elif int(removal.id) in moved.uids:
                outcomes[place] = Outcome(Status.DONE, str(moved.uids[int(removal.id)]), removal.revision)
            else:
                outcomes[place] = _MISSING
        return outcomes

    # -- parts -------------------------------------------------------------------------------------------------------

    def _replace_one(self, folder: str, change: Replacement) -> Outcome:
        upload = _upload(_renewed(change), folder)
        if isinstance(upload, ItemError):
            return Outcome(Status.FAILED, error=upload)
        mailbox = self._line.open(folder)
        refused: ImapError | None = None

        def put(client: ImapClient) -> Appended | None:
            nonlocal refused
            try:
                return client.uploads.replace(mailbox, int(change.id), upload)
            except ImapError as error:
                if client.closed:
                    raise
                refused = error
                return None

        done = self._line.effect(put, folder)
        if done is None:
            return Outcome(Status.FAILED, error=of_item(refused or ImapError("refused"), folder, change.id))
        return _there(done, self._revisions(folder, [done]))

    def _store_lasting(
        self, folder: str, ids: Sequence[str], step: _Step, since: int | None
    ) -> tuple[dict[str, Outcome], frozenset[str]]:
        """Change flags: the outcomes of those where it could not be done, and the keywords that the others lack."""
        new = frozenset[str]() if step.action == "remove" else new_keywords(step.flags, self._line.open(folder).state)
        if not (new and folder in self._full):
            refused = self._store(folder, ids, step, since)
            if not (new and any(outcome.status is Status.FAILED for outcome in refused.values())):
                return refused, frozenset()
        refused = {}
        if step.action == "replace" or step.flags - new:
            refused = self._store(folder, ids, replace(step, flags=step.flags - new), since)
            if any(outcome.status is Status.FAILED for outcome in refused.values()):
                return refused, frozenset()
        done = [id_ for id_ in ids if id_ not in refused]
        lost: set[str] = set()
        for keyword in sorted(new) if done else ():
            if folder in self._full or self._store(folder, done, _Step("add", frozenset((keyword,))), None):
                self._full.add(folder)
                lost.add(keyword)
        return refused, frozenset(lost)

    def _store(self, folder: str, ids: Sequence[str], step: _Step, since: int | None) -> dict[str, Outcome]:
        """Change flags; the outcomes of those where it could not be done."""
        uids = uids_of(ids)
        try:
            done = self._effect(
                folder,
                lambda mailbox: mailbox.store(uids, step.flags, action=step.action, unchanged_since=since),
                unchanged=ImapCommandError,
            )
        except ImapThrottledError as error:
            raise translated(error, folder) from error
        except ImapCommandError as error:
            return {id_: Outcome(Status.FAILED, error=of_item(error, folder, id_)) for id_ in ids}
        return dict.fromkeys((str(uid) for uid in done.modified), _CHANGED)

    def _effect(
        self, folder: str, action: Callable[[SelectedMailbox], T], *, unchanged: type[ImapError] | None = None
    ) -> T:
        """Run an effect on a selected folder; errors of the kind `unchanged` come as they are."""
        caught: list[ImapError] = []

        def run(_: ImapClient) -> T | None:
            try:
                return action(self._line.open(folder))
            except ImapError as error:
                if unchanged is None or not isinstance(error, unchanged):
                    raise
                caught.append(error)
                return None

        value = self._line.effect(run, folder)
        if caught:
            raise caught[0]
        return value  # type: ignore[return-value]  # None only where something was caught

    def _looked_at(self, folder: str, wanted: Sequence[tuple[str, str]]) -> tuple[list[Outcome], list[int]]:
        """Look at messages before an effect: outcomes for those gone or changed, and the places of the others."""
        now = {
            str(message.uid): revision_of(message) for message in self._summaries(folder, [id_ for id_, _ in wanted])
        }
        outcomes: list[Outcome] = []
        good: list[int] = []
        for place, (id_, revision) in enumerate(wanted):
            if id_ not in now:
                outcomes.append(_MISSING)
            elif now[id_] != revision:
                outcomes.append(_CHANGED)
            else:
                outcomes.append(Outcome(Status.DONE, id_))
                good.append(place)
        return outcomes, good

    def _summaries(self, folder: str, ids: Iterable[str]) -> list[Message]:
        uids = uids_of(ids)
        if not uids:
            self._line.open(folder)
            return []

        def read(_: ImapClient) -> list[Message]:
            found = self._line.open(folder).fetch(uids, SUMMARY)
            return [message for message in found if item_state(message) is not None]

        return self._line.read(read, folder)

    def _revisions(self, folder: str, done: Sequence[Appended]) -> dict[int, str]:
        """Ask what the server made of what it was sent: some count other bytes, or set other dates.

        A UID that the server told and does not know, or that it told of another mailbox, is in no answer.
        """
        validity = self._line.validities.get(folder)
        ids = [str(one.uid) for one in done if one.uid is not None and one.uid_validity == validity]
        return {message.uid or 0: revision_of(message) for message in self._summaries(folder, ids)} if ids else {}


def _may_be_for_flags(error: ImapError | None) -> bool:
    return isinstance(error, ImapNoError) and not isinstance(error, ImapQuotaError)


def _there(done: Appended, revisions: Mapping[int, str]) -> Outcome:
    """Return the outcome of what was taken; without an id, if the server told none that stands."""
    revision = revisions.get(done.uid) if done.uid is not None else None
    return Outcome(Status.DONE, str(done.uid), revision) if revision else Outcome(Status.DONE)


def _steps(change: FlagChange, now: frozenset[str], mailbox: SelectedMailbox, *, careful: bool) -> Iterator[_Step]:
    """Tell how a message's flags are to be changed.

    Args:
        change: What is asked for.
        now: Its flags as the server spells them.
        mailbox: Where it is.
        careful: The server refuses what changed meanwhile, so that all flags can be set in one step.

    Raises:
        ItemError: Some of them cannot be stored here.
    """
    known = {flag_of(raw) for raw in now}
    add = to_server(flag for flag in change.add if flag not in known)
    remove = frozenset(raw for raw in now if flag_of(raw) in change.remove)
    if missing := (add | remove) - mailbox.storable(add | remove):
        raise ItemError(
            "these flags cannot be stored here: " + ", ".join(sorted(missing)),
            folder=mailbox.name,
            item=change.id,
            hint=_NO_RIGHT,
        )
    after = (now - remove - {"\\Recent"}) | add
    if add and remove and careful and mailbox.storable(after) == after:
        yield _Step("replace", after)
        return
    if remove:
        yield _Step("remove", remove)
    if add:
        yield _Step("add", add, last=bool(remove))


def _renewed(change: Replacement) -> Delivery:
    """Return the delivery of an item that takes another's place, with another revision than any before.

    A message's size and date tell its revision, and an item can be edited without being of another size. So each new
    version is of the moment at which it was written. The date of mail stays, as users see it, and moves on by a second
    with each version.
    """
    delivery, before = change.delivery, change.revision.rpartition(":")[2]
    date = delivery.date if isinstance(delivery.item, Mail) else datetime.now(UTC).replace(microsecond=0)
    if date is not None:
        with suppress(ValueError, OverflowError, OSError):
            date = max(date, datetime.fromtimestamp(int(before) + 1, UTC))
    return replace(delivery, date=date)


def _upload(delivery: Delivery, folder: str) -> Upload | ItemError:
    try:
        form = formats.ItemForm.OWN if delivery.own_form else formats.ItemForm.AUTHOR
        data = with_crlf(formats.render_item(delivery.item, form=form))
    except MailConnectorError as error:  # of the format, or of the store that the content still lies in
        return of_item(error, folder)
    return Upload(data, to_server(delivery.flags), delivery.date)


def with_crlf(data: bytes) -> bytes:
    """Return a message with CRLF at the end of every line: some servers refuse a bare LF (RFC 5322 section 2.3)."""
    if data.count(b"\n") == data.count(b"\r\n"):
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _all_failed(
    outcomes: list[Outcome], places: Iterable[int], why: str, folder: str, asked: Sequence[Removal | Replacement]
) -> list[Outcome]:
    for place in places:
        outcomes[place] = Outcome(
            Status.FAILED, error=ItemError(why, folder=folder, item=asked[place].id, hint=_NO_RIGHT)
        )
    return outcomes
