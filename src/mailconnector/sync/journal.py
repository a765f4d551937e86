"""The journal: what was about to be done to a store, written down before, and struck out when the outcome is known.

What a killed run leaves in it is resolved by `resume` before anything else happens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailconnector.sync.rules import Side, Step
from mailconnector.sync.state import State


@dataclass(frozen=True, slots=True)
class Intent:
    """An effect that is about to be made.

    Attributes:
        step: What.
        folder: The pair of folders.
        side: To which side.
        pair: The pair of items; None when there is none yet.
        source_id: The item's id on the other side, where it comes from.
        target_id: The item's id on this side, which is changed.
        data: What is needed besides to resolve it; what JSON can hold.
        row: Its number in the journal; 0 while it is not written.
    """

    step: Step
    folder: int
    side: Side
    pair: int | None = None
    source_id: str = ""
    target_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    row: int = 0


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def begin(state: State, intents: Sequence[Intent]) -> list[int]:
    """Write intents down, on the disk when this returns, and return their numbers."""
    with state.transaction() as db:
        first = db.execute("SELECT coalesce(max(row), 0) + 1 FROM intent").fetchone()[0]
        db.executemany(
            "INSERT INTO intent VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (row, i.step.value, i.folder, i.side.value, i.pair, i.source_id, i.target_id, _encode(i.data))
                for row, i in enumerate(intents, first)
            ],
        )
    return list(range(first, first + len(intents)))


def end(state: State, rows: Iterable[int]) -> None:
    """Strike intents out; call it in the transaction that writes down their outcomes."""
    state.db.executemany("DELETE FROM intent WHERE row=?", [(row,) for row in rows])


def pending(state: State) -> list[Intent]:
    """Return the intents whose outcome is not known, oldest first."""
    rows = state.db.execute("SELECT step, folder, side, pair, source_id, target_id, data, row FROM intent ORDER BY row")
    return [
        Intent(Step(step), folder, Side(side), pair, source, target, json.loads(data), row)
        for step, folder, side, pair, source, target, data, row in rows
    ]
