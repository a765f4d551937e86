"""Sets of UIDs (or sequence numbers) as IMAP writes them: ``1:3,7,9:12`` (RFC 9051 section 9, sequence-set).

A set is kept as ranges and never spelled out, because a server may say ``VANISHED 1:4294967295``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from mailconnector.imap.errors import ImapProtocolError, ImapUsageError

MAX_NUMBER = 0xFFFF_FFFF

_ITEM = re.compile(rb"([0-9]{1,10})(?::([0-9]{1,10}))?(?:,|\Z)")


@dataclass(frozen=True, slots=True)
class UidSet:
    """An immutable set of numbers from 1 to 2**32 - 1.

    Attributes:
        ranges: pairs of the first and the last number, ascending, apart from each other by at least one number.
    """

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, numbers: Iterable[int]) -> UidSet:
        """Make a set of numbers in any order.

        Raises:
            ImapUsageError: a number is outside 1 .. 2**32 - 1.
        """
        ordered = sorted(set(numbers))
        if not ordered:
            return cls()
        if ordered[0] < 1 or ordered[-1] > MAX_NUMBER:
            raise ImapUsageError(f"a UID is not in 1 to {MAX_NUMBER}")
        if ordered[-1] - ordered[0] == len(ordered) - 1:
            return cls(((ordered[0], ordered[-1]),))
        ranges: list[tuple[int, int]] = []
        start = ordered[0]
        for before, number in pairwise(ordered):
            if number != before + 1:
                ranges.append((start, before))
                start = number
        ranges.append((start, ordered[-1]))
        return cls(tuple(ranges))

    @classmethod
    def span(cls, first: int, last: int) -> UidSet:
        """Make the set of all numbers from `first` to `last`; empty when `last` is below `first`."""
        return cls(((first, last),)) if first <= last else cls()

    @classmethod
    def parse(cls, data: bytes) -> UidSet:
        """Read a set as a server sends it, in any order.

        Raises:
            ImapProtocolError: the bytes are no set of numbers.
        """
        return cls._merged(parse_ranges(data))

    @classmethod
    def _merged(cls, ranges: Iterable[tuple[int, int]]) -> UidSet:
        merged: list[tuple[int, int]] = []
        for low, high in sorted((min(pair), max(pair)) for pair in ranges):
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        index = bisect_right(self.ranges, (number, MAX_NUMBER + 1)) - 1
        return index >= 0 and number <= self.ranges[index][1]

    def __or__(self, other: UidSet) -> UidSet:
        return self._merged((*self.ranges, *other.ranges))

    def __and__(self, other: UidSet) -> UidSet:
        out: list[tuple[int, int]] = []
        mine, theirs = iter(self.ranges), iter(other.ranges)
        one, two = next(mine, None), next(theirs, None)
        while one and two:
            low, high = max(one[0], two[0]), min(one[1], two[1])
            if low <= high:
                out.append((low, high))
            if one[1] < two[1]:
                one = next(mine, None)
            else:
                two = next(theirs, None)
        return UidSet(tuple(out))

    def __sub__(self, other: UidSet) -> UidSet:
        gaps: list[tuple[int, int]] = []
        start = 1
        for first, last in other.ranges:
            if start < first:
                gaps.append((start, first - 1))
            start = last + 1
        if start <= MAX_NUMBER:
            gaps.append((start, MAX_NUMBER))
        return self & UidSet(tuple(gaps))

    def __bytes__(self) -> bytes:
        return b",".join(_written(first, last) for first, last in self.ranges)

    def __str__(self) -> str:
        return bytes(self).decode("ascii")

    def split(self, *, length: int = 4000, count: int = MAX_NUMBER) -> Iterator[UidSet]:
        """Cut the set into sets that fit into a command line.

        Args:
            length: most bytes that a part takes when written; at least one range of 21 bytes.
            count: most numbers in a part.
        """
        part: list[tuple[int, int]] = []
        size = number = 0
        for first, last in self.ranges:
            while first <= last:
                until = min(last, first + count - number - 1)
                written = len(_written(first, until)) + 1
                if part and size + written > length:
                    yield UidSet(tuple(part))
                    part, size, number = [], 0, 0
                    continue
                part.append((first, until))
                size += written
                number += until - first + 1
                first = until + 1
                if number >= count:
                    yield UidSet(tuple(part))
                    part, size, number = [], 0, 0
        if part:
            yield UidSet(tuple(part))


def parse_ranges(data: bytes) -> list[tuple[int, int]]:
    """Read the ranges of a set in the order in which they stand, which COPYUID's meaning hangs on.

    Raises:
        ImapProtocolError: the bytes are no set of numbers.
    """
    ranges: list[tuple[int, int]] = []
    position = 0
    while position < len(data):
        match = _ITEM.match(data, position)
        if match is None or (data[match.end() - 1 : match.end()] == b"," and match.end() == len(data)):
            raise ImapProtocolError("the server sent no valid set of numbers", data=data)
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        if not (1 <= first <= MAX_NUMBER and 1 <= last <= MAX_NUMBER):
            raise ImapProtocolError("the server sent a number that is out of range", data=data)
        ranges.append((first, last))
        position = match.end()
    return ranges


def spell_out(ranges: Iterable[tuple[int, int]], *, most: int) -> list[int]:
    """List the numbers of ranges in their order; a range that stands backwards means the same as forwards.

    Raises:
        ImapProtocolError: there are more than `most`.
    """
    numbers: list[int] = []
    for one, other in ranges:
        low, high = min(one, other), max(one, other)
        if len(numbers) + high - low + 1 > most:
            raise ImapProtocolError(f"the server named more than {most} messages")
        numbers.extend(range(low, high + 1))
    return numbers


def _written(first: int, last: int) -> bytes:
    return b"%d" % first if first == last else b"%d:%d" % (first, last)
