"""Moving items in a store that cannot: each is added where it goes, and then deleted where it was.

Ended in between, both are there; `resume` finds the one that was added, as after any move that was a copy first.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailconnector.sync.store import Delivery, Failure, Fetched, Identity, Outcome, Removal, Status, SyncStore

_MISSING = Outcome(Status.MISSING)
_CHANGED = Outcome(Status.CHANGED)


def move(store: SyncStore, folder: str, target: str, removals: Sequence[Removal]) -> Sequence[Outcome]:
    """Move items into another folder, in any store; see `SyncStore.move`.

    An item that is changed or deleted by somebody else in this moment stays as they have it.

    Args:
        store: Where they are.
        folder: The folder that they are in.
        target: The folder that they go to.
        removals: Which.
    """
    if store.capabilities.moves:
        return store.move(folder, target, removals)
    wanted = {removal.id: removal for removal in removals}
    outcomes = dict.fromkeys(wanted, _MISSING)
    batch: list[Fetched] = []
    for got in store.fetch(folder, list(wanted)):
        if isinstance(got, Failure):
            outcomes[got.id] = Outcome(Status.FAILED, error=got.error)
        elif got.state.revision != wanted[got.state.id].revision:
            outcomes[got.state.id] = _CHANGED
        else:
            batch.append(got)
            if sum(one.state.size for one in batch) >= store.capabilities.batch_bytes:
                outcomes.update(_carry(store, folder, target, batch))
                batch = []
    if batch:
        outcomes.update(_carry(store, folder, target, batch))
    return [outcomes[removal.id] for removal in removals]


def _carry(store: SyncStore, folder: str, target: str, batch: Sequence[Fetched]) -> dict[str, Outcome]:
    deliveries = [
        Delivery(
            got.content,
            got.state.flags,
            got.state.date,
            got.state.size,
            got.state.identity or Identity(""),
            got.state.partial,
        )
        for got in batch
    ]
    outcomes = {got.state.id: outcome for got, outcome in zip(batch, store.add(target, deliveries), strict=True)}
    store.barrier()
    added = [got.state for got in batch if outcomes[got.state.id].status is Status.DONE]
    removed = store.delete(folder, [Removal(state.id, state.revision) for state in added])
    store.barrier()
    superfluous: list[Removal] = []
    for state, outcome in zip(added, removed, strict=True):
        if outcome.status is not Status.DONE:
            copy = outcomes[state.id]
            superfluous.extend([Removal(copy.id, copy.revision)] if copy.id else [])
            outcomes[state.id] = outcome
    if superfluous:
        store.delete(target, superfluous)
        store.barrier()
    return outcomes
