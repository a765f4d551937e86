"""How a long use case tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as a long run goes on, with the name of the stage, what is done of it, and its total (0: not known).

It may raise to stop the run there; what it raises passes through, and a transaction that runs is rolled back.
"""


def no_progress(stage: str, done: int, total: int) -> None:
    """Take no notice."""
