"""Matching two lists of any length, each element at most once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailconnector.sync.state import State


def match(state: State, left: str, right: str, values: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Match the rows of two queries that have the same key, the first with the first, the second with the second.

    Args:
        state: Where both queries look.
        left: A query for a key in two parts and a number, which names the row and gives the order.
        right: Another.
        values: What both queries are given.

    Returns:
        Numbers of the left and the right rows. They are read while they are used: match nothing else meanwhile.
    """
    db = state.db
    for table, query in (("lefts", left), ("rights", right)):
        db.execute(f"DELETE FROM temp.{table}")
        db.execute(
            f"""INSERT INTO temp.{table}
            SELECT name, part, row_number() OVER (PARTITION BY name, part ORDER BY ref), ref
            FROM (SELECT '' AS name, '' AS part, 0 AS ref WHERE 0 UNION ALL {query})""",
            values,
        )
    # CROSS keeps SQLite from turning the join around: the right table is looked up by its key.
    return db.execute("SELECT l.ref, r.ref FROM temp.lefts l CROSS JOIN temp.rights r USING (name, part, n)")
