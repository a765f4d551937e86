"""One run: both stores are listed, compared with what was, and brought to the same state.

The order is: the trees of folders; what an earlier run left unfinished; folders; listing of the items; items that are
known again; moves; then, folder by folder, all else. Everything found by the listing is in the state file before
anything is done about it, so a run may end anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from mailconnector.items import FolderKind
from mailconnector.sync import bases, log, matching, namesakes, own_changes, pairs, partials, sightings, twins
from mailconnector.sync.errors import FolderError, ItemError, SyncError
from mailconnector.sync.execute import Bench, FolderWork
from mailconnector.sync.folder_sync import FolderSync
from mailconnector.sync.folders import Folders
from mailconnector.sync.moves import Moves
from mailconnector.sync.options import Answer, FolderOptions, Settings, Trigger
from mailconnector.sync.plan import FolderAction, ItemAction, Terms, plan_item
from mailconnector.sync.report import Held, Phase, Progress, Report, Tally
from mailconnector.sync.resume import resume
from mailconnector.sync.rules import Change, Conflict, Side, Step
from mailconnector.sync.sightings import pages
from mailconnector.sync.state import FolderPair, State
from mailconnector.sync.store import Changes, FolderState, Rights, SpecialUse, SyncStore
from mailconnector.sync.twins import Twin

_PAGE = 2000  # items planned at a time; two pages are there while items are fetched ahead
_PASSES = 5
_SAMPLE = 20
_SIDES = (Side.LOCAL, Side.REMOTE)
_TO_BE_EMPTIED = frozenset((SpecialUse.TRASH, SpecialUse.JUNK))
_LOCAL_ERRORS = (FolderError, ItemError)
"""What ends the work on one folder; the others go on."""


class _CancelledError(Exception):
    """The user ended the run."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a run shall do.

    Attributes:
        trigger: Why it takes place; decides with the folders' options which are visited.
        only: Paths of the folders to visit; None for all.
        subfolders: Visit the folders in those of `only` as well.
        answers: The user's word on deletions that were held, by `Held.row`.
        answer_all: The user's word on all others of them.
        rehearse: Do nothing, tell what would be done.
    """

    trigger: Trigger = Trigger.DEMAND
    only: frozenset[tuple[str, ...]] | None = None
    subfolders: bool = False
    answers: Mapping[int, Answer] = field(default_factory=dict)
    answer_all: Answer | None = None
    rehearse: bool = False

    def names(self, path: tuple[str, ...]) -> bool:
        """Tell whether a folder is among those to visit."""
        if self.only is None or path in self.only:
            return True
        return self.subfolders and any(path[:end] in self.only for end in range(1, len(path)))


def _ignore(*_: object) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who looks on while a run goes on.

    Attributes:
        on_action: Called in a rehearsal with the path of the folder and each action.
        progress: Called now and then.
        cancelled: Asked between batches whether to end.
        clock: Returns the time, POSIX seconds.
    """

    on_action: Callable[[tuple[str, ...], ItemAction | FolderAction], None] = _ignore
    progress: Callable[[Progress], None] = _ignore
    cancelled: Callable[[], bool] = _never
    clock: Callable[[], float] = time.time


def synchronise(
    state: State,
    local: SyncStore,
    remote: SyncStore,
    settings: Settings | None = None,
    request: Request | None = None,
    watcher: Watcher | None = None,
) -> Report:
    """Bring two stores to the same state.

    Nothing is raised for what goes wrong in the stores: it is in the report, by how far it reaches.

    Args:
        state: What is remembered of the two.
        local: The user's own store.
        remote: The shared store.
        settings: What the user chose.
        request: What this run shall do; everything by default.
        watcher: Who looks on.

    Returns:
        What was done.

    Raises:
        sqlite3.Error: The state file cannot be written.
    """
    request = request or Request()
    stores = {Side.LOCAL: local, Side.REMOTE: remote}
    run = _Run(state, stores, settings or Settings(), request, watcher or Watcher())
    if request.rehearse:
        with state.rehearsal():
            return run.run()
    return run.run()


@dataclass(slots=True)
class _Run:
    state: State
    stores: dict[Side, SyncStore]
    settings: Settings
    request: Request
    watcher: Watcher
    tally: Tally = field(default_factory=Tally)
    terms: dict[int, Terms] = field(default_factory=dict)
    held: set[tuple[int, Side]] = field(default_factory=set)
    unmoved: set[int] = field(default_factory=set)  # pairs that are not gone, but elsewhere
    position: tuple[int, int, int] = (0, 0, 0)
    closed: set[int] = field(default_factory=set)  # folders that could not be looked into: what is gone may be there
    unasked: set[int] = field(default_factory=set)  # folders that may have changed, and are not to be visited
    adrift: set[tuple[int, Side, str]] = field(default_factory=set)  # what may belong to a pair in one of them
    unresolved: set[tuple[Side, str]] = field(default_factory=set)  # folders that may hold what an earlier run added
    folders: Folders = field(init=False)
    folder_sync: FolderSync = field(init=False)

    def run(self) -> Report:
        self.folders = Folders(
            self.state,
            self.stores,
            self.settings.kept_folder,
            lambda path: not self.settings.options(path).visited(Trigger.DEMAND, last=0.0, now=0.0),
        )
        self.folder_sync = FolderSync(self.folders, self.tally, self.watcher.clock, self.request.rehearse)
        ended = False
        try:
            self._run()
        except _CancelledError:
            ended = True
        except SyncError as error:
            self.tally.trouble(error)
        self.tally.renames.extend(self.folders.renames())
        if self.request.rehearse:
            for action in self.tally.folders:
                self.watcher.on_action(action.path, action)
        return self.tally.report(cancelled=ended, rehearsed=self.request.rehearse)

    def _run(self) -> None:
        self.folders.refresh()
        if not self.request.rehearse:
            self.unresolved = resume(self.state, self.folders, self.tally)
        self._check()
        self.folder_sync.run()
        self._scan_all()
        self._match()
        self._find_twins()
        self._find_displaced()
        self._brake()
        for row in sorted(self.terms):
            try:
                self._items(row)
            except _LOCAL_ERRORS as error:
                self.tally.trouble(error, self.folders.path(row))
        if not any(row in self.folder_sync.drained for row, _ in self.held):
            self.folder_sync.finish_drained()
        if not self.request.rehearse:
            rows = [row for row in self.terms if row not in self.folder_sync.drained]
            own_changes.list_own(self.state, self.folders, rows, self.tally.done, self.watcher.cancelled)
            log.trim(self.state, self.watcher.clock() - self.settings.log_days * 86400.0)

    def _options(self, row: int) -> FolderOptions:
        """Return how a folder is synchronised, whatever it is called since."""
        before = self.folders.choice_path(row)
        found = self.settings.options(before if before in self.settings.folders else self.folders.path(row))
        # Only a mail says something without its body, and only mail grows old.
        return found if self.folders.pair(row).kind is FolderKind.MAIL else replace(found, since=None, max_size=None)

    def _check(self) -> None:
        if self.watcher.cancelled():
            raise _CancelledError

    def _progress(self, phase: Phase, row: int, done: int, total: int) -> Progress:
        return Progress(phase, self.folders.path(row), done, total, self.tally.bytes_moved)

    # -- listing -----------------------------------------------------------------------------------------------------

    def _scan_all(self) -> None:
        now = self.watcher.clock()
        with self.state.transaction():
            pairs.try_by(self.state, now + self.settings.retry_last)
        waiting = pairs.folders_with_work(self.state, now)
        every = self.folders.all_pairs()
        for number, pair in enumerate(every):
            path = self.folders.path(pair.row)
            wanted = self._options(pair.row).visited(self.request.trigger, last=pair.visited, now=now)
            if not wanted or not self.request.names(path):
                if all(end.selectable for end in self._ends(pair).values()) and self._is_dirty(pair):
                    self.unasked.add(pair.row)
                continue
            if any((side, self.folders.present(pair.row, side)) in self.unresolved for side in _SIDES):
                self.closed.add(pair.row)
                continue
            try:
                if not self._is_selectable(pair):
                    continue
            except FolderError as error:  # it may be so forever, and nothing waits for it
                self.tally.trouble(error, path)
                continue
            try:
                if pair.row in waiting or self._is_dirty(pair):
                    self.watcher.progress(self._progress(Phase.LISTING, pair.row, number, len(every)))
                    self._scan(pair)
                    self._check()
                elif not self.request.rehearse and self.request.trigger is Trigger.TIMER:
                    with self.state.transaction():
                        self.state.visit(pair.row, pair.view, now)
            except _LOCAL_ERRORS as error:
                self._leave(pair.row, error)

    def _leave(self, row: int, error: SyncError) -> None:
        """Do nothing more about a folder in this run."""
        self.terms.pop(row, None)
        self.closed.add(row)
        self.tally.trouble(error, self.folders.path(row))

    def _is_selectable(self, pair: FolderPair) -> bool:
        """Tell whether items of a folder can be synchronised; where one side has some, the other is made to hold any.

        Raises:
            FolderError: That cannot be.
        """
        ends = self._ends(pair)
        closed = [side for side, end in ends.items() if not end.selectable]
        if not closed:
            return True
        if not any(end.selectable and end.count for end in ends.values()):
            return False
        return all(self.folder_sync.open_up(pair.row, side) for side in closed)

    def _ends(self, pair: FolderPair) -> dict[Side, FolderState]:
        present = {side: self.folders.present(pair.row, side) for side in _SIDES}
        return {side: self.folders.trees[side][id_] for side, id_ in present.items() if id_ is not None}

    def _is_dirty(self, pair: FolderPair) -> bool:
        if pair.row in self.folder_sync.drained or self._options(pair.row).view != pair.view:
            return True
        for side, now in self._ends(pair).items():
            end = pair.end(side)
            if not now.cursor or now.cursor != end.cursor or now.validity != end.validity:
                return True
        return False

    def _scan(self, pair: FolderPair) -> None:
        row, options = pair.row, self._options(pair.row)
        self.tally.folders_visited += 1
        terms = Terms(max_size=options.max_size, form=options.form)
        answers: dict[Side, tuple[str, Changes, bool]] = {}
        for side in _SIDES:
            id_ = self.folders.present(row, side)
            if id_ is None:
                continue
            end = self.folders.pair(row).end(side)
            known = end.cursor if side is Side.LOCAL or options.view == pair.view else ""
            found = self.stores[side].changes(id_, known)
            is_void = found.validity != end.validity and bool(end.cursor or end.validity)
            if is_void and not found.complete:
                found = self.stores[side].changes(id_, "")
            answers[side] = (id_, found, is_void)
            rights = found.rights & self.folders.trees[side][id_].rights
            if side is Side.LOCAL:
                terms = replace(terms, local_rights=rights, local_flags=found.kept_flags)
            else:
                terms = replace(terms, remote_rights=rights, remote_flags=found.kept_flags)
        with self.state.transaction():
            for side, (id_, found, is_void) in answers.items():
                if is_void:
                    sightings.rematch(self.state, row, side, self.stores[side], id_, found)
                else:
                    sightings.record(self.state, row, side, found)
                self.state.scanned(row, side, found.validity, found.cursor)
            if row in self.folder_sync.withdrawn:
                # Nothing can be sent any more: what was to be is put aside.
                terms = replace(terms, remote_rights=Rights.NONE)
            if row in self.folder_sync.drained:
                sightings.drain(self.state, row, self.folder_sync.drained[row])
            sightings.enlarge(self.state, row, options.max_size)
            self.state.visit(row, options.view, self.watcher.clock())
        self.terms[row] = terms

    # -- knowing items again -----------------------------------------------------------------------------------------

    def _match(self) -> None:
        elsewhere = any(pairs.count(self.state, row) for row in self.closed | self.unasked)
        lost = {
            side: elsewhere or any(sightings.has(self.state, row, side, Change.GONE) for row in self.terms)
            for side in _SIDES
        }
        for row in list(self.terms):
            self._name(row, lost)
        self._look_further()
        rehearse = self._rehearse if self.request.rehearse else None
        moves = Moves(self.state, self.folder_sync, self.terms, self._check, rehearse)
        # Before new items are linked: of a pair that moved to one place on both sides it is known what it was before.
        moves.settle()
        for row in list(self.terms):
            try:
                self._link(row)
            except _LOCAL_ERRORS as error:
                self._leave(row, error)
        moves.follow()
        self.unmoved |= moves.unmoved
        self.adrift = moves.adrift(self.closed)
        for row in self.terms:
            since = self._options(row).since
            if since is not None:
                with self.state.transaction():
                    sightings.drop_older(self.state, row, since)

    def _look_further(self) -> None:
        """Look into folders that were not to be visited, where that tells what was moved from there, or there."""
        self._visit(matching.find_origins(self.state, self.unasked))
        if self.unasked and matching.has_lost_sight(self.state):
            self._visit(sorted(self.unasked))

    def _visit(self, rows: list[int]) -> None:
        for row in rows:
            self.unasked.discard(row)
            try:
                self._scan(self.folders.pair(row))
            except _LOCAL_ERRORS as error:
                self._leave(row, error)
            self._check()
        for row in list(self.terms) if rows else ():
            self._name(row, dict.fromkeys(_SIDES, True))

    def _name(self, row: int, lost: Mapping[Side, bool]) -> None:
        if row not in self.terms:
            return
        try:
            self._identify(row, lost)
        except _LOCAL_ERRORS as error:
            # What was not looked at might be taken for new, and doubled.
            self._leave(row, error)

    def _identify(self, row: int, lost: Mapping[Side, bool]) -> None:
        new = {side: sightings.has(self.state, row, side, Change.NEW) for side in _SIDES}
        both = all(new.values())
        may_double = new[Side.LOCAL] and pairs.count(self.state, row) > 0
        for side in _SIDES:
            id_ = self.folders.present(row, side)
            asked = both or lost[side] or self.request.rehearse or (may_double and side is Side.LOCAL)
            if id_ is not None and new[side] and asked:
                sightings.identify_new(self.state, row, side, self.stores[side], id_)
        if any(new.values()):
            with self.state.transaction():
                for side in _SIDES:
                    matching.match_reappeared(self.state, row, side)

    def _link(self, row: int) -> None:
        if not all(sightings.has(self.state, row, side, Change.NEW) for side in _SIDES):
            return
        now, path = self.watcher.clock(), "/".join(self.folders.path(row))
        merges = self.folders.pair(row).kind is not FolderKind.MAIL
        for side in _SIDES:
            id_ = self.folders.present(row, side)
            if id_ is None:
                continue
            failures = namesakes.compare(self.state, row, side, self.stores[side], id_, merges=merges)
            with self.state.transaction():
                for failure in failures:
                    self.tally.trouble(failure.error, self.folders.path(row))
                    namesakes.postpone(self.state, row, side, failure, now, self.settings.retry_after)
        with self.state.transaction():
            for titles in pages(namesakes.link(self.state, row, merges=merges)):
                self.tally.done[Step.LINK, Side.REMOTE] += len(titles)
                log.write(self.state, [(now, "link", "remote", path, title, "") for title in titles])
            sightings.enlarge(self.state, row, self.terms[row].max_size)

    def _find_twins(self) -> None:
        """Know second copies that the user's own mail program brought; after moves, so that none is taken for one."""
        store = self.stores[Side.LOCAL]
        for row in list(self.terms):
            id_ = self.folders.present(row, Side.LOCAL)
            may_be = id_ is not None and sightings.has(self.state, row, Side.LOCAL, Change.NEW)
            if id_ is None or not may_be or Rights.DELETE not in self.terms[row].local_rights:
                continue
            try:
                for batch in pages(twins.find(self.state, row, store, id_), store.capabilities.batch_items):
                    self._drop_twins(row, store, id_, batch)
                    self._check()
            except _LOCAL_ERRORS as error:
                self.terms.pop(row)
                self.tally.trouble(error, self.folders.path(row))

    def _find_displaced(self) -> None:
        """Keep what is on the server of items whose headers were moved to folders that are not looked into."""
        tree = self.folders.trees[Side.LOCAL]
        listed = {self.folders.present(row, Side.LOCAL) for row in self.terms}
        store = self.stores[Side.LOCAL]

        def unlisted() -> list[FolderState]:
            return [folder for folder in store.folders() if folder.id not in listed]

        for found in partials.displaced(self.state, store, list(self.terms), unlisted):
            self.unmoved.add(found.pair)
            place = "/".join(tree.path(found.place)) if found.place in tree else self.settings.kept_folder
            self.tally.trouble(
                ItemError(
                    f"only its headers are here, and they were moved to {place}, which this run does not look into",
                    hint="It stays on the server. Synchronise all folders, or move it back; if you do not want it any"
                    " more, delete it there.",
                ),
                self.folders.path(found.folder),
                found.title,
            )

    def _drop_twins(self, row: int, store: SyncStore, folder: str, batch: list[Twin]) -> None:
        path = self.folders.path(row)
        if self.request.rehearse:
            for twin in batch:
                action = ItemAction(Step.DELETE, Side.LOCAL, twins.view(row, twin), conflict=Conflict.KEPT_ONCE)
                self._rehearse(row, action)
            pairs.forget_changes(self.state, row, Side.LOCAL, [twin.id for twin in batch])
            return
        gone = twins.drop(self.state, row, store, folder, batch)
        self.tally.done[Step.DELETE, Side.LOCAL] += len(gone)
        now, note = self.watcher.clock(), Conflict.KEPT_ONCE.value
        for twin in gone:
            self.tally.clash(Conflict.KEPT_ONCE, path, twin.title)
        with self.state.transaction():
            log.write(self.state, [(now, "delete", "local", "/".join(path), twin.title, note) for twin in gone])

    # -- items -------------------------------------------------------------------------------------------------------

    def _brake(self) -> None:
        # What is not shared any more was not deleted by anybody.
        withdrawn = self.folder_sync.withdrawn
        total = pairs.count(self.state) - sum(pairs.count(self.state, row) for row in withdrawn)
        for side in _SIDES:
            if not any(sightings.has(self.state, row, side.other, Change.GONE) for row in self.terms):
                continue
            given_up = sum(pairs.count_deletions(self.state, row, side) for row in withdrawn)
            emptied = pairs.count_deletions(self.state, None, side) - given_up == total > 0
            lasting = [
                pair.row
                for pair in self.folders.all_pairs()
                if pair.special not in _TO_BE_EMPTIED and pair.row not in withdrawn
            ]
            deletions = sum(pairs.count_deletions(self.state, row, side) for row in lasting)
            items = sum(pairs.count(self.state, row) for row in lasting)
            everywhere = emptied or self.settings.brake.holds(deletions, items)
            for row in [row for row in self.terms if row not in withdrawn]:
                self._brake_folder(row, side, everywhere=everywhere, emptied=emptied)
        for row, gone in self.folder_sync.drained.items():
            if row in withdrawn:
                continue
            vanished = self.folders.has_vanished(gone) and self._answer(row) is None
            if vanished and (row, gone.other) not in self.held:
                self._hold(row, gone.other, 0, 0, emptied=True)

    def _brake_folder(self, row: int, side: Side, *, everywhere: bool, emptied: bool) -> None:
        if not sightings.has(self.state, row, side.other, Change.GONE):
            return
        deletions = pairs.count_deletions(self.state, row, side)
        if not deletions:
            return
        items = pairs.count(self.state, row)
        if not emptied and self.folders.pair(row).special in _TO_BE_EMPTIED:
            return
        if not everywhere and not self.settings.brake.holds(deletions, items):
            return
        answer = self._answer(row)
        if answer is Answer.RESTORE:
            with self.state.transaction():
                pairs.readd_gone(self.state, row, side.other)
        elif answer is None:
            self._hold(row, side, deletions, items, emptied=emptied)

    def _answer(self, row: int) -> Answer | None:
        return self.request.answers.get(row, self.request.answer_all)

    def _hold(self, row: int, side: Side, deletions: int, items: int, *, emptied: bool) -> None:
        self.held.add((row, side))
        titles = tuple(pairs.sample_deletions(self.state, row, side, _SAMPLE))
        self.tally.held.append(Held(row, self.folders.path(row), side, deletions, items, titles, emptied))

    def _items(self, row: int) -> None:
        bench = Bench(
            self.state,
            self.stores,
            self.tally,
            self.watcher.clock,
            self.settings.retry_after,
            self.folders.kept_folder,
            self._between,
        )
        self._learn(row)
        for _ in range(_PASSES):
            self._bring_back(row)
            total = pairs.load_todo(self.state, row, self.watcher.clock())
            if not total:
                return
            self.position = row, 0, total
            work = FolderWork(
                bench, row, self.folders.path(row), self.terms[row], lambda side: self.folder_sync.ensure(row, side)
            )
            if self.request.rehearse:
                for action in chain.from_iterable(self._planned(row)):
                    self._rehearse(row, action)
            else:
                work.run(self._planned(row))
            if self.request.rehearse or not work.again:
                return

    def _planned(self, row: int) -> Iterator[list[ItemAction]]:
        """Yield what is to be done about the items of a folder, page by page."""
        after = 0
        while page := pairs.read_todo(self.state, row, after, _PAGE):
            after = page[-1][0]
            actions = [action for _, view in page for action in plan_item(view, self.terms[row])]
            yield [action for action in actions if not self._is_held(row, action)]

    def _learn(self, row: int) -> None:
        """Find out what the fields of items other than mail are, before they are edited."""
        folder = self.folders.present(row, Side.LOCAL)
        if folder is not None and not self.request.rehearse and self.folders.pair(row).kind is not FolderKind.MAIL:
            bases.learn(self.state, row, self.stores[Side.LOCAL], folder)

    def _bring_back(self, row: int) -> None:
        """Create a missing folder for what is new or edited on the other side."""
        for side in _SIDES:
            if row in self.folder_sync.withdrawn and side is Side.REMOTE:
                continue
            if self.folders.present(row, side) is None and not self.request.rehearse:
                other = side.other
                if sightings.has(self.state, row, other, Change.NEW) or sightings.has(
                    self.state, row, other, Change.EDITED
                ):
                    self.folder_sync.ensure(row, side)

    def _is_held(self, row: int, action: ItemAction) -> bool:
        """Tell whether an action is to be asked for first, or has to wait until it is known what it is about."""
        source = action.side.other
        if action.step is Step.ADD:
            return (row, source, action.view.side(source).id) in self.adrift
        if action.step not in (Step.DELETE, Step.FORGET, Step.READD):
            return False
        if Change.GONE not in (action.view.local.change, action.view.remote.change):
            return False
        if action.view.pair in self.unmoved:
            return True
        if action.step is Step.DELETE:
            return (row, action.side) in self.held
        return bool(self.closed)

    def _rehearse(self, row: int, action: ItemAction) -> None:
        path = self.folders.path(row)
        self.tally.rehearse(action, path)
        self.watcher.on_action(path, action)

    def _between(self, count: int) -> None:
        row, done, total = self.position
        self.position = row, min(done + count, total), total
        self.watcher.progress(self._progress(Phase.ITEMS, *self.position))
        self._check()
