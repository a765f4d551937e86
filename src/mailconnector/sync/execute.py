"""Doing what was planned for the items of a folder.

Each batch goes: fetch from the source, write the intents, make the effect, pass the store's barrier, write the outcomes
and strike the intents out. Outcomes count only after the barrier, so a store may undo in a crash what it had not yet
made durable. Where a store does not tell the ids of what was added, they are looked up by identity; what is not found
stays in the journal, and `resume` decides about it in the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, groupby

from mailconnector.sync import bases, journal, log, pairs
from mailconnector.sync.errors import ItemError
from mailconnector.sync.fetching import fetch_in_batches
from mailconnector.sync.flags import FlagSet, kept, to_text
from mailconnector.sync.journal import Intent
from mailconnector.sync.merging import Made, categories_of, make
from mailconnector.sync.options import Form
from mailconnector.sync.plan import ItemAction, Terms, allows
from mailconnector.sync.records import describe, finish_replacement, identity, new_pair, with_flags
from mailconnector.sync.report import Tally
from mailconnector.sync.rules import Change, Conflict, Side, Step
from mailconnector.sync.state import State
from mailconnector.sync.store import (
    Delivery,
    Failure,
    Fetched,
    FlagChange,
    Outcome,
    Removal,
    Replacement,
    Status,
    SyncStore,
)


@dataclass(frozen=True, slots=True)
class Bench:
    """What execution works with.

    Attributes:
        state: Where outcomes are written.
        stores: The two stores.
        tally: Where the report is collected.
        clock: Returns the time, POSIX seconds.
        retry_after: From the number of failures to seconds.
        kept_folder: Returns the id of the local folder for edits that may not be sent.
        between: Called after each batch with the number of its items; raises to end the run.
    """

    state: State
    stores: dict[Side, SyncStore]
    tally: Tally
    clock: Callable[[], float]
    retry_after: Callable[[int], float]
    kept_folder: Callable[[], str]
    between: Callable[[int], None]


@dataclass(slots=True)
class FolderWork:
    """The items of one pair of folders.

    Attributes:
        bench: What to work with.
        row: The pair of folders.
        path: Its path, for reports.
        terms: What the folder allows.
        folder: Returns the folder's id on a side, creating it where it is missing.
        again: Items have to be looked at again, since a step of theirs leads to another.
    """

    bench: Bench
    row: int
    path: tuple[str, ...]
    terms: Terms
    folder: Callable[[Side], str]
    again: bool = False
    _log: list[log.LogRow] = field(default_factory=list)

    def run(self, pages: Iterable[Sequence[ItemAction]]) -> None:
        """Carry out pages of actions, in each of them what adds before what deletes.

        Pages one after the other in which the same is done, and that is to add, are carried out as one.
        """
        for kinds, alike in groupby(pages, key=_kinds):
            if len(kinds) == 1 and next(iter(kinds))[0] is Step.ADD:
                ((_, side, headers_only),) = kinds
                self._add_all(side, headers_only, alike)
                continue
            for page in alike:
                groups: dict[_Kind, list[ItemAction]] = {}
                for action in page:
                    groups.setdefault((action.step, action.side, action.headers_only), []).append(action)
                for step in _ORDER:
                    for (found, side, headers_only), group in groups.items():
                        if found is step:
                            self._do(step, side, headers_only, group)

    def _do(self, step: Step, side: Side, headers_only: bool, group: list[ItemAction]) -> None:
        if step in (Step.FORGET, Step.SPLIT, Step.READD):
            self._note(step, side, group)
        elif step is Step.KEEP:
            for batch in self._batches(side, group):
                self._keep(batch)
                self.bench.between(len(batch))
        elif step is Step.ADD:
            self._add_all(side, headers_only, iter([group]))
        elif step in (Step.REPLACE, Step.MERGE):
            for batch in self._batches(side, group):
                self._replace(side, headers_only, batch)
                self.bench.between(len(batch))
        elif step is Step.FLAGS:
            for batch in self._batches(side, group):
                self._flags(batch)
                self.bench.between(len(batch))
        elif step is Step.DELETE:
            for batch in self._batches(side, group):
                self._delete(side, batch)
                self.bench.between(len(batch))
        elif step is Step.BLOCK:
            for action in group:
                error = ItemError("the folder does not allow this change", item=action.view.side(side).id)
                self.bench.tally.trouble(error, self.path, action.view.title)

    def _batches(self, side: Side, group: Sequence[ItemAction]) -> Iterator[list[ItemAction]]:
        capabilities = self.bench.stores[side].capabilities
        batch: list[ItemAction] = []
        size = 0
        for action in group:
            if batch and (len(batch) >= capabilities.batch_items or size + action.view.size > capabilities.batch_bytes):
                yield batch
                batch, size = [], 0
            batch.append(action)
            size += action.view.size
        if batch:
            yield batch

    # -- bookkeeping only --------------------------------------------------------------------------------------------

    def _note(self, step: Step, side: Side, group: list[ItemAction]) -> None:
        state = self.bench.state
        with state.transaction():
            if step is Step.FORGET:
                pairs.forget(state, [action.view for action in group])
            for action in group:
                if step is Step.SPLIT:
                    pairs.split(state, action.view)
                elif step is Step.READD:
                    pairs.readd(state, action.view, side)
                self._done(action, quiet=step is Step.FORGET)
            self._write_log()
        self.again = self.again or step is not Step.FORGET

    # -- effects -----------------------------------------------------------------------------------------------------

    def _fetch(self, side: Side, batch: list[ItemAction], *, headers_only: bool) -> list[tuple[ItemAction, Fetched]]:
        source = self.folder(side)
        wanted = {action.view.side(side).id: action for action in batch}
        found = self.bench.stores[side].fetch(source, list(wanted), headers_only=headers_only)
        return self._sort_out(wanted, list(found))

    def _sort_out(
        self, wanted: Mapping[str, ItemAction], found: list[Fetched | Failure]
    ) -> list[tuple[ItemAction, Fetched]]:
        """Return what was fetched, each with the action of its id; note what could not be."""
        failed = [got for got in found if isinstance(got, Failure)]
        odd = [got for got in found if isinstance(got, Fetched) and got.notice]
        if failed or odd:
            with self.bench.state.transaction():
                for got in failed:
                    self._failed(wanted[got.id], got.error)
                for item in odd:
                    self._noticed(wanted[item.state.id], item)
                self._write_log()
        return [(wanted[got.state.id], got) for got in found if isinstance(got, Fetched)]

    def _add_all(self, side: Side, headers_only: bool, pages: Iterator[Sequence[ItemAction]]) -> None:
        """Add items batch by batch, the next of which is fetched while one is being stored."""
        store, traits = self.bench.stores[side.other], self.bench.stores[side].capabilities
        source, target = self.folder(side.other), self.folder(side)
        wanted: dict[str, ItemAction] = {}
        missing = 0

        def ids(page: Sequence[ItemAction]) -> list[str]:
            nonlocal missing
            found = {action.view.side(side.other).id: action for action in page}
            wanted.update(found)
            missing += len(page)
            return list(found)

        first = next(pages)
        in_thread = store.capabilities.fetches_ahead and len(list(self._batches(side, first))) > 1
        all_ids = (ids(page) for page in chain([first], pages))
        found = fetch_in_batches(store, source, all_ids, traits, headers_only=headers_only, in_thread=in_thread)
        with closing(found) as batches:
            for batch in batches:
                fetched = self._sort_out(wanted, batch)
                if fetched:
                    self._add(side, target, fetched, headers_only=headers_only)
                for got in batch:
                    wanted.pop(got.id if isinstance(got, Failure) else got.state.id, None)
                missing -= len(batch)
                self.bench.between(len(batch))
        if missing:
            self.bench.between(missing)

    def _add(self, side: Side, target: str, fetched: list[tuple[ItemAction, Fetched]], *, headers_only: bool) -> None:
        state, store = self.bench.state, self.bench.stores[side]
        domain, own = self.terms.flags(side), self.terms.form is Form.OWN
        deliveries = [deliver(got, kept(marks(got, side), domain), headers_only, own) for _, got in fetched]
        # Before the items are read for good.
        known = [b"" if headers_only or got.is_mail else bases.base_of(got.item) for _, got in fetched]
        intents = [
            Intent(Step.ADD, self.row, side, None, got.state.id, "", describe(got, delivery, base))
            for (_, got), delivery, base in zip(fetched, deliveries, known, strict=True)
        ]
        rows = journal.begin(state, intents)
        outcomes = list(store.add(target, deliveries))
        store.barrier()
        ids = self._find_unknown(side, target, [intent.data["name"] for intent in intents], outcomes)
        with state.transaction():
            new: list[tuple[pairs.PairRow, bytes]] = []
            settled: list[int] = []
            dealt_with: list[str] = []
            for (action, got), intent, base, row, outcome, (id_, revision) in zip(
                fetched, intents, known, rows, outcomes, ids, strict=True
            ):
                if outcome.status is not Status.DONE:
                    settled.append(row)
                    self._failed(action, outcome.error or ItemError("not added"))
                elif id_:
                    settled.append(row)
                    dealt_with.append(got.state.id)
                    new.append((new_pair(with_flags(intent, outcome), id_, revision), base))
                    self._done(action, title=got.state.identity.title if got.state.identity else "")
                    self.bench.tally.bytes_moved += got.state.size
            pairs.add(state, [pair for pair, base in new if not base])
            for pair, base in new:
                if base:
                    bases.store(state, pairs.add_one(state, pair), base)
            pairs.forget_changes(state, self.row, side.other, dealt_with)
            journal.end(state, settled)
            self._write_log()

    def _replace(self, side: Side, headers_only: bool, batch: list[ItemAction]) -> None:
        state, store = self.bench.state, self.bench.stores[side]
        target = self.folder(side)
        made = self._make(side, self._fetch(side.other, batch, headers_only=headers_only))
        if not made:
            return
        # The marks are merged afterwards, so the item keeps those that it has.
        own = self.terms.form is Form.OWN
        domain = self.terms.flags(side)
        deliveries = [
            deliver(one.got, action.view.side(side).flags | kept(added_marks(one.got, side), domain), headers_only, own)
            for action, one in made
        ]
        intents = [
            self._replacement(side, action, one, delivery)
            for (action, one), delivery in zip(made, deliveries, strict=True)
        ]
        replacements = [
            Replacement(intent.target_id, intent.data["expected"], delivery)
            for intent, delivery in zip(intents, deliveries, strict=True)
        ]
        rows = journal.begin(state, intents)
        outcomes = list(store.replace(target, replacements))
        store.barrier()
        ids = self._find_unknown(side, target, [intent.data["name"] for intent in intents], outcomes)
        with state.transaction():
            settled = []
            for (action, one), intent, row, outcome, (id_, revision) in zip(
                made, intents, rows, outcomes, ids, strict=True
            ):
                if outcome.status is Status.DONE and not id_:
                    continue
                settled.append(row)
                if outcome.status is Status.DONE:
                    finish_replacement(state, intent, id_, revision)
                    self._done(action)
                    self.bench.tally.bytes_moved += one.got.state.size
                    self.again = True
                elif outcome.status is Status.FAILED:
                    self._failed(action, outcome.error or ItemError("not replaced"))
            journal.end(state, settled)
            self._write_log()

    def _replacement(self, side: Side, action: ItemAction, made: Made, delivery: Delivery) -> Intent:
        end = action.view.side(side)
        data = {**describe(made.got, delivery, made.base), "expected": end.revision}
        if made.base:
            data["ahead"] = made.ahead
        if made.digest:
            data["base_digest"] = made.digest
        return Intent(Step.REPLACE, self.row, side, action.view.pair, made.got.state.id, end.id, data)

    def _make(self, side: Side, fetched: list[tuple[ItemAction, Fetched]]) -> list[tuple[ItemAction, Made]]:
        """Return what items become: what was fetched, or merged with it what a local item is.

        Those that clash are split, and of those that have what the remote ones have already it is written down.
        """
        found = [(action, Made(got, bases.base_of(got.item))) for action, got in fetched]
        if side is Side.REMOTE:
            return found
        others = [(action, one.got) for action, one in found if action.view.has_base]
        if not others:
            return found
        state, sends = self.bench.state, allows(self.terms, Side.REMOTE, Step.REPLACE)
        restores = self.terms.form is Form.OWN
        ours = {id(a): got for a, got in self._fetch(side, [action for action, _ in others], headers_only=False)}
        done = [(action, one) for action, one in found if not action.view.has_base]
        with state.transaction():
            for action, theirs in others:
                here, view = ours.get(id(action)), action.view
                if here is None or here.state.revision != view.local.revision:
                    continue  # a third edit: it is looked at when it was listed
                edited = view.local.change is Change.EDITED
                base = bases.load(state, view.pair)
                one = make(here, theirs, base, edited=edited, sends=sends, restores=restores)
                if one.clashes:
                    pairs.split(state, view)
                    kept = replace(action, step=Step.SPLIT, side=Side.REMOTE, conflict=Conflict.BOTH_EDITED)
                    self._done(kept, fields=one.clashes)
                    self.again = True
                elif one.is_there:
                    intent = self._replacement(side, action, one, deliver(one.got, view.local.flags))
                    finish_replacement(state, intent, view.local.id, view.local.revision)
                    self._done(replace(action, conflict=None) if one.untouched else action, quiet=not edited)
                    self.again = True
                else:
                    done.append((action, one))
            self._write_log()
        return done

    def _flags(self, batch: list[ItemAction]) -> None:
        state = self.bench.state
        good = {id(action) for action in batch}
        intents: list[Intent] = []
        changes: dict[Side, list[tuple[ItemAction, FlagChange]]] = {Side.LOCAL: [], Side.REMOTE: []}
        for action in batch:
            for side, after in ((Side.LOCAL, action.local_flags), (Side.REMOTE, action.remote_flags)):
                now = action.view.side(side).flags
                if after != now:
                    change = FlagChange(action.view.side(side).id, after - now, now - after, now)
                    changes[side].append((action, change))
                    intents.append(Intent(Step.FLAGS, self.row, side, action.view.pair, "", change.id))
        rows = journal.begin(state, intents) if intents else []
        failures: list[tuple[ItemAction, ItemError]] = []
        lasting: dict[tuple[int, Side], FlagSet] = {}
        for side, wanted in changes.items():
            if not wanted:
                continue
            outcomes = self.bench.stores[side].set_flags(self.folder(side), [change for _, change in wanted])
            for (action, _), outcome in zip(wanted, outcomes, strict=True):
                if outcome.flags is not None:
                    lasting[id(action), side] = outcome.flags
                if outcome.status is not Status.DONE:
                    good.discard(id(action))
                    if outcome.status is Status.FAILED:
                        failures.append((action, outcome.error or ItemError("flags not changed")))
            self.bench.stores[side].barrier()
        with state.transaction() as db:
            done = [action for action in batch if id(action) in good]
            db.executemany(
                "UPDATE item SET local_flags=?, remote_flags=? WHERE row=?",
                [
                    (
                        to_text(lasting.get((id(a), Side.LOCAL), a.local_flags)),
                        to_text(lasting.get((id(a), Side.REMOTE), a.remote_flags)),
                        a.view.pair,
                    )
                    for a in done
                ],
            )
            for side in Side:
                pairs.forget_changes(state, self.row, side, [a.view.side(side).id for a in done])
            for action in done:
                sent = any(
                    after != action.view.side(side).flags
                    for side, after in ((Side.LOCAL, action.local_flags), (Side.REMOTE, action.remote_flags))
                )
                self._done(action, quiet=not sent)
            for action, error in failures:
                self._failed(action, error)
            journal.end(state, rows)
            self._write_log()

    def _delete(self, side: Side, batch: list[ItemAction]) -> None:
        state, store = self.bench.state, self.bench.stores[side]
        target = self.folder(side)
        removals = [Removal(action.view.side(side).id, action.view.side(side).revision) for action in batch]
        intents = [
            Intent(Step.DELETE, self.row, side, action.view.pair, "", removal.id)
            for action, removal in zip(batch, removals, strict=True)
        ]
        rows = journal.begin(state, intents)
        outcomes = list(store.delete(target, removals))
        store.barrier()
        with state.transaction():
            gone = []
            for action, outcome in zip(batch, outcomes, strict=True):
                if outcome.status in (Status.DONE, Status.MISSING):
                    gone.append(action.view)
                    self._done(action)
                elif outcome.status is Status.FAILED:
                    self._failed(action, outcome.error or ItemError("not deleted"))
            pairs.forget(state, gone)
            journal.end(state, rows)
            self._write_log()

    def _keep(self, batch: list[ItemAction]) -> None:
        state, store = self.bench.state, self.bench.stores[Side.LOCAL]
        target = self.bench.kept_folder()
        fetched = self._fetch(Side.LOCAL, batch, headers_only=False)
        if not fetched:
            return
        names = [identity(got).name for _, got in fetched]
        before = [found.id for found in store.find(target, [name for name in names if name])]
        intents = [
            Intent(
                Step.KEEP,
                self.row,
                Side.LOCAL,
                action.view.pair,
                "",
                got.state.id,
                {"name": name, "before": before, "kept": target, "revision": got.state.revision},
            )
            for (action, got), name in zip(fetched, names, strict=True)
        ]
        rows = journal.begin(state, intents)
        deliveries = [deliver(got, got.state.flags) for _, got in fetched]
        outcomes = list(store.add(target, deliveries))
        store.barrier()
        with state.transaction():
            for (action, got), outcome in zip(fetched, outcomes, strict=True):
                if outcome.status is Status.DONE:
                    pairs.keep(state, self.row, got.state.id, got.state.revision)
                    self._done(action)
                    self.again = True
                else:
                    self._failed(action, outcome.error or ItemError("not kept"))
            journal.end(state, rows)
            self._write_log()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _find_unknown(
        self, side: Side, folder: str, names: Sequence[str], outcomes: Sequence[Outcome]
    ) -> list[tuple[str, str]]:
        """Return ids and revisions, those that the store did not tell looked up by name; empty where not found."""
        missing = [
            name for name, o in zip(names, outcomes, strict=True) if o.status is Status.DONE and not o.id and name
        ]
        found = (
            pairs.unknown(self.bench.state, self.row, side, self.bench.stores[side].find(folder, missing))
            if missing
            else {}
        )
        ids = []
        for name, outcome in zip(names, outcomes, strict=True):
            if outcome.id or outcome.status is not Status.DONE:
                ids.append((outcome.id, outcome.revision))
            elif found.get(name):
                # Ids grow in the order of adding, so the latest ones are ours; they are taken in that order.
                state = found[name].pop(0)
                ids.append((state.id, state.revision))
            else:
                ids.append(("", ""))
        return ids

    def _done(self, action: ItemAction, *, title: str = "", quiet: bool = False, fields: tuple[str, ...] = ()) -> None:
        conflict = action.conflict
        if not quiet:
            self.bench.tally.done[action.step, action.side] += 1
            note = conflict.value if conflict else ""
            self._note_down(action, action.step.value, title, f"{note}: {', '.join(fields)}" if fields else note)
        if conflict and not (quiet and conflict is Conflict.DELETE_BEATS_FLAGS):
            self.bench.tally.clash(conflict, self.path, title or action.view.title, fields)

    def _failed(self, action: ItemAction, error: ItemError) -> None:
        state, now = self.bench.state, self.bench.clock()
        wait = self.bench.retry_after(pairs.attempts(state, action.view) + 1)
        pairs.postpone(state, action.view, str(error), now, wait)
        self.bench.tally.trouble(error, self.path, action.view.title)
        self._note_down(action, "failed", "", f"{action.step.value}: {error}")

    def _noticed(self, action: ItemAction, got: Fetched) -> None:
        title = got.state.identity.title if got.state.identity else ""
        self.bench.tally.notice(got.notice, self.path, title)
        self._note_down(action, "kept", title, got.notice)

    def _note_down(self, action: ItemAction, word: str, title: str, note: str) -> None:
        name = "/".join(self.path)
        self._log.append((self.bench.clock(), word, action.side.value, name, title or action.view.title, note))

    def _write_log(self) -> None:
        log.write(self.bench.state, self._log)
        self._log.clear()


_Kind = tuple[Step, Side, bool]


def _kinds(page: Sequence[ItemAction]) -> frozenset[_Kind]:
    """Return what is done in a page: what, to which side, and whether with headers alone."""
    return frozenset([(action.step, action.side, action.headers_only) for action in page])


def marks(got: Fetched, side: Side) -> FlagSet:
    """Return the marks that a fetched item is to have on a side."""
    return got.state.flags | added_marks(got, side)


def added_marks(got: Fetched, side: Side) -> FlagSet:
    """Return the marks that a remote item says itself and its store does not know; a server has only its own."""
    return categories_of(got) - got.state.flags if side is Side.LOCAL else frozenset()


def deliver(got: Fetched, flags: FlagSet, headers_only: bool = False, own_form: bool = False) -> Delivery:
    """Return a fetched item as it is to be stored, with these flags."""
    state = got.state
    return Delivery(got.content, flags, state.date, state.size, identity(got), headers_only, own_form)


_ORDER = (
    Step.FORGET,
    Step.SPLIT,
    Step.READD,
    Step.KEEP,
    Step.ADD,
    Step.MERGE,
    Step.REPLACE,
    Step.FLAGS,
    Step.DELETE,
    Step.BLOCK,
)
